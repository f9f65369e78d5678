from __future__ import annotations

import json

import pytest

from labsupport.cli import examinations, main
from labsupport.cli.examinations import Finding

GOOD = Finding("Python", "ok", "3.11.7")
ABSENT = Finding("curl", "optional", "not found; optional, to send the five requests by hand")
BAD = Finding("h11", "missing", "not installed", "pip install h11")


def test_this_machine_is_fit_for_the_course(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("✓ Python")
    assert out.endswith("Everything that the course needs is here.\n")


@pytest.mark.parametrize(("bad", "words"), [([BAD], "One thing to mend."), ([BAD, BAD], "2 things to mend.")])
def test_what_is_missing_comes_with_advice_and_exit_code_1(
    bad: list[Finding], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(examinations, "examine", lambda: iter([GOOD, ABSENT, *bad]))
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("– curl")
    assert lines[2:4] == ["✗ h11     not installed", "          → pip install h11"]
    assert lines[-1] == words


def test_what_is_optional_does_not_make_it_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(examinations, "examine", lambda: iter([GOOD, ABSENT]))
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert told["checks"][1] == {"name": "curl", "state": "optional", "found": ABSENT.found, "advice": ""}
