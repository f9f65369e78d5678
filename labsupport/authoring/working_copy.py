"""The learner's working copy: the course's new lessons with the answers and notes that the learner has written.

Nothing of the learner's is ever dropped. An answer stays in its exercise; whatever else the learner wrote, changed or
copied stays as a cell of its own, after the cell that it followed; and the old file is kept beside the new one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import count
from pathlib import Path
from typing import Any

from labsupport.authoring.build import text_digest
from labsupport.authoring.cell_format import ID, sound_cell, sound_results
from labsupport.authoring.learner_cells import ADDED, TEXT, Key, LearnerCell, is_python, key_of, mark_of, read_cells
from labsupport.authoring.notebook_file import joined, notebook_bytes, read_notebook, write_atomically
from labsupport.errors import LabError, NotebookError, UsageError

__all__ = ["assemble", "refresh"]


def assemble(master: Mapping[str, Any], learner: Mapping[str, Any]) -> dict[str, Any]:
    """Return the master with the learner's answers in its exercises and the learner's own cells in their places.

    `master` is a learner notebook as built; `learner` any notebook of format 4, as parsed from JSON, of this or
    another version of the lesson, however edited. The result is valid in format 4.5, with the master's ids for the
    course's cells; to assemble it once more changes nothing.
    """
    cells = read_cells(learner, master)
    answers = _answers(cells, master)
    own: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for place, cell in _placed(cells, answers, master):
        is_answer = answers.get(cell.key) is cell
        if cell.key == ADDED or (cell.edited and not is_answer and _text(cell).strip()):
            own[place].append(cell.cell)
    taken = {cell["id"] for cell in master["cells"]}
    ids = _ids([cell for place in sorted(own) for cell in own[place]], taken)
    result = [_own_cell(cell, next(ids)) for cell in own[-1]]
    for place, cell in enumerate(master["cells"]):
        answer = answers.get(key_of(cell) or ADDED)
        result.append(_answered(cell, answer) if answer else {**cell, "source": joined(cell["source"])})
        result += [_own_cell(added, next(ids)) for added in own[place]]
    return {"cells": result, "metadata": master["metadata"], "nbformat": 4, "nbformat_minor": 5}


def _answers(cells: Sequence[LearnerCell], master: Mapping[str, Any]) -> dict[Key, LearnerCell]:
    """Pick the answer to each exercise and prediction: of several cells that claim it, the last that is no stub."""
    asked = {key_of(cell) for cell in master["cells"]}
    return {
        cell.key: cell
        for cell in cells
        if cell.key in asked and cell.key[0] in ("exercise", "predict") and cell.edited
        if _text(cell).strip() and (cell.cell.get("cell_type") == "code" or is_python(_text(cell)))
    }


def _placed(
    cells: Sequence[LearnerCell], answers: Mapping[Key, LearnerCell], master: Mapping[str, Any]
) -> Iterator[tuple[int, LearnerCell]]:
    """Yield each cell with the position in the master of the course's cell that it is or follows, -1 for none."""
    places = {key_of(cell): place for place, cell in enumerate(master["cells"]) if key_of(cell) != TEXT}
    anchors: list[LearnerCell] = []
    seen: set[Key] = set()
    for cell in cells:
        # Of several copies of an exercise one marks the place, the others only stand somewhere.
        first = cell.key not in seen
        if cell.key == TEXT or (cell.key != ADDED and answers.get(cell.key, cell if first else None) is cell):
            anchors.append(cell)
            seen.add(cell.key)
    aligned = _aligned(
        [_name(cell.cell, cell.key, cell.digest) for cell in anchors],
        [_name(cell, key_of(cell) or TEXT, text_digest(joined(cell["source"]))) for cell in master["cells"]],
    )
    at = {id(cell): places.get(cell.key, place) for cell, place in zip(anchors, aligned, strict=True)}
    place = -1
    for cell in cells:
        place = at.get(id(cell), place)
        yield place, cell


def _aligned(old: Sequence[Key], new: Sequence[Key]) -> list[int]:
    """Return for each name of an older version the position that corresponds to it in the newer one."""
    places: list[int] = []
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        last = new_start - 1 if tag == "delete" else new_end - 1
        places += [min(new_start + step, last) for step in range(end - start)]
    return places


