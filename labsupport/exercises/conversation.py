"""The judge's side of a conversation with functions in another process: calls, questions to oracles, connections.

Who started that process, and how it ends, is its owner's affair. The other end is not trusted: whatever it does, the
methods here return, or raise `Silent` or `BrokenOff`, after either of which nothing more can be said.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count

from labsupport.exercises.callee import Answer, Argument, Oracle, OverQuota
from labsupport.exercises.messages import (
    BrokenOff,
    Channel,
    Message,
    Patience,
    Silent,
    answer_from,
    argument_to,
    decoded,
    encoded,
    question_from,
)
from labsupport.exercises.plain import readable, to_wire

__all__ = ["Conversation", "FarWire"]

_TROUBLE = 300
# Who asks without a pause is never waited for; so the time is looked at now and then, which costs more than an answer.
_LOOK_EVERY = 64


class Conversation:
    """The judge's end of `channel`, at whose other end a ``room.Room`` listens."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._calls = 0

    def run(self, source: str, name: str, patience: Patience) -> str | None:
        """Run a cell there; return None, or what it raised in words such as "NameError: …"."""
        reply = self.request({"run": source, "cell": name}, patience)
        match reply:
            case {"raised": str(raised)}:
                return readable(raised, _TROUBLE)
            case {"raised": None}:
                return None
            case _:
                raise BrokenOff

    def call(self, function: str, arguments: Sequence[Argument], cap: float, patience: Patience) -> Answer:
        """Call `function`, answering what it asks of the oracles meanwhile.

        After `cap` seconds the other end ends the call by itself. A function that is not there comes to a fault.
        """
        self._calls += 1
        described = [argument_to(argument) for argument in arguments]
        message = {"call": self._calls, "function": function, "arguments": described, "deadline": cap}
        self._channel.send(message, patience)
        return self.answer(arguments, patience)

    def answer(self, arguments: Sequence[Argument], patience: Patience) -> Answer:
        """Hear the answer to a call; after Silent once more, for one that may still come."""
        begin = time.monotonic()
        over: Oracle | None = None
        for heard in count(1):
            if not heard % _LOOK_EVERY and patience.left() <= 0:
                raise Silent
            message = self._channel.receive(patience)
            if "answer" in message:
                answer = answer_from(message["answer"], time.monotonic() - begin)
                if len(answer.mutated) > len(arguments) or not set(answer.mutated) <= set(range(len(arguments))):
                    raise BrokenOff
                if over is not None and answer.fault is None:
                    # The quota is the judge's, whatever the child makes of it.
                    return Answer(fault=f"asked more than {over.quota:,} times", seconds=answer.seconds)
                return answer
            oracle = self._asked(message, arguments)
            reply = self._reply(oracle, message)
            over = oracle if "over" in reply else over
            self._channel.send(reply, patience)
        raise AssertionError

    def accept(self, handle: int, cap: float, patience: Patience) -> FarWire:
        """Have the other end accept a connection with the context `handle`."""
        reply = self.request({"accept": handle, "deadline": cap}, patience)
        match reply:
            case {"wire": int(number)}:
                return FarWire(self, number)
            case _:
                raise BrokenOff

    def request(self, message: Message, patience: Patience) -> Message:
        """Send `message` and return what comes back."""
        self._channel.send(message, patience)
        return self._channel.receive(patience)

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


class FarWire:
    """One connection that the other end accepts, seen from the judge's (see ``callee.Wire``)."""

    def __init__(self, conversation: Conversation, number: int) -> None:
        self._conversation = conversation
        self._number = number

    def exchange(self, data: bytes, patience: Patience) -> bytes:
        """Take the client's bytes and return the server's."""
        reply = self._conversation.request({"exchange": self._number, "data": encoded(data)}, patience)
        return decoded(reply.get("data", ""))

    def close(self, patience: Patience) -> None:
        """End the connection."""
        self._conversation.request({"hang_up": self._number}, patience)
