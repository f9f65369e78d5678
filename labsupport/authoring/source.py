"""The reader of a lesson's source: a Python file in percent format, from which every notebook is built.

A cell begins with a header line::

    # %% [markdown]                     prose: every line a comment, "# text"
    # %%                                code
    # %% setup                          code that the grader runs before the learner's
    # %% parameters                     code whose values papermill may replace
    # %% predict="five-requests-no-ca"  a prediction that the learner fills in
    # %% exercise="rsa-modinv"          a function whose solution stands between the two markers
    # %% check="rsa-modinv" points=2    the check of that exercise

Comments before the first header belong to the file, not to the lesson.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Literal

from labsupport.authoring.faults import Fault, refuse

__all__ = ["Lesson", "SourceCell", "lesson_paths", "read_lesson", "scan_lesson"]

_ROLES_WITH_ID = ("exercise", "check", "predict")
_ROLES = (*_ROLES_WITH_ID, "parameters", "setup")

_SLUG = re.compile(r"\d\d_[a-z0-9]+(_[a-z0-9]+)*")
_HEADER = re.compile(r"# %%( .*)?")
_ALMOST_HEADER = re.compile(r"#+\s*%%")
_WORD = re.compile(r'([a-z]+)(?:=(?:"([^"]*)"|([^\s"]+)))?(?=\s|$)')
# nbformat allows an id 64 characters, and "exercise-" stands in front.
_ID = re.compile(r"(?=.{1,55}$)[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class SourceCell:
    """One cell as written: `line` is where `text` begins in the file, `attributes` are the header's words."""

    kind: Literal["markdown", "code"]
    text: str
    line: int
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def role(self) -> str:
        """``exercise``, ``check``, ``predict``, ``parameters``, ``setup`` or, for all others, ``text``."""
        return next((role for role in _ROLES if role in self.attributes), "text")

    @property
    def id(self) -> str:
        """The id that the header gives, or an empty string."""
        return self.attributes[self.role] if self.role in _ROLES_WITH_ID else ""


@dataclass(frozen=True)
class Lesson:
    """A lesson's source: `slug` is the file's name, `title` the first heading, `cells` in order."""

    slug: str
    title: str
    cells: tuple[SourceCell, ...]
    path: Path


def lesson_paths(lessons_dir: Path) -> list[Path]:
    """Return the lessons' files in order; a file whose name begins with an underscore is not a lesson."""
    return sorted(path for path in lessons_dir.glob("*.py") if not path.name.startswith("_"))


def read_lesson(path: Path) -> Lesson:
    """Read a lesson's source; raise LessonFaults for a header or a line that cannot be understood."""
    lesson, faults = scan_lesson(path)
    refuse(faults)
    return lesson


def scan_lesson(path: Path) -> tuple[Lesson, list[Fault]]:
    """Read as much of a lesson as can be understood, and list the faults of the rest."""
    scanner = _Scanner(path)
    cells = tuple(scanner.cells())
    return Lesson(path.stem, scanner.title(cells), cells, path), scanner.faults


class _Scanner:
    """One reading of one file, and the faults met on the way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.faults: list[Fault] = []
        if not _SLUG.fullmatch(path.stem):
            self.fault(1, "a lesson's file is named NN_slug.py, in lower case")

    def fault(self, line: int, reason: str) -> None:
        self.faults.append(Fault(self.path, line, reason))

    def lines(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8").split("\n")
        except OSError as error:
            self.fault(1, f"the file cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            self.fault(1, "the file is not UTF-8 text")
        return []

    def cells(self) -> Iterator[SourceCell]:
        lines = self.lines()
        headers = [number for number, line in enumerate(lines, start=1) if _HEADER.fullmatch(line)]
        for number, line in enumerate(lines, start=1):
            if _ALMOST_HEADER.match(line) and number not in headers:
                self.fault(number, 'a cell header begins with "# %%", then a space or nothing')
        for number, line in enumerate(lines[: headers[0] - 1] if headers else lines, start=1):
            if line.strip() and not line.startswith("#"):
                self.fault(number, "there is code before the first cell header")
                break
        for header, following in pairwise([*headers, len(lines) + 1]):
            kind, attributes = self.header(header, lines[header - 1])
            first, last = header, following - 1
            while first < last and not lines[first].strip():
                first += 1
            while last > first and not lines[last - 1].strip():
                last -= 1
            if first == last:
                self.fault(header, "the cell is empty")
                continue
            body = lines[first:last]
            if kind == "markdown":
                body = [self.uncommented(number, line) for number, line in enumerate(body, start=first + 1)]
            yield SourceCell(kind, "\n".join(body), first + 1, attributes)

    def header(self, number: int, line: str) -> tuple[Literal["markdown", "code"], dict[str, str]]:
        """Split a header line into the cell's kind and its words."""
        rest = line.removeprefix("# %%").strip()
        kind: Literal["markdown", "code"] = "code"
        if rest.startswith("[markdown]"):
            kind, rest = "markdown", rest.removeprefix("[markdown]").strip()
        words: dict[str, str] = {}
        while rest:
            match = _WORD.match(rest)
            if not match:
                self.fault(number, f"this part of the cell header cannot be read: {rest}")
                break
            name, quoted, bare = match.groups()
            if name in words:
                self.fault(number, f'the cell header says "{name}" twice')
            words[name] = quoted or bare or ""
            rest = rest[match.end() :].strip()
        for reason in _misused(kind, words):
            self.fault(number, reason)
        return kind, words

    def uncommented(self, number: int, line: str) -> str:
        if line.strip() and line != "#" and not line.startswith("# "):
            self.fault(number, 'each line of a Markdown cell begins with "# "')
        return line[2:]

    def title(self, cells: tuple[SourceCell, ...]) -> str:
        opening = next((cell.text for cell in cells if cell.kind == "markdown"), "").partition("\n")[0]
        title = opening[2:].strip() if opening.startswith("# ") else ""
        if cells and not title:
            self.fault(cells[0].line, 'the lesson has no title: its first Markdown cell begins with "# # Title"')
        return title


def _misused(kind: str, words: Mapping[str, str]) -> Iterator[str]:
    """Say which words of a header are unknown, misplaced or without the value they need."""
    roles = [word for word in words if word in _ROLES]
    if kind == "markdown" and words:
        yield "the header of a Markdown cell takes no further words"
        return
    if len(roles) > 1:
        yield f"a cell is one of {' and '.join(roles)}, not both"
    for word, value in words.items():
        if word == "points":
            if "check" not in words:
                yield '"points" belongs to a check'
        elif word not in _ROLES:
            yield f'unknown word in a cell header: "{word}"'
        elif word not in _ROLES_WITH_ID:
            if value:
                yield f'"{word}" stands alone in a header'
        elif not _ID.fullmatch(value):
            yield f'{word} needs an id such as {word}="rsa-modinv": lower-case letters, digits and hyphens, at most 55'
