"""Submissions to judge, made from the lessons' sources: solved, partly wrong, and not begun."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labsupport.authoring.build import learner_notebook, solved_notebook
from labsupport.authoring.notebook_file import notebook_bytes
from labsupport.authoring.places import lessons_dir
from labsupport.authoring.source import Lesson, read_lesson
from labsupport.exercises import find
from labsupport.exercises.model import Exercise

__all__ = ["LESSONS", "hand_in"]

LESSONS = ("01_rsa", "04_authority", "06_five_requests")

# In this order; of "mixed", every other answer is right, and the others say nothing but None.
_KINDS = ("solved", "mixed", "solved", "stub")


def hand_in(folder: Path, count: int, lessons: tuple[str, ...] = LESSONS) -> list[Path]:
    """Write `count` notebooks as ``folder/LEARNER/LESSON.ipynb``, the lessons in turns; no two have the same bytes."""
    read = {slug: read_lesson(lessons_dir() / f"{slug}.py") for slug in lessons}
    built = {(slug, kind): _notebook(lesson, kind) for slug, lesson in read.items() for kind in _KINDS}
    paths = []
    for number in range(count):
        slug = lessons[number % len(lessons)]
        notebook = built[slug, _KINDS[number // len(lessons) % len(_KINDS)]]
        note = {"cell_type": "markdown", "id": "note", "metadata": {}, "source": f"Handed in by learner {number}."}
        path = folder / f"learner{number:04}" / f"{slug}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook_bytes(notebook | {"cells": [*notebook["cells"], note]}))
        paths.append(path)
    return paths


def _notebook(lesson: Lesson, kind: str) -> dict[str, Any]:
    stub, full = learner_notebook(lesson), solved_notebook(lesson)
    right = True
    cells = []
    for original, solved in zip(stub["cells"], full["cells"], strict=True):
        mark = original["metadata"]["labsupport"]
        if mark["kind"] != "exercise" or kind == "stub":
            cells.append(original)
        else:
            cells.append(solved if right else original | {"source": _wrong(find(mark["id"]))})
            right = kind == "solved" or not right
    return stub | {"cells": cells}


def _wrong(exercise: Exercise) -> str:
    return "\n\n\n".join(f"def {name}(*_: object) -> object:\n    return None" for name in exercise.functions)
