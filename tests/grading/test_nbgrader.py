"""nbgrader itself, on the notebooks of this course: the same marks for the same answers, partial credit included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labsupport.grading.settings import lessons, master_of
from tests.bench.pupils import hand_in
from tests.nbgrader_course import Course, beside_this_interpreter

pytestmark = [pytest.mark.nbgrader, pytest.mark.notebooks]

# The kinds of tests.bench.pupils in their order, one of each that is told apart.
SOLVED, MIXED, STUB = "learner0000", "learner0001", "learner0003"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    program = beside_this_interpreter()
    if program is None:
        reason = "nbgrader comes with the dev extra"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and CI has to have it")
        pytest.skip(reason)
    return Course(tmp_path_factory.mktemp("course"), program)


def points(lesson: str, *, every: int = 1) -> float:
    """Return the points of the lesson's exercises, or of every so-manieth, by what its notebook says."""
    checks = [cell for cell in master_of(lesson)["cells"] if cell["metadata"]["labsupport"]["kind"] == "check"]
    return float(sum(cell["metadata"]["nbgrader"]["points"] for cell in checks[::every]))


@pytest.mark.parametrize("lesson", lessons())
def test_autograde_gives_every_answer_its_points(course: Course, lesson: str, tmp_path: Path) -> None:
    paths = hand_in(tmp_path, 4, (lesson,))
    course.release([lesson])
    course.hand_in(path for path in paths if path.parent.name in (SOLVED, MIXED, STUB))
    course.run("autograde", lesson, "--create")
    marks = {learner: score for (learner, graded), score in course.marks().items() if graded == lesson}
    assert marks == {SOLVED: points(lesson), MIXED: points(lesson, every=2), STUB: 0.0}


def test_validate_says_who_is_ready(course: Course, tmp_path: Path) -> None:
    course.release([])
    solved, _, _, stub = hand_in(tmp_path, 4, ("00_start",))
    assert "Success! Your notebook passes all the tests." in course.run("validate", str(solved))
    said = course.run("validate", str(stub))
    assert "Success" not in said
    assert "VALIDATION FAILED ON" in said
    assert "Partial credit" in said
