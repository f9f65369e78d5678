"""Somebody else's CSV file, changed in a few cells and byte for byte the same in all the others.

A reader and a writer of CSV between them would normalise quotes, line ends and a byte order mark; here every cell is
kept as it stands in the file, and only a cell that is set is written anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from labsupport.errors import UsageError

__all__ = ["Row", "Sheet", "quoted"]

_MOST = 64_000_000
_BOM = "\ufeff"


@dataclass
class Row:
    """One line of a sheet: its cells as they stand in the file, and its line end."""

    cells: list[str]
    end: str = "\n"

    def __len__(self) -> int:
        return len(self.cells)

    def __getitem__(self, column: int) -> str:
        """Return what the cell says; empty beyond the end of a short line."""
        return _value(self.cells[column]) if column < len(self.cells) else ""


@dataclass
class Sheet:
    """A CSV file, read whole."""

    rows: list[Row] = field(default_factory=list)
    separator: str = ","
    bom: str = ""

    @classmethod
    def read(cls, path: Path) -> Sheet:
        """Read the file at `path`; raise UsageError if it is none that can be read."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        if len(content) > _MOST or b"\0" in content:
            raise UsageError(f"{path}: this is no CSV file; save it as CSV, in UTF-8")
        # Bytes that are no UTF-8 come out as they went in.
        return cls.parse(content.decode("utf-8", "surrogateescape"))

    @classmethod
    def parse(cls, text: str) -> Sheet:
        """Take `text` apart; the separator is the one of , ; and tab that the first line has most of."""
        bom = _BOM if text.startswith(_BOM) else ""
        text = text[len(bom) :]
        first = re.sub(r'"[^"]*"', "", text.splitlines()[0] if text else "")
        separator = max(",;\t", key=first.count)
        # A cell is quoted text, in which everything may stand, and what follows it, or text without quotes in front.
        cell = re.compile(rf'(?:"(?:[^"]|"")*"?)?[^{separator}\r\n]*')
        sheet = cls(separator=separator, bom=bom)
        place, cells = 0, list[str]()
        while place < len(text):
            match = cell.match(text, place)
            assert match is not None
            cells.append(match[0])
            place = match.end()
            if text.startswith(separator, place):
                place += 1
                if place < len(text):
                    continue
                cells.append("")
            end = re.compile(r"\r\n|\r|\n|").match(text, place)
            assert end is not None
            sheet.rows.append(Row(cells, end[0]))
            place, cells = end.end(), []
        return sheet

    def set(self, row: Row, column: int, value: str) -> None:
        """Put `value` into a cell, unless it says that already."""
        row.cells += [""] * (column + 1 - len(row))
        if row[column] != value:
            row.cells[column] = quoted(value, self.separator)

    def content(self) -> bytes:
        """Return the file's bytes."""
        text = self.bom + "".join(self.separator.join(row.cells) + row.end for row in self.rows)
        return text.encode("utf-8", "surrogateescape")


def quoted(value: str, separator: str = ",") -> str:
    """Return `value` as a cell, in quotes where it needs them."""
    if any(sign in value for sign in (separator, '"', "\r", "\n")) or value != value.strip():
        return '"' + value.replace('"', '""') + '"'
    return value


def _value(cell: str) -> str:
    match = re.fullmatch(r'"((?:[^"]|"")*)"([^"]*)', cell)
    return match[1].replace('""', '"') + match[2] if match else cell
