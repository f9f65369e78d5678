"""Deadlines in which waiting for a processor does not count."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from labsupport.exercises import waiting
from labsupport.exercises.waiting import WALL_FACTOR, FairTime, waited


class Clocks:
    """A clock on the wall, and one that runs while somebody waits."""

    def __init__(self) -> None:
        self.wall = self.waiting = 100.0

    def go(self, seconds: float, *, waiting: float = 0.0) -> None:
        self.wall += seconds
        self.waiting += waiting


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    made = Clocks()
    monkeypatch.setattr(waiting, "_clock", lambda: made.wall)
    return made


def test_without_waiting_it_is_time_by_the_clock(clocks: Clocks) -> None:
    fair = FairTime(2.0, lambda: clocks.waiting)
    clocks.go(1.5)
    assert fair.left() == pytest.approx(0.5)
    clocks.go(0.5)
    assert fair.left() == 0.0


def test_waiting_does_not_count(clocks: Clocks) -> None:
    fair = FairTime(2.0, lambda: clocks.waiting)
    clocks.go(3.0, waiting=1.2)
    assert fair.left() == pytest.approx(0.2)
    clocks.go(0.2)
    assert fair.left() == 0.0


def test_it_is_looked_at_again_before_long(clocks: Clocks) -> None:
    fair = FairTime(2.0, lambda: clocks.waiting)
    clocks.go(5.0, waiting=5.0)
    assert fair.left() == pytest.approx(0.5)


def test_waiting_for_ever_ends(clocks: Clocks) -> None:
    fair = FairTime(2.0, lambda: clocks.waiting)
    clocks.go(2.0 * WALL_FACTOR - 0.1, waiting=1000.0)
    assert fair.left() > 0
    clocks.go(0.1)
    assert fair.left() == 0.0


def test_of_whom_nothing_is_known_nobody_waited() -> None:
    assert waited("no such process") == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how long one waited")
def test_who_shares_a_processor_waits() -> None:
    names: tuple[int | str, ...] = (os.getpid(), "self", "thread-self", f"self/task/{threading.get_native_id()}")
    before = [waited(name) for name in names]
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    try:
        with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as neighbour:
            until = time.monotonic() + 30
            while waited("self") - before[1] < 0.05 and time.monotonic() < until:
                pass
            neighbour.kill()
    finally:
        os.sched_setaffinity(0, processors)
    assert all(waited(name) - earlier >= 0.05 for name, earlier in zip(names, before, strict=True))
