"""show: the figure that belongs to each kind of thing, displayed once, with words for those who do not see it."""

from __future__ import annotations

import base64
import re
import struct
import sys
from typing import Any

import pytest
import requests

from labsupport.errors import UsageError
from labsupport.notebook.attempt import Attempt, attempt
from labsupport.notebook.figures.palette import new_axes
from labsupport.notebook.predict import predict
from labsupport.notebook.show import bundle, figure_of, show
from labsupport.tls.servers.pair import Pair
from tests.notebook.drawn import Five


@pytest.fixture(scope="module")
def happened(pair: Pair, five: Five) -> dict[str, Attempt]:
    return five(pair.server2.url)


def titles(figure: Any) -> list[str]:
    return [ax.get_title(loc="left") for ax in figure.axes]


class TestFigures:
    def test_one_attempt_is_a_ladder(self, happened: dict[str, Attempt]) -> None:
        figure = figure_of(happened["ca-signed-certificate"])
        assert titles(figure) == ["TLS 1.3: mutual TLS adds 3 messages"]

    def test_attempts_stand_side_by_side(self, happened: dict[str, Attempt]) -> None:
        figure = figure_of(happened["no-ca"], happened["ca-signed-certificate"])
        assert titles(figure) == ["TLS 1.3: the client ends it with an alert", "TLS 1.3: mutual TLS adds 3 messages"]

    def test_a_mapping_is_an_outcome_map(self, happened: dict[str, Attempt]) -> None:
        assert titles(figure_of(happened)) == ["5 requests, 1 let in"]
        assert titles(figure_of({1: happened, "two": happened})) == ["5 requests, 1 let in"]

    def test_the_sessions_predictions_are_in_it(self, happened: dict[str, Attempt]) -> None:
        predict("no-ca", by="client")
        predict("ca-signed-certificate", by="server")
        assert titles(figure_of(happened)) == ["5 requests, 1 let in; you foresaw 1 of 2"]

    def test_a_pair_is_its_topology(self, pair: Pair) -> None:
        assert titles(figure_of(pair)) == ["Only between server1 and server2 do both sides prove who they are"]

    def test_axes_and_figures_are_themselves(self) -> None:
        ax = new_axes(2, 2)
        assert figure_of(ax) is ax.figure
        assert figure_of(ax.figure) is ax.figure

    def test_axes_of_a_subfigure(self) -> None:
        from matplotlib.figure import Figure

        whole = Figure()
        _, part = whole.subfigures(1, 2)  # type: ignore[misc]  # an array of two
        assert figure_of(part.subplots()) is whole
        assert figure_of(part) is whole

    def test_pyplot_lets_go_of_it(self) -> None:
        from matplotlib import pyplot

        figure, ax = pyplot.subplots()
        assert figure_of(ax) is figure
        assert not pyplot.fignum_exists(figure.number)


class TestBadInput:
    def test_one_clear_line(self, pair: Pair, happened: dict[str, Attempt]) -> None:
        nothing: dict[str, Attempt] = {}
        good = happened["no-ca"]
        offline = attempt(requests.get, "http://127.0.0.1:1/")
        for things, line in [
            ((5,), "show() has no figure for int: give it Axes, attempts, a mapping of attempts, or a Pair"),
            ((None,), "show() has no figure for NoneType: "),
            ((Odd(),), "show() has no figure for Odd: "),
            ((pair, pair), "show() takes one Pair at a time; only attempts can stand side by side"),
            ((happened, happened), "show() takes one dict at a time"),
            ((good, 5), "show() takes attempts side by side; item 2 is int"),
            ((good, offline), "show() has no handshake to draw for requests.get('http://127.0.0.1:1/')"),
            ((attempt(lambda: ...),), "not written yet"),
            ((nothing,), "show() was given a mapping with nothing in it"),
            (({"a": nothing},), "show() was given a mapping with nothing in it"),
            (({"a": nothing, "b": good},), "not both in one mapping"),
            (({"a": 5},), "show() expects attempts in the mapping; 'a' is int"),
            (({"a": {"b": 5}},), "show() expects attempts in the mapping; 'b' is int"),
        ]:
            with pytest.raises(UsageError, match=re.escape(line)) as caught:
                figure_of(*things)
            assert "\n" not in str(caught.value)

    def test_no_traceback(self, capsys: pytest.CaptureFixture[str]) -> None:
        show(5)
        said, complained = capsys.readouterr()
        assert said.startswith("show() has no figure for int")
        assert complained == ""

    def test_nothing_at_all(self, capsys: pytest.CaptureFixture[str]) -> None:
        show()
        assert capsys.readouterr().out.startswith("show() needs something to show")


class Odd:
    figure = 5


class TestBundle:
    def test_three_forms_of_one_figure(self, happened: dict[str, Attempt]) -> None:
        made = bundle(figure_of(happened["ca-signed-certificate"]))
        assert set(made) == {"text/html", "image/png", "text/plain"}
        assert made["text/plain"].startswith("TLS 1.3: mutual TLS adds 3 messages. TLSv1.3 handshake")
        assert base64.b64decode(made["image/png"])[:8] == b"\x89PNG\r\n\x1a\n"
        assert f'src="data:image/png;base64,{made["image/png"]}"' in made["text/html"]
        assert made["text/html"].count("<img") == 1

    def test_alt_text_is_escaped(self) -> None:
        ax = new_axes(2, 2)
        ax.figure.set_label('"><script>alert(1)</script>\u202e')
        made = bundle(figure_of(ax))
        assert "<script" not in made["text/html"]
        assert 'alt="&quot;&gt;&lt;script&gt;' in made["text/html"]
        assert "\u202e" not in made["text/html"] + made["text/plain"]

    def test_without_a_label_the_titles_speak(self) -> None:
        from matplotlib.figure import Figure

        figure = Figure()
        one, two = figure.subplots(1, 2)
        one.set_title("First")
        two.set_title("Second", loc="right")
        assert bundle(figure)["text/plain"] == "First. Second"
        assert bundle(Figure())["text/plain"] == "A figure without a description."

    def test_twice_the_pixels(self) -> None:
        made = bundle(figure_of(new_axes(3, 2)))
        width, height = struct.unpack(">II", base64.b64decode(made["image/png"])[16:24])
        assert (width, height) == (660, 440)
        assert "max-width: 330px" in made["text/html"]

    def test_a_letter_that_the_font_lacks_is_no_noise(self, recwarn: pytest.WarningsRecorder) -> None:
        ax = new_axes(2, 2)
        ax.set_title("\u4e09")
        bundle(figure_of(ax))
        assert not recwarn.list

    def test_on_a_terminal_the_words_are_printed(self, pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
        show(pair)
        assert capsys.readouterr().out.startswith("Only between server1 and server2")


def test_pyplot_is_not_imported_for_its_own_sake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    assert figure_of(new_axes(2, 2)) is not None
    assert "matplotlib.pyplot" not in sys.modules
