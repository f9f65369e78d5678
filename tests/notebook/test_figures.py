"""Every figure over many traces and outcomes: nothing overlaps, nothing leaves the paper, every ink can be read."""

from __future__ import annotations

import ssl
from functools import partial
from typing import Any

import pytest
import requests

from labsupport.notebook.attempt import Attempt, attempt
from labsupport.notebook.figures import palette
from labsupport.notebook.figures.ladder import ladder, ladders
from labsupport.notebook.figures.outcomes import outcomes
from labsupport.notebook.figures.topology import topology
from labsupport.notebook.predict import Prediction
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls, client_context, server_context
from labsupport.tls.handshake import handshake
from labsupport.tls.message import Message
from labsupport.tls.servers.pair import Pair
from labsupport.tls.trace import Trace
from tests.notebook.drawn import Five, boxes, contrast, crossing, inks, outside, words

WHITE = "#ffffff"
Named = dict[str, Trace]


def message(sender: Any, name: str, size: int = 100, *, encrypted: bool = False, alert: bool = False) -> Message:
    return Message(sender, name, size, encrypted, alert)


@pytest.fixture(scope="module")
def traces(authority: Authority, client: Identity, stranger: Identity) -> Named:
    server = authority.issue("server2.test", role="server")
    made: Named = {}
    versions: tuple[Tls, ...] = ("1.2", "1.3")
    for tls in versions:
        asking, plain = server_context(server, authority, tls=tls), server_context(server, tls=tls)
        shake = partial(handshake, server_hostname="server2.test")
        made[f"{tls} mutual"] = shake(client_context(authority, client), asking).trace
        made[f"{tls} plain"] = shake(client_context(authority), plain).trace
        made[f"{tls} no certificate"] = shake(client_context(authority), asking).trace
        made[f"{tls} self-signed"] = shake(client_context(authority, stranger), asking).trace
        made[f"{tls} no CA"] = shake(client_context(None), asking).trace
    made["nothing"] = Trace("client", None, ())
    made["only a hello"] = Trace("client", None, (message("client", "ClientHello"),))
    made["refused at once"] = Trace(
        "client", None, (message("client", "ClientHello"), message("server", "protocol_version", 2, alert=True))
    )
    hellos = (message("client", "ClientHello", 123456), message("server", "ServerHello"))
    made["a ticket in clear"] = Trace(
        "client",
        "TLSv1.2",
        (
            *hellos,
            message("server", "CertificateRequest"),
            message("client", "Finished", encrypted=True),
            message("server", "NewSessionTicket"),
            message("server", "Finished", encrypted=True),
        ),
    )
    return made


def arrows(ax: Any) -> list[tuple[float, float, str, str]]:
    """Return (from, to, colour, style) of the ladder's arrows from top to bottom."""
    from matplotlib.colors import to_hex

    lines = [line for line in ax.lines if line.get_ydata()[0] == line.get_ydata()[1]]
    lines.sort(key=lambda line: -line.get_ydata()[0])
    return [(*line.get_xdata(), to_hex(line.get_color()), line.get_linestyle()) for line in lines]


