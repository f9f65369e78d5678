from __future__ import annotations

import io
import os
import shutil
import sys
import termios

import pytest

from labsupport.cli.tables import render, terminal_width, wrapped

HEADINGS = ("name", "what happened")
ROWS = [("no-ca", "the client does not trust it"), ("through-server1", "answered")]


def test_without_a_limit_every_row_is_one_line() -> None:
    assert render(HEADINGS, ROWS).splitlines() == [
        "name             what happened",
        "───────────────  ────────────────────────────",
        "no-ca            the client does not trust it",
        "through-server1  answered",
    ]


def test_a_narrow_table_wraps_between_words_and_keeps_every_word() -> None:
    table = render(HEADINGS, ROWS, 32)
    assert max(map(len, table.splitlines())) <= 32
    assert table.splitlines()[2:5] == [
        "no-ca            the client does",
        "                 not trust it",
        "through-server1  answered",
    ]


def test_what_has_no_room_is_not_cut() -> None:
    assert "through-server1" in render(HEADINGS, ROWS, 10)


def test_empty_cells_are_cells() -> None:
    assert render(("", "a"), [("", "b")]).splitlines()[2] == "  b"


def test_only_a_terminal_has_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((72, 20)))
    assert terminal_width() == 72
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert terminal_width() is None


def test_another_stream_has_a_width_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    outside, inside = os.openpty()
    termios.tcsetwinsize(inside, (24, 61))
    monkeypatch.delenv("COLUMNS", raising=False)
    with os.fdopen(outside, "rb"), os.fdopen(inside, "w") as terminal:
        assert terminal_width(terminal) == 61
        monkeypatch.setenv("COLUMNS", "50")
        assert terminal_width(terminal) == 50
        monkeypatch.delenv("COLUMNS")
        termios.tcsetwinsize(inside, (0, 0))
        assert terminal_width(terminal) == shutil.get_terminal_size().columns


def test_a_line_wraps_only_where_there_is_an_edge() -> None:
    assert wrapped("one two  three", None) == "one two  three"
    assert wrapped("  one two-three", 9, "    ") == "  one\n    two-three"


def test_headings_give_way_before_rows_do() -> None:
    table = render(("who refused it", "b"), [("server2", "1"), ("client", "2")], 10)
    assert table.splitlines() == ["who      b", "refused", "it", "───────  ─", "server2  1", "client   2"]
