"""``request``: a certificate signing request for names of every kind, and a key that nobody else has seen."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from labsupport.exercises.authority.examination import DEADLINE, Fault, judged, same_key
from labsupport.exercises.authority.pem import NotThat, request_and_key_in
from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.verdicts import Raised, answered, asking, called
from labsupport.pki.keys import PrivateKey

__all__ = ["EXERCISE", "Names"]

FUNCTION = "request"
ASPECT = "the names asked for, and a proof that the sender has the key"

MISTAKES = (
    Mistake("no-names", "The request has no SubjectAltName: a common name is no name for verifiers."),
    Mistake(
        "ip-as-dns", "It asks for an IP address as if it were a DNS name; addresses have an entry type of their own."
    ),
    Mistake("uri-left-out", "The URIs are missing from the request."),
    Mistake("ip-left-out", "The IP addresses are missing from the request."),
    Mistake("first-name-only", "Only the first of several DNS names is in the request."),
    Mistake("another-key", "The private key that it returns is not the one in the request."),
    Mistake("same-key-again", "Two requests got one key: whoever holds one certificate can act as the other."),
    Mistake("uri-as-dns", "It asks for a URI as if it were a DNS name; URIs have an entry type of their own."),
    Mistake("an-extension-each", "It adds a SubjectAltName for each name; there is one, which holds all of them."),
    Mistake("no-names-accepted", "It makes a request that asks for no name at all."),
)


@dataclass(frozen=True)
class Names:
    """The arguments of ``request``."""

    dns: tuple[str, ...] = ()
    ip: tuple[str, ...] = ()
    uri: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[list[str], list[str], list[str]]:
        """The three lists."""
        return list(self.dns), list(self.ip), list(self.uri)

    @property
    def wanted(self) -> set[x509.GeneralName]:
        """The entries of the SubjectAltName."""
        return {
            *map(x509.DNSName, self.dns),
            *(x509.IPAddress(ipaddress.ip_address(address)) for address in self.ip),
            *map(x509.UniformResourceIdentifier, self.uri),
        }


def _run(names: Names, callee: Callee) -> Outcome:
    tried = called(FUNCTION, *names.arguments)
    expected = "a request with just these names, signed with the key that comes with it"
    made: list[tuple[x509.CertificateSigningRequest, PrivateKey]] = []
    for _ in range(2):
        answer = callee.call(FUNCTION, *names.arguments, deadline=DEADLINE)
        failed = answered(answer, tried, expected)
        if failed is not None:
            again = answer.error == "ValueError" and "already been set" in answer.error_text
            return replace(failed, suspects=frozenset({"an-extension-each"} if again else ()))
        try:
            made.append(request_and_key_in(answer.value))
        except NotThat as stopped:
            return Outcome(False, tried, expected, f"returned {stopped}")
    (csr, key), (_, second) = made
    faults = [*_name_faults(csr, names), *_key_faults(csr, key)]
    if same_key(key.public_key(), second.public_key()):
        faults.append(Fault("a second call returned the same key", "same-key-again"))
    return judged(tried, expected, faults)


def _run_without_names(callee: Callee) -> Outcome:
    outcome = asking(FUNCTION, [[], [], []], Raised(), deadline=DEADLINE)(callee)
    if outcome.passed or outcome.fault or outcome.unwritten:
        return outcome
    # Not its texts: a private key is no sight for a card.
    return replace(outcome, got="no exception", suspects=frozenset({"no-names-accepted"}), whole="")


def _name_faults(csr: x509.CertificateSigningRequest, names: Names) -> Iterator[Fault]:
    found = next((each.value for each in csr.extensions if isinstance(each.value, x509.SubjectAlternativeName)), None)
    if found is None:
        yield Fault("there is no SubjectAltName in it", "no-names")
        return
    asked = set(found)
    missing, extra = names.wanted - asked, asked - names.wanted
    if not missing and not extra:
        return
    mistake = next(
        (name for name, would in _would_ask(names).items() if asked == would and would != names.wanted), None
    )
    told = [f"{_spelled(missing)} missing"] if missing else []
    told += [f"{_spelled(extra)} too many"] if extra else []
    yield Fault(", ".join(told), mistake)


def _would_ask(names: Names) -> dict[str, set[x509.GeneralName]]:
    """Return the entries by the mistake that would have asked for them."""
    return {
        "ip-as-dns": {*Names(names.dns, (), names.uri).wanted, *map(x509.DNSName, names.ip)},
        "uri-left-out": Names(names.dns, names.ip).wanted,
        "uri-as-dns": {*Names(names.dns, names.ip).wanted, *map(x509.DNSName, names.uri)},
        "ip-left-out": Names(names.dns, (), names.uri).wanted,
        "first-name-only": Names(names.dns[:1], names.ip, names.uri).wanted,
    }


def _spelled(entries: set[x509.GeneralName]) -> str:
    return ", ".join(sorted(f"{type(entry).__name__} {entry.value}" for entry in entries))


def _key_faults(csr: x509.CertificateSigningRequest, key: PrivateKey) -> Iterator[Fault]:
    if not csr.is_signature_valid:
        yield Fault("its signature does not fit its key")
    if not same_key(csr.public_key(), key.public_key()):
        yield Fault("the private key does not belong to it", "another-key")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < 2048:
        yield Fault(f"the RSA key has {key.key_size} bits")


def _drawn(draw: Draw, counts: Sequence[int]) -> Names:
    dns, ip, uri = counts
    return Names(
        tuple(f"{draw.word()}.test" for _ in range(dns)),
        tuple(f"10.{draw.below(256)}.{draw.below(256)}.{draw.between(1, 254)}" for _ in range(ip)),
        tuple(f"spiffe://course/{draw.word()}" for _ in range(uri)),
    )


def _cases(draw: Draw) -> Iterator[Case]:
    # Every mistake shows in several of these, and none of them is what only one mistake would do.
    for number, counts in enumerate(((2, 1, 1), (3, 2, 2), (2, 1, 2), (1, 0, 0), (0, 1, 0), (0, 0, 1))):
        yield Case(ASPECT, partial(_run, _drawn(draw.child(str(number)), counts)))
    yield Case(ASPECT, _run_without_names)


EXERCISE = Exercise(
    id="authority-request",
    lesson="04_authority",
    title="Ask for a certificate",
    points=2.0,
    functions=(FUNCTION,),
    aspects={ASPECT: 2.0},
    cases=_cases,
    mistakes=MISTAKES,
    hint="Each kind of name has its own class in x509: DNSName, IPAddress, UniformResourceIdentifier.",
)
