"""How exercises are judged: cases, callees, reports, and one module of specs for each lesson."""

from __future__ import annotations

import difflib
import functools
import importlib
import itertools
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from labsupport.errors import UnknownExercise

if TYPE_CHECKING:
    from labsupport.exercises.model import Exercise

__all__ = ["LESSON_MODULES", "catalogue", "find"]

# Each has a tuple EXERCISES, in the lesson's order.
LESSON_MODULES = ("start", "rsa", "authority", "five_requests")


@functools.cache
def catalogue() -> Mapping[str, Exercise]:
    """Return every exercise by id, in the order of the course."""
    exercises: dict[str, Exercise] = {}
    for exercise in itertools.chain.from_iterable(map(_exercises_of, LESSON_MODULES)):
        if exercise.id in exercises:
            raise ValueError(f"two exercises are called {exercise.id}")
        exercises[exercise.id] = exercise
    return MappingProxyType(exercises)


def _exercises_of(module: str) -> tuple[Exercise, ...]:
    exercises: tuple[Exercise, ...] = importlib.import_module(f"labsupport.exercises.{module}").EXERCISES
    return exercises


def find(exercise_id: str) -> Exercise:
    """Return the exercise called `exercise_id`; raise UnknownExercise, naming the nearest ids, if there is none."""
    if not isinstance(exercise_id, str):
        raise UnknownExercise("an exercise is called by its id, in quotes: the lesson's check cell has the right one")
    # Module by module: a check in lesson 00 need not wait until the servers of lesson 06 are imported.
    for exercise in itertools.chain.from_iterable(map(_exercises_of, LESSON_MODULES)):
        if exercise.id == exercise_id:
            return exercise
    known = list(catalogue())
    near = difflib.get_close_matches(exercise_id, known)
    advice = f"did you mean {' or '.join(near)}?" if near else "the lesson's check cell has the right one"
    raise UnknownExercise(f"there is no exercise called {exercise_id!r}: {advice}")
