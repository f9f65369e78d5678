from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from labsupport.authoring.rules import MAX_CODE_LINES, MAX_WORDS, VERBS, course_faults, lesson_faults
from labsupport.authoring.source import Lesson, read_lesson

WriteLesson = Callable[..., Path]
Catalogue = Mapping[str, Any]

TITLE = "# %% [markdown]\n# # Title\n\n"
DOUBLE = """\
# %% exercise="small-double"
def double(n: int) -> int:
    ### BEGIN SOLUTION
    return n + n
    ### END SOLUTION

"""
CHECK = '# %% check="small-double" points=2\ncheck("small-double", double)\n\n'
PAIR = """\
# %% exercise="small-pair"
def sign(m: int) -> int:
    ### BEGIN SOLUTION
    return m
    ### END SOLUTION


def verify(s: int) -> bool:
    ### BEGIN SOLUTION
    return s > 0
    ### END SOLUTION

# %% check="small-pair" points=1.5
check("small-pair", sign, verify)

"""
FIRST = 4  # the line on which the text after TITLE begins


def words(count: int) -> str:
    return " ".join(["word"] * count)


def code(lines: int) -> str:
    return "\n".join(["1"] * lines)


@pytest.fixture
def faults(write_lesson: WriteLesson, catalogue: Catalogue) -> Callable[[str], list[tuple[int, str]]]:
    def find(text: str) -> list[tuple[int, str]]:
        found = lesson_faults(read_lesson(write_lesson(TITLE + text)), catalogue)
        return [(fault.line - FIRST + 1, fault.reason) for fault in found]

    return find


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        pytest.param(DOUBLE + CHECK + DOUBLE, 11, 'exercise "small-double" is there twice', id="duplicate exercise"),
        pytest.param(DOUBLE + CHECK + CHECK, 11, 'check "small-double" is there twice', id="duplicate check"),
        pytest.param(
            '# %% predict="p"\npredict("p")\n# %% predict="p"\npredict("p")\n', 4, 'predict "p" is there', id="predict"
        ),
        pytest.param(
            "# %% parameters\na = 1\n# %% parameters\nb = 1\n", 4, "parameters cell is there", id="parameters"
        ),
        pytest.param(DOUBLE.replace("    ### END SOLUTION\n", "") + CHECK, 3, "END SOLUTION after", id="no end"),
        pytest.param(DOUBLE.replace("    ### BEGIN SOLUTION\n", "") + CHECK, 4, "BEGIN SOLUTION before", id="no begin"),
        pytest.param(
            DOUBLE.replace("    return", "    ### BEGIN SOLUTION\n    return") + CHECK, 4, "inside another", id="nested"
        ),
        pytest.param(DOUBLE.replace("    return n + n\n", "") + CHECK, 3, "region is empty", id="empty region"),
        pytest.param(DOUBLE.replace("### END", "## end") + CHECK, 5, "is written ### BEGIN", id="misspelt marker"),
        pytest.param(
            DOUBLE.replace("SOLUTION\n    ret", "SOLUTION (long)\n    ret") + CHECK, 3, "is written", id="chatty marker"
        ),
        pytest.param(
            DOUBLE.replace("    ### BEGIN SOLUTION\n", "").replace("    ### END SOLUTION\n", "") + CHECK,
            2,
            "holds no solution",
            id="no markers",
        ),
        pytest.param(
            "# %%\n1\n### BEGIN SOLUTION\n2\n### END SOLUTION\n", 3, "outside an exercise", id="marker in plain code"
        ),
        pytest.param("# %% [markdown]\n# x\n# ### BEGIN SOLUTION\n", 3, "outside an exercise", id="marker in Markdown"),
        pytest.param(
            '# %% exercise="small-double"\n### BEGIN SOLUTION\ndef double(n):\n    return n\n### END SOLUTION\n'
            + CHECK,
            2,
            "inside a function",
            id="region at top level",
        ),
        pytest.param(
            '# %% exercise="small-double"\ndef double(n):\n    return n\nfor _ in "a":\n'
            "    ### BEGIN SOLUTION\n    double(1)\n    ### END SOLUTION\n" + CHECK,
            2,
            "inside a function",
            id="region in a loop",
        ),
        pytest.param(
            DOUBLE.replace(" int:\n", " int: return (\n").replace("return n + n", "n + n )") + CHECK,
            2,
            "without its solution",
            id="stub is no Python",
        ),
        pytest.param(DOUBLE.replace("small-double", "small-dubble"), 2, 'is "small-double" meant', id="unknown, near"),
        pytest.param(DOUBLE.replace("small-double", "xyz-qqq"), 2, 'unknown exercise "xyz-qqq"', id="unknown, far"),
        pytest.param(DOUBLE, 2, "has no check", id="exercise without check"),
        pytest.param(CHECK, 2, "has no exercise before it", id="check without exercise"),
        pytest.param(CHECK + DOUBLE, 2, "has no exercise before it", id="check before its exercise"),
        pytest.param(DOUBLE + CHECK.replace("=2", "=3"), 8, "3 points, the exercise", id="other points"),
        pytest.param(DOUBLE + CHECK.replace(" points=2", ""), 8, "must say points=2", id="no points"),
        pytest.param(DOUBLE + CHECK.replace("=2", "=two"), 8, "must say points=2", id="points in words"),
        pytest.param(DOUBLE.replace("def double", "def dubble") + CHECK, 2, "function double", id="function missing"),
        pytest.param(DOUBLE + CHECK.replace('k("small-double"', 'k("small-pair"'), 8, "one expression", id="other id"),
        pytest.param(DOUBLE + CHECK.replace(", double", ""), 8, "one expression", id="no function"),
        pytest.param(DOUBLE + CHECK.replace(", double", ", double, len"), 8, "one expression", id="too many functions"),
        pytest.param(DOUBLE + CHECK.replace(", double", ", f=double"), 8, "one expression", id="by keyword"),
        pytest.param(DOUBLE + CHECK.replace("double)", "double(1))"), 8, "one expression", id="called, not given"),
        pytest.param(DOUBLE + CHECK.rstrip() + "\nprint(1)\n", 8, "one expression", id="check with a second line"),
        pytest.param(PAIR.replace("sign, verify", "verify, sign"), 14, "sign, verify)", id="functions in other order"),
        pytest.param('# %% predict="p"\nx = predict("p")\n', 2, 'predict("p", …)', id="predict assigned"),
        pytest.param('# %% predict="p"\npredict("q")\n', 2, 'predict("p", …)', id="predict of another id"),
        pytest.param(f"# %%\n{code(MAX_CODE_LINES + 1)}\n", 2, "has 13 lines: 12 at most", id="long code"),
        pytest.param(
            DOUBLE.replace("    ###", "    a = 1\n" * 12 + "    ###", 1) + CHECK,
            2,
            "solution aside",
            id="long exercise",
        ),
        pytest.param(f"# %% [markdown]\n# {words(MAX_WORDS + 1)}\n", 2, "121 words", id="long prose"),
        pytest.param(
            f"# %% [markdown]\n# {words(100)}\n# <details><summary>Hint</summary>\n#\n# {words(20)}\n# </details>\n",
            2,
            "121 words",
            id="hints count",
        ),
        pytest.param("# %% [markdown]\n" + "# | a | b |\n" * 61, 2, "122 words", id="table rows count"),
        pytest.param(
            "# %% [markdown]\n# x\n# ```python\n" + "# 1\n" * 13 + "# ```\n", 3, "13 lines: 12", id="long fenced code"
        ),
        pytest.param("# %%\nimport labsupport\n", 2, "from labsupport import", id="import labsupport"),
        pytest.param("# %%\n1\nimport labsupport.tls as t\n", 3, "from labsupport import", id="import a wing"),
        pytest.param("# %%\nfrom labsupport import judge\n", 2, "labsupport.judge", id="no verb"),
        pytest.param("# %%\nfrom labsupport import *\n", 2, "labsupport.*", id="star"),
        pytest.param("# %%\nfrom labsupport.pki import Authority\n", 2, "labsupport.pki.Authority", id="from a wing"),
        pytest.param(
            "# %%\nfrom labsupport.notebook.figures.ladder import *\n", 2, "figures.ladder.*", id="every figure at once"
        ),
        pytest.param("# %%\nfrom labsupport.notebook.show import bundle\n", 2, "show.bundle", id="no figure"),
        pytest.param(
            DOUBLE.replace("    return", "    from labsupport.rsa import x\n    return") + CHECK,
            4,
            "labsupport.rsa.x",
            id="import within a solution",
        ),
        pytest.param("# %%\n1\ndef f(:\n", 3, "cannot read this", id="syntax error"),
        pytest.param("# %%\n1\nreturn 2\n", 3, "cannot read this", id="return outside a function"),
        pytest.param("# %%\n1\nif 1 is 1: 2\n", 3, "cannot read this", id="what the compiler warns of"),
        pytest.param("# %%\nx = '\0'\n", 2, "cannot read this", id="null byte"),
        pytest.param(
            DOUBLE + CHECK + "# %% [markdown]\n# Write `return n+n`, say.\n", 11, "(01_small.py:7)", id="leak in prose"
        ),
    ],
)
def test_a_broken_rule_is_refused(
    faults: Callable[[str], list[tuple[int, str]]], text: str, line: int, reason: str
) -> None:
    found = faults(text)
    assert [said for at, said in found if at == line and reason in said], found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(DOUBLE + CHECK + PAIR, id="two exercises"),
        pytest.param(DOUBLE + "# %%\n1\n" + CHECK, id="a cell between exercise and check"),
        pytest.param('# %% predict="small-double"\npredict("small-double")\n' + DOUBLE + CHECK, id="one id, two roles"),
        pytest.param('# %% predict="p"\npredict("p", by=..., layer=...)\n', id="predict"),
        pytest.param(DOUBLE + CHECK.replace("=2", "=2.0"), id="points as a decimal"),
        pytest.param(f"# %%\n{code(MAX_CODE_LINES)}\n", id="12 lines"),
        pytest.param(f"# %%\n\n{code(MAX_CODE_LINES)}\n\n\n", id="12 lines and blank ones around"),
        pytest.param(DOUBLE.replace("    ###", "    a = 1\n" * 11 + "    ###", 1) + CHECK, id="exercise of 12 lines"),
        pytest.param(
            DOUBLE.replace("    return", "    a = 1\n" * 30 + "    return") + CHECK, id="the solution may be long"
        ),
        pytest.param(f"# %% [markdown]\n# {words(MAX_WORDS)}\n", id="120 words"),
        pytest.param(f"# %% [markdown]\n# {words(MAX_WORDS)} <b class='x y'> | - = </b>\n", id="tags are no words"),
        pytest.param(
            "# %% [markdown]\n# ```\n" + "# a b c d e f g h i j k\n" * 12 + "# ```\n", id="fenced code is no prose"
        ),
        pytest.param("# %%\nfrom labsupport import " + ", ".join(VERBS) + "\n", id="the seven verbs"),
        pytest.param("# %%\nfrom labsupport.notebook.figures.ladder import ladder\n", id="a figure"),
        pytest.param("# %%\nimport labsupport_extras\nfrom . import labsupport\n", id="another package"),
        pytest.param("# %%\nawait something()\n", id="await at top level, as notebooks allow"),
        pytest.param(DOUBLE.replace("return", "raise ValueError\n    return") + CHECK, id="a solution that raises"),
        pytest.param(
            DOUBLE + CHECK + "# %% [markdown]\n# ### Begin\n# The solution begins with END SOLUTION.\n", id="prose"
        ),
        pytest.param(DOUBLE.replace("n + n", "n * 2") + CHECK + "# %%\ndef f(n):\n    return n * 3\n", id="other code"),
    ],
)
def test_the_near_miss_passes(faults: Callable[[str], list[tuple[int, str]]], text: str) -> None:
    assert faults(text) == []


