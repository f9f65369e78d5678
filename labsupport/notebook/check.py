"""``check``: have an answer judged, and see what came of it.

As plain text a check is a bare number, the points: that is what a grader of notebooks reads. People see the card, and
``print(check(...))`` gives words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labsupport.errors import UnknownExercise, UsageError
from labsupport.exercises import find
from labsupport.exercises.local import LocalCallee
from labsupport.exercises.model import Exercise, Report, judge
from labsupport.notebook import cards, look
from labsupport.notebook.progress import record

__all__ = ["Checked", "check"]


@dataclass(frozen=True)
class Checked:
    """The result of a check: a `report`, or a `complaint` of one line if there was nothing to judge."""

    report: Report | None = None
    complaint: str = ""
    note: str | None = None

    @property
    def points(self) -> float:
        """The points earned."""
        return self.report.points if self.report else 0.0

    def __str__(self) -> str:
        words = str(self.report) if self.report else self.complaint
        return look.plain(f"{words}\n{self.note}" if self.note else words)

    def __repr__(self) -> str:
        return repr(float(self.points))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        notes = (self.note,) if self.note else ()
        html = cards.report_card(self.report, notes) if self.report else cards.notice("not checked", self.complaint)
        return {"text/plain": repr(self), "text/html": html}


def check(exercise_id: str, *functions: Callable[..., object]) -> Checked:
    """Judge `functions` as the answer to the exercise, with fresh inputs, and keep the result in the progress map.

    Never raises: an unknown id or a wrong number of functions is one line on the card, worth nothing.
    """
    try:
        exercise = find(exercise_id)
        named = _by_name(exercise, functions)
    except (UnknownExercise, UsageError) as error:
        return Checked(complaint=str(error))
    callee = LocalCallee(named)
    try:
        report = judge(exercise, callee)
    except Exception as error:  # a fault of the course must not stop a notebook
        return Checked(
            complaint=f"The check itself failed, which is no fault of yours: {type(error).__name__}: {error}"
        )
    finally:
        callee.close()
    return Checked(report, note=record(report))


def _by_name(exercise: Exercise, functions: tuple[Callable[..., object], ...]) -> dict[str, Callable[..., object]]:
    """Return the functions by the names of the spec: by their own names if these fit, or else by position."""
    wanted = exercise.functions
    example = f'check("{exercise.id}", {", ".join(wanted)})'
    if len(functions) != len(wanted):
        count = f"{len(wanted)} function{'' if len(wanted) == 1 else 's'}"
        raise UsageError(f"this check takes {count}, and was given {len(functions)}: write {example}")
    if not all(callable(function) for function in functions):
        raise UsageError(f"this check takes the function itself, not what it returns: write {example}")
    own = {str(getattr(function, "__name__", "")): function for function in functions}
    return own if set(own) == set(wanted) else dict(zip(wanted, functions, strict=True))
