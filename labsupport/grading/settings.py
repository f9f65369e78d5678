"""How a batch is judged, and by which version of the specs."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import labsupport
from labsupport.authoring.notebook_file import joined, read_notebook
from labsupport.authoring.places import masters_dir
from labsupport.grading.program import is_set_up
from labsupport.grading.sandbox.sandbox import Isolation

__all__ = ["Settings", "lessons", "master_of", "specs_version"]

# What a verdict can depend on.
_JUDGING = (
    "exercises",
    "pki",
    "rsa.py",
    "tls",
    "grading/callee.py",
    "grading/inside",
    "grading/judging.py",
    "grading/program.py",
)


@dataclass(frozen=True)
class Settings:
    """`seconds` and `memory` (MiB) are what one submission may take; `isolation` how its code is locked up."""

    isolation: Isolation = "bwrap"
    seconds: float = 300.0
    memory: int = 512

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Settings:
        """Return the settings that `to_json` wrote."""
        return cls(**record)


@functools.cache
def specs_version() -> str:
    """Return the version of what judges: that of the library, and a digest of whatever decides verdicts.

    That is the modules that judge, and the cells of the lessons that run before the answers.
    """
    own = Path(labsupport.__file__).parent
    digest = hashlib.sha256()
    for name in _JUDGING:
        for path in sorted((own / name).rglob("*.py")) or [own / name]:
            digest.update(path.relative_to(own).as_posix().encode() + b"\0" + path.read_bytes())
    for lesson in lessons():
        for cell in filter(is_set_up, master_of(lesson)["cells"]):
            digest.update(lesson.encode() + b"\0" + joined(cell["source"]).encode())
    return f"{labsupport.__version__}+{digest.hexdigest()[:12]}"


@functools.cache
def lessons() -> tuple[str, ...]:
    """Return the slugs of the lessons that can be judged, in order."""
    return tuple(sorted(path.stem for path in masters_dir().glob("*.ipynb")))


@functools.cache
def master_of(lesson: str) -> Mapping[str, Any]:
    """Return the learner notebook of a lesson, as built. Raises NotebookError."""
    return read_notebook(masters_dir() / f"{lesson}.ipynb")
