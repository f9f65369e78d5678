"""Where things are: in a checkout the lessons and notebooks, in an installed wheel the notebooks that it carries."""

from __future__ import annotations

from pathlib import Path

import labsupport
from labsupport.errors import UsageError

__all__ = ["checkout_dir", "lessons_dir", "masters_dir"]

_PACKAGE = Path(labsupport.__file__).parent


def checkout_dir() -> Path | None:
    """Return the root of the checkout that labsupport runs from, or None when it was installed as a wheel."""
    root = _PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir() else None


def lessons_dir() -> Path:
    """Return the folder of the lessons' sources; raise UsageError where only the learner's part is installed."""
    root = checkout_dir()
    if root is None or not (root / "course" / "lessons").is_dir():
        raise UsageError("the lessons' sources (course/lessons) are not here: this needs the instructor's checkout")
    return root / "course" / "lessons"


def masters_dir() -> Path:
    """Return the folder of the learner notebooks: ``notebooks/`` in a checkout, package data in a wheel."""
    root = checkout_dir()
    return _PACKAGE / "_notebooks" if root is None else root / "notebooks"
