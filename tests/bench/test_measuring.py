from __future__ import annotations

import subprocess

from tests.bench.__main__ import handshake_rows
from tests.bench.measuring import Cost, Row, interleaved, report
from tests.tools import python

BUSY = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def test_cpu_time_of_grandchildren_and_orphans_is_counted() -> None:
    # In a process of its own: it waits for every child that there is.
    source = f"""
import sys
from pathlib import Path
from tests.bench.measuring import cost_of
child = [sys.executable, "-c", {BUSY!r}]
parent = f"import subprocess; subprocess.run({{child!r}}, check=True)"
leaver = f"import subprocess; subprocess.Popen({{child!r}})"
print(cost_of([[sys.executable, "-c", parent], [sys.executable, "-W", "ignore", "-c", leaver]], Path.cwd()).cpu)
"""
    done = python(source)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) >= 0.6


def test_a_command_that_fails_is_not_measured() -> None:
    done = python("from tests.bench.measuring import *; from pathlib import Path; cost_of([['false']], Path.cwd())")
    assert done.returncode == 1
    assert subprocess.CalledProcessError.__name__ in done.stderr


def test_rounds_are_interleaved_and_medians_taken() -> None:
    called: list[str] = []

    def measure(name: str, *walls: float) -> Cost:
        called.append(name)
        return Cost(walls[called.count(name) - 1], 2 * walls[called.count(name) - 1])

    found = interleaved({"a": lambda: measure("a", 1, 9, 2), "b": lambda: measure("b", 5, 4, 3)}, rounds=3)
    assert called == ["a", "b", "b", "a", "a", "b"]
    assert found == {"a": Cost(2, 4), "b": Cost(4, 8)}


def test_the_table_says_what_was_wanted_and_whether_it_came() -> None:
    text = report([Row("x", "47 ms", "< 150 ms", ok=True), Row("y", "0.3", ">= 0.5", ok=False), Row("z", "1")])
    assert [line.split()[-1] for line in text.splitlines()[2:]] == ["ok", "missed", "1"]


def test_handshakes_are_judged_by_their_ratio_to_nginx_where_there_is_one() -> None:
    servers = {"server2": {"handshakes_per_second": 300.0, "cpu_ms_per_handshake": 2.5}}
    figures = {"tls": {"1.3": {"servers": servers, "ratio": 0.6}, "1.2": {"servers": servers, "ratio": None}}}
    rows = handshake_rows(figures)
    assert [row.ok for row in rows] == [None, True, None]
    assert rows[0].came == "300 handshakes/s, 2.50 ms server CPU each"
