"""Notebooks as learners hand them in: solved, untouched, and edited in every way that people and tools edit them."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Mapping
from typing import Any

from labsupport.authoring.build import solved_notebook
from labsupport.authoring.notebook_file import joined, read_notebook
from labsupport.authoring.places import lessons_dir, masters_dir
from labsupport.authoring.source import read_lesson

__all__ = ["LESSONS", "as_bytes", "cell_of", "code", "master", "put", "solved", "source_of"]

LESSONS = tuple(sorted(path.stem for path in masters_dir().glob("*.ipynb")))

Notebook = dict[str, Any]


def master(lesson: str) -> Notebook:
    """Return the learner's notebook of a lesson, a copy that may be changed: every answer is a stub."""
    return copy.deepcopy(_master(lesson))


@functools.cache
def _master(lesson: str) -> Notebook:
    return read_notebook(masters_dir() / f"{lesson}.ipynb")


def solved(lesson: str) -> Notebook:
    """Return the notebook of a lesson with every answer right, a copy that may be changed."""
    return copy.deepcopy(_solved(lesson))


@functools.cache
def _solved(lesson: str) -> Notebook:
    right = solved_notebook(read_lesson(lessons_dir() / f"{lesson}.py"))
    return dict(json.loads(json.dumps(right)))


def as_bytes(notebook: Mapping[str, Any]) -> bytes:
    """Return the notebook's file."""
    return json.dumps(notebook).encode()


def cell_of(notebook: Mapping[str, Any], id_: str) -> dict[str, Any]:
    """Return the cell with this id."""
    return next(cell for cell in notebook["cells"] if cell.get("id") == id_)


def source_of(notebook: Mapping[str, Any], exercise: str) -> str:
    """Return the code in an exercise's cell."""
    return joined(cell_of(notebook, f"exercise-{exercise}")["source"])


def code(source: str, **more: Any) -> dict[str, Any]:
    """Return a code cell as a learner adds it."""
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None, **more}


def put(notebook: Mapping[str, Any], id_: str, *cells: dict[str, Any], after: bool = False) -> None:
    """Put cells before the one with this id, or after it."""
    place = notebook["cells"].index(cell_of(notebook, id_)) + after
    notebook["cells"][place:place] = cells
