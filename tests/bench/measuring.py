"""What the benchmarks share: the cost of a whole process tree, interleaved rounds, and the table at the end."""

from __future__ import annotations

import ctypes
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labsupport.cli.tables import render, terminal_width

__all__ = ["Cost", "Row", "cost_of", "interleaved", "report"]

_PR_SET_CHILD_SUBREAPER = 36
_ORPHAN_SECONDS = 5.0


@dataclass(frozen=True)
class Cost:
    """Seconds by the wall clock, and CPU seconds (user and system) of a process with all that it started."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, what came, what is wanted; `ok` is None where nothing is wanted."""

    what: str
    came: str
    wanted: str = ""
    ok: bool | None = None


def cost_of(commands: Sequence[Sequence[str]], folder: Path) -> Cost:
    """Run commands one after the other, in silence, and return what they cost together.

    Raises CalledProcessError, with what was said on stderr, when one of them fails.
    """
    _adopt_orphans()
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    for command in commands:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall = time.perf_counter() - start
    _reap_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def interleaved(measures: Mapping[str, Callable[[], Cost]], rounds: int) -> dict[str, Cost]:
    """Measure in turns, so that what else happens on the machine meets all alike; return the medians."""
    costs: dict[str, list[Cost]] = {name: [] for name in measures}
    for number in range(rounds):
        # The order turns around each time: none always has the warmer caches.
        for name in list(measures)[:: 1 if number % 2 == 0 else -1]:
            costs[name].append(measures[name]())
    return {
        name: Cost(statistics.median(cost.wall for cost in found), statistics.median(cost.cpu for cost in found))
        for name, found in costs.items()
    }


def report(rows: Sequence[Row]) -> str:
    """Return the rows as a table."""
    verdicts = {True: "ok", False: "missed", None: ""}
    lines = [(row.what, row.came, row.wanted, verdicts[row.ok]) for row in rows]
    return render(("what", "median", "wanted", ""), lines, terminal_width())


def _adopt_orphans() -> None:
    """Let processes whose parent ended become children of this one, so that their CPU time is counted too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reap_orphans() -> None:
    deadline = time.perf_counter() + _ORPHAN_SECONDS
    while time.perf_counter() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                # One is still running: there is no call that waits for any child with a time-out.
                time.sleep(0.01)
        except ChildProcessError:
            return
