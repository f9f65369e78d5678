"""Run a learner's code in this process, under a deadline, with what it prints captured.

In the main thread of a POSIX process a timer interrupts the code. Elsewhere the code runs in a daemon thread that is
given up on at the deadline, which the result says: only restarting the kernel stops it.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

from labsupport.exercises.plain import class_name, readable

__all__ = ["Ended", "OutOfTime", "guarded"]

T = TypeVar("T")
TraceFunction: TypeAlias = Callable[[FrameType, str, Any], Any]

PRINTED_LIMIT = 4000
_TICK_SECONDS = 0.05  # between repeated interruptions of code that swallowed the first


class OutOfTime(BaseException):
    """The deadline, raised inside the learner's code, past every ``except Exception``."""


@dataclass(frozen=True)
class Ended(Generic[T]):
    """How guarded work ended: with a value, or late, or late and still running."""

    value: T | None
    late: bool
    running: bool
    printed: str
    seconds: float


def guarded(work: Callable[[], T], deadline: float) -> Ended[T]:
    """Run `work`, which must not raise, for at most `deadline` seconds.

    A Ctrl-C of the user's raises KeyboardInterrupt here; one that `work` raises by itself is its own affair.
    """
    tape = _Tape(PRINTED_LIMIT)
    begin = time.perf_counter()
    interruptible = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    with _captured(tape):
        value, late, running = (_interrupted if interruptible else _given_up)(work, deadline)
    return Ended(value, late, running, readable(tape.text(), PRINTED_LIMIT), time.perf_counter() - begin)


def _interrupted(work: Callable[[], T], deadline: float) -> tuple[T | None, bool, bool]:
    with _Timer(deadline) as timer:
        try:
            try:
                value = work()
            finally:
                timer.armed = False
        except OutOfTime:
            timer.armed = False  # the tick may have come just before the line above
            return None, True, False
        # Work that caught OutOfTime and came back with something is late all the same.
        return (None, True, False) if timer.rang else (value, False, False)


class _Timer:
    """Raises OutOfTime in the main thread at the deadline, and again at every tick while the work goes on."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._ticks = 0
        self._pressed = False
        self.armed = True

    @property
    def rang(self) -> bool:
        """Tell whether the deadline has passed."""
        return self._ticks > 0

    def __enter__(self) -> _Timer:
        self._trace = sys.gettrace()
        self._began = time.monotonic()
        self._alarm_before = signal.signal(signal.SIGALRM, self._ring)
        self._interrupt_before = signal.getsignal(signal.SIGINT)
        if callable(self._interrupt_before):
            signal.signal(signal.SIGINT, self._press)
        # At least a moment: a timer of zero seconds never rings.
        self._timer_before = signal.setitimer(signal.ITIMER_REAL, max(self._deadline, 1e-3), _TICK_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self.armed = False
        delay, interval = self._timer_before
        left = max(delay - (time.monotonic() - self._began), 1e-3) if delay else 0.0
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        # None stands for a handler that was not installed from Python, which nobody can put back.
        signal.signal(signal.SIGALRM, self._alarm_before or signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        if callable(self._interrupt_before):
            signal.signal(signal.SIGINT, self._interrupt_before)
        if self._ticks > 1:
            sys.settrace(self._trace)
        if self._pressed:
            raise KeyboardInterrupt

    def _ring(self, _number: int, frame: FrameType | None) -> None:
        if not self.armed:
            return
        self._ticks += 1
        if self._ticks > 1:  # the first was swallowed: raise at every line, the lines of its except clauses included
            sys.settrace(_raise)
            while frame is not None and frame.f_code is not _interrupted.__code__:
                frame.f_trace = _raise
                frame = frame.f_back
        raise OutOfTime

    def _press(self, number: int, frame: FrameType | None) -> None:
        self._pressed = True
        assert callable(self._interrupt_before)
        self._interrupt_before(number, frame)


def _raise(_frame: FrameType, event: str, _argument: Any) -> TraceFunction:
    """Trace function: raise at every line; at the event "exception" it would be the clause above that catches it."""
    if event == "line":
        raise OutOfTime
    return _raise


def _given_up(work: Callable[[], T], deadline: float) -> tuple[T | None, bool, bool]:
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True, name="exercise")
    thread.start()
    thread.join(max(deadline, 0))
    return (results[0], False, False) if results else (None, True, thread.is_alive())


@contextlib.contextmanager
def _captured(tape: _Tape) -> Iterator[None]:
    """Send stdout, stderr, warnings and lost exceptions to `tape`, and let nobody wait for input."""

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        tape.write(f"{category.__name__}: {message}\n")

    def show_unraisable(unraisable: sys.UnraisableHookArgs) -> None:
        # What a callback of ssl's raises goes nowhere, the deadline's OutOfTime included.
        if not isinstance(unraisable.exc_value, OutOfTime):
            tape.write(f"{class_name(unraisable.exc_value)}: raised in a callback, where nobody could catch it\n")

    keyboard, asking, hook = sys.stdin, builtins.input, sys.unraisablehook
    with contextlib.redirect_stdout(tape), contextlib.redirect_stderr(tape), warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.simplefilter("default")
        warnings.showwarning = show
        # A kernel's own input() does not look at sys.stdin.
        sys.stdin, builtins.input, sys.unraisablehook = io.StringIO(), _no_input, show_unraisable
        try:
            yield
        finally:
            sys.stdin, builtins.input, sys.unraisablehook = keyboard, asking, hook


def _no_input(*_: object) -> NoReturn:
    raise EOFError("nobody is there to answer input()")


class _Tape(io.TextIOBase):
    """Keeps the first `limit` characters written to it, and counts nothing else."""

    def __init__(self, limit: int) -> None:
        self._parts: list[str] = []
        self._room = limit + 1  # one more shows that something was cut

    def write(self, text: str) -> int:
        kept = str.__getitem__(text, slice(self._room))  # which no subclass can answer for itself
        self._parts.append(kept)
        self._room -= len(kept)
        return str.__len__(text)

    def writable(self) -> bool:
        return True

    def text(self) -> str:
        return "".join(self._parts)
