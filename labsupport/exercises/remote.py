"""A learner's functions in a process of their own, which the judge can end.

The process runs the source of the exercise and a ``LocalCallee`` around its functions (see ``remote_child``), so that
a call comes to the same there as here. It is a separate process and no sandbox: it may do whatever this user may.
POSIX only, because a descriptor is handed down.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from labsupport.exercises.callee import Answer, Argument, Handle, Oracle, OverQuota, as_arguments
from labsupport.exercises.messages import (
    BrokenOff,
    Channel,
    Message,
    Silent,
    answer_from,
    argument_to,
    decoded,
    encoded,
    question_from,
)
from labsupport.exercises.plain import to_wire

__all__ = ["RemoteCallee", "RemoteWire"]

STARTUP_SECONDS = 30.0
# The child interrupts a call at its deadline by itself; this much later the judge ends the child.
GRACE_SECONDS = 1.0


class RemoteCallee:
    """The functions that `source` defines, in a subprocess (see ``callee.Callee``).

    The process starts with the first call. If it dies or has to be killed, the next call gets a new one.
    """

    def __init__(self, source: str, functions: Sequence[str]) -> None:
        self._source = source
        self._functions = tuple(functions)
        self._child: _Child | None = None
        self._handles: dict[int, tuple[_Child, int]] = {}

    def call(self, function: str, *arguments: Argument, deadline: float = 5.0) -> Answer:
        """Call `function`; KeyError if it is none of the functions that were named."""
        if function not in self._functions:
            raise KeyError(function)
        arguments = tuple(as_arguments(arguments))
        begin = time.monotonic()
        try:
            child = self._living()
            begin = time.monotonic()  # the start of a process is not the function's time
            answer = child.call(function, arguments, deadline)
        except Silent:
            self._end(patience=0.0)
            return Answer(fault=f"did not answer in {deadline:g} s", late=True, seconds=time.monotonic() - begin)
        except BrokenOff:
            self._end(patience=0.0)
            return Answer(fault="ended its process", seconds=time.monotonic() - begin)
        if isinstance(answer.value, Handle):
            # A number of our own: the next child counts from 1 again.
            number = len(self._handles) + 1
            self._handles[number] = (child, answer.value.id)
            return replace(answer, value=Handle(answer.value.kind, number))
        return answer

    def accept(self, handle: Handle, *, deadline: float = 5.0) -> RemoteWire:
        """Accept one TLS connection with the context behind `handle`; KeyError if there is none."""
        child, number = self._handles[handle.id]
        return RemoteWire(child, number, deadline)

    def close(self) -> None:
        """End the process and forget its handles."""
        self._end(patience=GRACE_SECONDS)
        self._handles.clear()

    def _end(self, patience: float) -> None:
        if self._child is not None:
            self._child.end(patience)
            self._child = None

    def _living(self) -> _Child:
        if self._child is None:
            self._child = _Child(self._source, self._functions)
        return self._child


class _Child:
    """One process and the channel to it."""

    def __init__(self, source: str, functions: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own module, in our own interpreter
                [sys.executable, "-P", "-m", "labsupport.exercises.remote_child", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # the Ctrl-C of a terminal is the judge's alone
            )
        self._channel = Channel(ours)
        self._calls = 0
        try:
            until = time.monotonic() + STARTUP_SECONDS
            self._channel.send({"source": source, "functions": list(functions)}, until)
            if self._channel.receive(until) != {"ready": True}:
                raise BrokenOff
        except (Silent, BrokenOff):
            self.end(patience=0.0)
            raise

    def call(self, function: str, arguments: Sequence[Argument], deadline: float) -> Answer:
        """Have the child call `function`, answering what it asks of the oracles meanwhile."""
        self._calls += 1
        begin = time.monotonic()
        until = begin + deadline + GRACE_SECONDS
        described = [argument_to(argument) for argument in arguments]
        self._channel.send(
            {"call": self._calls, "function": function, "arguments": described, "deadline": deadline}, until
        )
        over: Oracle | None = None
        while True:
            message = self._channel.receive(until)
            if "answer" in message:
                answer = answer_from(message["answer"], time.monotonic() - begin)
                if over is not None and answer.fault is None:
                    # The quota is the judge's, whatever the child makes of it.
                    return Answer(fault=f"asked more than {over.quota:,} times", seconds=answer.seconds)
                return answer
            oracle = self._asked(message, arguments)
            reply = self._reply(oracle, message)
            over = oracle if "over" in reply else over
            self._channel.send(reply, until)

    def _asked(self, message: Message, arguments: Sequence[Argument]) -> Oracle | None:
        """Return the oracle that `message` asks; None if the call that it belongs to is over."""
        match message:
            case {"ask": int(position), "call": int(call)}:
                oracle = arguments[position] if call == self._calls and 0 <= position < len(arguments) else None
                return oracle if isinstance(oracle, Oracle) else None
            case _:
                raise BrokenOff

    def _reply(self, oracle: Oracle | None, message: Message) -> Message:
        if oracle is None:
            return {"closed": True}
        try:
            return {"reply": to_wire(oracle.answer(*question_from(message)))}
        except OverQuota:
            return {"over": True}
        except ValueError as error:
            return {"error": str(error)}

    def request(self, message: Message, until: float) -> Message:
        """Send `message` and return what comes back; Silent and BrokenOff end the child."""
        try:
            self._channel.send(message, until)
            return self._channel.receive(until)
        except (Silent, BrokenOff):
            self.end(patience=0.0)
            raise

    def end(self, patience: float) -> None:
        """End the process, which has `patience` seconds to leave by itself; ending twice is harmless."""
        self._channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)  # a child that is well leaves when its channel closes
        self._process.kill()
        self._process.wait()


class RemoteWire:
    """The judge's view of one connection that the child accepts (see ``callee.Wire``)."""

    def __init__(self, child: _Child, handle: int, deadline: float) -> None:
        self._child = child
        self._deadline = deadline
        self._over = False
        reply = self._request({"accept": handle, "deadline": deadline})
        self._number: object = reply.get("wire")

    def exchange(self, data: bytes) -> bytes:
        """Take the client's bytes and return the server's; b"" after the end."""
        if self._over:
            return b""
        reply = self._request({"exchange": self._number, "data": encoded(data)})
        return decoded(reply.get("data", ""))

    def close(self) -> None:
        """End the connection."""
        if not self._over:
            self._request({"hang_up": self._number})
        self._over = True

    def _request(self, message: Message) -> Message:
        try:
            # The child keeps the deadline of the whole connection; this one is for a child that hangs.
            return self._child.request(message, time.monotonic() + self._deadline + GRACE_SECONDS)
        except (Silent, BrokenOff):
            self._over = True
            return {}
