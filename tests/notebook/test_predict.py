"""predict: dots, words, unknown words and wrong types; what is kept, taken back, and held against what happened."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from labsupport.notebook.attempt import Attempt, attempt
from labsupport.notebook.predict import Prediction, predict, predictions
from labsupport.tls.servers.pair import Pair
from tests.notebook.drawn import Five


def html(made: Prediction) -> str:
    return made._repr_mimebundle_()["text/html"]


class TestWords:
    def test_dots_are_no_answer_yet(self) -> None:
        made = predict("no-ca", by=..., layer=..., when=...)
        assert not made.answered
        assert str(made) == "no-ca: no prediction yet. Replace the dots, then run the cell."
        assert "no prediction yet" in html(made)
        assert "first read" in html(made)
        assert predictions() == {}

    @pytest.mark.parametrize(
        ("told", "words"),
        [
            (("server", "tls", "first read"), "the server refuses, in TLS, at the first read"),
            (("client", "tls", "handshake"), "the client refuses, in TLS, in the handshake"),
            (("server", "http", "response"), "the server refuses, in HTTP, in the response"),
            (("server", ..., ...), "the server refuses"),
            (("server", None, "response"), "the server refuses, in the response"),
            (("nobody", None, None), "nobody refuses"),
            ((" Server", "TLS", "First  Read"), "the server refuses, in TLS, at the first read"),
        ],
    )
    def test_answers(self, told: tuple[Any, ...], words: str) -> None:
        made = predict("x", *told)
        assert made.answered
        assert str(made) == f"x: you expect that {words}."
        assert "prediction" in html(made)
        assert predictions() == {"x": made}

    def test_a_layer_alone_is_no_answer_yet(self) -> None:
        assert not predict("x", layer="tls").answered
        assert predictions() == {}

    @pytest.mark.parametrize(
        ("told", "line"),
        [
            ({"by": "serever"}, "x: by='serever' is not one of 'client', 'server', 'nobody'."),
            ({"by": None}, "x: by=None is not one of 'client', 'server', 'nobody'."),
            ({"by": ["client"]}, "x: by=['client'] is not one of 'client', 'server', 'nobody'."),
            ({"by": "client", "layer": 3}, "x: layer=3 is not one of 'tls', 'http'."),
            (
                {"by": "client", "when": {}},
                "x: when={} is not one of 'handshake', 'first read', 'response'.",
            ),
        ],
    )
    def test_anything_else_is_one_clear_line(self, told: dict[str, Any], line: str) -> None:
        made = predict("x", **told)
        assert str(made) == line
        assert "not understood" in html(made)
        assert predictions() == {}

    def test_an_array_is_no_word_and_no_traceback(self) -> None:
        class Array:
            def __eq__(self, other: object) -> Any:
                raise ValueError("ambiguous")

            def __hash__(self) -> int:
                raise TypeError

            def __repr__(self) -> str:
                return "[1\n 2]"

        assert str(predict("x", by=Array())).startswith("x: by=[1 2] is not one of")  # type: ignore[arg-type]

    def test_an_id_that_is_no_text(self) -> None:
        assert str(predict(["x"], by="client")).startswith("<list>: you expect")  # type: ignore[arg-type]

    def test_hostile_text_is_escaped(self) -> None:
        made = predict("<b>\x1b[2J", by="<script>alert(1)</script>")
        assert "<script" not in html(made)
        assert "<b>\\u" not in html(made)
        assert "\x1b" not in html(made) + str(made)
        assert "\n" not in str(made)


class TestKept:
    def test_the_last_word_counts(self) -> None:
        predict("x", by="client")
        predict("x", by="server")
        assert predictions()["x"].by == "server"

    @pytest.mark.parametrize("by", [..., "somebody"])
    def test_dots_and_unknown_words_take_it_back(self, by: Any) -> None:
        predict("x", by="client")
        predict("x", by=by)
        assert predictions() == {}

    def test_a_copy_is_handed_out(self) -> None:
        predictions()["x"] = Prediction("x", "client")
        assert predictions() == {}

    def test_frozen(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            predict("x").by = "client"  # type: ignore[misc]  # the point of the test


@pytest.fixture(scope="module")
def happened(pair: Pair, five: Five) -> dict[str, Attempt]:
    return five(pair.server2.url)


class TestAgreement:
    @pytest.mark.parametrize(
        ("experiment", "told", "right"),
        [
            ("no-ca", ("client", "tls", "handshake"), True),
            ("no-ca", ("client",), True),
            ("no-ca", ("client", "tls", "first read"), False),
            ("no-ca", ("client", "http"), False),
            ("no-ca", ("server",), False),
            ("no-ca", ("nobody",), False),
            ("no-ca", (), False),
            ("ca-no-certificate", ("server", "tls", "first read"), True),
            ("ca-no-certificate", ("server", "tls", "handshake"), False),
            ("ca-signed-certificate", ("nobody",), True),
            ("ca-signed-certificate", ("server",), False),
            ("ca-signed-certificate", (), False),
        ],
    )
    def test_with_what_happened(
        self, happened: dict[str, Attempt], experiment: str, told: tuple[Any, ...], right: bool
    ) -> None:
        assert predict(experiment, *told).agrees(happened[experiment]) is right

    @pytest.mark.parametrize("by", ["client", "server", "nobody"])
    def test_what_failed_for_another_reason_agrees_with_nothing(self, by: str) -> None:
        assert not predict("x", by).agrees(attempt(dict, 5))
        assert not predict("x", by).agrees(attempt(lambda: ...))

    def test_words_of_the_map(self) -> None:
        assert predict("x", "server", "http", "response").words == "server, HTTP, in the response"
        assert predict("x", "client").words == "client"
        assert predict("x", "nobody", "tls").words == "let in"
