"""The figures of lesson 04: drawn from certificates, readable, and with the same in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from labsupport.errors import UsageError
from labsupport.notebook.figures.authority import lives, minded, ribbons, signers
from labsupport.notebook.figures.authority_verdicts import STRICT, verdicts_by_defect
from labsupport.pki.authority import Authority
from labsupport.pki.keys import generate
from tests.notebook.drawn import boxes, contrast, crossing, inks, outside, words

ROOT = Authority.root("Course root")
BETWEEN = ROOT.intermediate("Course clients", valid_for=dt.timedelta(days=180))
LEAF = BETWEEN.issue("client1", role="client")
KEY = LEAF.key
CSR = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(KEY, hashes.SHA256())
ANSWER = ROOT.certify(CSR.public_bytes(Encoding.PEM), role="client", dns=["client1.test"])
ARTICLE = Authority.root("ca.com", recipe="article")
OLD = ARTICLE.issue("server2", role="server", valid_for=dt.timedelta(days=365))
VERDICTS = verdicts_by_defect("server2")
LONG = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(generate("rsa"), hashes.SHA256())
CHAIN = [LEAF.certificate, BETWEEN.certificate, ROOT.certificate]

DRAWN: dict[str, Callable[[], Any]] = {
    "signers": lambda: signers(CHAIN),
    "two signers": lambda: signers([OLD.certificate, ARTICLE.certificate]),
    "lives": lambda: lives({"article": [ARTICLE.certificate, OLD.certificate], "course": CHAIN}),
    "shared": lambda: ribbons(CSR, ANSWER),
    "not shared": lambda: ribbons(CSR, ROOT.certificate),
    "version 1": lambda: ribbons(CSR, OLD.certificate),
    "rsa": lambda: ribbons(LONG, ROOT.certify(LONG.public_bytes(Encoding.PEM), role="client", dns=["a.test"])),
    "minded": lambda: minded(VERDICTS),
}


@pytest.fixture(params=DRAWN)
def figure(request: pytest.FixtureRequest) -> Any:
    return DRAWN[request.param]().figure


def test_no_text_lies_on_another_or_leaves_the_paper(figure: Any) -> None:
    texts = boxes(figure)
    shown = [(text, box) for text, box in texts if not text.lstrip("−").isdigit()]
    assert crossing(shown) == []
    assert outside(shown, figure.bbox) == []


def test_every_ink_can_be_read(figure: Any) -> None:
    # White stands on the green of the public key.
    faint = [(what, ink) for what, ink in inks(figure) if ink != "#ffffff" and contrast(ink, "#ffffff") < 4.5]
    assert faint == []


def test_who_signed_whom_with_what_power() -> None:
    figure: Any = signers(CHAIN).figure
    assert {"Course root", "Course clients", "client1", "CA, 0 CAs below", "for clients"} <= set(words(figure))
    assert "Course clients signed client1 (for clients)." in figure.get_label()
    plain: Any = signers([OLD.certificate, ARTICLE.certificate]).figure
    assert "for everything" in words(plain)


def test_a_chain_has_two_links_at_least() -> None:
    with pytest.raises(UsageError, match="draws a chain"):
        signers([ROOT.certificate])


def test_what_ends_together_is_said() -> None:
    figure: Any = lives({"article": [ARTICLE.certificate, OLD.certificate]}).figure
    assert figure.get_label().startswith("All of the article's end on one day")
    other: Any = lives({"course": CHAIN}).figure
    assert other.get_label().startswith("Leaves live shorter")
    assert "course, client1: 30 days to go." in other.get_label()
    with pytest.raises(UsageError, match="named groups"):
        lives({})


def test_every_field_of_a_ribbon_is_named() -> None:
    figure: Any = ribbons(CSR, ANSWER).figure
    drawn = ", ".join(words(figure))
    for name in ("version", "serial", "algorithm", "issuer", "validity", "subject", "extensions", "attributes"):
        assert name in drawn


def test_who_minds_what() -> None:
    figure: Any = minded(VERDICTS).figure
    label = figure.get_label()
    assert "nothing wrong: refused by nobody." in label
    assert "no-purpose: refused by nobody." in label
    assert "may-sign: refused by cryptography." in label
    strict = VERDICTS["ca-without-key-usage"]
    assert (strict["ssl"], strict["ssl-strict"]) == (True, False)
    assert {"accepts", "refuses"} <= set(words(figure))
    nobody_there: Any = minded({"nothing wrong": {STRICT: None}}).figure
    assert "not here" in words(nobody_there)
    with pytest.raises(UsageError, match="draws verdicts"):
        minded({})


def test_openssl_is_none_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert {row[STRICT] for row in verdicts_by_defect("server2").values()} == {None}


def test_request_and_certificate_share_the_key_or_nothing() -> None:
    shared: Any = ribbons(CSR, ANSWER).figure
    assert "91 bytes are taken over as they stand: the public key" in shared.get_label()
    assert "serial" in shared.get_label()
    apart: Any = ribbons(CSR, ROOT.certificate).figure
    assert "For another key: nothing is taken over" in apart.get_label()
