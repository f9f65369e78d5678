from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from labsupport import __version__
from labsupport.authoring.build import build_all, build_solutions, learner_notebook, solved_notebook, text_digest
from labsupport.authoring.faults import LessonFaults
from labsupport.authoring.notebook_file import notebook_bytes
from labsupport.authoring.regions import STUB
from labsupport.authoring.source import read_lesson

WriteLesson = Callable[..., Path]
Catalogue = Mapping[str, Any]

nbformat: Any = importlib.import_module("nbformat")  # its functions have no annotations


@pytest.fixture
def learner(write_lesson: WriteLesson, small_lesson: str) -> dict[str, Any]:
    return learner_notebook(read_lesson(write_lesson(small_lesson)))


@pytest.fixture
def solved(write_lesson: WriteLesson, small_lesson: str) -> dict[str, Any]:
    return solved_notebook(read_lesson(write_lesson(small_lesson)))


def by_id(notebook: Mapping[str, Any]) -> dict[str, Any]:
    return {cell["id"]: cell for cell in notebook["cells"]}


def test_ids_come_from_the_exercise_or_the_position(learner: dict[str, Any]) -> None:
    assert list(by_id(learner)) == [
        "cell-001",
        "cell-002",
        "cell-003",
        "predict-small-guess",
        "exercise-small-double",
        "check-small-double",
        "cell-007",
    ]


def test_the_learner_gets_a_stub_and_the_solved_build_the_answer(
    learner: dict[str, Any], solved: dict[str, Any]
) -> None:
    stub, answer = (by_id(notebook)["exercise-small-double"]["source"] for notebook in (learner, solved))
    head = 'def double(n: int) -> int:\n    """Return twice n."""\n    '
    assert stub == head + STUB
    assert answer == head + "return n + n * 1  # a secret comment"
    assert "secret" not in json.dumps(learner)


def test_apart_from_the_answers_the_two_builds_are_equal(learner: dict[str, Any], solved: dict[str, Any]) -> None:
    by_id(solved)["exercise-small-double"]["source"] = by_id(learner)["exercise-small-double"]["source"]
    assert learner == solved


def test_metadata_tell_what_a_cell_is(learner: dict[str, Any]) -> None:
    cells = by_id(learner)
    assert cells["cell-002"]["metadata"]["tags"] == ["parameters"]
    assert cells["cell-003"]["metadata"]["tags"] == ["setup"]
    assert cells["exercise-small-double"]["metadata"]["nbgrader"] == {
        "grade": False,
        "grade_id": "exercise-small-double",
        "locked": False,
        "schema_version": 3,
        "solution": True,
        "task": False,
    }
    assert cells["check-small-double"]["metadata"]["nbgrader"] == {
        "grade": True,
        "grade_id": "check-small-double",
        "locked": True,
        "points": 2,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }
    marks = [cell["metadata"]["labsupport"] for cell in learner["cells"]]
    assert [(mark["kind"], mark.get("id")) for mark in marks] == [
        ("text", None),
        ("parameters", None),
        ("setup", None),
        ("predict", "small-guess"),
        ("exercise", "small-double"),
        ("check", "small-double"),
        ("text", None),
    ]
    assert all(
        mark["digest"] == text_digest(cell["source"]) for mark, cell in zip(marks, learner["cells"], strict=True)
    )


def test_points_may_be_fractions(write_lesson: WriteLesson, small_lesson: str) -> None:
    notebook = learner_notebook(read_lesson(write_lesson(small_lesson.replace("points=2", "points=1.5"))))
    assert by_id(notebook)["check-small-double"]["metadata"]["nbgrader"]["points"] == 1.5


def test_the_notebook_names_its_lesson_its_version_and_its_content(
    write_lesson: WriteLesson, small_lesson: str, learner: dict[str, Any], solved: dict[str, Any]
) -> None:
    mark = learner["metadata"]["labsupport"]
    assert (mark["lesson"], mark["course_version"]) == ("01_small", __version__)
    assert solved["metadata"]["labsupport"] == mark
    other_answer = learner_notebook(read_lesson(write_lesson(small_lesson.replace("n + n * 1", "n * 2 * 1"))))
    assert other_answer["metadata"]["labsupport"]["digest"] == mark["digest"]
    other_text = learner_notebook(read_lesson(write_lesson(small_lesson.replace("Prose", "Words"))))
    assert other_text["metadata"]["labsupport"]["digest"] != mark["digest"]


def test_a_digest_overlooks_line_ends_and_trailing_blanks_and_nothing_else() -> None:
    assert text_digest("a = 1\nb") == text_digest("a = 1  \r\nb\n\n")
    assert text_digest("a = 1\nb") != text_digest("a = 1\n\nb")
    assert text_digest("if a:\n    b") != text_digest("if a:\nb")
    assert text_digest("    a") != text_digest("a")
    assert text_digest("\ud800") != text_digest("")


