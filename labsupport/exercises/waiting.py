"""Deadlines that a busy machine does not shorten: time spent waiting for a processor is not the code's own."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

__all__ = ["WALL_FACTOR", "FairTime", "waited"]

# Waiting does not count, but for ever is too long.
WALL_FACTOR = 10.0
_NANO = 1e-9

# What a learner's code puts in their places later changes no deadline.
_clock, _open = time.monotonic, io.open


def waited(process: int | str) -> float:
    """Return the seconds for which a process was ready to run and had no processor; 0.0 where nobody counts them.

    This is the second number of ``/proc/PROCESS/schedstat`` (Linux, Documentation/scheduler/sched-stats), of the
    process's first thread; ``thread-self`` and ``self/task/ID`` name threads of one's own.
    """
    try:
        with _open(f"/proc/{process}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) * _NANO
    except (OSError, ValueError, IndexError):
        return 0.0


class FairTime:
    """Patience for `seconds`, in which waiting for a processor does not count; ten times as long at the most.

    `waits` returns the seconds of waiting so far, from any beginning.
    """

    def __init__(self, seconds: float, waits: Callable[[], float]) -> None:
        self._seconds = seconds
        self._waits = waits
        self._began = _clock()
        self._waited = waits()

    def left(self) -> float:
        """Return the seconds that are left, at least; 0.0 where there are none."""
        elapsed = _clock() - self._began
        if elapsed < self._seconds:
            return self._seconds - elapsed
        if elapsed >= self._seconds * WALL_FACTOR or self._is_spent():
            return 0.0
        left = self._seconds - elapsed + self._waits() - self._waited
        # Looked at again soon, however much waiting there was.
        return min(max(left, 0.0), self._seconds / 4)

    def _is_spent(self) -> bool:
        """Whether the patience is at an end, however long there was waiting; asked when the time has passed."""
        return False
