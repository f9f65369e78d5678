"""Plain-text tables that fit the terminal: cells wrap between words before a line would run over the edge."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

__all__ = ["render", "terminal_width"]

_GAP = "  "


def terminal_width() -> int | None:
    """Return the terminal's width in columns; None where output goes to a file or a pipe, which has no edge."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def render(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Return the table as text, at most `width` columns wide where its longest words allow that; None: no limit."""
    lines = [headings, *rows]
    natural = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    floor = [
        max(len(word) for line in lines for word in (line[column].split() or [""])) for column in range(len(headings))
    ]
    widths = list(natural)
    while width is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        slack = [(size, column) for column, size in enumerate(widths) if size > floor[column]]
        if not slack:
            break
        widths[max(slack)[1]] -= 1
    out = [_line(headings, widths), _line(["─" * size for size in widths], widths)]
    out += [_line(row, widths) for row in rows]
    return "\n".join(out)


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
