"""nbgrader itself, on the notebooks of this course: the same marks for the same answers, partial credit included."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from labsupport.authoring.notebook_file import read_notebook
from labsupport.grading.settings import lessons, master_of
from tests.bench.pupils import hand_in
from tests.exercises.answers import authority, five_requests, rsa
from tests.grading.notebooks import as_bytes, cell_of, master
from tests.nbgrader_course import Course, nbgrader_program

pytestmark = [pytest.mark.nbgrader, pytest.mark.notebooks]

# The kinds of tests.bench.pupils in their order, one of each that is told apart.
SOLVED, MIXED, STUB = "learner0000", "learner0001", "learner0003"

# Answers that are right in some aspects, and the points that these bring.
PARTLY = {
    "rsa-inverse": (rsa.WRONG["rsa-inverse"]["returns-none"], 1.0),
    "rsa-sign": (rsa.WRONG["rsa-sign"]["always-true"], 1.0),
    "authority-issue": (authority.WRONG["authority-issue"]["subject-copied"], 2.0),
    "authority-intermediate": (authority.WRONG["authority-intermediate"]["root-included"], 1.0),
    "five-requests-client": (five_requests.WRONG["five-requests-client"]["not-strict"], 1.0),
    "five-requests-proxy": (five_requests.WRONG["five-requests-proxy"]["prefix-compared"], 2.0),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    try:
        made = Course(tmp_path_factory.mktemp("course"), nbgrader_program())
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    made.release([])
    return made


def points(lesson: str) -> dict[str, float]:
    """Return the points of the lesson's exercises, by what its notebook says."""
    checks = [cell["metadata"] for cell in master_of(lesson)["cells"] if cell["id"].startswith("check-")]
    return {check["labsupport"]["id"]: float(check["nbgrader"]["points"]) for check in checks}


def answer_partly(path: Path) -> None:
    """Put the answers that are right in some aspects into a notebook that was handed in."""
    notebook: dict[str, Any] = read_notebook(path)
    for exercise in points(path.stem).keys() & PARTLY.keys():
        cell_of(notebook, f"exercise-{exercise}")["source"] = PARTLY[exercise][0]
    path.write_bytes(as_bytes(notebook))


@pytest.mark.parametrize("lesson", lessons())
def test_autograde_gives_every_answer_its_points(course: Course, lesson: str, tmp_path: Path) -> None:
    solved, mixed, _, stub = hand_in(tmp_path, 4, (lesson,))
    answer_partly(mixed)
    course.release([lesson])
    course.hand_in([solved, mixed, stub])
    course.run("autograde", lesson, "--create")
    marks = {learner: score for (learner, graded), score in course.marks().items() if graded == lesson}
    full = points(lesson)
    # Of the mixed answers every other one is right, where none is right in part.
    earned = dict.fromkeys(full, 0.0) | {exercise: full[exercise] for exercise in list(full)[::2]}
    earned |= {exercise: PARTLY[exercise][1] for exercise in full.keys() & PARTLY.keys()}
    assert marks == {SOLVED: sum(full.values()), MIXED: sum(earned.values()), STUB: 0.0}


def test_what_is_right_in_part_earns_neither_all_nor_nothing() -> None:
    full = {exercise: worth for lesson in lessons() for exercise, worth in points(lesson).items()}
    assert [exercise for exercise, (_, earned) in PARTLY.items() if not 0.0 < earned < full[exercise]] == []


@pytest.mark.parametrize("lesson", lessons())
def test_validate_says_who_is_ready(course: Course, lesson: str, tmp_path: Path) -> None:
    solved, _, _, stub = hand_in(tmp_path, 4, (lesson,))
    said = course.run("validate", str(solved), str(stub))
    ready, _, faults = said.partition("VALIDATION FAILED ON ")
    assert ready == "Success! Your notebook passes all the tests.\n"
    assert faults.startswith(f"{len(points(lesson))} CELL(S)!")
    assert re.findall(r'^ +check\("([a-z0-9-]+)"', faults, re.MULTILINE) == list(points(lesson))
    assert faults.count("Partial credit; passed some but not all of the tests") == len(points(lesson))


def test_validate_refuses_a_check_without_points(course: Course, tmp_path: Path) -> None:
    notebook = master("00_start")
    del cell_of(notebook, "check-start-verifies")["metadata"]["nbgrader"]["points"]
    path = tmp_path / "00_start.ipynb"
    path.write_bytes(as_bytes(notebook))
    with pytest.raises(AssertionError, match="the nbgrader metadata may be corrupted"):
        course.run("validate", str(path))