def test_one_fault_is_told_once(faults: Callable[[str], list[tuple[int, str]]]) -> None:
    broken = DOUBLE.replace("return n + n", "return n +") + CHECK
    assert [line for line, _ in faults(broken)] == [4]


@pytest.fixture
def two(write_lesson: WriteLesson) -> Callable[[str, str], list[Lesson]]:
    def write(first: str, second: str) -> list[Lesson]:
        return [
            read_lesson(write_lesson(TITLE + first, "01_first.py")),
            read_lesson(write_lesson(TITLE + second, "02_second.py")),
        ]

    return write


def test_an_exercise_id_belongs_to_one_lesson(two: Callable[[str, str], list[Lesson]], catalogue: Catalogue) -> None:
    again = DOUBLE.replace("n + n", "2 * n") + CHECK
    found = course_faults(two(DOUBLE + CHECK, again), catalogue)
    assert [(fault.path.name, fault.line) for fault in found] == [("02_second.py", 5)]
    assert "01_first.py has it too" in found[0].reason
    assert course_faults(two(DOUBLE + CHECK, PAIR), catalogue) == []


def test_a_solution_leaks_through_another_lesson_too(
    two: Callable[[str, str], list[Lesson]], catalogue: Catalogue
) -> None:
    found = course_faults(two("# %%\ndef twice(n):\n    return n + n\n", DOUBLE + CHECK), catalogue)
    assert [(fault.path.name, fault.line) for fault in found] == [("01_first.py", 6)]
    assert "02_second.py:7" in found[0].reason
