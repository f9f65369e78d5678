"""How things look in a real kernel: each figure once, logs and servers as tables, and nothing on stderr."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from labsupport.notebook.displays import log_html, register
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.servers.log import AccessLog
from labsupport.tls.servers.pair import Pair
from tests.notebook.kernel import outputs

CELLS = {
    "begin": """
import requests
from labsupport import Authority, Pair, attempt, predict, show
authority = Authority.root()
pair = Pair(authority, tls="1.3").start()
client = authority.issue("client1", role="client")
refused = attempt(requests.get, pair.server2.url, verify=authority.ca_path)
insecure = attempt(requests.get, pair.server2.url, verify=False)
admitted = attempt(requests.get, pair.server2.url, verify=authority.ca_path, cert=client.files)
""",
    "log": "pair.server2.log",
    "verdict": "pair.server2.log[-1]",
    "pair": "pair",
    "attempt": "refused",
    "predict": 'predict("x", by=...)',
    "show attempts": "show(refused, admitted)",
    "show map": 'show({"one": refused, "two": admitted})',
    "show pair": "show(pair)",
    "show nonsense": "show(5)",
    "pyplot": 'import matplotlib.pyplot as plt\nfigure, ax = plt.subplots()\nax.set_title("Mine")\nshow(ax)',
    "afterwards": "1 + 1",
    "two of pyplot's": "_, (left, right) = plt.subplots(1, 2)\n_, other = plt.subplots()\nshow(left)\nshow(other)",
    "kept open": "%config InlineBackend.close_figures = False\n_, ax = plt.subplots()\nshow(ax)",
    "once more": "2 + 2",
    "end": "pair.close()\npair",
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return dict(zip(CELLS, outputs(list(CELLS.values()), tmp_path_factory.mktemp("kernel")), strict=True))


Shown = dict[str, list[dict[str, Any]]]


def only(outputs: list[dict[str, Any]]) -> dict[str, str]:
    """Return the data of the one output."""
    (output,) = outputs
    assert output["output_type"] in ("execute_result", "display_data"), output
    data: dict[str, str] = output["data"]
    return data


def test_no_errors_and_silence_on_stderr(shown: Shown) -> None:
    for name, made in shown.items():
        for output in made:
            assert output["output_type"] not in ("error", "stream"), (name, output)
    assert shown["begin"] == []


def test_a_log_is_a_table_and_its_text_is_one_too(shown: Shown) -> None:
    data = only(shown["log"])
    assert data["text/html"].count("<tr") == 4
    assert data["text/html"].count("refused") == 2
    assert "let in" in data["text/html"]
    assert "server2.test: verdicts" in data["text/html"]
    assert "PEER_DID_NOT_RETURN_A_CERTIFICATE" in data["text/plain"]
    assert len(data["text/plain"].splitlines()) == 5


def test_a_verdict_is_a_row(shown: Shown) -> None:
    data = only(shown["verdict"])
    assert data["text/html"].count("<tr") == 2
    assert data["text/plain"] == "3  client1  TLSv1.3  GET / → 200  http  certificate trusted"


def test_a_pair_is_a_table_while_it_runs(shown: Shown) -> None:
    data = only(shown["pair"])
    assert "https://server2.test:" in data["text/html"]
    assert "a certificate of Course root" in data["text/html"]
    assert data["text/plain"].startswith("<Pair: https://server1.test:")
    ended = only(shown["end"])
    assert "Pair, not running" in ended["text/html"]


def test_cards_have_words_too(shown: Shown) -> None:
    data = only(shown["attempt"])
    assert data["text/plain"].startswith("requests.get('https://server2.test:")
    assert "Refused by the server" in data["text/html"]
    assert only(shown["predict"])["text/plain"] == "x: no prediction yet. Replace the dots, then run the cell."


@pytest.mark.parametrize("name", ["show attempts", "show map", "show pair", "pyplot", "kept open"])
def test_each_figure_is_displayed_once_with_its_alt_text(shown: Shown, name: str) -> None:
    data = only(shown[name])
    assert set(data) == {"text/html", "image/png", "text/plain"}
    assert f'alt="{data["text/plain"]}"'.replace("'", "&#x27;") in data["text/html"]


def test_pyplot_has_nothing_left_to_draw(shown: Shown) -> None:
    assert only(shown["pyplot"])["text/plain"] == "Mine"
    assert only(shown["afterwards"]) == {"text/plain": "2"}
    assert only(shown["once more"]) == {"text/plain": "4"}
    assert [output["output_type"] for output in shown["two of pyplot's"]] == ["display_data"] * 2


def test_nonsense_is_one_line(shown: Shown) -> None:
    data = only(shown["show nonsense"])
    assert data["text/plain"].startswith("show() has no figure for int")
    assert "image/png" not in data


class TestLogs:
    def test_an_empty_log(self) -> None:
        assert "server9: nothing yet" in log_html(AccessLog("server9"))

    def test_verdicts_of_all_kinds(self) -> None:
        log = AccessLog("server9")
        log.add(admitted=True, layer="tls")
        log.add(admitted=False, layer="tcp", reason="the client left")
        log.add(admitted=False, layer="http", reason="no", request="GET /", status=400)
        html = log_html(log)
        assert html.count(">let in<") == 1
        assert html.count(">broke off<") == 1
        assert html.count(">refused<") == 1
        assert "GET / → 400" in html

    def test_hostile_text_is_escaped(self) -> None:
        hostile = "<script>alert(1)</script>\x1b[2J\u202e"
        log = AccessLog(hostile)
        log.add(peer=(hostile,), admitted=True, layer="http", reason=hostile, request=hostile, status=200)
        html = log_html(log)
        assert "<script" not in html
        assert "\x1b" not in html
        assert "\u202e" not in html

    def test_what_a_client_sends_stands_in_the_log_escaped(
        self, pair: Pair, authority: Authority, client: Identity
    ) -> None:
        pair.server2.log.clear()
        url = f"{pair.server2.url}<script>"
        requests.get(url, verify=authority.ca_path, cert=client.files, timeout=5)
        assert "<script" not in log_html(pair.server2.log)


def test_outside_of_ipython_nothing_is_registered() -> None:
    register()
