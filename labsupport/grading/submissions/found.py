"""A file as it was found, unread: what folders and zips have in common, and the limits that hold in both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from labsupport.errors import SubmissionError
from labsupport.grading.names import legible

__all__ = ["LIMITS", "FileKind", "Found", "Limits", "Place", "SubmissionError", "Trouble", "is_hidden", "kind_of"]

MIB = 1024 * 1024

FileKind = Literal["notebook", "timestamp", "zip", "misnamed", "other"]


@dataclass(frozen=True)
class Limits:
    """How much a place may hold: bytes of one file and of all, entries, folders within folders, times it may unpack."""

    file: int = 32 * MIB
    total: int = 8192 * MIB
    entries: int = 50_000
    depth: int = 12
    ratio: int = 200
    table: int = 32 * MIB


LIMITS = Limits()


@dataclass(frozen=True)
class Found:
    """A file in a place: its path as parts, and how to read its bytes, which may raise SubmissionError.

    `where` is the whole path in the place, `parts` what of it says whose the file is.
    `clock` says in words whose time `time` is. `position` tells two entries of a zip apart that have one name.
    """

    where: str
    parts: tuple[str, ...]
    size: int
    time: dt.datetime | None
    clock: str
    read: Callable[[], bytes]
    position: int = 0

    def below(self, levels: int) -> Found:
        """Return the same file with its parts from so many folders further down."""
        return replace(self, parts=self.parts[levels:])


@dataclass
class Trouble:
    """Collects lines, each about one thing that nobody could use: what it is, and what to do."""

    label: str
    lines: list[str] = field(default_factory=list)

    def say(self, path: str, what: str) -> None:
        """Add the line about what lies at `path`."""
        self.lines.append(self.about(path, what))

    def about(self, path: str, what: str) -> str:
        """Return the line about what lies at `path`."""
        return f"{legible(f'{self.label}/{path}')}: {what}"


class Place(Protocol):
    """A folder or a zip that has been looked through.

    `files` are its notebooks, `stamps` nbgrader's timestamp files; `nbgrader` whether it is a folder of nbgrader's.
    """

    label: str
    files: list[Found]
    stamps: list[Found]
    trouble: Trouble
    nbgrader: bool

    def close(self) -> None:
        """Let go of it; afterwards nothing of it can be read."""


def is_hidden(name: str) -> bool:
    """Whether a file or folder is none of the learner's: checkpoints, what macOS adds, whatever begins with a dot."""
    return (name.startswith(".") and name not in (".", "..")) or name in ("__MACOSX", "__pycache__")


def kind_of(name: str) -> FileKind:
    """Say what a file is by its name."""
    lower = name.lower()
    if lower.endswith(".ipynb"):
        return "notebook"
    if lower == "timestamp.txt":
        return "timestamp"
    if lower.endswith(".zip"):
        return "zip"
    return "misnamed" if lower.endswith((".ipynb.txt", ".ipynb.json")) else "other"
