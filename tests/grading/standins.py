"""Batches whose judges are stand-ins that do what the files say, so that nothing depends on luck or load."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from labsupport.grading import pool
from labsupport.grading.pool import Pool
from labsupport.grading.records import Submission
from labsupport.grading.settings import Settings
from tests.tools import ROOT

__all__ = ["Standins", "Task"]


@dataclass(frozen=True)
class Task:
    """A job whose judge does `do`."""

    submission: Submission
    again: bool = True

    @property
    def key(self) -> object:
        return self.submission.learner


class Standins:
    """Starts stand-ins in the place of judges, and reads their log."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._log = folder / "log"
        self._log.touch()
        patch.setenv("STANDIN_LOG", str(self._log))
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setattr(pool, "_JUDGE", (sys.executable, str(Path(__file__).with_name("standin_judge.py"))))

    @contextmanager
    def pool(self, jobs: int = 2, seconds: float = 300.0) -> Iterator[Pool]:
        with Pool(Settings(seconds=seconds), jobs) as made:
            yield made

    def task(self, do: str = "judge", *, name: str = "it", learner: str = "", again: bool = True, **more: Any) -> Task:
        """Return a job for a file called `name` in the log."""
        content = json.dumps({"do": do, "name": name, **more}).encode()
        return Task(Submission(learner or name, "01_rsa", content, name), again)

    def log(self) -> list[tuple[str, str, int]]:
        """Return what happened: begin or end, which file, and the judge's process id."""
        lines = [line.rsplit(" ", 1) for line in self._log.read_text().splitlines()]
        return [(*head.split(" ", 1), int(pid)) for head, pid in lines]  # type: ignore[misc]  # two words and a number

    def at_once(self) -> int:
        """Return how many were at work at the same time, at most; who died did not end."""
        most = 0
        at_work: dict[int, str] = {}
        for what, name, pid in self.log():
            if what == "begin":
                at_work[pid] = name
            else:
                del at_work[pid]
            most = max(most, len(at_work))
        return most
