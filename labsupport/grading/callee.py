"""A learner's functions in a sandbox: they are started when they are asked for, and again when they have died."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from labsupport.exercises.callee import Answer, Argument, Handle, as_arguments
from labsupport.exercises.conversation import FarWire
from labsupport.exercises.messages import BrokenOff, Silent, TooLong, Until
from labsupport.exercises.waiting import WALL_FACTOR, FairTime, waited
from labsupport.grading.program import Step
from labsupport.grading.sandbox.sandbox import Child, Sandbox

__all__ = ["CELL_SECONDS", "GRACE_SECONDS", "Gone", "Learner", "SandboxedCallee", "SandboxedWire"]

CELL_SECONDS = 20.0
GRACE_SECONDS = 1.0
# Many processes do not get together what one may not have: a crowd of its own would keep the function waiting for ever.
_WORK_FACTOR = 2.0
_ENDED = "ended its process"
_USED_UP = "the time for this submission was used up"


class _FairTime(FairTime):
    """Patience for `seconds` of a child's time."""

    def __init__(self, child: Child, seconds: float) -> None:
        # The judge has to answer too: while it waits for a processor, so does the child.
        super().__init__(seconds, lambda: child.waited() + waited("thread-self"))
        self._child = child
        self._worked: float | None = None  # looked up when it matters: most calls are over long before

    def _is_spent(self) -> bool:
        # Who waits for a crowd of its own is found out early.
        worked = self._child.worked()
        if self._worked is None:
            self._worked = worked
        return worked - self._worked >= self._seconds * _WORK_FACTOR


class Gone(Exception):
    """Nothing more can be asked of a learner's functions; the text goes after "was not judged"."""


@dataclass
class Learner:
    """One submission's steps in a sandbox, and what became of each.

    At `until`, by ``time.monotonic``, its time is up: no process is started any more, nor a further step in one.
    `raised` tells by the step's name what it raised, or why it was left out; `overdue` that something was ended at a
    deadline; `ends` how often the process ended where it should not.
    """

    sandbox: Sandbox
    steps: Sequence[Step]
    cell_seconds: float = CELL_SECONDS
    until: float = math.inf
    raised: dict[str, str] = field(default_factory=dict)
    overdue: bool = False
    ends: int = 0
    _left_out: set[str] = field(default_factory=set)
    _child: Child | None = None

    def child(self) -> Child:
        """Return the living process in which every step has run; NoSandbox where there can be none, or Gone."""
        while self._child is None:
            self._child = self._started()
        return self._child

    def check_time(self) -> None:
        """Raise Gone if the time is up, and end the process."""
        if self.is_over():
            self.lose()
            raise Gone(_USED_UP)

    def is_over(self) -> bool:
        """Return whether the time is up."""
        over = time.monotonic() >= self.until
        self.overdue |= over
        return over

    def bound_socket(self) -> socket.socket:
        """Return a socket bound to a port of the learner's own loopback; Gone where its processes do not last."""
        for _ in range(2):
            try:
                return self.child().bound_socket()
            except OSError:
                self.ends += 1
                self.lose()
        raise Gone("its process ended, or took every port, as soon as it was started")

    def lose(self, child: Child | None = None) -> str:
        """End the process (of `child`, if that is still the one); return why it ended, where somebody had a reason."""
        if self._child is None or child not in (None, self._child):
            return ""
        child, self._child = self._child, None
        child.close()
        return child.reason

    def _started(self) -> Child | None:
        """Start a process and run the steps in it; None if one of them ended it, which is left out from now on."""
        self.check_time()
        child = self.sandbox.child()
        for step in self.steps:
            if step.name in self._left_out:
                continue
            try:
                self.check_time()
                raised = child.conversation.run(step.source, step.name, _FairTime(child, self.cell_seconds))
            except (Silent, BrokenOff) as stopped:
                late = isinstance(stopped, Silent)
                self.overdue = self.overdue or late
                self.ends += 1
                self.raised[step.name] = f"did not end in {self.cell_seconds:g} s" if late else child.reason or _ENDED
                self._left_out.add(step.name)
                child.close()
                return None
            except Gone:
                child.close()
                raise
            except TooLong:
                raised = "an error: it is too long to be run"
            if raised is not None:
                self.raised[step.name] = f"raised {raised}"
        return child


