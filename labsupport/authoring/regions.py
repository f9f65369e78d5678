"""The solution regions of an exercise cell: what the instructor sees, and the stub that the learner gets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from labsupport.authoring.source import SourceCell

__all__ = ["STUB", "learner_text", "marker_faults", "solution_rows", "solved_text"]

STUB = 'raise NotImplementedError("your answer goes here")'

_BEGIN = re.compile(r"( *)### BEGIN SOLUTION")
_END = re.compile(r" *### END SOLUTION")
_ALMOST_MARKER = re.compile(r"\s*#+\s*(begin|end)\s+solution\b", re.IGNORECASE)


def learner_text(cell: SourceCell) -> str:
    """Return the cell as the learner gets it: the stub, at the marker's indentation, for each region."""
    lines: list[str] = []
    inside = False
    for line in cell.text.split("\n"):
        if begin := _BEGIN.fullmatch(line):
            inside = True
            lines.append(begin[1] + STUB)
        elif _END.fullmatch(line):
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def solved_text(cell: SourceCell) -> str:
    """Return the cell with its solution and without the markers."""
    return "\n".join(line for line in cell.text.split("\n") if not (_BEGIN.fullmatch(line) or _END.fullmatch(line)))


def solution_rows(cell: SourceCell) -> set[int]:
    """Return the rows of the cell's text (from 0) that stand between the markers."""
    rows: set[int] = set()
    inside = False
    for row, line in enumerate(cell.text.split("\n")):
        if _BEGIN.fullmatch(line):
            inside = True
        elif _END.fullmatch(line):
            inside = False
        elif inside:
            rows.add(row)
    return rows


def marker_faults(cell: SourceCell) -> Iterator[tuple[int, str]]:
    """Yield the row and the reason for every marker that is missing, unpaired, misspelt or out of place."""
    begin: int | None = None
    regions = 0
    for row, line in enumerate(cell.text.split("\n")):
        is_begin, is_end = bool(_BEGIN.fullmatch(line)), bool(_END.fullmatch(line))
        if not (is_begin or is_end):
            if _ALMOST_MARKER.match(line):
                yield row, "a solution marker is written ### BEGIN SOLUTION or ### END SOLUTION, with nothing after it"
        elif cell.role != "exercise":
            yield row, "a solution marker stands outside an exercise cell"
        elif is_begin:
            if begin is not None:
                yield row, "### BEGIN SOLUTION stands inside another region: ### END SOLUTION is missing before it"
            begin = row
            regions += 1
        elif begin is None:
            yield row, "### END SOLUTION without ### BEGIN SOLUTION before it"
        else:
            if not solution_rows(cell) & set(range(begin, row)):
                yield begin, "the solution region is empty"
            begin = None
    if begin is not None:
        yield begin, "### BEGIN SOLUTION without ### END SOLUTION after it"
    if cell.role == "exercise" and not regions:
        yield 0, "the exercise cell holds no solution: ### BEGIN SOLUTION and ### END SOLUTION are missing"
