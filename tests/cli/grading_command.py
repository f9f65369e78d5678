"""The real ``labsupport grade`` in a process of its own, and what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labsupport.grading.gradebook.book import Gradebook
from tests.grading.notebooks import as_bytes, cell_of, master, solved
from tests.tools import ROOT

__all__ = ["LESSON", "Desk", "answered"]

LESSON = "00_start"  # one exercise, one point: what is judged is not what is tested here
SECONDS = 120.0


def answered(source: str) -> bytes:
    """Return the notebook of the lesson with this answer."""
    notebook = master(LESSON)
    cell_of(notebook, "exercise-start-verifies")["source"] = source
    return as_bytes(notebook)


class Desk:
    """An instructor's folder, with a folder for temporary files of its own."""

    right = as_bytes(solved(LESSON))
    stub = as_bytes(master(LESSON))
    endless = answered("def verifies(*_):\n    while True: pass\n")

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "desk"
        self.temporary = folder / "temporary"
        self.submissions = self.folder / "submissions"
        for each in (self.submissions, self.temporary):
            each.mkdir(parents=True)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
            "TMPDIR": str(self.temporary),
            "COLUMNS": "80",
        }

    def hand_in(self, files: Mapping[str, bytes], lesson: str = LESSON) -> None:
        """Put learners' files into the folder of submissions."""
        for learner, content in files.items():
            path = self.submissions / learner / f"{lesson}.ipynb"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)

    def command(self, *options: str, before: str = "") -> list[str]:
        """Return the command; `before` is Python that runs first, in the same process."""
        start = ["-m", "labsupport"]
        if before:
            start = ["-c", f"{before}\nfrom labsupport.cli import main\nimport sys\nsys.exit(main())"]
        return [sys.executable, *start, "grade", *options]

    def grade(self, *options: str, before: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command on the folder of submissions, or on whatever the options name."""
        return subprocess.run(
            self.command(*(options or ("submissions",)), before=before),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def start(self, *options: str, **how: Any) -> subprocess.Popen[bytes]:
        """Start the command on the folder of submissions."""
        return subprocess.Popen(self.command("submissions", *options), cwd=self.folder, env=self.environment, **how)

    def lines(self, *options: str) -> list[dict[str, Any]]:
        """Run the command with --json; return its lines."""
        return [json.loads(line) for line in self.grade("submissions", "--json", *options).stdout.splitlines()]

    def marks(self) -> dict[str, float]:
        """Return what counts in the gradebook."""
        with Gradebook.open(self.folder / "gradebook.db", create=False) as book:
            return {mark.learner: mark.points for mark in book.marks()}

    def attempts(self, learner: str) -> list[int]:
        """Return the number of results of each of the learner's attempts."""
        with Gradebook.open(self.folder / "gradebook.db", create=False) as book:
            return [len(attempt.results) for attempt in book.attempts(learner, LESSON)]

    def processes(self) -> list[str]:
        """Return the command lines of the processes that work for this desk, or have worked for it.

        They are known by the folder of temporary files, in what they were started with or as where they stand.
        """
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                mounts = (entry / "mountinfo").read_bytes()
            except OSError:
                continue
            mark = str(self.temporary).encode()
            if mark in environment or mark in mounts or mark in command.encode():
                found.append(f"{entry.name} {command}")
        return found

    def left(self) -> list[str]:
        """Return the folders that lie among the temporary files."""
        return sorted(path.name for path in self.temporary.iterdir())