class TestLadder:
    def test_one_arrow_for_each_message_in_order_and_direction(self, traces: Named) -> None:
        for trace in traces.values():
            drawn = arrows(ladder(trace))
            assert [start < end for start, end, _, _ in drawn] == [m.sender == "client" for m in trace.messages]

    def test_labels_and_sizes_stand_at_their_arrows(self, traces: Named) -> None:
        for trace in traces.values():
            ax = ladder(trace)
            labels = [text.get_text().removeprefix("+ ") for text in ax.texts]
            expected = [m.label for m in trace.messages]
            assert [label for label in labels if label in expected] == expected
            for m in trace.messages:
                assert str(m.size) in labels

    @pytest.mark.parametrize("version", ["1.2", "1.3"])
    def test_the_three_messages_of_mutual_tls_are_marked(self, traces: Named, version: str) -> None:
        ax = ladder(traces[f"{version} mutual"])
        marked = [text.get_text() for text in ax.texts if text.get_text().startswith("+ ")]
        assert marked == ["+ CertificateRequest", "+ Certificate", "+ CertificateVerify"]
        thick = [index for index, (_, _, colour, style) in enumerate(arrows(ax)) if style != "-"]
        assert thick == [i for i, m in enumerate(traces[f"{version} mutual"].messages) if m.mutual]
        assert {arrows(ax)[index][2] for index in thick} == {palette.BLUE}
        assert ax.get_title(loc="left") == f"TLS {version}: mutual TLS adds 3 messages"
        alt = str(ax.figure.get_label())
        assert "Added by mutual TLS: 3." in alt
        assert "Marked with a plus: CertificateRequest from the server, Certificate from the client" in alt

    @pytest.mark.parametrize("version", ["1.2", "1.3"])
    def test_without_a_client_certificate_nothing_is_marked(self, traces: Named, version: str) -> None:
        ax = ladder(traces[f"{version} plain"])
        assert not [text for text in ax.texts if text.get_text().startswith("+")]
        assert ax.get_title(loc="left") == f"TLS {version}: only the server shows a certificate"
        assert "plus" not in str(ax.figure.get_label())

    @pytest.mark.parametrize(("case", "sender"), [("1.3 no certificate", "server"), ("1.2 no CA", "client")])
    def test_an_alert_is_told_by_colour_weight_and_word(self, traces: Named, case: str, sender: str) -> None:
        ax = ladder(traces[case])
        assert f"the {sender} ends it with an alert" in ax.get_title(loc="left")
        last = arrows(ax)[-1]
        assert (last[2], last[3]) == (palette.ORANGE, "-")
        told = next(text for text in ax.texts if text.get_text().startswith("Alert: "))
        assert told.get_fontweight() == "bold"

    def test_one_message_more_is_no_plural(self, traces: Named) -> None:
        assert ladder(traces["a ticket in clear"]).get_title(loc="left") == "TLS 1.2: mutual TLS adds 1 message"

    def test_only_what_is_encrypted_is_shaded(self, traces: Named) -> None:
        for trace in traces.values():
            ax = ladder(trace)
            shaded = [path.get_extents() for shade in ax.collections for path in shade.get_paths()]
            for row, m in enumerate(trace.messages, start=1):
                assert any(box.y0 < -row < box.y1 for box in shaded) == m.encrypted
            assert sum(text.get_text() == "encrypted" for text in ax.texts) == len(shaded)

    def test_the_alt_text_names_every_message(self, traces: Named) -> None:
        for trace in traces.values():
            alt = str(ladder(trace).figure.get_label())
            for m in trace.messages:
                assert f"{m.sender} sends {m.label}" in alt

    def test_axes_in_and_out(self, traces: Named) -> None:
        mine = palette.new_axes(5, 5)
        assert ladder(traces["1.3 mutual"], mine) is mine

    def test_side_by_side_on_one_scale(self, traces: Named) -> None:
        short, long = ladders([traces["only a hello"], traces["1.3 mutual"]])
        assert short.figure is long.figure
        assert short.get_ylim() == long.get_ylim()
        alt = str(short.figure.get_label())
        assert alt.index("only the server") < alt.index("mutual TLS adds 3 messages")


@pytest.fixture(scope="module")
def columns(pairs: dict[Tls, Pair], polite: Pair, five: Five) -> dict[str, dict[str, Attempt]]:
    made = {f"TLS {version}": five(pair.server2.url) for version, pair in pairs.items()}
    return {**made, "by HTTP status": five(polite.server2.url)}


