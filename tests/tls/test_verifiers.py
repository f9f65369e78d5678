"""Verifiers of server certificates: each with its own habits, on specimens with one flaw each."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from labsupport.pki.authority import Authority
from labsupport.pki.zoo import Flaw, specimen
from labsupport.tls.servers.pair import Pair
from labsupport.tls.verifiers import VERIFIERS, tool_verdicts, verdicts
from tests.tls.forgery import HOST
from tests.tools import need

# "requests" is strict where Python's own default is.
STRICT = sys.version_info >= (3, 13)
ALL = dict.fromkeys(VERIFIERS, True)
NOBODY = dict.fromkeys(VERIFIERS, False)


@pytest.mark.parametrize(
    ("flaw", "told"),
    [
        (None, ALL),
        # What is strict about extensions has nothing to say of a version that has none.
        ("version-1", {**NOBODY, "ssl": True, "ssl-strict": True}),
        ("no-san", {**NOBODY, "ssl": True, "ssl-strict": True}),
        ("wrong-name", NOBODY),
        ("no-authority-key-identifier", {**NOBODY, "ssl": True, "requests": not STRICT}),
        ("ca-without-key-usage", {**NOBODY, "ssl": True, "requests": not STRICT}),
        ("wrong-purpose", NOBODY),
    ],
)
def test_each_flaw_and_who_minds(flaw: Flaw | None, told: dict[str, bool]) -> None:
    found = specimen(flaw, HOST)
    assert verdicts(found.identity, found.ca_certificate, HOST) == told


def test_another_name_and_another_authority_are_minded_by_all() -> None:
    found = specimen(None, HOST)
    assert verdicts(found.identity, found.ca_certificate, "server1.test") == NOBODY
    assert verdicts(found.identity, Authority.root().certificate, HOST) == NOBODY


@pytest.mark.tool
def test_the_tools_are_asked_about_a_running_pair(pair: Pair) -> None:
    need("openssl")
    need("curl")
    assert pair.verdicts() == {**ALL, "openssl verify": True, "curl": True}


@pytest.mark.tool
def test_the_article_convinces_the_tools_and_few_others() -> None:
    need("openssl")
    need("curl")
    with Pair(Authority.root("ca.com", recipe="article")) as pair:
        assert pair.verdicts() == {**NOBODY, "ssl": True, "openssl verify": True, "curl": True}


@pytest.mark.tool
def test_the_tools_mind_what_is_wrong(pair: Pair) -> None:
    need("openssl")
    need("curl")
    identity, client = pair.server2.identity, pair.server1.client_identity
    stranger = Authority.root().certificate
    told = tool_verdicts(identity, stranger, client, HOST, pair.server2.port)
    assert told == {"openssl verify": False, "curl": False}
    told = tool_verdicts(identity, pair.authority.certificate, client, "server1.test", pair.server2.port)
    assert told == {"openssl verify": False, "curl": False}


def test_tools_that_are_missing_or_hang_cost_no_traceback(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = (pair.server2.identity, pair.authority.certificate, pair.server1.client_identity, HOST, pair.server2.port)
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert tool_verdicts(*asked) == {"openssl verify": None, "curl": None}

    def hang(*_: Any, **__: Any) -> Any:
        raise subprocess.TimeoutExpired("tool", 1)

    monkeypatch.setattr("shutil.which", lambda _: "/bin/tool")
    monkeypatch.setattr(subprocess, "run", hang)
    assert tool_verdicts(*asked) == {"openssl verify": False, "curl": False}
