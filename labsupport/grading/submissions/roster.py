"""Who is in the class: a table that the instructor has, Canvas's own gradebook export, or Moodle's grading worksheet.

Checked: Canvas's ``lib/gradebook_exporter.rb`` (instructure/canvas-lms): the columns Student (``Doe, Jane``; or
LastName and FirstName), ID, SIS User ID, SIS Login ID, Section; rows without an ID that hold ``Manual Posting`` and
``Points Possible``; the test student, ``Student, Test``, last; a name that begins with = written as ``="…"``. Moodle's
``mod/assign/feedback/offline`` and ``mod/assign/gradingtable.php`` (moodle/moodle): Identifier, which is
``Participant 12345`` with the number that is in the names of the zip, Full name, ID number, Email address.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labsupport.errors import UsageError
from labsupport.grading.names import is_usable_id, legible, spreadsheet_read

__all__ = ["Person", "Roster", "read_roster", "squeezed"]

_SIZE = 16 * 1024 * 1024
_ZIP = b"PK\x03\x04"  # what the files of Excel and LibreOffice are, too
# What a column is, by its heading in small letters without punctuation. The order is the one in which columns are
# preferred for the learner's id.
_IDS = {
    "learner": ("learner", "learner id"),
    "login": ("login", "login id", "username", "user name", "user", "account"),
    "id": ("id", "student id", "user id", "id number", "student number", "matriculation number", "number"),
    "sis": ("sis user id",),
    "sis login": ("sis login id",),
    "email": ("email", "e mail", "email address", "mail"),
    "participant": ("identifier",),
}
_NAMES = ("name", "full name", "student name", "student", "display name")
_FIRST = ("first name", "firstname", "given name", "first")
_LAST = ("last name", "lastname", "surname", "family name", "last")


@dataclass(frozen=True)
class Person:
    """One of the class: the `id` that everything is kept under, the name, and all ids, by the kind of their column."""

    id: str
    name: str
    ids: Mapping[str, str] = field(default_factory=dict)


class Roster:
    """Finds people by what a file says of them; `canvas` whether the ids under ``id`` are Canvas's own."""

    def __init__(self, people: Iterable[Person], *, canvas: bool = False) -> None:
        self.people = {person.id: person for person in people}
        self.canvas = canvas
        self._ids: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._names: dict[str, set[str]] = defaultdict(set)
        for person in self.people.values():
            for kind, id_ in person.ids.items():
                self._ids[kind][_folded(id_)].add(person.id)
            for name in _spellings(person.name):
                self._names[name].add(person.id)

    def __len__(self) -> int:
        return len(self.people)

    def find(self, text: str, kinds: Sequence[str] = tuple(_IDS)) -> Person | None:
        """Return the person with this id, in capitals or not, in the first of the kinds in which there is just one.

        None where there is none, or where two people share it.
        """
        if text in self.people and kinds == tuple(_IDS):
            return self.people[text]
        for kind in kinds:
            found = self._ids[kind].get(_folded(text), set())
            if len(found) == 1:
                return self.people[next(iter(found))]
        return None

    def named(self, name: str) -> Person | None:
        """Return the person of this name, given name first or last, spaces or not; None where two could be meant."""
        found = self._names.get(squeezed(name), set())
        return self.people[next(iter(found))] if len(found) == 1 else None

    def is_called(self, person: Person, name: str) -> bool:
        """Whether `name` is a spelling of the person's name; an empty one says nothing against it."""
        return not squeezed(name) or not person.name or person.id in self._names.get(squeezed(name), set())


