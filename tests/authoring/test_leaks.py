from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from labsupport.authoring.leaks import leaks, shown, solution_lines
from labsupport.authoring.source import Lesson, read_lesson

HEAD = '# %% [markdown]\n# # Title\n\n# %% exercise="x"\ndef f(a, b):\n    """Say what f does."""\n'


@pytest.fixture
def lesson(write_lesson: Callable[..., Path]) -> Callable[..., Lesson]:
    def read(solution: str, after: str = "") -> Lesson:
        body = "".join(f"    {line}\n" for line in solution.split("\n"))
        return read_lesson(
            write_lesson(f"{HEAD}    ### BEGIN SOLUTION\n{body}    ### END SOLUTION\n\n{after}", "01_x.py")
        )

    return read


@pytest.mark.parametrize(
    ("solution", "expected"),
    [
        ("return a", []),
        ("return -a", []),
        ("x = a", []),
        ("x = a  # with a comment of many words", []),
        ("# only a comment of many words", []),
        ("a += b, a", [(8, "a += b, a")]),
        ("return a + b", [(8, "return a + b")]),
        ("return a + b  # why", [(8, "return a + b")]),
        ('return f"{a} {b} {a}"', []),
        ('x = f"{a}"', []),
        ('return f"{a}", 1', [(8, 'return f"{a}", 1')]),
        ("x = [\n    a,  # one\n    b,\n]", [(8, "x = [\na,\nb,\n]")]),
        ('text = """\na + b + c + d\n"""', []),
        ("if a: b = 1\nreturn b", [(8, "if a: b = 1")]),
        ("return (", []),
    ],
)
def test_lines_of_four_or_more_tokens_are_secret(
    lesson: Callable[..., Lesson], solution: str, expected: list[tuple[int, str]]
) -> None:
    assert [(line.line, line.text) for line in solution_lines(lesson(solution))] == expected


@pytest.mark.parametrize(
    "after",
    [
        "# %%\nreturn pow(a, -1, b)\n",
        "# %%\nx = 1\nif x: return pow( a,-1,b ) # spaced\n",
        "# %%\n# return pow(a, -1, b)\n",
        "# %% [markdown]\n# Use `return pow(a, -1, b)` there.\n",
        "# %% [markdown]\n# ```python\n# return pow(a,\n#            -1, b)\n# ```\n",
        "# %% [markdown]\n# <details><code>return pow(a, &#45;1, b)</code></details>\n",
        '# %% exercise="y"\ndef g(a, b):\n    """Return pow(a, -1, b)"""\n    "return pow(a, -1, b)"\n',
    ],
)
def test_a_secret_line_is_found_wherever_it_is_repeated(lesson: Callable[..., Lesson], after: str) -> None:
    found = lesson("return pow(a, -1, b)", after)
    ((solution, line),) = leaks(solution_lines(found), found)
    assert "return pow" in found.path.read_text().split("\n")[line - 1]
    assert solution.exercise == "x"


@pytest.mark.parametrize(
    "after",
    [
        "# %%\nreturn pow(a, 1, b)\n",
        "# %%\nreturn pow(a, -1, bb)\n",
        "# %%\nreturn pow(aa, -1, b)\n",
        "# %% [markdown]\n# They return `pow(a, -1, b)` of it.\n",
        '# %% exercise="y"\ndef g(a, b):\n    ### BEGIN SOLUTION\n    return pow(a, -1, b)\n    ### END SOLUTION\n',
    ],
)
def test_what_only_resembles_it_is_no_leak(lesson: Callable[..., Lesson], after: str) -> None:
    found = lesson("return pow(a, -1, b)", after)
    assert list(leaks(solution_lines(found), found)) == []


def test_quotes_of_either_kind_are_the_same(lesson: Callable[..., Lesson]) -> None:
    (secret,) = solution_lines(lesson('return d["a"] + d["b"]'))
    assert shown(secret, "say return d['a'] + d['b'] here")
    assert not shown(secret, "say return d['a'] + d['c'] here")
    assert not shown(secret, "")


def test_the_stub_itself_may_repeat_nothing_of_its_solution(write_lesson: Callable[..., Path]) -> None:
    region = "    ### BEGIN SOLUTION\n    return a + b\n    ### END SOLUTION\n"
    text = HEAD.replace("Say what", "return a + b is what") + region + "    # return a + b\n"
    found = read_lesson(write_lesson(text))
    assert [line for _, line in leaks(solution_lines(found), found)] == [6]
    found = read_lesson(write_lesson(text.replace("return a + b is what", "")))
    assert [line for _, line in leaks(solution_lines(found), found)] == [10]
