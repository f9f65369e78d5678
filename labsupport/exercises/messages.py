"""What the judge and a function in another process say to each other: one JSON object a line, of limited length.

Nothing here trusts the other end: lines are bounded, values pass the gate of ``plain``, and whatever is not as
agreed raises `BrokenOff`.
"""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from labsupport.exercises.callee import Answer, Argument, File, Folder, Handle, Oracle, Url
from labsupport.exercises.plain import NotPlain, Plain, from_wire, readable, to_wire

__all__ = [
    "BrokenOff",
    "Channel",
    "Message",
    "Silent",
    "answer_from",
    "answer_to",
    "argument_from",
    "argument_to",
    "decoded",
    "encoded",
    "question_from",
]

Message: TypeAlias = dict[str, Any]

LINE_LIMIT = 128_000_000  # bytes; the largest plain value is shorter, even as escapes of 12 bytes a character
_CHUNK = 65536


class BrokenOff(Exception):
    """The other end is gone, or does not keep to the agreement."""


class Silent(Exception):
    """The other end said nothing before the deadline."""


class Channel:
    """One end of a stream socket that carries messages."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._received = bytearray()
        self._searched = 0  # the newline is not before this position

    def send(self, message: Message, until: float | None = None) -> None:
        """Send `message`; `until` is a time of ``time.monotonic``. Raises Silent if nobody takes it, BrokenOff."""
        line = json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            self._socket.settimeout(_left(until))
            self._socket.sendall(line)
        except TimeoutError:
            raise Silent from None
        except OSError:
            raise BrokenOff from None

    def receive(self, until: float | None = None) -> Message:
        """Return the next message. Raises Silent at time `until`, BrokenOff at the end or on anything unreadable."""
        while (end := self._received.find(b"\n", self._searched)) < 0:
            self._searched = len(self._received)
            if self._searched > LINE_LIMIT:
                raise BrokenOff
            self._received += self._chunk(until)
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        self._searched = 0
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise BrokenOff from None
        if not isinstance(message, dict):
            raise BrokenOff
        return message

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _chunk(self, until: float | None) -> bytes:
        try:
            self._socket.settimeout(_left(until))
            chunk = self._socket.recv(_CHUNK)
        except TimeoutError:
            raise Silent from None
        except OSError:
            raise BrokenOff from None
        if not chunk:
            raise BrokenOff
        return chunk


def _left(until: float | None) -> float | None:
    # Not zero, which would mean a socket that does not wait at all.
    return None if until is None else max(until - time.monotonic(), 0.001)


def encoded(data: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode("ascii")


def decoded(text: object) -> bytes:
    """Return text as bytes; raise BrokenOff if it is none."""
    try:
        return base64.b64decode(text, validate=True)  # type: ignore[arg-type]  # TypeError is what we catch
    except (TypeError, ValueError):
        raise BrokenOff from None


def argument_to(argument: Argument) -> Message:
    """Return the message for one argument; an oracle stays behind and only its quota travels."""
    match argument:
        case Oracle():
            return {"oracle": argument.quota}
        case File():
            return {"file": argument.name, "content": encoded(argument.content)}
        case Folder():
            return {"folder": _files_to(argument.files)}
        case Url():
            return {"url": argument.host, "port": argument.port, "path": argument.path}
        case _:
            return {"plain": to_wire(argument)}


def argument_from(message: Message, oracle: Oracle | None = None) -> Argument:
    """Return the argument that `message` describes, with `oracle` in the place of an oracle."""
    match message:
        case {"plain": wire}:
            return from_wire(wire)
        case {"file": name, "content": content}:
            return File(name, decoded(content))
        case {"folder": files}:
            return Folder(_files_from(files))
        case {"url": host, "port": port, "path": path}:
            return Url(host, port, path)
        case {"oracle": int()} if oracle is not None:
            return oracle
        case _:
            raise BrokenOff


def answer_to(answer: Answer) -> Message:
    """Return the message for `answer`; its duration is the receiver's to measure."""
    value = answer.value
    return {
        "value": {"handle": [value.kind, value.id]} if isinstance(value, Handle) else {"plain": to_wire(value)},
        "error": answer.error,
        "error_text": answer.error_text,
        "fault": answer.fault,
        "late": answer.late,
        "unwritten": answer.unwritten,
        "mutated": list(answer.mutated),
        "printed": answer.printed,
        "files": _files_to(answer.files),
    }


def answer_from(message: object, seconds: float) -> Answer:
    """Return the Answer that `message` describes, which took `seconds` by the judge's clock; BrokenOff if none."""
    match message:
        case {
            "value": dict(value),
            "error": str() | None as error,
            "error_text": str(error_text),
            "fault": str() | None as fault,
            "late": bool(late),
            "unwritten": bool(unwritten),
            "mutated": list(mutated),
            "printed": str(printed),
            "files": dict(files),
        } if all(type(position) is int for position in mutated):
            return Answer(
                value=_value_from(value),
                error=error and readable(error, 80),
                error_text=readable(error_text, 500),
                fault=fault and readable(fault, 500),
                late=late,
                unwritten=unwritten,
                mutated=tuple(mutated),
                printed=readable(printed, 4000),
                files=_files_from(files),
                seconds=seconds,
            )
        case _:
            raise BrokenOff


def _value_from(message: Message) -> Plain | Handle:
    match message:
        case {"handle": [str(kind), int(number)]}:
            return Handle(kind, number)
        case {"plain": wire}:
            try:
                return from_wire(wire)
            except NotPlain:
                raise BrokenOff from None
        case _:
            raise BrokenOff


def _files_to(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: encoded(content) for name, content in files.items()}


def _files_from(files: Mapping[str, object]) -> dict[str, bytes]:
    return {name: decoded(content) for name, content in files.items()}


def question_from(message: Message) -> Sequence[Plain]:
    """Return the arguments of a question to an oracle; raise BrokenOff if there are none to read."""
    question = message.get("question")
    if not isinstance(question, list):
        raise BrokenOff
    try:
        return [from_wire(wire) for wire in question]
    except NotPlain:
        raise BrokenOff from None
