from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from labsupport.authoring.faults import LessonFaults
from labsupport.authoring.source import lesson_paths, read_lesson
from labsupport.errors import LessonError

WriteLesson = Callable[..., Path]

TITLE = "# %% [markdown]\n# # Title\n\n"


def test_a_lesson_is_read_cell_by_cell(write_lesson: WriteLesson, small_lesson: str) -> None:
    lesson = read_lesson(write_lesson(small_lesson))
    assert (lesson.slug, lesson.title) == ("01_small", "A small lesson")
    assert [(cell.kind, cell.role, cell.id, cell.line) for cell in lesson.cells] == [
        ("markdown", "text", "", 4),
        ("code", "parameters", "", 9),
        ("code", "setup", "", 12),
        ("code", "predict", "small-guess", 15),
        ("code", "exercise", "small-double", 18),
        ("code", "check", "small-double", 25),
        ("code", "text", "", 28),
    ]
    assert lesson.cells[0].text == "# A small lesson\n\nProse with a `word` of code."
    assert lesson.cells[5].attributes == {"check": "small-double", "points": "2"}
    for cell in lesson.cells:
        if cell.kind == "code":
            assert cell.text.split("\n")[0] == small_lesson.split("\n")[cell.line - 1]


def test_blank_lines_around_a_cell_are_no_part_of_it_and_those_inside_are(write_lesson: WriteLesson) -> None:
    lesson = read_lesson(write_lesson(TITLE + "# %%\n\n\na = 1\n\n\nb = 2\n\n\n"))
    assert lesson.cells[1].text == "a = 1\n\n\nb = 2"
    assert lesson.cells[1].line == 7


def test_markdown_keeps_indentation_hard_breaks_and_blank_lines(write_lesson: WriteLesson) -> None:
    lesson = read_lesson(write_lesson("# %% [markdown]\n# # T\n#\n# - a  \n#   - b\n\n# end\n"))
    assert lesson.cells[0].text == "# T\n\n- a  \n  - b\n\nend"


def test_windows_line_ends_change_nothing(tmp_path: Path, small_lesson: str) -> None:
    unix, windows = tmp_path / "a" / "01_small.py", tmp_path / "b" / "01_small.py"
    for path, text in ((unix, small_lesson), (windows, small_lesson.replace("\n", "\r\n"))):
        path.parent.mkdir()
        path.write_bytes(text.encode())
    assert read_lesson(unix).cells == read_lesson(windows).cells


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("# %%\n1\n#%%\n2\n", 3, "begins with"),
        ("# %%\n1\n## %% x\n", 3, "begins with"),
        ("# %%\n1\n# %%two\n", 3, "begins with"),
        ('# %% exercise="a" nonsense\n1\n', 1, '"nonsense"'),
        ("# %% Heading\n1\n", 1, "cannot be read: Heading"),
        ('# %% tags=["parameters"]\n1\n', 1, "cannot be read: tags"),
        ('# %% exercise="a" check="a"\n1\n', 1, "exercise and check"),
        ('# %% check="a" check="b"\n1\n', 1, "twice"),
        ("# %% exercise\n1\n", 1, "exercise needs an id"),
        ('# %% exercise="Not an id"\n1\n', 1, "needs an id"),
        (f'# %% predict="{"x" * 56}"\n1\n', 1, "needs an id"),
        ("# %% setup=1\n1\n", 1, "stands alone"),
        ('# %% exercise="a" points=2\n1\n', 1, "belongs to a check"),
        ("# %% [markdown] setup\n# x\n", 1, "no further words"),
        ("# %% [markdown]\n# x\ny\n# z\n", 3, 'begins with "# "'),
        ("# %% [markdown]\n#x\n", 2, 'begins with "# "'),
        ("# %%\n\n# %%\n1\n", 1, "empty"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    write_lesson: WriteLesson, text: str, line: int, reason: str
) -> None:
    path = write_lesson(TITLE + text)
    with pytest.raises(LessonError) as refused:
        read_lesson(path)
    assert refused.value.where == f"{path}:{line + 3}"
    assert reason in refused.value.reason
    assert str(refused.value) == f"{refused.value.where}: {refused.value.reason}"


@pytest.mark.parametrize(
    "text",
    [
        "# %% \n1\n",
        "# %%\n# a comment\n",
        "# %%\ntext = '''\n    # %% indented\n'''\n",
        f'# %% predict="{"x" * 55}"\n1\n',
        '# %% check="a-b-2" points=1.5\n1\n',
        "# %% setup\n1\n",
        "# %% [markdown]\n#\n# x\n#\n",
        "# %% [markdown]\n# Write `# %%` for a cell.\n",
    ],
)
def test_the_near_miss_is_read(write_lesson: WriteLesson, text: str) -> None:
    assert len(read_lesson(write_lesson(TITLE + text)).cells) == 2


def test_all_faults_are_told_together(write_lesson: WriteLesson) -> None:
    path = write_lesson("import os\n# %% nonsense\n1\n# %%\n\n# %% [markdown]\nbare\n", name="Small.py")
    with pytest.raises(LessonFaults) as refused:
        read_lesson(path)
    assert [fault.line for fault in refused.value.faults] == [1, 1, 2, 3, 4, 7]
    assert len(str(refused.value).splitlines()) == 6


def test_the_file_itself_may_be_at_fault(tmp_path: Path, write_lesson: WriteLesson) -> None:
    with pytest.raises(LessonFaults, match="cannot be read: No such file"):
        read_lesson(tmp_path / "01_absent.py")
    path = write_lesson("")
    path.write_bytes(b"# %%\n\xff\n")
    with pytest.raises(LessonFaults, match="not UTF-8"):
        read_lesson(path)


def test_lessons_are_listed_in_order_and_helpers_are_not_lessons(write_lesson: WriteLesson) -> None:
    for name in ("02_b.py", "01_a.py", "_shared.py"):
        path = write_lesson(TITLE, name)
    assert [found.name for found in lesson_paths(path.parent)] == ["01_a.py", "02_b.py"]
