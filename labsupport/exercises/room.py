"""Where functions live that a judge in another process calls: their namespace, and the way to the judge's oracles.

What the functions print goes to their Answer, what they write to standard output by other ways goes nowhere; neither
can get into the conversation.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from labsupport.exercises.callee import Answer, Handle, Oracle, OverQuota
from labsupport.exercises.guard import guarded, uninterrupted
from labsupport.exercises.local import LocalCallee, LocalWire
from labsupport.exercises.messages import (
    BrokenOff,
    Channel,
    Message,
    TooLong,
    answer_to,
    argument_from,
    decoded,
    encoded,
)
from labsupport.exercises.plain import NotPlain, Plain, as_plain, class_name, from_wire, readable, to_wire

if TYPE_CHECKING:
    import asyncio

__all__ = ["Room"]

_RAISED = 200
# The judge has a deadline of its own for every cell; this one ends a cell whose judge has gone away.
_CELL_SECONDS = 600.0


class Room:
    """The module ``__main__`` in which cells run, the connections of its contexts, and the channel to the judge.

    `names` are there before the first cell; `translate` turns a notebook's cell into Python.
    """

    def __init__(
        self, channel: Channel, names: Mapping[str, object] = {}, translate: Callable[[str], str] = str
    ) -> None:
        self._channel = channel
        self._translate = translate
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._call = 0
        self._wires: dict[int, LocalWire] = {}
        self._module = ModuleType("__main__")
        self._module.__dict__.update(names)
        sys.modules["__main__"] = self._module
        self._callee = LocalCallee(_Functions(self._module.__dict__))

    def serve(self) -> None:
        """Do what the judge asks until it raises BrokenOff: the judge has closed the channel."""
        while True:
            self._serve(self._channel.receive())

    def _serve(self, message: Message) -> None:
        match message:
            case {"run": str(source), "cell": str(name)}:
                self._say({"raised": self._run(source, name)})
            case {"call": int(number), "function": str(name), "arguments": list(arguments), "deadline": deadline}:
                self._call = number
                answer = self._answer(name, arguments, deadline)
                try:
                    self._say({"answer": answer_to(answer)})
                except TooLong as stopped:
                    self._say({"answer": answer_to(Answer(fault=f"returned {stopped}", printed=answer.printed))})
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

    def _run(self, source: str, name: str) -> str | None:
        def run() -> str | None:
            try:
                code = self._translate(source)
                file = f"<{name}>"
                # For tracebacks and `inspect`, as in a notebook.
                linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
                # Nothing of this module's own, such as how it takes annotations, is the cell's.
                self._do(compile(code, file, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True))
            except BaseException as error:  # SystemExit too: the judge wants to be told, not left alone
                return _in_words(error)
            return None

        ended = guarded(run, _CELL_SECONDS)
        return "no end" if ended.late else ended.value

    def _do(self, code: CodeType) -> None:
        if not code.co_flags & inspect.CO_COROUTINE:
            exec(code, self._module.__dict__)  # noqa: S102  # which is why it runs here
            return
        # A notebook awaits what stands outside of functions, in one loop for all cells.
        import asyncio

        self._loop = self._loop or asyncio.new_event_loop()
        self._loop.run_until_complete(eval(code, self._module.__dict__))  # noqa: S307  # the same

    def _answer(self, name: str, arguments: list[Message], deadline: float) -> Answer:
        if not callable(self._module.__dict__.get(name)):
            return Answer(fault=f"is not defined: there is no function {name}")
        handed = [
            argument_from(argument, _FarOracle(self, position, argument["oracle"]) if "oracle" in argument else None)
            for position, argument in enumerate(arguments)
        ]
        return self._callee.call(name, *handed, deadline=deadline)

    def _say(self, message: Message) -> None:
        if os.getpid() != self._process:
            # A copy of this process that came out of a cell or a call: the judge talks with the one.
            os._exit(0)
        with self._lock:
            self._channel.send(message)

    def ask(self, position: int, question: list[Plain]) -> Message:
        """Ask the judge's oracle at argument `position`."""
        wire = [to_wire(argument) for argument in question]
        with self._lock, uninterrupted():  # half a message would be the end of the conversation
            self._channel.send({"ask": position, "call": self._call, "question": wire})
            return self._channel.receive()


def _in_words(error: BaseException) -> str:
    try:
        text = readable(str(error), _RAISED)
    except BaseException:  # its own __str__ may misbehave too
        text = ""
    return class_name(error) + (f": {text}" if text else "")


class _Functions(Mapping[str, Callable[..., object]]):
    """The namespace as it is at the time of a call: a later cell may define a function anew."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = names

    def __getitem__(self, name: str) -> Callable[..., object]:
        function = self._names[name]
        if not callable(function):
            raise KeyError(name)
        return function

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _FarOracle(Oracle):
    """An oracle that stays with the judge, who counts."""

    def __init__(self, room: Room, position: int, quota: int) -> None:
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