def _name(cell: Mapping[str, Any], key: Key, digest: str) -> Key:
    """Return what a cell of one version is known by in another: role and id, or else its text."""
    if key != TEXT:
        return key
    return ("parameters", "") if mark_of(cell).get("kind") == "parameters" else ("text", digest)


def _text(cell: LearnerCell) -> str:
    return joined(cell.cell.get("source"))


def _answered(cell: Mapping[str, Any], answer: LearnerCell) -> dict[str, Any]:
    return {**cell, **sound_results(answer.cell), "source": _text(answer)}


def _own_cell(cell: Mapping[str, Any], id_: str) -> dict[str, Any]:
    """Return a cell as the learner's own: it loses what would make it the course's in the next assembly."""
    own = sound_cell(cell, id_)
    metadata = own["metadata"]
    for key in ("deletable", "editable", "labsupport", "nbgrader"):
        metadata.pop(key, None)
    if "tags" in metadata:
        metadata["tags"] = [tag for tag in metadata["tags"] if tag not in ("parameters", "setup")]
    return own


def _ids(cells: Sequence[Mapping[str, Any]], taken: set[str]) -> Iterator[str]:
    """Yield an id for each cell, its own where that is valid, unique and not of the kind that the course uses."""
    kept: list[str | None] = []
    for cell in cells:
        id_ = cell.get("id")
        if isinstance(id_, str) and ID.fullmatch(id_) and id_ not in taken and key_of({"id": id_}) is None:
            taken.add(id_)
            kept.append(id_)
        else:
            kept.append(None)
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
    for cell, own in zip(cells, kept, strict=True):
        name = f"added-{text_digest(joined(cell.get('source')))[:8]}"
        id_ = own or next(new for number in numbers[name] if (new := f"{name}-{number}") not in taken)
        taken.add(id_)
        yield id_


def refresh(masters_dir: Path, work_dir: Path) -> list[str]:
    """Bring a working copy up to date; return a line for each thing that happened, none if nothing had to.

    A lesson that is not there yet is copied, one of another version upgraded with `assemble`, and the old file kept
    as ``06_slug.before-0.2.0.ipynb``. A file that is no notebook, or another lesson's, is left as it is, with a line.
    Raises NotebookError if there are no lessons to copy or the folder cannot be written, UsageError if the working
    copy would be the course's own folder.
    """
    masters = sorted(masters_dir.glob("*.ipynb"))
    if not masters:
        raise NotebookError(f"{masters_dir}: there are no lessons here")
    if work_dir.resolve() == masters_dir.resolve():
        raise UsageError(f"{work_dir}: this is the course's own folder; choose another for your working copy")
    try:
        return [line for master in masters if (line := _refreshed(master, work_dir / master.name))]
    except OSError as error:
        raise NotebookError(f"{work_dir}: cannot be written: {error.strerror}") from error


def _refreshed(path: Path, target: Path) -> str | None:
    """Bring one notebook of the working copy up to date and say what happened."""
    if not target.exists():
        write_atomically(target, path.read_bytes())
        return f"{target.name}: new"
    try:
        master, learner = read_notebook(path), read_notebook(target)
        wanted, found = (mark_of(notebook) for notebook in (master, learner))
        if found.get("digest") == wanted.get("digest"):
            return None
        if found.get("lesson", wanted.get("lesson")) != wanted.get("lesson"):
            return f"{target.name}: holds the lesson {found['lesson']}; left as it is"
        content = notebook_bytes(assemble(master, learner))
    except LabError as error:
        return f"{error}; left as it is"
    kept = _kept(target, f"before-{wanted.get('course_version', 'now')}")
    write_atomically(target.resolve(), content)
    return f"{target.name}: upgraded, with your answers and your own cells; the old file is {kept.name}"


def _kept(target: Path, reason: str) -> Path:
    """Copy a file beside itself, under a name that no file has yet."""
    for number in count(1):
        copy = target.with_name(f"{target.stem}.{reason}{f'-{number}' if number > 1 else ''}.ipynb")
        try:
            with copy.open("xb") as file:
                file.write(target.read_bytes())
        except FileExistsError:
            continue
        return copy
    raise AssertionError
