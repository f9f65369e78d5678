"""What each cell of a learner's notebook is: the answer to an exercise, the course's own text, or the learner's.

Files come back from many hands. Ids may be missing (formats before 4.5, Colab) or renewed, metadata stripped, cells
copied, split, retyped or edited. What a cell is, is told by its id, then by its metadata, then by its text; whatever
cannot be shown to be the course's is the learner's.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from labsupport.authoring.build import text_digest
from labsupport.authoring.notebook_file import cells_of, joined, metadata_of

__all__ = ["ADDED", "TEXT", "Key", "LearnerCell", "is_python", "key_of", "mark_of", "read_cells"]

_COURSE_ID = re.compile(r"(exercise|check|predict)-(.+)|cell-\d{3,}")

Key = tuple[str, str]
ADDED: Key = ("added", "")
TEXT: Key = ("text", "")


@dataclass(frozen=True)
class LearnerCell:
    """A cell with what it is.

    `key` is role and id, as ``("exercise", "rsa-modinv")``; `digest` that of the text which the course put there;
    `edited` whether the learner changed it.
    """

    cell: Mapping[str, Any]
    key: Key
    digest: str
    edited: bool


def key_of(cell: Mapping[str, Any]) -> Key | None:
    """Return role and id of a cell of the course, as its id or its metadata tell; None if neither does."""
    own = _key_of_id(cell.get("id"))
    if own is not None:
        return own
    mark = mark_of(cell)
    role, id_ = mark.get("kind"), mark.get("id")
    if role in ("exercise", "check", "predict") and isinstance(id_, str):
        return role, id_
    metadata = metadata_of(cell)
    grading = metadata.get("nbgrader")
    graded = _key_of_id(grading.get("grade_id")) if isinstance(grading, dict) else None
    if graded is not None:
        return graded
    if "id" in cell:
        # A copy that somebody made of the course's text, and is free to change.
        return None
    return _key_of_id(metadata.get("id")) or (TEXT if "kind" in mark else None)


def mark_of(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the builder noted: of a cell its kind, id and digest; of a notebook lesson, version and digest."""
    mark = metadata_of(part).get("labsupport")
    return mark if isinstance(mark, dict) else {}


def read_cells(learner: Mapping[str, Any], master: Mapping[str, Any]) -> list[LearnerCell]:
    """Say of each cell what it is; `master` is the notebook to compare with where ids and metadata are lost.

    Raises NotebookError if `learner` has no cells to read.
    """
    cells = cells_of(learner)
    keys = [key_of(cell) for cell in cells]
    if not any(keys):
        # Nothing is recognised, so ids say nothing: a tool has renewed them all.
        cells = [{name: value for name, value in cell.items() if name != "id"} for cell in cells]
    originals: dict[Key, set[str]] = defaultdict(set)
    for cell in master["cells"]:
        originals[key_of(cell) or TEXT].add(text_digest(joined(cell["source"])))
    read = []
    for cell, key in zip(cells, keys, strict=True):
        digest = text_digest(joined(cell.get("source")))
        if key is None and "id" not in cell:
            key = next((original for original, digests in originals.items() if digest in digests), None)
        current = originals.get(key or ADDED, set())
        noted = mark_of(cell).get("digest")
        original = noted if isinstance(noted, str) else digest
        edited = digest not in current and digest != noted
        read.append(LearnerCell(cell, key or ADDED, original, edited))
    return _with_functions(read, master)


def _with_functions(read: list[LearnerCell], master: Mapping[str, Any]) -> list[LearnerCell]:
    """Find the answers to exercises that no cell claims by the functions that cells without any id define."""
    claimed = {cell.key for cell in read}
    for exercise in master["cells"]:
        key = key_of(exercise)
        if key is None or key[0] != "exercise" or key in claimed:
            continue
        wanted = _functions(joined(exercise["source"]))
        for position, cell in enumerate(read):
            found = _functions(joined(cell.cell.get("source")))
            if cell.key == ADDED and "id" not in cell.cell and wanted and wanted <= found:
                read[position] = replace(cell, key=key)
    return read


def _functions(code: str) -> set[str]:
    """Return the names of the functions that stand at the beginning of a line, in code that may be unfinished."""
    return set(re.findall(r"^def (\w+)", code, re.MULTILINE))


def is_python(text: str) -> bool:
    """Whether a text can be read as Python, as an answer can whose cell was turned into Markdown by accident."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _key_of_id(id_: object) -> Key | None:
    match = _COURSE_ID.fullmatch(id_) if isinstance(id_, str) else None
    if match is None:
        return None
    return (match[1], match[2]) if match[1] else TEXT
