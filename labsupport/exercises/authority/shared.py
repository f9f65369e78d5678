"""``shared_key``: where request and certificate hold the same bytes, found by the judge with a DER walk of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from labsupport.exercises.authority.examination import DEADLINE
from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.journal import observe
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.plain import Plain
from labsupport.exercises.verdicts import Raised, asking, compare
from labsupport.pki.authority import Authority
from labsupport.pki.certificates import distinguished_name, signed_request
from labsupport.pki.der import Element, children, element
from labsupport.pki.keys import Algorithm, generate
from labsupport.pki.profile import Profile

__all__ = ["EXERCISE", "key_element"]

FUNCTION = "shared_key"
ASPECT = "the place of the key in both, and None for another key"
_VERSION = 0xA0

Place = tuple[int, int, int] | None

# What comes in place of a request, made of request and certificate.
UNREADABLE: dict[str, Callable[[bytes, bytes], bytes]] = {
    "empty": lambda *_: b"",
    "cut short": lambda asked, _: asked[: len(asked) // 2],
    "a certificate": lambda _, leaf: leaf,
    "in PEM": lambda asked, _: x509.load_der_x509_csr(asked).public_bytes(Encoding.PEM),
}


def key_element(encoded: bytes) -> Element:
    """Return the SubjectPublicKeyInfo of a request or a certificate in DER.

    It is the third field of CertificationRequestInfo (RFC 2986 section 4.1), after version and subject, and the
    seventh of TBSCertificate (RFC 5280 section 4.1) where the version is written.
    """
    fields = list(children(next(children(element(encoded)))))
    return fields[6] if fields[0].tag == _VERSION else fields[2]


def _inner(field: Element) -> Element:
    """Return the BIT STRING inside: the bare key, without the name of its algorithm."""
    return list(children(field))[1]


MISTAKES: dict[str, tuple[str, Callable[[bytes, bytes, bool], Plain]]] = {
    "bare-key": (
        "It found the bare key; the SubjectPublicKeyInfo begins before it, with the name of the algorithm.",
        lambda csr, leaf, same: (
            (_inner(key_element(csr)).offset, _inner(key_element(leaf)).offset, len(_inner(key_element(csr)).encoded))
            if same
            else None
        ),
    ),
    "swapped": (
        "The two offsets have changed places: the one in the request comes first.",
        lambda csr, leaf, same: (
            (key_element(leaf).offset, key_element(csr).offset, len(key_element(csr).encoded)) if same else None
        ),
    ),
    "other-key-overlooked": (
        "It reports a place also where the certificate is for another key.",
        lambda csr, leaf, _: (key_element(csr).offset, key_element(leaf).offset, len(key_element(csr).encoded)),
    ),
    "minus-one": (
        "Where the key is not found, -1 is a position to Python's find, and not to your caller: the answer is None.",
        lambda csr, leaf, same: (
            key_element(csr).offset,
            key_element(leaf).offset if same else -1,
            len(key_element(csr).encoded),
        ),
    ),
    "hex-digits": (
        "It counts hexadecimal digits; a byte has two of them.",
        lambda csr, leaf, same: (
            (2 * key_element(csr).offset, 2 * key_element(leaf).offset, 2 * len(key_element(csr).encoded))
            if same
            else None
        ),
    ),
    "always-none": ("It says None whatever it is given.", lambda *_: None),
}


def _pair(algorithm: Algorithm, same: bool, issuer: str, host: str, subject: str) -> tuple[bytes, bytes]:
    """Return a request, and a certificate of the same key or of another one, in DER."""
    authority, key = Authority.root(issuer), generate(algorithm)
    builder = x509.CertificateSigningRequestBuilder().subject_name(distinguished_name(subject))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    csr = signed_request(builder, key)
    if same:
        pem = authority.sign(csr.public_bytes(Encoding.PEM), Profile("client", dns=[host]))
        leaf = x509.load_pem_x509_certificate(pem)
    else:
        leaf = authority.issue(host, role="client", algorithm=algorithm).certificate
    return csr.public_bytes(Encoding.DER), leaf.public_bytes(Encoding.DER)


def _run(algorithm: Algorithm, same: bool, draw: Draw, callee: Callee) -> Outcome:
    names = f"{draw.word()} root", f"{draw.word()}.test", draw.word() * draw.between(1, 4)
    asked, leaf = observe(
        "a request and a certificate", partial(_pair, algorithm, same, *names), algorithm, same, *names
    )
    in_csr, in_leaf = key_element(asked), key_element(leaf)
    place: Place = (in_csr.offset, in_leaf.offset, len(in_csr.encoded)) if same else None
    rivals = {name: mistaken(asked, leaf, same) for name, (_, mistaken) in MISTAKES.items()}
    return asking(FUNCTION, [asked, leaf], place, rivals, DEADLINE)(callee)


def _run_unreadable(what: str, draw: Draw, callee: Callee) -> Outcome:
    names = f"{draw.word()} root", f"{draw.word()}.test", draw.word()
    asked, leaf = observe("a request and a certificate", partial(_pair, "ec", True, *names), *names)
    answer = callee.call(FUNCTION, UNREADABLE[what](asked, leaf), leaf, deadline=DEADLINE)
    tried = f"{FUNCTION}(request, certificate), where the request is {what}"
    return compare(answer, Raised(), tried, {"always-none": None})


def _cases(draw: Draw) -> Iterator[Case]:
    algorithms: tuple[Algorithm, ...] = ("ec", "ec", "ec", "rsa")
    for number, algorithm in enumerate(algorithms):
        for same in (True, False):
            yield Case(ASPECT, partial(_run, algorithm, same, draw.child(f"{number} {same}")))
    for what in UNREADABLE:
        yield Case(ASPECT, partial(_run_unreadable, what, draw.child(what)))


EXERCISE = Exercise(
    id="authority-shared",
    lesson="04_authority",
    title="What request and certificate share",
    points=1.0,
    functions=(FUNCTION,),
    aspects={ASPECT: 1.0},
    cases=_cases,
    mistakes=tuple(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
    answered_by=("labsupport.pki.der",),
    hint="Serialise the request's public key as SubjectPublicKeyInfo in DER, and look for those bytes in both.",
)
