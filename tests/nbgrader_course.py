"""A course of nbgrader's with our lessons as its assignments, graded by nbgrader's own programs."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from labsupport.authoring.places import masters_dir
from tests.tools import ROOT

__all__ = ["Course", "nbgrader_program"]


def nbgrader_program(root: Path = ROOT) -> Path:
    """Return the program in nbgrader's environment; FileNotFoundError, which says what to type, where there is none."""
    program = root / ".venv-nbgrader" / "bin" / "nbgrader"
    if not program.is_file():
        raise FileNotFoundError("nbgrader has no environment here yet: make .venv-nbgrader/.for-nbgrader sets it up")
    return program


@dataclass(frozen=True)
class Course:
    """The course folder `root`, worked on by the `nbgrader` program of some environment."""

    root: Path
    nbgrader: Path

    def command(self, *words: str) -> list[str]:
        """Return a command line; what Jupyter keeps is kept in the course folder, whoever is at home here."""
        places = {name: str(self.root / "home") for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
        settings = {**places, "LABSUPPORT_PROGRESS": "off", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        # It calls programs of its environment by their names.
        settings["PATH"] = f"{self.nbgrader.parent}:{os.environ.get('PATH', os.defpath)}"
        return ["/usr/bin/env", *(f"{name}={value}" for name, value in settings.items()), str(self.nbgrader), *words]

    def run(self, *words: str) -> str:
        """Run nbgrader and return what it said; AssertionError with all of it when it fails."""
        command = self.command(*words)
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def release(self, lessons: Sequence[str]) -> None:
        """Make the learners' notebooks known as assignments."""
        (self.root / "home").mkdir(parents=True, exist_ok=True)
        (self.root / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'course'\n")
        for lesson in lessons:
            source = self.root / "source" / lesson
            source.mkdir(parents=True)
            shutil.copy(masters_dir() / f"{lesson}.ipynb", source)
            self.run("generate_assignment", lesson, "--create")

    def hand_in(self, paths: Iterable[Path]) -> None:
        """Hand in notebooks that lie as ``LEARNER/LESSON.ipynb``."""
        for path in paths:
            place = self.root / "submitted" / path.parent.name / path.stem
            place.mkdir(parents=True)
            shutil.copy(path, place)

    def marks(self) -> dict[tuple[str, str], float]:
        """Return the points by learner and lesson, of what was graded."""
        self.run("export", "--to", "marks.csv")
        with (self.root / "marks.csv").open(newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["raw_score"]]
        return {(row["student_id"], row["assignment"]): float(row["raw_score"]) for row in rows}
