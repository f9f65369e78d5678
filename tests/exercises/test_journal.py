"""What a judge observes: only looked at, written down, or read back in the same order."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from labsupport.errors import ReplayMismatch
from labsupport.exercises.journal import Entry, Journal, Reader, observe
from labsupport.pki.fresh import kept_by
from labsupport.pki.keys import generate, key_pem


def _unused(*_: object) -> Any:
    raise AssertionError


def _written() -> list[Entry]:
    """Return the journal of two observations."""
    journal = Journal()
    with kept_by(journal):
        assert observe("code", lambda: 26, "leaf", b"der") == 26
        assert observe("names", lambda: {"b", "a"}, to=sorted, back=set) == {"a", "b"}
    return journal.entries


def test_with_no_journal_it_only_looks() -> None:
    assert observe("code", lambda: 26, to=_unused, back=_unused) == 26


def test_a_reader_gives_back_what_was_seen_and_nobody_looks() -> None:
    reader = Reader(_written())
    with kept_by(reader):
        assert observe("code", _unused, "leaf", b"der") == 26
        assert observe("names", _unused, to=_unused, back=set) == {"a", "b"}
    reader.finish()


def test_keys_are_observed_by_themselves() -> None:
    journal = Journal()
    with kept_by(journal):
        key = generate()
    with kept_by(Reader(journal.entries)):
        assert key_pem(generate()) == key_pem(key)


def test_what_is_made_while_looking_is_not_observed_by_itself() -> None:
    journal = Journal()
    with kept_by(journal):
        observe("a key's length", lambda: len(key_pem(generate())))
    assert [entry[1] for entry in journal.entries] == ["a key's length"]


def test_a_look_that_fails_leaves_no_entry_and_the_keeper_in_place() -> None:
    journal = Journal()
    with kept_by(journal):
        with pytest.raises(ZeroDivisionError):
            observe("nothing", lambda: 1 // 0)
        observe("something", lambda: 1)
    assert [entry[1] for entry in journal.entries] == ["something"]


class TestMismatch:
    def test_another_label(self) -> None:
        with kept_by(Reader(_written())), pytest.raises(ReplayMismatch, match="saw code in the place of this: verdict"):
            observe("verdict", _unused, "leaf", b"der")

    @pytest.mark.parametrize("about", [(), ("leaf",), ("leaf", "der"), ("another", b"der")])
    def test_about_something_else(self, about: tuple[str, ...]) -> None:
        with kept_by(Reader(_written())), pytest.raises(ReplayMismatch, match="code is about something else"):
            observe("code", _unused, *about)

    def test_the_end(self) -> None:
        with kept_by(Reader()), pytest.raises(ReplayMismatch, match="ends before this: code"):
            observe("code", _unused)

    def test_something_left(self) -> None:
        reader = Reader(_written())
        with pytest.raises(ReplayMismatch, match="goes on where the judge has done: saw code"):
            reader.finish()
        with pytest.raises(ReplayMismatch, match="goes on"):
            reader.turn_to([])

    @pytest.mark.parametrize("wire", [{"int": "x"}, {"odd": 1}, {"int": "0x5"}, None])
    def test_something_unreadable(self, wire: object) -> None:
        entries = copy.deepcopy(_written())
        entries[1][3] = wire
        with kept_by(Reader(entries)):
            observe("code", _unused, "leaf", b"der")
            with pytest.raises(ReplayMismatch, match="names cannot be read"):
                observe("names", _unused, back=set)
