"""What is to be said about how something was handed in; none of it changes a mark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from labsupport.grading.records import Finding
from labsupport.grading.submissions.times import how_late, in_words

__all__ = ["attempt_finding", "late_finding"]


def late_finding(time: dt.datetime | None, clock: str, due: dt.datetime | None, *, marked: bool) -> Finding | None:
    """Return the finding that something came after the due date, by `time` or because Canvas `marked` it; or None."""
    if time is not None and due is not None and time > due:
        also = " Canvas marked it as late, too." if marked else ""
        return Finding(
            "late",
            f"Handed in {how_late(time - due)} after it was due: at {in_words(time.astimezone(due.tzinfo))}, "
            f"according to {clock}; it was due at {in_words(due)}.{also}",
        )
    return Finding("late", "Canvas marked it as late; how late, its zip does not tell.") if marked else None


def attempt_finding(sources: Sequence[str], position: int) -> Finding | None:
    """Return the finding that several files are one learner's answer to one lesson, for the one at `position`."""
    if len(sources) == 1:
        return None
    others = ", ".join(source for place, source in enumerate(sources[:10]) if place != position)
    others += ", and more" if len(sources) > 10 else ""
    if position == len(sources) - 1:
        return Finding(
            "two-sources", f"Found in {len(sources)} files; this one is the latest and counts, not {others}."
        )
    return Finding(
        "two-sources", f"Found in {len(sources)} files; this one is an earlier attempt, and {sources[-1]} counts."
    )
