"""What the judge and a learner's functions say to each other: taken down as JSON, and said again on a replay.

`Recording` stands between the judge and a callee and writes every call into the journal: arguments, questions to the
judge's oracles, answer. `Remembered` is a callee that consists of nothing but such a record.

A callee may say so much in one exercise and no more. What does not fit counts as not said: the spec is given a fault
in its place, so that a record is always whole, and its length bounded.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labsupport.errors import ReplayMismatch
from labsupport.exercises.callee import Answer, Argument, Callee, File, Folder, Handle, Oracle, OverQuota, Url, Wire
from labsupport.exercises.journal import Entry, Journal, Reader
from labsupport.exercises.plain import NotPlain, Plain, as_plain, from_wire, to_wire
from labsupport.grading.records import Json, RecordError
from labsupport.pki.fresh import kept_by

__all__ = ["CALL", "ROOM", "Call", "Question", "Recording", "Remembered", "call_from"]

CALL = "call"
ROOM = 4_000_000  # characters of JSON
_FAULT = f"said more than the judge takes down in one exercise ({ROOM // 1_000_000} MB)"


@dataclass(frozen=True)
class Question:
    """One question to an oracle, and what became of it: a reply, a refusal in words, or the end of the quota."""

    asked: tuple[Plain, ...]
    reply: Plain = None
    refused: str | None = None
    over: bool = False


@dataclass(frozen=True)
class Call:
    """One call: what was given, what it asked meanwhile, and what it came to. Oracles among the arguments are mute."""

    function: str
    arguments: tuple[Argument, ...]
    answer: Answer
    questions: tuple[Question, ...] = ()


class Recording:
    """A callee that writes into `journal` what `callee` is asked and answers."""

    def __init__(self, callee: Callee, journal: Journal) -> None:
        self._callee = callee
        self._journal = journal
        self._room = ROOM

    def call(self, function: str, *arguments: Argument, deadline: float = 5.0) -> Answer:
        """Pass a call on, and write it down."""
        talk: list[Any] = []
        listeners = {
            place: _Listener(argument, place, talk, self)
            for place, argument in enumerate(arguments)
            if isinstance(argument, Oracle)
        }
        given = [listeners.get(place, argument) for place, argument in enumerate(arguments)]
        # A learner's function may make keys too; they are none of the judge's observations.
        with kept_by(None):
            answer = self._callee.call(function, *given, deadline=deadline)
        told = _answer_to(answer)
        if any(listener.cut for listener in listeners.values()) or not self.holds(told):
            # As a deadline does, it ends the aspect: whoever says too much again and again must not keep the judge.
            answer = Answer(fault=_FAULT, late=True, seconds=answer.seconds)
            told = _answer_to(answer)
        described = [_argument_to(argument) for argument in arguments]
        self._journal.entries.append([CALL, function, described, talk, told])
        return answer

    def accept(self, handle: Handle, *, deadline: float = 5.0) -> Wire:
        """Pass it on; what comes of the connection is for the spec to observe."""
        return self._callee.accept(handle, deadline=deadline)

    def close(self) -> None:
        """Close the callee."""
        self._callee.close()

    def holds(self, said: object) -> bool:
        """Tell whether there is room for what was said, and keep it free for that."""
        size = len(json.dumps(said))
        if size > self._room:
            return False
        self._room -= size
        return True


class _Listener(Oracle):
    """An oracle in the place of another one, which writes down the conversation."""

    def __init__(self, oracle: Oracle, place: int, talk: list[Any], recording: Recording) -> None:
        super().__init__(oracle.answer, oracle.quota)
        self._oracle = oracle
        self._place = place
        self._talk = talk
        self._recording = recording
        self.cut = False

    def answer(self, *question: object) -> Plain:
        """Answer as the other one does."""
        try:
            asked = [as_plain(argument) for argument in question]
        except NotPlain:
            return self._oracle.answer(*question)  # which says what it thinks of that, and remembers nothing
        wires = [to_wire(argument) for argument in asked]
        if self.cut or not self._recording.holds(wires):
            self.cut = True
            raise OverQuota
        try:
            reply = self._oracle.answer(*asked)
        except OverQuota:
            self._talk.append([self._place, wires, {"over": True}])
            raise
        except ValueError as error:
            self._talk.append([self._place, wires, {"refused": str(error)}])
            raise
        self._talk.append([self._place, wires, {"reply": to_wire(reply)}])
        return reply


class Remembered:
    """A callee that answers as it did at the time of the record that `reader` reads; ReplayMismatch for other calls."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def call(self, function: str, *arguments: Argument, deadline: float = 5.0) -> Answer:  # noqa: ARG002  # no hurry
        """Return the answer of then, after asking the oracles what was asked then."""
        _, _, given, talk, answer = self._reader.next(CALL, function)
        described = [_argument_to(argument) for argument in arguments]
        if len(described) != len(given):
            raise ReplayMismatch(f"{function} is given {len(described)} arguments, and was given {len(given)} then")
        for place, (now, then) in enumerate(zip(described, given, strict=True), start=1):
            if now != then:
                raise ReplayMismatch(f"{function} is given another argument {place} than then")
        for place, asked, became in talk:
            oracle = arguments[place]
            if not isinstance(oracle, Oracle) or _became(oracle, [from_wire(wire) for wire in asked]) != became:
                raise ReplayMismatch(f"{function} asked a question that is answered otherwise now")
        return _answer_from(answer)

    def accept(self, handle: Handle, *, deadline: float = 5.0) -> Wire:  # noqa: ARG002  # nobody is there
        """Raise ReplayMismatch: a spec observes what comes of a connection, and on a replay makes none."""
        raise ReplayMismatch(f"a connection to {handle.kind} {handle.id} is asked for, and nobody is there")

    def close(self) -> None:
        """Do nothing."""


