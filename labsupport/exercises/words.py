"""A report in words, for terminals and for readers that show no HTML."""

from __future__ import annotations

from labsupport.exercises.model import AspectReport, Report

__all__ = ["MARKS", "in_words", "points_text", "progress_of", "verdict"]

MARKS = {"passed": "✓", "failed": "✗", "open": "–"}

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


def progress_of(aspect: AspectReport) -> tuple[str, str]:
    """Return the aspect's mark and its count in words: ("✗", "3 of 8 right")."""
    if aspect.passed == aspect.cases:
        return MARKS["passed"], f"{aspect.cases} of {aspect.cases} right"
    if aspect.tried == 0:
        return MARKS["open"], "not tried"
    if aspect.failing is not None and aspect.failing.unwritten:
        return MARKS["open"], "not written yet"
    rest = "" if aspect.tried == aspect.cases else f", {aspect.cases - aspect.tried} not tried"
    return MARKS["failed"], f"{aspect.passed} of {aspect.cases} right{rest}"


def in_words(report: Report) -> str:
    """Return the whole report as lines of text."""
    lines = [f"{report.title}: {verdict(report)}, {points_text(report.points, report.out_of)}"]
    for aspect in report.aspects:
        mark, count = progress_of(aspect)
        lines.append(f"{mark} {aspect.name}: {count}")
        failing = aspect.failing
        if failing is not None and not failing.unwritten:
            lines += [
                f"    tried     {failing.tried}",
                f"    expected  {failing.expected}",
                f"    came      {failing.got}",
            ]
    if report.state in ("partly", "wrong"):
        pointer = report.mistake.sentence if report.mistake else report.hint
        lines += [f"→ {pointer}"] if pointer else []
    lines += [f"Note: {note}" for note in report.notes]
    if report.printed:
        lines += ["It printed:", *(f"    {line}" for line in report.printed.splitlines())]
    return "\n".join(lines)