class TestOutcomes:
    def test_each_cell_says_who_and_where(self, columns: dict[str, dict[str, Attempt]]) -> None:
        ax = outcomes(columns)
        said = [text.get_text() for text in ax.texts]
        assert said[:10] == [
            *("client refuses", "TLS, in the handshake"),
            *("server refuses", "TLS, in the handshake") * 3,
            *("let in", "status 200"),
        ]
        assert said[10:20] == [
            *("client refuses", "TLS, in the handshake"),
            *("server refuses", "TLS, at the first read") * 3,
            *("let in", "status 200"),
        ]
        assert said.count("HTTP, in the response") == 2
        assert len(ax.patches) == 15
        assert [label.get_text() for label in ax.get_yticklabels()] == list(columns["TLS 1.2"])
        assert [label.get_text() for label in ax.get_xticklabels()] == list(columns)
        assert ax.get_title(loc="left") == "5 requests, 1 let in"

    def test_colour_never_speaks_alone(self, columns: dict[str, dict[str, Attempt]]) -> None:
        from matplotlib.colors import to_hex

        ax = outcomes(columns)
        seen = {
            (to_hex(patch.get_edgecolor()), to_hex(patch.get_facecolor()) == WHITE, said.get_text())
            for patch, said in zip(ax.patches, ax.texts[::2], strict=True)
        }
        assert seen == {
            (palette.ORANGE, False, "client refuses"),
            (palette.BLUE, False, "server refuses"),
            (palette.BLUE, True, "server refuses"),
            (palette.GREEN, False, "let in"),
        }

    def test_the_alt_text_has_every_cell(self, columns: dict[str, dict[str, Attempt]]) -> None:
        alt = str(outcomes(columns).figure.get_label())
        assert "TLS 1.3, ca-no-certificate: server refuses, TLS, at the first read." in alt
        assert "by HTTP status, ca-no-certificate: server refuses, HTTP, in the response." in alt
        assert alt.count("refuses") == 12
        single = str(outcomes({"": columns["TLS 1.3"]}).figure.get_label())
        assert "let in. no-ca: client refuses" in single

    def test_predictions_are_reconciled_with_every_column(self, columns: dict[str, dict[str, Attempt]]) -> None:
        predicted = {
            "no-ca": Prediction("no-ca", "client"),
            "ca-no-certificate": Prediction("ca-no-certificate", "server", "tls", "first read"),
            "insecure-no-certificate": Prediction("insecure-no-certificate", "client", "tls", "handshake"),
            "ca-signed-certificate": Prediction("ca-signed-certificate", "nobody"),
            "of another lesson": Prediction("of another lesson", "client"),
        }
        ax = outcomes(columns, predicted)
        said = [text.get_text() for text in ax.texts[30:]]
        assert said == [
            *("✓ as you said", ""),
            *("✓ as you said", "TLS 1.3"),
            *("✗ you said", "client, TLS, in the handshake"),
            *("✓ as you said", ""),
        ]
        assert ax.get_title(loc="left") == "5 requests, 1 let in; you foresaw 3 of 4"
        alt = str(ax.figure.get_label())
        assert "Your prediction of ca-no-certificate: as you said: TLS 1.3." in alt
        assert "Your prediction of insecure-no-certificate: you said: client, TLS, in the handshake." in alt

    def test_columns_that_differ_are_counted_apart(self, columns: dict[str, dict[str, Attempt]]) -> None:
        good = columns["TLS 1.3"]["ca-signed-certificate"]
        ax = outcomes({"before": {"a": good, "b": columns["TLS 1.3"]["no-ca"]}, "after": {"a": good}})
        assert ax.get_title(loc="left") == "Let in: before 1 of 2, after 1 of 1"
        assert outcomes({"": {"a": good}}).get_title(loc="left") == "1 request, 1 let in"

    def test_what_came_to_nothing_failed_or_is_not_written(self) -> None:
        ax = outcomes({"": strange()})
        assert [text.get_text() for text in ax.texts] == [
            *("came to nothing", "TCP, while connecting"),
            *("failed", "for a reason of its own"),
            *("not written yet", "nothing was tried"),
            *("let in", "worked"),
        ]

    def test_axes_in_and_out(self, columns: dict[str, dict[str, Attempt]]) -> None:
        mine = palette.new_axes(8, 5)
        assert outcomes(columns, ax=mine) is mine


def strange() -> dict[str, Attempt]:
    def stub() -> None:
        raise NotImplementedError

    return {
        "nobody listens at this address": attempt(requests.get, "http://127.0.0.1:1/"),
        "a fault": attempt(dict, 5),
        "a stub": attempt(stub),
        "an experiment with a name that is far too long for one line, and for two lines as well": attempt(dict),
    }