def _became(oracle: Oracle, asked: Sequence[Plain]) -> Json:
    try:
        return {"reply": to_wire(oracle.answer(*asked))}
    except OverQuota:
        return {"over": True}
    except ValueError as error:
        return {"refused": str(error)}


def call_from(entry: Entry) -> Call:
    """Return the Call that a journal's entry describes; raise RecordError if it is none."""
    match entry:
        case [str(kind), str(function), list(given), list(talk), dict(answer)] if kind == CALL:
            return Call(
                function, tuple(map(_argument_from, given)), _answer_from(answer), tuple(map(_question_from, talk))
            )
        case _:
            raise RecordError("not a call")


def _question_from(told: object) -> Question:
    match told:
        case [int(), list(asked), {"reply": reply}]:
            return Question(tuple(map(from_wire, asked)), reply=from_wire(reply))
        case [int(), list(asked), {"refused": str(refused)}]:
            return Question(tuple(map(from_wire, asked)), refused=refused)
        case [int(), list(asked), {"over": True}]:
            return Question(tuple(map(from_wire, asked)), over=True)
        case _:
            raise RecordError("not a question to an oracle")


def _argument_to(argument: Argument) -> object:
    match argument:
        case Oracle():
            return {"oracle": argument.quota}
        case File():
            return {"file": argument.name, "content": _content_to(argument.content)}
        case Folder():
            return {"folder": _files_to(argument.files)}
        case Url():
            return {"url": [argument.host, argument.port, argument.path]}
        case _:
            return to_wire(argument)


def _argument_from(wire: object) -> Argument:
    match wire:
        case {"oracle": int(quota)}:
            return Oracle(lambda: None, quota)
        case {"file": str(name), "content": content}:
            return File(name, _content_from(content))
        case {"folder": dict(files)}:
            return Folder(_files_from(files))
        case {"url": [str(host), int(port), str(path)]}:
            return Url(host, port, path)
        case _:
            return from_wire(wire)


def _content_to(content: bytes) -> object:
    """Return the JSON of a file's content: PEM as it is, which is shorter, and repeats what stands elsewhere."""
    if content.isascii():
        return content.decode("ascii")
    return {"bytes": base64.b64encode(content).decode("ascii")}


def _content_from(wire: object) -> bytes:
    content = from_wire(wire)
    if isinstance(content, str) and content.isascii():
        return content.encode("ascii")
    if isinstance(content, bytes):
        return content
    raise RecordError("not the content of a file")


def _files_to(files: Mapping[str, bytes]) -> Json:
    return {name: _content_to(content) for name, content in files.items()}


def _files_from(wire: Json) -> dict[str, bytes]:
    return {name: _content_from(content) for name, content in wire.items()}


# What an answer has besides its value, with what it is when nothing is written down.
_REST: dict[str, tuple[type, Any]] = {
    "error": (str, None),
    "error_text": (str, ""),
    "fault": (str, None),
    "late": (bool, False),
    "unwritten": (bool, False),
    "printed": (str, ""),
}


def _answer_to(answer: Answer) -> Json:
    wire: Json = {name: getattr(answer, name) for name, (_, usual) in _REST.items() if getattr(answer, name) != usual}
    if isinstance(answer.value, Handle):
        wire["handle"] = [answer.value.kind, answer.value.id]
    elif answer.value is not None:
        wire["value"] = to_wire(answer.value)
    if answer.error_bases:
        wire["error_bases"] = list(answer.error_bases)
    if answer.mutated:
        wire["mutated"] = list(answer.mutated)
    if answer.files:
        wire["files"] = _files_to(answer.files)
    return wire


def _answer_from(wire: Json) -> Answer:
    rest = {name: wire[name] for name in _REST if name in wire}
    bases, mutated, files = wire.get("error_bases", []), wire.get("mutated", []), wire.get("files", {})
    strangers = set(wire) - set(_REST) - {"value", "handle", "error_bases", "mutated", "files"}
    sound = not strangers and all(type(value) is _REST[name][0] for name, value in rest.items())
    sound = sound and isinstance(bases, list) and all(type(base) is str for base in bases)
    if not sound or not isinstance(mutated, list) or not isinstance(files, dict):
        raise RecordError("not an answer")
    value: Plain | Handle = from_wire(wire.get("value"))
    match wire.get("handle"):
        case [str(kind), int(number)]:
            value = Handle(kind, number)
    return Answer(value=value, error_bases=tuple(bases), mutated=tuple(mutated), files=_files_from(files), **rest)