def test_nbformat_finds_both_builds_valid_and_writes_the_same_bytes(
    learner: dict[str, Any], solved: dict[str, Any]
) -> None:
    for notebook in (learner, solved):
        text = notebook_bytes(notebook).decode()
        parsed = nbformat.reads(text, as_version=4)
        nbformat.validate(parsed)
        assert nbformat.writes(parsed) + "\n" == text


def test_the_same_source_gives_the_same_bytes(
    write_lesson: WriteLesson, small_lesson: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    lessons = write_lesson(small_lesson).parent
    (first,) = build_all(lessons, tmp_path / "one", catalogue=catalogue)
    (second,) = build_all(lessons, tmp_path / "two", catalogue=catalogue)
    assert first.read_bytes() == second.read_bytes()
    assert first.name == "01_small.ipynb"


def test_only_what_changed_is_written_and_named(
    write_lesson: WriteLesson, small_lesson: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    lessons = write_lesson(small_lesson).parent
    write_lesson("# %% [markdown]\n# # Other\n", "02_other.py")
    books = tmp_path / "notebooks"
    assert [path.name for path in build_all(lessons, books, catalogue=catalogue)] == [
        "01_small.ipynb",
        "02_other.ipynb",
    ]
    assert build_all(lessons, books, catalogue=catalogue) == []
    write_lesson("# %% [markdown]\n# # Another\n", "02_other.py")
    assert [path.name for path in build_all(lessons, books, catalogue=catalogue)] == ["02_other.ipynb"]


def test_check_names_what_is_out_of_step_and_writes_nothing(
    write_lesson: WriteLesson, small_lesson: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    lessons = write_lesson(small_lesson).parent
    books = tmp_path / "notebooks"
    book = books / "01_small.ipynb"
    assert build_all(lessons, books, check=True, catalogue=catalogue) == [book]
    assert not books.exists()
    build_all(lessons, books, catalogue=catalogue)
    assert build_all(lessons, books, check=True, catalogue=catalogue) == []
    with_output = json.loads(book.read_bytes())
    with_output["cells"][-1]["outputs"] = [{"name": "stdout", "output_type": "stream", "text": ["2.0"]}]
    book.write_bytes(notebook_bytes(with_output))
    before = book.read_bytes()
    assert build_all(lessons, books, check=True, catalogue=catalogue) == [book]
    assert book.read_bytes() == before


def test_a_fault_in_one_lesson_stops_all_and_writes_nothing(
    write_lesson: WriteLesson, small_lesson: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    write_lesson(small_lesson)
    lessons = write_lesson("# %% nonsense\n1\n# %%\nimport labsupport\n", "02_bad.py").parent
    for build in (build_all, build_solutions):
        with pytest.raises(LessonFaults) as refused:
            build(lessons, tmp_path / "out", catalogue=catalogue)
        assert [(fault.path.name, fault.line) for fault in refused.value.faults] == [
            ("02_bad.py", 1),
            ("02_bad.py", 2),
            ("02_bad.py", 4),
        ]
        assert not (tmp_path / "out").exists()


def test_a_notebook_without_a_source_is_refused_not_deleted(
    write_lesson: WriteLesson, small_lesson: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    lessons = write_lesson(small_lesson).parent
    stranger = tmp_path / "notebooks" / "99_old.ipynb"
    stranger.parent.mkdir()
    stranger.write_text("{}")
    for check in (True, False):
        with pytest.raises(LessonFaults, match=r"99_old\.ipynb:1: no lesson"):
            build_all(lessons, stranger.parent, check=check, catalogue=catalogue)
    assert [path.name for path in stranger.parent.iterdir()] == ["99_old.ipynb"]


def test_a_folder_without_lessons_is_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(LessonFaults, match="no lessons here"):
        build_all(tmp_path, tmp_path / "notebooks", catalogue=catalogue)


def test_solutions_are_written_where_asked(
    write_lesson: WriteLesson, small_lesson: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    lessons = write_lesson(small_lesson).parent
    (path,) = build_solutions(lessons, tmp_path / "deep" / "solved", catalogue=catalogue)
    assert path == tmp_path / "deep" / "solved" / "01_small.ipynb"
    assert "n + n * 1" in path.read_text()


def test_without_a_catalogue_that_of_the_exercises_is_used(write_lesson: WriteLesson, tmp_path: Path) -> None:
    lessons = write_lesson('# %% [markdown]\n# # T\n# %% exercise="no-such-exercise"\ndef f(): ...\n').parent
    with pytest.raises(LessonFaults, match='unknown exercise "no-such-exercise"'):
        build_all(lessons, tmp_path / "notebooks")
