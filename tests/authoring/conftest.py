"""A small lesson and a small catalogue, from which the tests of the authoring wing are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
