"""From a lesson's source to its notebooks: the learner's, with stubs, and the solved one.

The same source gives the same bytes. Ids are made from the exercise's id or the cell's position, never at random, and
``metadata.labsupport`` of each cell tells its kind, its id and a digest of its text, by which an edited cell is known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from labsupport import __version__
from labsupport.authoring.faults import Fault, refuse
from labsupport.authoring.notebook_file import notebook_bytes, write_atomically
from labsupport.authoring.regions import learner_text, solved_text
from labsupport.authoring.rules import Spec, course_faults
from labsupport.authoring.source import Lesson, SourceCell, lesson_paths, scan_lesson

__all__ = ["build_all", "build_solutions", "learner_notebook", "solved_notebook", "text_digest"]


def build_all(
    lessons_dir: Path, notebooks_dir: Path, *, check: bool = False, catalogue: Mapping[str, Spec] | None = None
) -> list[Path]:
    """Build every learner notebook and return the paths of those that changed.

    With `check` nothing is written: the paths are those that are out of step with their source, one with stored
    outputs included. Raises LessonFaults, and writes nothing, if a rule is broken or a notebook has no source.
    """
    lessons = _sound_lessons(lessons_dir, catalogue)
    built = {notebooks_dir / f"{lesson.slug}.ipynb": notebook_bytes(learner_notebook(lesson)) for lesson in lessons}
    strangers = set(notebooks_dir.glob("*.ipynb")) - set(built)
    refuse(Fault(path, 1, f"no lesson in {lessons_dir} has this name: delete or rename it") for path in strangers)
    changed = [path for path, content in built.items() if not path.is_file() or path.read_bytes() != content]
    if not check:
        for path in changed:
            write_atomically(path, built[path])
    return changed


def build_solutions(lessons_dir: Path, out_dir: Path, *, catalogue: Mapping[str, Spec] | None = None) -> list[Path]:
    """Write every solved notebook to `out_dir` and return their paths; raises LessonFaults as `build_all` does."""
    paths = []
    for lesson in _sound_lessons(lessons_dir, catalogue):
        paths.append(out_dir / f"{lesson.slug}.ipynb")
        write_atomically(paths[-1], notebook_bytes(solved_notebook(lesson)))
    return paths


def learner_notebook(lesson: Lesson) -> dict[str, Any]:
    """Return the notebook with a stub in place of each solution."""
    return _notebook(lesson, [learner_text(cell) for cell in lesson.cells])


def solved_notebook(lesson: Lesson) -> dict[str, Any]:
    """Return the notebook with the solutions; its ids and digests are those of the learner's."""
    return _notebook(lesson, [solved_text(cell) for cell in lesson.cells])


def text_digest(text: str) -> str:
    """Return a short digest of a cell's text; trailing blanks and the kind of line ends do not matter."""
    lines = [line.rstrip() for line in text.splitlines()]
    return hashlib.sha256("\n".join(lines).strip("\n").encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _sound_lessons(lessons_dir: Path, catalogue: Mapping[str, Spec] | None) -> list[Lesson]:
    if catalogue is None:
        # Imported here: the catalogue pulls in the specs of all lessons.
        from labsupport.exercises import catalogue as all_exercises

        catalogue = all_exercises()
    lessons, faults = [], []
    for path in lesson_paths(lessons_dir):
        lesson, unreadable = scan_lesson(path)
        lessons.append(lesson)
        faults.extend(unreadable)
    if not lessons:
        faults.append(Fault(lessons_dir, 1, "there are no lessons here"))
    refuse([*faults, *course_faults(lessons, catalogue)])
    return lessons


def _notebook(lesson: Lesson, texts: Iterable[str]) -> dict[str, Any]:
    cells = [
        _cell(cell, position, text) for position, (cell, text) in enumerate(zip(lesson.cells, texts, strict=True), 1)
    ]
    masters = [_cell(cell, position, learner_text(cell)) for position, cell in enumerate(lesson.cells, start=1)]
    digest = hashlib.sha256(json.dumps(masters, sort_keys=True).encode()).hexdigest()
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "labsupport": {"course_version": __version__, "digest": digest, "lesson": lesson.slug},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(cell: SourceCell, position: int, text: str) -> dict[str, Any]:
    mark = {"kind": cell.role, "digest": text_digest(learner_text(cell))}
    metadata: dict[str, Any] = {"labsupport": mark}
    built: dict[str, Any] = {"cell_type": cell.kind, "id": f"cell-{position:03}", "metadata": metadata, "source": text}
    if cell.id:
        mark["id"] = cell.id
        built["id"] = f"{cell.role}-{cell.id}"
    if cell.role in ("parameters", "setup"):
        metadata["tags"] = [cell.role]
    if cell.role in ("exercise", "check"):
        metadata["nbgrader"] = _nbgrader(cell)
        metadata["deletable"] = False
    if cell.role == "check":
        metadata["editable"] = False
    if cell.kind == "code":
        built |= {"execution_count": None, "outputs": []}
    return built


def _nbgrader(cell: SourceCell) -> dict[str, Any]:
    """Return nbgrader's metadata, schema 3: an exercise is a solution cell, a check a locked cell with points."""
    is_check = cell.role == "check"
    metadata: dict[str, Any] = {
        "grade": is_check,
        "grade_id": f"{cell.role}-{cell.id}",
        "locked": is_check,
        "schema_version": 3,
        "solution": not is_check,
        "task": False,
    }
    if is_check:
        points = float(cell.attributes["points"])
        metadata["points"] = int(points) if points.is_integer() else points
    return metadata
