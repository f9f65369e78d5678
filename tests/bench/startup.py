"""How long importing the library takes, and showing the help: whole processes, Python's own start included.

Run as ``python -m tests.bench.startup``.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from tests.bench.measuring import Row, cost_of, interleaved, report
from tests.tools import ROOT

__all__ = ["measure"]

_ROUNDS = 15
_PLAIN, _IMPORT, _HELP = "python -c pass", "import labsupport", "labsupport --help"
_BOUNDS = {_IMPORT: 150.0, _HELP: 200.0}


def measure(rounds: int = _ROUNDS) -> list[Row]:
    """Measure and return the rows of the table."""
    commands = {
        _PLAIN: [sys.executable, "-c", "pass"],
        _IMPORT: [sys.executable, "-c", "import labsupport"],
        _HELP: [str(Path(sys.executable).parent / "labsupport"), "--help"],
    }
    costs = interleaved({name: partial(cost_of, [command], ROOT) for name, command in commands.items()}, rounds)
    rows = []
    for name, cost in costs.items():
        milliseconds, bound = 1000 * cost.wall, _BOUNDS.get(name)
        wanted = f"< {bound:.0f} ms" if bound else ""
        rows.append(Row(name, f"{milliseconds:.0f} ms", wanted, milliseconds < bound if bound else None))
    return rows


if __name__ == "__main__":
    print(report(measure()))
