"""A report in words, for terminals and for readers that show no HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labsupport.exercises.model import AspectReport, Report

__all__ = ["MARKS", "in_words", "mark_of", "pointer_of", "points_text", "progress_of", "verdict"]

MARKS = {"passed": "✓", "failed": "✗", "partly": "½", "open": "–"}

_VERDICTS = {
    "solved": "solved",
    "partly": "partly solved",
    "wrong": "not right yet",
    "unwritten": "not written yet",
}


def points_text(points: float, out_of: float) -> str:
    """Return "1.5 of 2 points"."""
    return f"{points:g} of {out_of:g} point{'' if out_of == 1 else 's'}"


def verdict(report: Report) -> str:
    """Return the report's state in words."""
    return _VERDICTS[report.state]


def mark_of(aspect: AspectReport) -> str:
    """Return the name of the aspect's mark: passed, failed, or open where nothing can be said."""
    if aspect.passed == aspect.cases:
        return "passed"
    return "open" if aspect.failing is None or aspect.failing.unwritten else "failed"


def progress_of(aspect: AspectReport) -> str:
    """Return the aspect's count in words: "3 of 8 right"."""
    if aspect.failing is not None and aspect.failing.unwritten:
        return "not written yet"
    if aspect.tried == 0:
        return "not tried"
    rest = "" if aspect.tried == aspect.cases else f", {aspect.cases - aspect.tried} not tried"
    return f"{aspect.passed} of {aspect.cases} right{rest}"


def pointer_of(report: Report) -> str:
    """Return the one sentence that leads on; empty if there is nothing to say."""
    if report.state == "solved":
        return ""
    if report.state == "unwritten":
        return "Put your answer in the place of the line that raises NotImplementedError, then run both cells."
    if report.mistake:
        return report.mistake.sentence
    # The hint is about what came; where nothing came there is only the fault itself to look at.
    something_came = any(aspect.failing and not aspect.failing.fault for aspect in report.aspects)
    return report.hint if something_came else ""


def in_words(report: Report) -> str:
    """Return the whole report as lines of text."""
    lines = [f"{report.title}: {verdict(report)}, {points_text(report.points, report.out_of)}"]
    for aspect in report.aspects:
        lines.append(f"{MARKS[mark_of(aspect)]} {aspect.name}: {progress_of(aspect)}")
        failing = aspect.failing
        if failing is not None and not failing.unwritten:
            lines += [
                f"    tried     {failing.tried}",
                f"    expected  {failing.expected}",
                f"    came      {failing.got}",
            ]
    pointer = pointer_of(report)
    lines += [f"→ {pointer}"] if pointer else []
    lines += [f"Note: {note}" for note in report.notes]
    if report.printed:
        lines += ["It printed:", *(f"    {line}" for line in report.printed.splitlines())]
    return "\n".join(lines)
