"""A run of notebooks as it is seen on a terminal: a line for each that has ended, a live one for each that runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TextIO

from labsupport.authoring.results import Progress

__all__ = ["RunDisplay"]

_BAR = 20


class RunDisplay:
    """Show progress on a stream; on anything but a terminal there are only the lines of those that have ended."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._told: set[str] = set()
        self._drawn = 0

    def __call__(self, progress: Sequence[Progress]) -> None:
        """Bring the display up to date."""
        # Up to the first live line, and all below it erased.
        text = f"\x1b[{self._drawn}A\x1b[J" if self._drawn else ""
        for run in progress:
            if run.result and run.name not in self._told:
                self._told.add(run.name)
                text += _ended(run) + "\n"
        self._drawn = 0
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            running = [_running(run)[:width] for run in progress if run.seconds and not run.result]
            text += "".join(f"{line}\n" for line in running)
            self._drawn = len(running)
        self._stream.write(text)
        self._stream.flush()


def _ended(run: Progress) -> str:
    assert run.result
    verdict = "failed" if run.result.failure else "ok"
    points = f", {run.result.earned:g} of {run.result.possible:g} points" if run.result.possible else ""
    return f"{verdict:<6}  {run.name}: {run.result.cells} cells in {run.seconds:.1f} s{points}"


def _running(run: Progress) -> str:
    done = _BAR * run.begun // max(1, run.cells)
    return f"{run.seconds:5.1f} s  [{'#' * done}{'.' * (_BAR - done)}]  {run.name}: cell {run.begun} of {run.cells}"
