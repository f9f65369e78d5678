"""Calls as they are taken down: whatever is said comes back the same."""

from __future__ import annotations

import copy
import json

import pytest

from labsupport.errors import ReplayMismatch
from labsupport.exercises.callee import Answer, Argument, File, Folder, Handle, Url, Wire
from labsupport.exercises.journal import Entry, Journal, Reader
from labsupport.grading import testimony
from labsupport.grading.records import RecordError
from labsupport.grading.testimony import Recording, Remembered, call_from

ARGUMENTS: tuple[Argument, ...] = (
    None,
    [1, (True, 2.5), b"\xff", {"k": "é\n"}],
    File("a.pem", b"-----BEGIN"),
    File("b.der", b"\x30\xff"),
    Folder({"sub/c": b"text", "d": b"\x80"}),
    Url("a.test", 443, "/x"),
)


class Saying:
    """A callee that always says the same."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.closed = False

    def call(self, function: str, *arguments: Argument, deadline: float = 5.0) -> Answer:
        return self._answer

    def accept(self, handle: Handle, *, deadline: float = 5.0) -> Wire:
        raise AssertionError

    def close(self) -> None:
        self.closed = True


def _written(answer: Answer, *arguments: Argument) -> list[Entry]:
    journal = Journal()
    assert Recording(Saying(answer), journal).call("f", *arguments) == answer
    entries: list[Entry] = json.loads(json.dumps(journal.entries))
    return entries


@pytest.mark.parametrize(
    "answer",
    [
        Answer(),
        Answer(value=[None, -(2**99), "é\n", b"\x00", (1, [2])]),
        Answer(value=Handle("SSLContext", 3)),
        Answer(error="ValueError", error_text="no"),
        Answer(error="Mine", error_bases=("UnicodeError", "ValueError")),
        Answer(fault="did not answer in 5 s", late=True, printed="\x1b[1m"),
        Answer(error="NotImplementedError", unwritten=True),
        Answer(mutated=(0, 2), files={"sub/out": b"\xff", "plain": b"text"}),
    ],
)
def test_an_answer_comes_back_as_it_was(answer: Answer) -> None:
    entries = _written(answer, *ARGUMENTS)
    assert Remembered(Reader(entries)).call("f", *ARGUMENTS) == answer
    (call,) = map(call_from, entries)
    assert (call.function, call.arguments, call.answer, call.questions) == ("f", ARGUMENTS, answer, ())


@pytest.mark.parametrize("place", range(len(ARGUMENTS)))
def test_another_argument_gets_no_answer(place: int) -> None:
    entries = _written(Answer(), *ARGUMENTS)
    others = [*ARGUMENTS[:place], 5, *ARGUMENTS[place + 1 :]]
    with pytest.raises(ReplayMismatch, match=f"another argument {place + 1} than then"):
        Remembered(Reader(entries)).call("f", *others)


def test_more_arguments_get_no_answer() -> None:
    with pytest.raises(ReplayMismatch, match="f is given 2 arguments, and was given 1 then"):
        Remembered(Reader(_written(Answer(), 1))).call("f", 1, 2)


def test_a_number_is_not_a_truth() -> None:
    with pytest.raises(ReplayMismatch):
        Remembered(Reader(_written(Answer(), 1))).call("f", True)


@pytest.mark.parametrize("content", [5, None, "é", ["a"]])
def test_content_that_no_file_has_is_refused(content: object) -> None:
    (entry,) = copy.deepcopy(_written(Answer(), File("a", b"a")))
    entry[2][0]["content"] = content if not isinstance(content, int) else {"int": hex(content)}
    with pytest.raises(RecordError):
        call_from(entry)


def test_closing_closes_the_callee_and_a_memory_needs_none() -> None:
    callee = Saying(Answer())
    Recording(callee, Journal()).close()
    assert callee.closed
    Remembered(Reader()).close()


def test_who_says_too_much_is_asked_no_more_in_that_aspect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testimony, "ROOM", 1000)
    journal = Journal()
    cut = Recording(Saying(Answer(value="x" * 2000)), journal).call("f")
    assert cut.late
    assert cut.value is None
    assert Remembered(Reader(json.loads(json.dumps(journal.entries)))).call("f") == cut
