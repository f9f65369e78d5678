"""Which line of somebody else's file is whose: by the ids in it, never by a guess."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from labsupport.grading.exports.sheet import Row
from labsupport.grading.names import legible

__all__ = ["Filled", "Keys", "Placing", "advice"]

Keys: TypeAlias = Callable[[Row], Iterable[str]]


@dataclass
class Filled:
    """A file with marks in it; `left_out` tells of each mark that found no place, `notes` what else to look at.

    `advice` is what helps those who have no line of their own in the file.
    """

    content: bytes
    marks: int = 0
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    advice: str = ""


class Placing:
    """The lines of the learners, to be asked for by a learner's id.

    `ways` tell what a line answers to, the surest first; a later way is asked only when those before it know nothing.
    What more than one line answers to, or more than one learner, is nobody's.
    """

    def __init__(self, rows: Sequence[Row], ways: Sequence[Keys], learners: Iterable[str]) -> None:
        self._found: dict[str, list[Row]] = {}
        indices = []
        for way in ways:
            index: dict[str, list[Row]] = {}
            for row in rows:
                for key in {_squeezed(key) for key in way(row)} - {""}:
                    index.setdefault(key, []).append(row)
            indices.append(index)
        for learner in learners:
            hits = (index.get(_squeezed(learner), []) for index in indices)
            self._found[learner] = next((rows for rows in hits if rows), [])
        self._claims = Counter(id(rows[0]) for rows in self._found.values() if len(rows) == 1)

    def line_of(self, learner: str) -> Row | str:
        """Return the line of `learner`, or why there is none."""
        rows = self._found[learner]
        shown = legible(learner, 60)
        if not rows:
            return f"{shown}: no line of the file is theirs"
        if len(rows) > 1:
            return f"{shown}: {len(rows)} lines of the file could be theirs"
        if self._claims[id(rows[0])] > 1:
            return f"{shown}: another learner of the gradebook answers to the same line of the file"
        return rows[0]


def advice(ids: str, path: Path) -> str:
    """Return what to do where the gradebook knows learners by other ids than the file at `path`, which has `ids`."""
    return (
        f"the file knows learners by {ids}; if the gradebook has them under other ids, or under two, "
        f"grade into a new one (--gradebook FILE) with --roster {shlex.quote(str(path))}"
    )


def _squeezed(text: str) -> str:
    return text.strip().casefold()
