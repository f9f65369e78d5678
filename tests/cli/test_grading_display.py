"""What an instructor is told about a submission that needs attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsupport.cli import grading_display
from labsupport.cli.grading_display import Display
from labsupport.grading.batch import Done, Summary
from labsupport.grading.records import Finding, Result
from labsupport.grading.submissions.collect import Entry

LATE = tuple(Finding("time", f"The function did not answer in {seconds} s.", "rsa-factor") for seconds in (0.6, 1.2))


def submission() -> Entry:
    def nothing() -> bytes:
        return b""

    return Entry("ada", "01_rsa", "in/ada/01_rsa.ipynb", "", None, "", 0, 1, True, (), nothing)


def cases() -> Iterator[tuple[Done, str]]:
    entry = submission()
    yield Done(entry, Result("01_rsa")), ""
    yield Done(entry, None, known=True), ""
    yield Done(entry, None, trouble="cannot be read"), "ada, 01_rsa: cannot be read\n"
    yield Done(entry, Result("01_rsa", unjudged="no notebook", overdue=True)), "ada, 01_rsa: no notebook\n"
    yield Done(entry, Result("01_rsa", overdue=True)), "ada, 01_rsa: something ran out of time\n"
    yield Done(entry, Result("01_rsa", findings=LATE, overdue=True)), "ada, 01_rsa: rsa-factor ran out of time\n"
    raised, endless = (
        Finding("added-cell", f"A cell of your own (“f()”) {what}.") for what in ("raised", "did not end")
    )
    yield Done(entry, Result("01_rsa", findings=(raised,), overdue=True)), "ada, 01_rsa: something ran out of time\n"
    own = "ada, 01_rsa: a cell of the learner's own ran out of time\n"
    yield Done(entry, Result("01_rsa", findings=(raised, endless), overdue=True)), own


def test_a_second_try_is_announced_where_a_bar_would_stand_still(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(1, as_json=False)
    display.again(submission())
    assert capsys.readouterr().err == ""
    display._live = True
    display.again(submission())
    assert "ada, 01_rsa: out of time; judged once more, alone, when the others are done\n" in capsys.readouterr().err


@pytest.mark.parametrize(("done", "said"), list(cases()))
def test_attention_is_asked_for_with_the_reason(done: Done, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Display(1, as_json=False).done(done)
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ([], "Findings: late 2, time 1; `labsupport report --out pages` says whose."),
        (["pages/class/01_rsa.html"], "Findings: late 2, time 1."),
    ],
)
def test_findings_are_counted_and_it_is_said_where_they_are(
    written: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = Summary(findings=Counter(late=2, time=1))
    Display(0, as_json=False).summary(summary, [], Path("g"), written, {})
    assert line in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [20, 45, 60, 200])
def test_the_bar_fits_the_terminal_and_leaves_nothing_behind(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(grading_display, "terminal_width", lambda *_: width)
    display = Display(4, as_json=False)
    display._live = True
    for number in range(2):
        display.done(Done(submission(), Result("01_rsa")))
        bar = capsys.readouterr().err
        assert bar.startswith("\r")
        assert f"{number + 1} of 4" in bar
        assert len(bar) <= width  # the carriage return is no column
    display.say("short")
    wiped, said = capsys.readouterr().err.split("short")
    assert (wiped.strip(), said) == ("", "\n")
    assert len(wiped) <= width + 1


def test_what_is_said_wraps_between_words_and_keeps_paths_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(grading_display, "terminal_width", lambda *_: 30)
    display, path = Display(1, as_json=False), "submitted/a-very-long-name-of-a-learner/01_rsa.ipynb"
    display.say(f"{path}: a symbolic link, which is not followed")
    assert capsys.readouterr().err == f"{path}:\n  a symbolic link, which is\n  not followed\n"
    display.summary(Summary(unjudged=[f"{path}: not a notebook at all, whatever it is"]), [], Path("g"), [], {})
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("  ")] == [
        f"  {path}:",
        "    not a notebook at all,",
        "    whatever it is",
    ]


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s left"), (99, "99 s left"), (3000, "50 min left")])
def test_long_waits_are_in_minutes(seconds: float, words: str) -> None:
    assert grading_display._left(seconds) == words
