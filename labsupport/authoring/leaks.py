"""Solution text that would leak: a line of a solution that can be read elsewhere in a learner notebook.

What counts is a solution line of four or more Python tokens, comments aside. It is compared by its pieces (words and
punctuation), so that neither spacing nor the kind of quotes hides it, in code, in Markdown and in comments alike.
"""

from __future__ import annotations

import html
import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from labsupport.authoring.regions import solution_rows
from labsupport.authoring.source import Lesson, SourceCell

__all__ = ["SolutionLine", "leaks", "shown", "solution_lines"]

_MIN_TOKENS = 4

_LAYOUT = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}
_PIECE = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class SolutionLine:
    """A line that gives an answer away: `exercise` is whose, `path` and `line` where it is, `text` as written."""

    exercise: str
    path: Path
    line: int
    text: str


def solution_lines(lesson: Lesson) -> list[SolutionLine]:
    """List the lines of the lesson's solutions that must not be seen elsewhere: each row, and each whole statement."""
    return [
        SolutionLine(cell.id, lesson.path, cell.line + row, text)
        for cell in lesson.cells
        if cell.role == "exercise"
        for row, text in dict.fromkeys(_telling(cell))
    ]


def leaks(lines: Sequence[SolutionLine], lesson: Lesson) -> Iterator[tuple[SolutionLine, int]]:
    """Yield each solution line that the learner's notebook of `lesson` shows, and the line of its source that does."""
    for cell in lesson.cells:
        pieces = _Pieces(html.unescape(cell.text) if cell.kind == "markdown" else _without_solution(cell))
        for solution in lines:
            row = pieces.row_of(solution.text)
            if row is not None:
                yield solution, cell.line + row


def shown(line: SolutionLine, text: str) -> bool:
    """Whether any text, prose or code, shows the solution line."""
    return _Pieces(text).row_of(line.text) is not None


def _without_solution(cell: SourceCell) -> str:
    """Return the text that the learner sees, every row in its place."""
    rows = solution_rows(cell)
    return "\n".join("" if row in rows else line for row, line in enumerate(cell.text.split("\n")))


def _telling(cell: SourceCell) -> Iterator[tuple[int, str]]:
    """Yield row and text of the rows and statements of the solution that have four or more tokens."""
    rows = solution_rows(cell)
    lines = cell.text.split("\n")
    try:
        tokens = list(_tokens(cell.text))
    except (SyntaxError, tokenize.TokenError):
        return  # no Python: the rules say so, and nothing is built
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for row in sorted(rows):
        here = [token for token in tokens if token.start[0] == row + 1 and token.type not in _LAYOUT]
        if len(here) >= _MIN_TOKENS:
            yield row, lines[row].strip()
    statement: list[tokenize.TokenInfo] = []
    for token in tokens:
        if token.type not in _LAYOUT and token.start[0] - 1 in rows:
            statement.append(token)
        elif token.type == tokenize.NEWLINE and len(statement) >= _MIN_TOKENS:
            first, last = statement[0].start[0] - 1, statement[-1].end[0]
            yield first, "\n".join(line.strip() for line in lines[first:last])
        if token.type == tokenize.NEWLINE:
            statement = []


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the tokens of Python code; an f-string is one token, as it was before Python 3.12."""
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        depth -= name == "FSTRING_END"
        if depth == 0 and name != "FSTRING_END":
            yield token
        depth += name == "FSTRING_START"


class _Pieces:
    """A text as words and punctuation, searchable."""

    def __init__(self, text: str) -> None:
        found = [(row, piece) for row, line in enumerate(text.split("\n")) for piece in _pieces(line)]
        self.rows = [row for row, _ in found]
        self.ends = list(accumulate(len(piece) + 1 for _, piece in found))
        self.joined = "".join("\0" + piece for _, piece in found) + "\0"

    def row_of(self, text: str) -> int | None:
        """Return the row where `text` begins, or None if it does not occur."""
        at = self.joined.find(_joined(text))
        return None if at < 0 else self.rows[bisect_right(self.ends, at)]


@cache
def _joined(text: str) -> str:
    """Return a text's pieces as they are searched for; each line is looked for in every cell of the course."""
    return "\0" + "\0".join(_pieces(text)) + "\0"


def _pieces(text: str) -> list[str]:
    # A comment sign is no piece: commented-out code is as readable as code.
    return [piece for piece in _PIECE.findall(text.replace('"', "'")) if piece != "#"]