class TestTopology:
    def test_an_arrow_for_each_claim_of_trust(self, pair: Pair) -> None:
        ax = topology(pair)
        said = words(ax.figure)
        for name in ("an outsider", "server1", "server2", "somebody inside"):
            assert name in said
        assert said.count("checks server2.test\nagainst Course root") == 1
        assert said.count("checks server1.test\nagainst Course root") == 1
        assert "no certificate: refused by an alert" in said
        assert len([text for text in ax.texts if getattr(text, "arrow_patch", None)]) == 4

    def test_it_is_drawn_from_the_pair(self, authority: Authority) -> None:
        pair = Pair(authority, client_authority=Authority.root("Clients' own root"), manner="http")
        ax = topology(pair)
        said = words(ax.figure)
        assert "checks server1.test\nagainst Clients' own\nroot" in said
        assert "no certificate: refused with HTTP 400" in said
        alt = str(ax.figure.get_label())
        assert "server2 checks server1's client certificate against Clients' own root" in alt
        assert "refused with HTTP 400" in alt

    def test_axes_in_and_out(self, pair: Pair) -> None:
        mine = palette.new_axes(9, 4)
        assert topology(pair, mine) is mine


@pytest.fixture(scope="module")
def drawings(traces: Named, columns: dict[str, dict[str, Attempt]], pair: Pair) -> dict[str, Any]:
    everything = ("server", "tls", "first read")
    older, newer, _ = columns.values()
    predicted = {name: Prediction(name, *everything) for name in older}
    made: dict[str, Any] = {name: ladder(trace) for name, trace in traces.items()}
    made["several ladders"] = ladders(list(traces.values())[:3])[0]
    made["one column"] = outcomes({"": older})
    made["three columns"] = outcomes(columns, predicted)
    made["two columns"] = outcomes({"TLS 1.2": older, "TLS 1.3": newer}, predicted)
    made["strange"] = outcomes({"": strange(), "a column with quite a long name, too": strange()}, predicted)
    made["pair"] = topology(pair)
    made["long names"] = topology(Pair(Authority.root("An authority with a rather long name")))
    return made


def test_no_text_lies_on_another_or_leaves_the_paper(drawings: dict[str, Any]) -> None:
    for name, ax in drawings.items():
        texts = boxes(ax.figure)
        assert (name, crossing(texts)) == (name, [])
        assert (name, outside(texts, ax.figure.bbox)) == (name, [])


def test_texts_of_cells_and_boxes_stay_inside_them(drawings: dict[str, Any]) -> None:
    for name in ("three columns", "strange", "pair", "long names"):
        ax = drawings[name]
        ax.figure.canvas.draw()
        renderer = ax.figure.canvas.get_renderer()
        for patch in ax.patches:
            around = patch.get_window_extent(renderer)
            for text in ax.texts:
                box = text.get_window_extent(renderer)
                if text.get_text() and around.contains((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2):
                    assert around.x0 < box.x0, text.get_text()
                    assert box.x1 < around.x1, text.get_text()


def test_every_ink_can_be_read(drawings: dict[str, Any]) -> None:
    for name, ax in drawings.items():
        fills = {patch.get_facecolor()[:3] for patch in ax.patches}
        for what, colour in inks(ax.figure):
            if colour == WHITE:
                # Written on a filled cell.
                assert fills, name
                continue
            least = 4.5 if what.startswith("text") else 3.0
            assert contrast(colour, WHITE) >= least, (name, what)
            assert contrast(colour, palette.PALE) >= least, (name, what)
    for fill in (palette.ORANGE, palette.BLUE, palette.GREEN, palette.GREY):
        assert contrast(WHITE, fill) >= 4.5


def test_figures_belong_to_nobodys_global_state(drawings: dict[str, Any]) -> None:
    # pyplot numbers those that it keeps.
    assert not [name for name, ax in drawings.items() if hasattr(ax.figure, "number")]


def test_a_server_that_shows_no_certificate(authority: Authority) -> None:
    broken = handshake(client_context(authority), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), server_hostname="x")
    assert crossing(boxes(ladder(broken.trace).figure)) == []
