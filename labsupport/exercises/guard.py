"""Run a learner's code in this process, under a deadline, with what it prints captured.

In the main thread of a POSIX process a timer interrupts the code when its time is up, in which waiting for a processor
does not count where the system tells it (Linux). Elsewhere the code runs in a daemon thread that is
given up on at the deadline, which the result says: only restarting the kernel stops it.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, Generic, NoReturn, TypeVar

from labsupport.exercises.plain import class_name, readable
from labsupport.exercises.waiting import FairTime, waited

__all__ = ["Ended", "OutOfTime", "bounded", "guarded", "uninterrupted"]

T = TypeVar("T")

PRINTED_LIMIT = 4000
_MOMENT_SECONDS = 1e-3
_TICK_SECONDS = 0.05  # from the first interruption to the second, so that the work can tidy up
_VOLLEY_SECONDS = (1e-6, 3e-4)  # from then on


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
    with _captured(tape):
        value, late, running = (_interrupted if _is_interruptible() else _given_up)(work, deadline)
    return Ended(value, late, running, readable(tape.text(), PRINTED_LIMIT), time.perf_counter() - begin)


def bounded(work: Callable[[], T], deadline: float) -> tuple[T | None, bool]:
    """Run `work`, which must not raise; return its value, and whether it was ended after `deadline` seconds.

    What it prints is printed. Nothing ends it where nothing can, and within guarded work, which has its own deadline.
    """
    if not _is_interruptible() or getattr(_holds, "timers", 0) > 0:
        return work(), False
    value, late, _ = _interrupted(work, deadline)
    return value, late


def _is_interruptible() -> bool:
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


# Of this thread. `timers`: how many are at work; `depth`: how many blocks hold the deadline off; `due`: it has passed
# meanwhile.
_holds = threading.local()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let no deadline cut this block short; one that passes meanwhile strikes at its end."""
    before = getattr(_holds, "depth", 0)
    try:
        _holds.depth = before + 1
        yield
    finally:
        _holds.depth = before
    if not before and getattr(_holds, "due", False):
        raise OutOfTime


def _interrupted(work: Callable[[], T], deadline: float) -> tuple[T | None, bool, bool]:
    with _Timer(deadline) as timer:
        try:
            value = work()
        except OutOfTime:
            return None, True, False
        finally:
            timer.armed = False
        # Work that caught OutOfTime and came back with something is late all the same.
        return (None, True, False) if timer.rang else (value, False, False)


class _Timer:
    """Raises OutOfTime in the main thread at the deadline, and again and again while the work goes on."""

    def __init__(self, deadline: float) -> None:
        # At least a moment: a timer of zero seconds never rings.
        self._deadline = max(deadline, _MOMENT_SECONDS)
        self._patience = FairTime(self._deadline, lambda: waited("thread-self"))
        self._pressed = False
        self.armed = True
        self.rang = False

    def __enter__(self) -> _Timer:
        _holds.timers = getattr(_holds, "timers", 0) + 1
        _holds.due = False
        self._trace_before = sys.gettrace()
        self._began = time.monotonic()
        self._alarm_before = signal.signal(signal.SIGALRM, self._ring)
        self._interrupt_before = signal.getsignal(signal.SIGINT)
        if callable(self._interrupt_before):
            signal.signal(signal.SIGINT, self._press)
        self._timer_before = signal.setitimer(signal.ITIMER_REAL, self._deadline, _TICK_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        _holds.timers -= 1
        delay, interval = self._timer_before
        left = max(delay - (time.monotonic() - self._began), 1e-3) if delay else 0.0
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        # None stands for a handler that was not installed from Python, which nobody can put back.
        signal.signal(signal.SIGALRM, self._alarm_before or signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        if callable(self._interrupt_before):
            signal.signal(signal.SIGINT, self._interrupt_before)
        if self.rang:
            sys.settrace(self._trace_before)
        if self._pressed:
            raise KeyboardInterrupt

    def _ring(self, _number: int, frame: FrameType | None) -> None:
        # In the frame of _interrupted itself the work has not begun or is done: raising there would hit the judge.
        if not self.armed or (frame is not None and frame.f_code is _interrupted.__code__):
            return
        if not self.rang and self._is_own() and (left := self._patience.left()) > _MOMENT_SECONDS:
            signal.setitimer(signal.ITIMER_REAL, left, _TICK_SECONDS)
            return
        if getattr(_holds, "depth", 0):
            _holds.due = True
            return
        if self.rang and frame is not None:
            self._insist(frame)
        self.rang = True
        raise OutOfTime

    def _is_own(self) -> bool:
        """Whether the timer sent the signal: where it has long to go, a judge in another process lost its patience."""
        return signal.getitimer(signal.ITIMER_REAL)[0] <= _TICK_SECONDS

    def _insist(self, frame: FrameType) -> None:
        """Make up for an OutOfTime that the work swallowed.

        One of the frames at work, chosen at random, will raise at its next line, which is that of its except clause
        if it catches the one to come; and another tick follows after a moment that is short and uneven.
        """
        frames = [frame]
        while (caller := frames[-1].f_back) is not None and caller.f_code is not _interrupted.__code__:
            frames.append(caller)
        random.choice(frames).f_trace = _raise_at_a_line  # noqa: S311  # no secret
        sys.settrace(_trace_no_call)
        signal.setitimer(signal.ITIMER_REAL, random.uniform(*_VOLLEY_SECONDS), _TICK_SECONDS)  # noqa: S311  # the same

    def _press(self, number: int, frame: FrameType | None) -> None:
        self._pressed = True
        assert callable(self._interrupt_before)
        self._interrupt_before(number, frame)


def _raise_at_a_line(_frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
    # Not at the event "exception": that comes within the try whose except clause is the aim.
    if event == "line":
        raise OutOfTime
    return _raise_at_a_line


def _trace_no_call(*_: object) -> None:
    """Leave frames alone that begin while the work is interrupted."""


def _given_up(work: Callable[[], T], deadline: float) -> tuple[T | None, bool, bool]:
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True, name="exercise")
    thread.start()
    patience = FairTime(max(deadline, 0), lambda: waited(f"self/task/{thread.native_id}"))
    while thread.is_alive() and (left := patience.left()) > 0:
        thread.join(left)
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
    """Keeps the first `limit` characters written to it, and one more to show that there were more."""

    def __init__(self, limit: int) -> None:
        self._parts: list[str] = []
        self._room = limit + 1

    def write(self, text: str) -> int:
        kept = str.__getitem__(text, slice(self._room))  # which no subclass can answer for itself
        self._parts.append(kept)
        self._room -= len(kept)
        return str.__len__(text)

    def text(self) -> str:
        return "".join(self._parts)