class SandboxedCallee:
    """The callee of one exercise (see ``exercises.callee.Callee``), whose answer is the step called `cell`."""

    def __init__(self, learner: Learner, cell: str) -> None:
        self._learner = learner
        self._cell = cell
        self._handles: dict[int, tuple[Child, int]] = {}

    def call(self, function: str, *arguments: Argument, deadline: float = 5.0) -> Answer:
        """Call `function`; a process that dies, or has to be ended, costs this call only."""
        arguments = tuple(as_arguments(arguments))
        if self._learner.is_over():
            return Answer(fault=f"was not asked: {_USED_UP}", late=True)
        child = self._learner.child()
        began = time.monotonic()
        try:
            answer = self._heard(child, function, arguments, deadline)
        except Silent:
            self._learner.overdue = True
            why = self._learner.lose() or _late(deadline)
            return Answer(fault=why, late=True, seconds=time.monotonic() - began)
        except BrokenOff:
            self._learner.ends += 1
            # As a deadline does, a death ends the aspect: whoever dies again and again must not keep the judge.
            return Answer(fault=self._learner.lose() or _ENDED, late=True, seconds=time.monotonic() - began)
        if answer.late:
            self._learner.overdue = True
            return replace(answer, fault=_late(deadline), seconds=time.monotonic() - began)
        if answer.fault is not None and answer.fault.startswith("is not defined"):
            raised = self._learner.raised.get(self._cell)
            return replace(answer, fault=f"is not defined: its cell {raised}") if raised else answer
        if isinstance(answer.value, Handle):
            # A number of our own: the next child counts from 1 again.
            number = len(self._handles) + 1
            self._handles[number] = (child, answer.value.id)
            return replace(answer, value=Handle(answer.value.kind, number))
        return answer

    def _heard(self, child: Child, function: str, arguments: Sequence[Argument], deadline: float) -> Answer:
        try:
            return child.conversation.call(function, arguments, deadline * WALL_FACTOR, _FairTime(child, deadline))
        except Silent:
            # What it has printed says where it was; and a function that lets itself be interrupted costs no process.
            child.interrupt()
            return child.conversation.answer(arguments, Until(time.monotonic() + GRACE_SECONDS))

    def accept(self, handle: Handle, *, deadline: float = 5.0) -> SandboxedWire:
        """Accept one TLS connection with the context behind `handle`; KeyError if there is none."""
        child, number = self._handles[handle.id]
        return SandboxedWire(self._learner, child, number, deadline)

    def close(self) -> None:
        """Forget the handles; the learner's process stays for the next exercise."""
        self._handles.clear()


class SandboxedWire:
    """One connection that a learner's context accepts (see ``exercises.callee.Wire``)."""

    def __init__(self, learner: Learner, child: Child, handle: int, deadline: float) -> None:
        self._learner = learner
        self._child = child
        self._time = _FairTime(child, deadline)
        self._wire: FarWire | None = None
        try:
            self._wire = child.conversation.accept(handle, deadline * WALL_FACTOR, self._time)
        except (Silent, BrokenOff) as stopped:
            self._give_up(stopped)

    def exchange(self, data: bytes) -> bytes:
        """Take the client's bytes and return the server's; b"" after the end."""
        if self._wire is None:
            return b""
        try:
            return self._wire.exchange(data, self._time)
        except (Silent, BrokenOff) as stopped:
            self._give_up(stopped)
            return b""

    def close(self) -> None:
        """End the connection."""
        wire, self._wire = self._wire, None
        if wire is not None:
            try:
                wire.close(self._time)
            except (Silent, BrokenOff) as stopped:
                self._give_up(stopped)

    def _give_up(self, stopped: Exception) -> None:
        self._wire = None
        self._learner.overdue |= isinstance(stopped, Silent)
        self._learner.lose(self._child)


def _late(deadline: float) -> str:
    return f"did not answer in {deadline:g} s"
