"""What is wrong with a lesson's source: every fault with its file and line, reported together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labsupport.errors import LessonError

__all__ = ["Fault", "LessonFaults", "refuse"]


@dataclass(frozen=True, order=True)
class Fault:
    """One broken rule: the file, the line (from 1) and the reason as one sentence."""

    path: Path
    line: int
    reason: str

    @property
    def where(self) -> str:
        """``file:line``, the form that editors and terminals turn into a link."""
        return f"{self.path}:{self.line}"

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class LessonFaults(LessonError):
    """One or more faults; `where` and `reason` are those of the first, ``str`` has a line for each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__(self.faults[0].where, self.faults[0].reason)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


def refuse(faults: Iterable[Fault]) -> None:
    """Raise `LessonFaults` if there is any fault, so that an author mends them in one go."""
    found = list(faults)
    if found:
        raise LessonFaults(found)
