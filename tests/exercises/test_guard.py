"""Guarded work: deadlines, Ctrl-C, captured output, in the main thread and outside it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable

import pytest

from labsupport.exercises import guard
from labsupport.exercises.guard import Ended, bounded, guarded
from labsupport.exercises.waiting import WALL_FACTOR, waited


def _in_a_thread(work: Callable[[], object], deadline: float) -> Ended[object]:
    ends: list[Ended[object]] = []
    thread = threading.Thread(target=lambda: ends.append(guarded(work, deadline)))
    thread.start()
    thread.join()
    return ends[0]


def _for_ever() -> None:
    while True:
        pass


def _busy(seconds: float) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return "done"


class Neighbours:
    """Others who take the processor away, in addition to those who really do."""

    def __init__(self) -> None:
        self._taken = 0.0
        self._asked = False

    def take(self, seconds: float) -> None:
        self._taken = seconds

    def waited(self, process: int | str) -> float:
        taken = self._taken if self._asked else 0.0
        self._asked = True
        return taken + waited(process)


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    made = Neighbours()
    monkeypatch.setattr(guard, "waited", made.waited)
    return made


class TestInTheMainThread:
    def test_work_in_time_gives_its_value(self) -> None:
        ended = guarded(lambda: 5, 5)
        assert (ended.value, ended.late, ended.running, ended.printed) == (5, False, False, "")
        assert ended.seconds < 5

    @pytest.mark.parametrize("deadline", [0.05, 0, -1])
    def test_work_that_goes_on_is_interrupted(self, deadline: float) -> None:
        ended = guarded(_for_ever, deadline)
        assert (ended.value, ended.late, ended.running) == (None, True, False)

    def test_time_without_a_processor_is_not_the_works_own(self, neighbours: Neighbours) -> None:
        neighbours.take(0.3)
        ended = guarded(lambda: _busy(0.4), 0.2)
        assert (ended.value, ended.late) == ("done", False)
        assert ended.seconds >= 0.4

    def test_but_not_for_ever(self, neighbours: Neighbours) -> None:
        neighbours.take(1000.0)
        ended = guarded(_for_ever, 0.05)
        assert (ended.value, ended.late, ended.running) == (None, True, False)
        assert ended.seconds >= 0.05 * WALL_FACTOR

    def test_work_that_waits_by_itself_has_waited_enough(self) -> None:
        ended = guarded(lambda: threading.Event().wait(60), 0.1)
        assert (ended.value, ended.late) == (None, True)
        assert ended.seconds < 60

    def test_nothing_stays_behind(self) -> None:
        before = (signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT), sys.gettrace())
        streams = (sys.stdin, sys.stdout, sys.stderr, sys.unraisablehook, warnings.showwarning, warnings.filters[:])

        def stubborn() -> None:
            while True:
                try:
                    _for_ever()
                except BaseException:
                    print("no")

        for work in (lambda: None, _for_ever, stubborn):
            guarded(work, 0.05)
        assert before == (signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT), sys.gettrace())
        after = (sys.stdin, sys.stdout, sys.stderr, sys.unraisablehook, warnings.showwarning, warnings.filters[:])
        assert streams == after
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)

    def test_a_timer_of_somebody_else_goes_on(self) -> None:
        rang = threading.Event()
        before = signal.signal(signal.SIGALRM, lambda *_: rang.set())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            guarded(_for_ever, 0.15)
            assert rang.wait(5)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    @pytest.mark.parametrize("swallowed", [False, True])
    def test_ctrl_c_interrupts_even_if_the_work_swallows_it(self, swallowed: bool) -> None:
        def work() -> None:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                _for_ever()
            except BaseException:
                if not swallowed:
                    raise

        with pytest.raises(KeyboardInterrupt):
            guarded(work, 5)
        assert guarded(lambda: 1, 5).value == 1

    def test_ctrl_c_that_nobody_handles_stays_ignored(self) -> None:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            assert not guarded(lambda: os.kill(os.getpid(), signal.SIGINT), 5).late
        finally:
            signal.signal(signal.SIGINT, before)


class TestInAnotherThread:
    def test_work_in_time_gives_its_value(self) -> None:
        ended = _in_a_thread(lambda: 5, 5)
        assert (ended.value, ended.late, ended.running) == (5, False, False)

    def test_work_that_goes_on_is_given_up(self) -> None:
        stop = threading.Event()
        ended = _in_a_thread(lambda: (print("hm"), stop.wait()), 0.1)
        stop.set()
        assert (ended.value, ended.late, ended.running, ended.printed) == (None, True, True, "hm\n")

    def test_time_without_a_processor_is_not_the_works_own(self, neighbours: Neighbours) -> None:
        neighbours.take(0.3)
        ended = _in_a_thread(lambda: _busy(0.4), 0.2)
        assert (ended.value, ended.late) == ("done", False)


class TestBounded:
    def test_work_in_time_gives_its_value_and_prints(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert bounded(lambda: print("said") or 5, 60) == (5, False)
        assert capsys.readouterr().out == "said\n"

    def test_work_that_goes_on_is_ended(self) -> None:
        assert bounded(_for_ever, 0.05) == (None, True)
        assert bounded(lambda: 1, 60) == (1, False)

    def test_another_deadline_around_it_holds(self) -> None:
        assert guarded(lambda: bounded(_for_ever, 60), 0.05).late
        assert guarded(lambda: bounded(lambda: _busy(0.1), 0.01), 60).value == ("done", False)

    def test_where_nothing_ends_it_nothing_does(self) -> None:
        results: list[object] = []
        thread = threading.Thread(target=lambda: results.append(bounded(lambda: _busy(0.1), 0.01)))
        thread.start()
        thread.join()
        assert results == [("done", False)]


class TestWhatIsPrinted:
    def test_is_kept_in_order_and_cut(self) -> None:
        def work() -> None:
            print("out")
            print("err", file=sys.stderr)
            warnings.warn("careful", UserWarning, stacklevel=1)
            sys.stdout.writelines(["x" * 5000])

        printed = guarded(work, 5).printed
        assert printed.startswith("out\nerr\nUserWarning: careful\nxxx")
        assert len(printed) == 4000
        assert printed.endswith("x…")

    def test_includes_what_callbacks_raise_in_vain(self) -> None:
        class Fragile:
            def __del__(self) -> None:
                raise ValueError("lost")

        def work() -> None:
            Fragile()

        assert guarded(work, 5).printed == "ValueError: raised in a callback, where nobody could catch it\n"

    def test_input_ends_at_once(self) -> None:
        assert guarded(lambda: sys.stdin.readline(), 5).value == ""
