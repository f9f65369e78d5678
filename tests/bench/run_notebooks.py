"""``labsupport run --solutions`` beside the papermill command line, one notebook after the other, on the same files.

Both run every solved notebook of the course from top to bottom.  The wall clock and the CPU time of the whole process
trees stand side by side, as medians of interleaved rounds.  Run as ``python -m tests.bench.run_notebooks``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from labsupport.authoring.build import build_solutions
from labsupport.authoring.places import lessons_dir, masters_dir
from tests.bench.measuring import Row, cost_of, interleaved, report
from tests.tools import ROOT

__all__ = ["measure"]

_ROUNDS = 3
_JOBS = 2
_WANTED = 2.0


def measure(rounds: int = _ROUNDS) -> list[Row]:
    """Measure and return the rows of the table."""
    # The progress map is no part of the work that is compared.
    os.environ["LABSUPPORT_PROGRESS"] = "off"
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        solved = build_solutions(lessons_dir(), Path(folder) / "solved")
        out = Path(folder) / "out"
        out.mkdir()
        ours = [[str(programs / "labsupport"), "run", "--solutions", "--jobs", str(_JOBS), "--out", str(out)]]
        theirs = [_papermill(programs, path, out) for path in solved]
        name = f"labsupport run --solutions --jobs {_JOBS}"
        costs = interleaved({name: partial(cost_of, ours, ROOT), "papermill": partial(cost_of, theirs, ROOT)}, rounds)
    here, there = costs[name], costs["papermill"]
    ratio = there.wall / here.wall
    return [
        Row(f"papermill, {len(solved)} notebooks one by one", f"{there.wall:.1f} s wall, {there.cpu:.1f} s CPU"),
        Row(name, f"{here.wall:.1f} s wall, {here.cpu:.1f} s CPU"),
        Row("how much faster, by the wall clock", f"{ratio:.2f}", f">= {_WANTED:g}", ratio >= _WANTED),
        Row("how much less CPU", f"{there.cpu / here.cpu:.2f}"),
    ]


def _papermill(programs: Path, path: Path, out: Path) -> Sequence[str]:
    options = ["--kernel", "python3", "--cwd", str(masters_dir()), "--no-progress-bar"]
    return [str(programs / "papermill"), str(path), str(out / path.name), *options]


if __name__ == "__main__":
    print(report(measure()))
