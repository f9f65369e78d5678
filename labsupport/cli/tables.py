"""Plain text that fits the terminal: tables and lines wrap between words before they would run over the edge."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TextIO

__all__ = ["render", "terminal_width", "wrapped"]

_GAP = "  "


def terminal_width(stream: TextIO | None = None) -> int | None:
    """Return the width in columns of the terminal that `stream` (stdout) is; None for a file or a pipe."""
    stream = stream or sys.stdout
    if not stream.isatty():
        return None
    if stream is not sys.stdout and "COLUMNS" not in os.environ:
        # The other function asks standard output alone, which may be a pipe.
        try:
            found = os.get_terminal_size(stream.fileno()).columns
        except OSError:
            found = 0
        if found:
            return found
    return shutil.get_terminal_size().columns


def wrapped(line: str, width: int | None, indent: str = "  ") -> str:
    """Return `line`, its further lines indented; words longer than `width` stay whole, so that they can be copied."""
    if width is None:
        return line
    words = line.lstrip(" ")
    return textwrap.fill(
        words,
        width,
        initial_indent=" " * (len(line) - len(words)),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def render(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Return the table as text, at most `width` columns wide where its longest words allow that; None: no limit."""
    columns = range(len(headings))
    widths = [max(len(line[column]) for line in (headings, *rows)) for column in columns]
    if width is not None:
        # Headings give way first: a row on one line is easier to read than a heading on one.
        _shrink(widths, [max(_longest_word(headings[c]), *(len(row[c]) for row in rows)) for c in columns], width)
        _shrink(widths, [max(_longest_word(line[c]) for line in (headings, *rows)) for c in columns], width)
    out = [_line(headings, widths), _line(["─" * size for size in widths], widths)]
    out += [_line(row, widths) for row in rows]
    return "\n".join(out)


def _shrink(widths: list[int], floors: Sequence[int], limit: int) -> None:
    """Take columns from the widest until the table fits into `limit`, none below its floor."""
    while sum(widths) + len(_GAP) * (len(widths) - 1) > limit:
        slack = [(size, column) for column, size in enumerate(widths) if size > floors[column]]
        if not slack:
            return
        widths[max(slack)[1]] -= 1


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    wrapped = [
        textwrap.wrap(cell, max(size, 1), break_long_words=False, break_on_hyphens=False) or [""]
        for cell, size in zip(cells, widths, strict=True)
    ]
    height = max(map(len, wrapped))
    return "\n".join(
        _GAP.join(
            (part[row] if row < len(part) else "").ljust(size) for part, size in zip(wrapped, widths, strict=True)
        ).rstrip()
        for row in range(height)
    )
