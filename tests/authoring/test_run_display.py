from __future__ import annotations

import io
from pathlib import Path

import pytest

from labsupport.authoring.results import Failure, Progress, RunResult
from labsupport.authoring.run_display import RunDisplay


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


WAITING = Progress("c", 0, 4, 0.0, None)
RUNNING = Progress("b", 2, 4, 1.25, None)
ENDED = Progress("a", 4, 4, 2.0, RunResult("a", Path("a"), 4, 2.0, 1.5, 2.0))
FAILED = Progress("b", 3, 4, 3.0, RunResult("b", Path("b"), 3, 3.0, 0.0, 0.0, Failure("c3", "x", "E")))

OK_LINE = "ok      a: 4 cells in 2.0 s, 1.5 of 2 points\n"
FAILED_LINE = "failed  b: 3 cells in 3.0 s\n"


def test_a_file_gets_one_plain_line_for_each_that_has_ended() -> None:
    stream = io.StringIO()
    display = RunDisplay(stream)
    display([RUNNING, WAITING])
    display([ENDED, RUNNING, WAITING])
    display([ENDED, FAILED, WAITING])
    assert stream.getvalue() == OK_LINE + FAILED_LINE


def test_a_terminal_gets_live_lines_below_those_that_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    display = RunDisplay(stream)
    live = "  1.2 s  [##########..........]  b: cell 2 of 4\n"
    display([RUNNING, WAITING])
    assert stream.getvalue() == live
    display([ENDED, RUNNING, WAITING])
    assert stream.getvalue() == live + "\x1b[1A\x1b[J" + OK_LINE + live
    display([ENDED, FAILED, WAITING])
    assert stream.getvalue().endswith(live + "\x1b[1A\x1b[J" + FAILED_LINE)


def test_live_lines_do_not_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    RunDisplay(stream)([RUNNING])
    assert stream.getvalue() == "  1.2 s  [#########\n"


def test_a_notebook_without_code_has_a_bar_too() -> None:
    stream = Terminal()
    RunDisplay(stream)([Progress("b", 0, 0, 0.5, None)])
    assert "[....................]  b: cell 0 of 0" in stream.getvalue()
