from __future__ import annotations

import io
import os
import sys

import pytest

from labsupport.cli.tables import render, terminal_width

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


def test_headings_give_way_before_rows_do() -> None:
    table = render(("who refused it", "b"), [("server2", "1"), ("client", "2")], 10)
    assert table.splitlines() == ["who      b", "refused", "it", "───────  ─", "server2  1", "client   2"]
