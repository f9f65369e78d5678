"""What is new goes by way of the keeper, if there is one; without one it is made and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from cryptography import x509

from labsupport.pki.article import as_version_1
from labsupport.pki.authority import Authority
from labsupport.pki.certificates import certificate_text, distinguished_name, now, signed_request
from labsupport.pki.fresh import fresh, kept_by
from labsupport.pki.keys import generate, key_pem, rsa_key
from labsupport.pki.zoo import specimen

T = TypeVar("T")


class Ledger:
    """Keeps what is made the first time, and gives it back the second time."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, Any, Any]] = []
        self.read = 0
        self.closed = False

    def keep(
        self,
        what: str,
        make: Callable[[], T],
        *,
        to: Callable[[T], Any],
        back: Callable[[Any], T],
        about: Callable[[], Any],
    ) -> T:
        with kept_by(None):
            if not self.closed:
                made = make()
                self.kept.append((what, about(), to(made)))
                return made
            told = self.kept[self.read]
            assert told[:2] == (what, about())
        self.read += 1
        return back(told[2])


def _unused(*_: object) -> Any:
    raise AssertionError


def test_without_a_keeper_it_is_only_made() -> None:
    assert fresh("thing", lambda: 5, to=_unused, back=_unused, about=_unused) == 5


def test_a_keeper_gets_what_was_made_and_gives_it_back() -> None:
    ledger = Ledger()
    with kept_by(ledger):
        assert fresh("thing", lambda: 5, to=str, back=int) == 5
    ledger.closed = True
    with kept_by(ledger):
        assert fresh("thing", lambda: 6, to=str, back=int) == 5
    assert fresh("thing", lambda: 6, to=str, back=int) == 6


def _everything() -> list[str]:
    """Make one of each kind, and return it as text."""
    root = Authority.root("A root")
    lower = root.intermediate("Below")
    leaf = lower.issue("a.test", role="server", algorithm="rsa")
    key = generate()
    builder = x509.CertificateSigningRequestBuilder().subject_name(distinguished_name("me"))
    request = signed_request(builder, key)
    flawed = specimen("version-1", "b.test")
    made = [root.certificate, lower.certificate, leaf.certificate, flawed.identity.certificate, flawed.ca_certificate]
    made += [as_version_1(leaf.certificate, lower.key), Authority.self_signed("c.test").certificate]
    texts = [certificate_text(certificate) for certificate in made]
    texts += [key_pem(each).decode() for each in (root.key, lower.key, leaf.key, key, rsa_key(1024))]
    return [*texts, str(request.subject), str(request.signature), str(now())]


def test_all_that_the_authority_makes_can_be_made_again() -> None:
    ledger = Ledger()
    with kept_by(ledger):
        first = _everything()
    ledger.closed = True
    with kept_by(ledger):
        assert _everything() == first
    assert ledger.read == len(ledger.kept)
    kinds = {what for what, _, _ in ledger.kept}
    assert kinds == {"EC key", "RSA key of 1024 bits", "RSA key of 2048 bits", "certificate", "request", "time"}
    assert _everything() != first


def test_what_a_certificate_is_about_does_not_depend_on_chance() -> None:
    key = generate()
    builder = x509.CertificateSigningRequestBuilder().subject_name(distinguished_name("me"))
    first, second = Ledger(), Ledger()
    for ledger in (first, second):
        with kept_by(ledger):
            signed_request(builder, key)
    assert first.kept[0][1] == second.kept[0][1]
    assert first.kept[0][2] != second.kept[0][2]


def test_other_threads_keep_nothing() -> None:
    ledger = Ledger()
    with kept_by(ledger):
        thread = threading.Thread(target=generate)
        thread.start()
        thread.join()
    assert ledger.kept == []