def read_roster(path: Path) -> Roster:
    """Read a roster from a table in CSV. Raises UsageError with the file, the line and what to do."""
    rows = _rows(path)
    heading = next((row for _, row in rows if any(cell.strip() for cell in row)), [])
    columns = {_heading(cell): position for position, cell in reversed(list(enumerate(heading)))}
    ids = {kind: columns[found] for kind, names in _IDS.items() if (found := _first_of(names, columns))}
    canvas = "id" in columns and ("sis login id" in columns or ("student" in columns and "section" in columns))
    if canvas:
        # Canvas's own number comes first: it is in the names of Canvas's zips, with a roster and without.
        ids = {"id": columns["id"], **{kind: place for kind, place in ids.items() if kind != "id"}}
    if not ids:
        raise UsageError(
            f"{path}: no column says who is who; name one in the first line: learner, login, id or email (and name)"
        )
    people: dict[str, Person] = {}
    lines: dict[str, int] = {}
    for line, row in rows:
        person = None if row is heading else _person(row, ids, columns, canvas=canvas)
        if person is None:
            continue
        if not is_usable_id(person.id):
            raise UsageError(f"{path}, line {line}: {legible(person.id, 60)} cannot be anybody's id; correct the line")
        if people.setdefault(person.id, person) != person:
            raise UsageError(
                f"{path}: lines {lines[person.id]} and {line} both say {legible(person.id, 60)}; correct one of them"
            )
        lines.setdefault(person.id, line)
    if not people:
        raise UsageError(f"{path}: a roster without anybody in it")
    return Roster(people.values(), canvas=canvas)


def squeezed(name: str) -> str:
    """Return a name as it is compared: small letters and digits, nothing else."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(char for char in letters if char.isalnum())


def _spellings(name: str) -> set[str]:
    """Return a name squeezed, with every split between given and family name: Jane Doe, Doe Jane."""
    words = name.replace(",", " ").split()[:12]
    return {squeezed("".join(words[turn:] + words[:turn])) for turn in range(len(words))} - {""}


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of a table with their line numbers, whichever of the usual separators and encodings it has."""
    try:
        with path.open("rb") as file:
            content = file.read(_SIZE + 1)
    except OSError as error:
        raise UsageError(f"{path}: the roster cannot be read: {(error.strerror or str(error)).lower()}") from error
    if len(content) > _SIZE:
        raise UsageError(f"{path}: over {_SIZE:,} bytes, which is no roster")
    if content.startswith(_ZIP):
        raise UsageError(f"{path}: a workbook or a zip, and no table in CSV; save it as CSV, in UTF-8")
    text = _text(content)
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: not a table in CSV: {error}") from error


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")  # what Excel writes on Windows


def _person(row: list[str], ids: Mapping[str, int], columns: Mapping[str, int], *, canvas: bool) -> Person | None:
    """Return the person in a row; None for an empty one and for those that Canvas adds."""
    found = {kind: id_ for kind, position in ids.items() if (id_ := _cell(row, position))}
    if "participant" in found:
        found["participant"] = re.sub(r".*?(\d+)$", r"\1", found["participant"])
    name = _cell(row, columns.get(_first_of(_NAMES, columns)))
    if not name:
        parts = [_cell(row, columns.get(_first_of(names, columns))) for names in (_LAST, _FIRST)]
        name = ", ".join(filter(None, parts))
    if canvas and ("id" not in found or squeezed(name) == "studenttest"):
        return None
    return Person(next(iter(found.values())), name, found) if found else None


def _cell(row: list[str], position: int | None) -> str:
    """Return what stands in a cell, without what keeps spreadsheets from taking it for a formula."""
    text = row[position] if position is not None and position < len(row) else ""
    # Before composing: a sign composed with what follows it would no longer be seen as guarded.
    text = text.strip()
    text = match[1] if (match := re.fullmatch(r'="(.*)"', text, re.DOTALL)) else spreadsheet_read(text)
    return unicodedata.normalize("NFC", text.strip())


def _first_of(names: Iterable[str], columns: Mapping[str, int]) -> str:
    return next((name for name in names if name in columns), "")


def _heading(cell: str) -> str:
    return " ".join(re.sub(r"[^\w]|_", " ", cell.casefold()).split())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()
