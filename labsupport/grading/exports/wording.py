"""How every export writes points, times, and what there is to say of a mark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from labsupport.grading.gradebook.model import Mark
from labsupport.grading.names import legible

__all__ = ["number", "remarks", "time_text", "unmarked"]


def number(points: float) -> str:
    """Return `points` with at most two places, the most that learning systems show: "3", "2.5", "1.33"."""
    text = f"{points:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def time_text(time: dt.datetime | None) -> str:
    """Return `time` to the minute with its time zone; empty where none is known."""
    return "" if time is None else time.isoformat(sep=" ", timespec="minutes")


def remarks(mark: Mark) -> str:
    """Return in a few words what a person should know of a mark: what nobody judged, adjusted, and was found."""
    words = []
    if mark.unjudged:
        words.append(f"not judged: {mark.unjudged.rstrip('.')}")
    changed = [exercise.id for exercise in mark.exercises if exercise.adjusted]
    if changed:
        words.append(f"adjusted: {', '.join(changed)}")
    words += _unique(finding.kind for finding in mark.findings)
    return "; ".join(words)


def unmarked(mark: Mark) -> str:
    """Return the line that tells why a mark is left out of a file for a learning system."""
    who, why = legible(mark.learner, 60), legible(mark.unjudged)
    return f"{who}: {mark.lesson} has no mark, nobody could judge it: {why}"


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
