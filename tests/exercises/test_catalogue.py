"""Finding exercises."""

from __future__ import annotations

import importlib
import subprocess
import sys
import types

import pytest

from labsupport import exercises
from labsupport.errors import UnknownExercise
from labsupport.exercises import LESSON_MODULES, catalogue, find
from labsupport.exercises.course import LESSONS


def test_every_exercise_belongs_to_a_lesson_of_the_course() -> None:
    assert catalogue()
    for exercise_id, exercise in catalogue().items():
        assert exercise.id == exercise_id
        assert exercise.lesson in LESSONS
        assert exercise.lesson[3:] in LESSON_MODULES
        assert exercise_id.startswith(exercise.lesson[3:].replace("_", "-") + "-")


def test_what_answers_an_exercise_exists() -> None:
    for exercise in catalogue().values():
        for module in exercise.answered_by:
            importlib.import_module(module)


def test_an_exercise_is_found_by_its_id() -> None:
    for exercise_id, exercise in catalogue().items():
        assert find(exercise_id) is exercise


def test_an_unknown_id_brings_up_the_nearest() -> None:
    with pytest.raises(UnknownExercise, match=r"no exercise called 'start-verify': did you mean start-verifies\?"):
        find("start-verify")
    with pytest.raises(UnknownExercise, match="no exercise called 'xyzzy': the lesson's check cell has the right one"):
        find("xyzzy")
    with pytest.raises(UnknownExercise, match="called by its id, in quotes"):
        find(find)  # type: ignore[arg-type]  # as a learner may


def test_no_two_exercises_share_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = types.ModuleType("labsupport.exercises.twin")
    twin.EXERCISES = (find("start-verifies"),)  # type: ignore[attr-defined]  # made just now
    monkeypatch.setitem(sys.modules, twin.__name__, twin)
    monkeypatch.setattr(exercises, "LESSON_MODULES", ("start", "twin"))
    catalogue.cache_clear()
    try:
        with pytest.raises(ValueError, match="two exercises are called start-verifies"):
            catalogue()
    finally:
        catalogue.cache_clear()


def test_a_check_of_lesson_00_does_not_wait_for_the_servers_of_lesson_06() -> None:
    code = "import sys, labsupport.exercises as e; e.find('start-verifies'); print('requests' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
