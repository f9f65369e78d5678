"""A small lesson and a small catalogue, from which the tests of the authoring wing are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SMALL_LESSON = '''\
# A comment of the file, before the lesson begins.

# %% [markdown]
# # A small lesson
#
# Prose with a `word` of code.

# %% parameters
seed = 1

# %% setup
import math

# %% predict="small-guess"
predict("small-guess", by=..., layer=..., when=...)

# %% exercise="small-double"
def double(n: int) -> int:
    """Return twice n."""
    ### BEGIN SOLUTION
    return n + n * 1  # a secret comment
    ### END SOLUTION

# %% check="small-double" points=2
check("small-double", double)

# %%
math.sqrt(4)
'''


@dataclass(frozen=True)
class FakeExercise:
    """What the builder asks of an exercise."""

    points: float
    functions: tuple[str, ...]


@pytest.fixture
def small_lesson() -> str:
    return SMALL_LESSON


@pytest.fixture
def catalogue() -> dict[str, FakeExercise]:
    return {
        "small-double": FakeExercise(2.0, ("double",)),
        "small-pair": FakeExercise(1.5, ("sign", "verify")),
        "small-other": FakeExercise(1.0, ("other",)),
    }


@pytest.fixture
def write_lesson(tmp_path: Path) -> Callable[..., Path]:
    """Write a lesson's source; return its path, whose folder is the lessons' folder."""

    def write(text: str, name: str = "01_small.py") -> Path:
        path = tmp_path / "lessons" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook of code cells ``c1``, ``c2`` … with the given sources; one with points is a check."""

    def write(name: str, *sources: str, points: float | None = None, tags: Sequence[str] = ()) -> Path:
        cells: list[dict[str, Any]] = [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"c{number}",
                "metadata": {},
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(sources, start=1)
        ]
        if points is not None:
            cells[-1]["metadata"] = {"nbgrader": {"grade": True, "points": points}}
        if tags:
            cells[0]["metadata"] = {"tags": list(tags)}
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(notebook))
        return path

    return write
