"""What an instructor is told about a submission that needs attention."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from labsupport.cli.grading_display import Display
from labsupport.grading.batch import Done
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
