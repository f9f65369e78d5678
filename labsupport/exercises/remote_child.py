"""The process that holds a learner's functions: ``python -m labsupport.exercises.remote_child DESCRIPTOR``.

It speaks with the judge over the socket whose descriptor it is given. What the functions print goes to their Answer,
what they write to standard output by other ways goes nowhere; neither can get into the conversation.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from labsupport.exercises.callee import Answer, Handle, Oracle, OverQuota
from labsupport.exercises.guard import guarded, uninterrupted
from labsupport.exercises.local import LocalCallee, LocalWire
from labsupport.exercises.messages import BrokenOff, Channel, Message, answer_to, argument_from, decoded, encoded
from labsupport.exercises.plain import NotPlain, Plain, as_plain, class_name, from_wire, readable, to_wire

__all__ = ["main"]

SOURCE_SECONDS = 20.0


def main() -> None:
    """Serve until the judge closes the channel."""
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)  # what the functions start must not join the conversation
    channel = Channel(socket.socket(fileno=descriptor))
    with contextlib.suppress(BrokenOff):
        first = channel.receive()
        room = _Room(channel, first["source"], first["functions"])
        channel.send({"ready": True})
        while True:
            room.serve(channel.receive())


class _Room:
    """The functions, their connections, and the way to the judge's oracles."""

    def __init__(self, channel: Channel, source: str, names: list[str]) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._call = 0
        self._wires: dict[int, LocalWire] = {}
        defined, self._failure = _defined_by(source)
        self._functions: dict[str, Callable[..., object]] = {
            name: function for name in names if callable(function := defined.get(name))
        }
        self._callee = LocalCallee(self._functions)

    def serve(self, message: Message) -> None:
        """Do what one message asks, and say what came of it."""
        match message:
            case {"call": int(number), "function": str(name), "arguments": list(arguments), "deadline": deadline}:
                self._call = number
                answer = self._answer(name, arguments, deadline)
                self._say({"answer": answer_to(answer)})
            case {"accept": int(handle), "deadline": deadline}:
                number = len(self._wires) + 1
                self._wires[number] = self._callee.accept(Handle("SSLContext", handle), deadline=deadline)
                self._say({"wire": number})
            case {"exchange": int(number), "data": data}:
                self._say({"data": encoded(self._wires[number].exchange(decoded(data)))})
            case {"hang_up": int(number)}:
                self._wires.pop(number).close()
                self._say({"done": True})
            case _:
                raise BrokenOff

    def _answer(self, name: str, arguments: list[Message], deadline: float) -> Answer:
        if name not in self._functions:
            return Answer(fault=self._failure or f"is not defined: there is no function {name}")
        handed = [
            argument_from(argument, _FarOracle(self, position, argument["oracle"]) if "oracle" in argument else None)
            for position, argument in enumerate(arguments)
        ]
        return self._callee.call(name, *handed, deadline=deadline)

    def _say(self, message: Message) -> None:
        with self._lock:
            self._channel.send(message)

    def ask(self, position: int, question: list[Plain]) -> Message:
        """Ask the judge's oracle at argument `position`."""
        wire = [to_wire(argument) for argument in question]
        with self._lock, uninterrupted():  # half a message would be the end of the conversation
            self._channel.send({"ask": position, "call": self._call, "question": wire})
            return self._channel.receive()


class _FarOracle(Oracle):
    """An oracle that stays with the judge, who counts."""

    def __init__(self, room: _Room, position: int, quota: int) -> None:
        super().__init__(_nobody, quota)
        self._room = room
        self._position = position

    def answer(self, *question: object) -> Plain:
        """Have the judge answer; raises what ``Oracle.answer`` raises."""
        try:
            plain = [as_plain(argument) for argument in question]
        except NotPlain as stopped:
            raise TypeError(f"the question was {stopped}") from None
        match self._room.ask(self._position, plain):
            case {"reply": wire}:
                return from_wire(wire)
            case {"error": str(text)}:
                raise ValueError(text)
            case {"over": True}:
                raise OverQuota
            case _:
                raise RuntimeError("this call is over: its oracle answers no more")


def _nobody() -> None:
    """Stand in for the judge's function, which is not here."""


def _defined_by(source: str) -> tuple[dict[str, Any], str | None]:
    """Run `source` as the module ``__main__``; return its names, and how it failed if it did."""
    module = ModuleType("__main__")
    sys.modules["__main__"] = module

    def run() -> str | None:
        try:
            exec(compile(source, "<exercise>", "exec"), module.__dict__)  # noqa: S102  # which is why it runs here
        except BaseException as error:  # SystemExit too: the judge wants to be told, not left alone
            return f"is not defined: its cell raised {class_name(error)}: {readable(str(error), 200)}"
        return None

    ended = guarded(run, SOURCE_SECONDS)
    failure = f"is not defined: its cell did not end in {SOURCE_SECONDS:g} s" if ended.late else ended.value
    return module.__dict__, failure


if __name__ == "__main__":
    main()
