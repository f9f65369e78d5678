"""The heat map of a class: aspects by share of learners and share of cases, in colours that carry their numbers."""

from __future__ import annotations

from collections.abc import Iterable

from labsupport.grading.pages.tally import AspectTally, ExerciseTally
from labsupport.notebook import look

__all__ = ["STEPS", "heat_map", "share"]

# From few to all: background and text, told apart by colour-blind readers, the same in light and dark.
STEPS = (
    (0.2, "#8f3700", "#ffffff"),
    (0.4, "#e8a06a", "#1a1a1a"),
    (0.6, "#dfe3e8", "#1a1a1a"),
    (0.8, "#8fc0e4", "#1a1a1a"),
    (1.0, "#00558c", "#ffffff"),
)


def heat_map(exercises: Iterable[ExerciseTally]) -> str:
    """Return the table, a group of rows for each exercise."""
    groups = "".join(map(_group, exercises))
    heads = "".join(f'<th scope="col" class="number">{name}</th>' for name in ("have it", "cases right"))
    return (
        '<p class="soft">How many learners have each thing that is asked, and how many of all cases came out '
        f'right.</p>\n<table class="heat">\n<thead><tr><th scope="col">what is asked</th>{heads}</tr></thead>\n'
        f"{groups}</table>\n{_legend()}"
    )


def share(part: int, whole: int) -> str:
    """Return "43 %"; less than all is never 100, more than nothing never 0."""
    if not whole:
        return "–"
    percent = round(100 * part / whole)
    percent = min(percent, 99) if part < whole else percent
    return f"{max(percent, 1) if part else 0}\u00a0%"


def _group(exercise: ExerciseTally) -> str:
    parts = [f"{exercise.solved:,} of {exercise.learners:,} solved it"]
    parts += [f"{exercise.unwritten:,} left it unwritten"] if exercise.unwritten else []
    head = (
        f'<tr><th scope="rowgroup" colspan="3">{look.escape(exercise.title)} '
        f'<span class="soft" style="font-weight: 400">{", ".join(parts)}</span></th></tr>\n'
    )
    rows = "".join(_row(name, aspect) for name, aspect in exercise.aspects.items())
    return f"<tbody>\n{head}{rows}</tbody>\n"


def _row(name: str, aspect: AspectTally) -> str:
    cells = _cell(aspect.have, aspect.learners) + _cell(aspect.passed, aspect.cases)
    return f'<tr><th scope="row" style="font-weight: 400">{look.escape(name)}</th>{cells}</tr>\n'


def _cell(part: int, whole: int) -> str:
    background, ink = _colours(part / whole if whole else 0)
    return f'<td class="number" style="background: {background}; color: {ink}">{share(part, whole)}</td>'


def _colours(value: float) -> tuple[str, str]:
    return next((background, ink) for limit, background, ink in STEPS if value <= limit)


def _legend() -> str:
    boxes = "".join(
        f'<span class="step" style="background: {background}; color: {ink}">to {100 * limit:.0f}\u00a0%</span>'
        for limit, background, ink in STEPS
    )
    return f'<p class="soft" style="font-size: 0.85rem">{boxes}</p>\n'
