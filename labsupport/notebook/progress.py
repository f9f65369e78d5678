"""``progress``: the learner's map of the course, kept in ``.progress.json`` in the kernel's working folder.

The file keeps the best result of each exercise. ``LABSUPPORT_PROGRESS=off`` in the environment switches writing off.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labsupport.exercises import catalogue
from labsupport.exercises.course import LESSONS
from labsupport.exercises.model import Exercise, Report
from labsupport.exercises.words import MARKS, points_text
from labsupport.notebook import look
from labsupport.notebook.cards import ACCENT, mark

__all__ = ["FILE_NAME", "Progress", "Standing", "progress", "record"]

FILE_NAME = ".progress.json"
SWITCH = "LABSUPPORT_PROGRESS"


@dataclass(frozen=True)
class Standing:
    """Where a learner stands with one exercise: `points` is None until it has been tried."""

    exercise: Exercise
    points: float | None

    @property
    def mark(self) -> str:
        """The name of its mark."""
        if not self.points:
            return "open"
        return "passed" if self.points >= self.exercise.points else "partly"

    @property
    def words(self) -> str:
        """Its state in words."""
        if self.points is None:
            return "not begun"
        return {"open": "begun", "partly": "partly solved", "passed": "solved"}[self.mark]


@dataclass(frozen=True)
class Progress:
    """The map: standings by lesson, and the lessons that are not there yet."""

    lessons: Mapping[str, tuple[Standing, ...]]
    to_come: tuple[str, ...]

    @property
    def points(self) -> float:
        """Points earned so far."""
        return sum(standing.points or 0.0 for standings in self.lessons.values() for standing in standings)

    @property
    def out_of(self) -> float:
        """Points that can be earned."""
        return sum(standing.exercise.points for standings in self.lessons.values() for standing in standings)

    def __str__(self) -> str:
        lines = [f"Your map of the course: {points_text(self.points, self.out_of)}"]
        for slug, standings in self.lessons.items():
            lines.append(f"{slug[:2]}  {LESSONS[slug]}: {points_text(_earned(standings), _possible(standings))}")
            lines += [f"    {MARKS[one.mark]} {one.exercise.title}: {_state(one)}" for one in standings]
        if self.to_come:
            lines.append(f"To come: {' · '.join(self.to_come)}")
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._card()}

    def _card(self) -> str:
        header = (
            f'<div><span style="float: right; margin-left: 1rem; {look.MUTED}">'
            f"{points_text(self.points, self.out_of)}</span><b>Your map of the course</b></div>"
        )
        lines = [header, *(_lesson(slug, standings) for slug, standings in self.lessons.items())]
        if self.to_come:
            titles = " · ".join(
                f'<span style="display: inline-block">{look.escape(name)}</span>' for name in self.to_come
            )
            lines.append(f'<div style="margin-top: 0.9rem; {look.MUTED}">To come: {titles}</div>')
        return look.card(lines)


def _lesson(slug: str, standings: tuple[Standing, ...]) -> str:
    earned, possible = _earned(standings), _possible(standings)
    heading = (
        '<div style="display: flex; align-items: baseline; gap: 0.6rem; margin-top: 0.9rem">'
        f'<span style="{look.MUTED}">{slug[:2]}</span>'
        f'<span style="flex: 1 1 auto; min-width: 0; font-weight: 600">{look.escape(LESSONS[slug])}</span>'
        f'<span style="white-space: nowrap; {look.MUTED}">{earned:g} of {possible:g}</span></div>'
    )
    rows = "".join(
        '<div style="display: flex; align-items: baseline; gap: 0.6rem; margin-top: 0.25rem">'
        f'{mark(one.mark)}<span style="flex: 1 1 auto; min-width: 0">{look.escape(one.exercise.title)}</span>'
        f'<span style="white-space: nowrap; {look.MUTED}">{_state(one)}</span></div>'
        for one in standings
    )
    return heading + _bar(earned, possible) + rows


def _bar(earned: float, possible: float) -> str:
    share = 100 * earned / possible if possible else 0
    return (
        f'<div style="height: 0.35rem; border-radius: 0.2rem; margin: 0.25rem 0 0.4rem; overflow: hidden; '
        f'background: {look.BORDER}"><div style="height: 100%; width: {share:.0f}%; '
        f'background: {ACCENT}"></div></div>'
    )


def _state(standing: Standing) -> str:
    if standing.mark != "partly":
        return standing.words
    return f"{standing.words}, {standing.points:g} of {standing.exercise.points:g}"


def _earned(standings: tuple[Standing, ...]) -> float:
    return sum(standing.points or 0.0 for standing in standings)


def _possible(standings: tuple[Standing, ...]) -> float:
    return sum(standing.exercise.points for standing in standings)


def progress() -> Progress:
    """Return the map of the course, with this working folder's results."""
    kept = _read(Path(FILE_NAME))
    lessons: dict[str, tuple[Standing, ...]] = {}
    for slug in LESSONS:
        here = [exercise for exercise in catalogue().values() if exercise.lesson == slug]
        if here:
            lessons[slug] = tuple(Standing(exercise, _points(kept, exercise)) for exercise in here)
    return Progress(lessons, tuple(title for slug, title in LESSONS.items() if slug not in lessons))


def record(report: Report) -> str | None:
    """Keep the result of `report` if it is the best so far; return one line if that was not possible."""
    if os.environ.get(SWITCH) == "off" or report.state == "unwritten":
        return None
    path = Path(FILE_NAME)
    kept = _read(path)
    before = kept.get(report.exercise_id)
    if isinstance(before, dict) and _number(before.get("points")) >= report.points:
        return None
    kept[report.exercise_id] = {"points": report.points, "out_of": report.out_of}
    try:
        _replace(path, json.dumps({"version": 1, "exercises": kept}, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        return f"Your progress was not kept: {error.strerror or error}."
    return None


def _read(path: Path) -> dict[str, Any]:
    """Return the results by exercise; none if there is no file, or one that nobody can read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        content = json.loads(path.read_text("utf-8"))
        if isinstance(content, dict) and isinstance(content.get("exercises"), dict):
            return dict(content["exercises"])
    return {}


def _points(kept: Mapping[str, Any], exercise: Exercise) -> float | None:
    result = kept.get(exercise.id)
    return min(_number(result.get("points")), exercise.points) if isinstance(result, dict) else None


def _number(value: object) -> float:
    """Return `value` if it is a number from 0 up; anything else that stands in the file counts as 0."""
    good = isinstance(value, int | float) and math.isfinite(value) and value > 0
    return float(value) if good else 0.0  # type: ignore[arg-type]  # mypy does not follow `good`


def _replace(path: Path, text: str) -> None:
    """Write the file as a whole: whoever reads meanwhile sees the old one or the new one."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=FILE_NAME, delete=False) as file:
        file.write(text)
    try:
        Path(file.name).replace(path)
    except OSError:
        Path(file.name).unlink(missing_ok=True)
        raise
