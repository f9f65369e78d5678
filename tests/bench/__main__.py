"""All benchmarks, one after the other, and one table at the end: ``make bench``."""

from __future__ import annotations

import platform
import ssl
import sys
from collections.abc import Callable
from typing import Any

from tests.bench import grading, handshakes, run_notebooks, startup
from tests.bench.measuring import Row, report

__all__: list[str] = []

_HANDSHAKES_WANTED = 0.5


def handshake_rows(figures: dict[str, Any]) -> list[Row]:
    """Turn what tests.bench.handshakes measured into rows."""
    rows = []
    for tls, found in figures["tls"].items():
        for kind, medians in found["servers"].items():
            per_second, cpu = medians["handshakes_per_second"], medians["cpu_ms_per_handshake"]
            rows.append(Row(f"{kind}, TLS {tls}", f"{per_second:.0f} handshakes/s, {cpu:.2f} ms server CPU each"))
        ratio = found["ratio"]
        if ratio is not None:
            what = f"server2 to nginx (1 worker), TLS {tls}"
            wanted = f">= {_HANDSHAKES_WANTED:g}"
            rows.append(Row(what, f"{ratio:.2f}", wanted, ratio >= _HANDSHAKES_WANTED))
    return rows


def main() -> int:
    """Measure everything; the exit code is 0 whatever came out: speed is reported, not judged."""
    rows: list[Row] = []
    measures: dict[str, Callable[[], list[Row]]] = {
        "start-up": startup.measure,
        "notebooks, for a minute or two": run_notebooks.measure,
        "grading, beside nbgrader, for some minutes": grading.measure,
        "handshakes": lambda: handshake_rows(handshakes.measure()),
    }
    for what, measure in measures.items():
        print(f"Measuring {what} …", flush=True)
        rows += measure()
    print(f"\nPython {platform.python_version()}, {ssl.OPENSSL_VERSION}\n\n{report(rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
