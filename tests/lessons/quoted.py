"""A lesson's sentences and solutions, for tests that hold them against the facts."""

from __future__ import annotations

from functools import cache
from typing import Any

from labsupport.authoring.regions import solved_text
from labsupport.authoring.source import Lesson, read_lesson
from tests.tools import ROOT

__all__ = ["answer_to", "lesson", "said"]


@cache
def lesson(slug: str) -> Lesson:
    """Return the source of a lesson."""
    return read_lesson(ROOT / "course" / "lessons" / f"{slug}.py")


def said(slug: str, sentence: str) -> None:
    """Insist that the lesson says this, whatever its lines are broken at."""
    prose = " ".join(" ".join(cell.text for cell in lesson(slug).cells if cell.kind == "markdown").split())
    assert " ".join(sentence.split()) in prose, f"{slug} no longer says: {sentence}"


def answer_to(slug: str, exercise: str, **names: Any) -> Any:
    """Return the lesson's own solution of an exercise, as a function."""
    (cell,) = (cell for cell in lesson(slug).cells if (cell.role, cell.id) == ("exercise", exercise))
    exec(solved_text(cell), names)
    found = [value for value in names.values() if callable(value)]
    return found[-1]
