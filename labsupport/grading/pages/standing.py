"""Where a learner stands in each exercise: the judge's report, and a person's adjustment where there is one."""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.errors import UnknownExercise
from labsupport.exercises import find
from labsupport.exercises.model import Report
from labsupport.grading.gradebook.model import Adjustment, Graded

__all__ = ["Standing", "standings", "total"]


@dataclass(frozen=True)
class Standing:
    """One exercise of one learner's; `report` is None where nobody judged it and a person gave points all the same."""

    id: str
    title: str
    points: float
    out_of: float
    report: Report | None = None
    answer: str = ""
    adjustment: Adjustment | None = None


def standings(graded: Graded) -> list[Standing]:
    """Return the exercises in the order of the lesson, those that only a person gave points for at the end."""
    adjusted = {each.exercise: each for each in graded.adjustments if each.points is not None}
    found = []
    for exercise in graded.result.exercises:
        report, adjustment = exercise.report, adjusted.pop(exercise.id, None)
        points = _points(adjustment, report.points)
        found.append(
            Standing(exercise.id, report.title, points, report.out_of, report, exercise.answer, adjustment),
        )
    return found + [_unjudged(adjustment) for adjustment in adjusted.values()]


def total(found: list[Standing]) -> tuple[float, float]:
    """Return the points, and what they are out of."""
    return sum(each.points for each in found), sum(each.out_of for each in found)


def _points(adjustment: Adjustment | None, judged: float) -> float:
    return judged if adjustment is None or adjustment.points is None else adjustment.points


def _unjudged(adjustment: Adjustment) -> Standing:
    points = _points(adjustment, 0)
    try:
        exercise = find(adjustment.exercise)
    except UnknownExercise:
        return Standing(adjustment.exercise, adjustment.exercise, points, points, adjustment=adjustment)
    return Standing(exercise.id, exercise.title, points, exercise.points, adjustment=adjustment)
