"""What the judge and a function in another process say to each other: one JSON object a line, of limited length.

Nothing here trusts the other end: lines are bounded, values pass the gate of ``plain``, and whatever is not as
agreed raises `BrokenOff`.
"""

from __future__ import annotations

import base64
import json
import select
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from labsupport.exercises.callee import Answer, Argument, File, Folder, Handle, Oracle, Url
from labsupport.exercises.plain import NotPlain, Plain, from_wire, readable, to_wire

__all__ = [
    "BrokenOff",
    "Channel",
    "Message",
    "Patience",
    "Silent",
    "TooLong",
    "Until",
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
_NAME_LIMIT = 4096  # characters of a file's path
_BASES = 16  # no built-in exception has more
_CHUNK = 65536
# Made once: an oracle is asked thousands of times, and beside one end runs code of a learner, who may change `json`.
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_DECODER = json.JSONDecoder()


class BrokenOff(Exception):
    """The other end is gone, or does not keep to the agreement."""


class Silent(Exception):
    """The other end said nothing for as long as it was waited for."""


class TooLong(Exception):
    """A message is longer than the other end would read; the text is a noun phrase."""


class Patience(Protocol):
    """How long one end waits for the other."""

    def left(self) -> float:
        """Return the seconds for which to wait before asking again; at zero or below the time is up."""
        ...


class Until:
    """Patience until a time of ``time.monotonic``."""

    def __init__(self, moment: float) -> None:
        self._moment = moment

    def left(self) -> float:
        """Return the seconds until then."""
        return self._moment - time.monotonic()


class Channel:
    """One end of a stream socket that carries messages of at most `limit` bytes; without patience it waits for ever."""

    def __init__(self, end: socket.socket, limit: int = LINE_LIMIT) -> None:
        end.setblocking(False)
        self._socket = end
        self._limit = limit
        self._received = bytearray()
        self._searched = 0  # the newline is not before this position

    def send(self, message: Message, patience: Patience | None = None) -> None:
        """Send `message`. Raises TooLong before anything is sent, Silent if nobody takes it, BrokenOff."""
        line = _ENCODER.encode(message).encode("ascii") + b"\n"
        if len(line) > self._limit:
            raise TooLong(f"more than {self._limit // 1_000_000} MB of data")
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, patience)
            except OSError:
                raise BrokenOff from None

    def receive(self, patience: Patience | None = None) -> Message:
        """Return the next message. Raises Silent, and BrokenOff at the end or on anything unreadable."""
        while (end := self._received.find(b"\n", self._searched)) < 0:
            self._searched = len(self._received)
            if self._searched > self._limit:
                raise BrokenOff
            self._received += self._chunk(patience)
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        self._searched = 0
        try:
            message = _DECODER.decode(line.decode("utf-8"))
        except (ValueError, RecursionError, MemoryError):
            raise BrokenOff from None
        if not isinstance(message, dict):
            raise BrokenOff
        return message

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _chunk(self, patience: Patience | None) -> bytes:
        while True:
            try:
                chunk = self._socket.recv(_CHUNK)
            except BlockingIOError:
                self._wait(select.POLLIN, patience)
                continue
            except OSError:
                raise BrokenOff from None
            if not chunk:
                raise BrokenOff
            return chunk

    def _wait(self, event: int, patience: Patience | None) -> None:
        """Wait until the socket is ready; raise Silent when the patience has come to its end."""
        waiting = select.poll()
        try:
            waiting.register(self._socket, event)
        except ValueError:
            raise BrokenOff from None  # closed meanwhile
        while True:
            left = None if patience is None else patience.left()
            if left is not None and left <= 0:
                raise Silent
            # Rounded up: a wait of nothing would be a busy one.
            if waiting.poll(None if left is None else int(left * 1000) + 1):
                return


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
        "error_bases": list(answer.error_bases),
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
            "error_bases": list(bases),
            "error_text": str(error_text),
            "fault": str() | None as fault,
            "late": bool(late),
            "unwritten": bool(unwritten),
            "mutated": list(mutated),
            "printed": str(printed),
            "files": dict(files),
        } if all(type(position) is int for position in mutated) and all(type(base) is str for base in bases):
            return Answer(
                value=_value_from(value),
                error=error and readable(error, 80),
                error_bases=tuple(readable(base, 80) for base in bases[:_BASES]),
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
            return Handle(readable(kind, 80), number)
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
    if any(name != readable(name, _NAME_LIMIT) for name in files):
        raise BrokenOff
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
