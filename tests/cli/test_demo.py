from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from labsupport.cli import main
from labsupport.tls import outcomes
from labsupport.tls.outcomes import Outcome

NAMES = [
    "no-ca",
    "ca-no-certificate",
    "insecure-no-certificate",
    "self-signed-certificate",
    "ca-signed-certificate",
    "through-server1",
    "around-server1",
]


@pytest.mark.parametrize(("options", "version"), [([], "1.3"), (["--tls", "1.2"], "1.2"), (["--tls", "1.3"], "1.3")])
def test_json_has_the_agreed_shape(options: list[str], version: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--json", *options]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    told = json.loads(out)
    assert list(told) == ["ok", "tls", "experiments"]
    assert (told["ok"], told["tls"]) == (True, version)
    assert [experiment["name"] for experiment in told["experiments"]] == NAMES
    by_name = {experiment["name"]: experiment for experiment in told["experiments"]}
    for experiment in told["experiments"]:
        assert list(experiment) == ["name", "ok", "layer", "refused_by", "status", "reason"]
        assert experiment["ok"] is True
    alert = "TLSV13_ALERT_CERTIFICATE_REQUIRED" if version == "1.3" else "SSLV3_ALERT_HANDSHAKE_FAILURE"
    assert by_name["around-server1"] == {
        "name": "around-server1",
        "ok": True,
        "layer": "tls",
        "refused_by": "server",
        "status": None,
        "reason": alert,
    }
    assert by_name["ca-signed-certificate"] == {
        "name": "ca-signed-certificate",
        "ok": True,
        "layer": "http",
        "refused_by": None,
        "status": 200,
        "reason": None,
    }


def test_the_table_has_a_line_for_each_and_a_last_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for heading in ("experiment", "expected", "what happened", "who refused", "at which layer"):
        assert heading in out
    assert [line.split()[1] for line in out.splitlines() if line.startswith("✓")] == NAMES
    assert "not trusted (code 19)" in out
    assert "alert unknown_ca" in out
    assert out.endswith("All seven came out as they must, and server2's log agrees.\n")


def test_what_came_out_wrong_is_marked_explained_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = outcomes.run

    def run(tls: str) -> Iterator[Outcome]:
        for outcome in real(tls, "http"):  # type: ignore[arg-type]  # from the command line
            yield replace(outcome, faults=("the log has it otherwise",)) if outcome.status == 400 else outcome

    monkeypatch.setattr(outcomes, "run", run)
    assert main(["demo"]) == 1
    out = capsys.readouterr().out
    assert "3 of 7 did not come out as they must:" in out
    assert "\n  around-server1: the log has it otherwise" in out
    assert out.count("✗") == 3
    assert "400: no client certificate was presented." in out
    assert main(["demo", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_a_process_of_its_own_says_nothing_on_stderr_even_where_warnings_are_errors() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "labsupport", "demo", "--tls", "1.2", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "REQUESTS_CA_BUNDLE": "/nowhere"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["ok"] is True
