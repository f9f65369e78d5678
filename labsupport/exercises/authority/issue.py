"""``issue``: a CA at its counter. Strangers hand requests in; what comes back has to be sound, or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from labsupport.exercises.authority.examination import (
    Fault,
    code_as_client,
    extension,
    judged,
    life_faults,
    refusal_words,
    same_key,
    signed_by,
)
from labsupport.exercises.authority.hostile import GREEDY, KEYS, NAMES, SOUND, UNREADABLE, Maker, Sent
from labsupport.exercises.authority.pem import NotThat, certificate_in
from labsupport.exercises.callee import Answer, Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.journal import observe
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.verdicts import answered, spoken
from labsupport.pki.authority import Authority
from labsupport.pki.certificates import certificate_text
from labsupport.pki.keys import key_pem

__all__ = ["EXERCISE"]

FUNCTION = "issue"
CERTIFICATES = "a sound certificate for the names that are allowed, none for others"
GREED = "what a request asks for beyond its names is not granted"
PROOFS = "stolen, short and shared keys are refused"
DEADLINE = 0.6  # seconds for one call: there are three aspects
LIFE, DAY = dt.timedelta(days=30), dt.timedelta(days=1)
E = TypeVar("E", bound=x509.ExtensionType)

MISTAKES = (
    Mistake(
        "extensions-copied", "It copies what the request asks for: the requester decides what the certificate may do."
    ),
    Mistake("subject-copied", "It copies the subject of the request, where anybody can write any name."),
    Mistake("other-kinds-overlooked", "It looks at the DNS names only, and signs or drops an IP address unseen."),
    Mistake("names-not-compared", "It signs names that the requester is not allowed to have."),
    Mistake("wishes-refused", "It refuses a request for what it wishes beyond its names; that is just not granted."),
    Mistake("names-left-out", "It drops the names that are not allowed, and signs the rest: refuse the whole request."),
    Mistake(
        "other-names", "Its certificates are not for the names that were asked for, for all of them and no others."
    ),
    Mistake("no-names-accepted", "It signs a request without a SubjectAltName; a common name is no name."),
    Mistake("self-signature-unchecked", "It signs a request whose own signature does not verify."),
    Mistake("short-key-accepted", "It signs an RSA key of less than 2048 bits."),
    Mistake("shared-prime-accepted", "It signs an RSA key that has a factor in common with a known one."),
    Mistake("no-identifiers", "Its certificates do not say which key signed them: strict verifiers refuse them."),
    Mistake("wrong-identifiers", "An identifier in its certificates is that of another key."),
    Mistake("names-not-critical", "The subject is empty, and the SubjectAltName that takes its place is not critical."),
    Mistake("subject-not-empty", "The subject of its certificates is not empty."),
    Mistake("may-sign", "The keyUsage of its certificates allows to sign others, which only a CA may."),
    Mistake("critical-purpose", "Its extendedKeyUsage is critical; cryptography's verifier refuses that."),
    Mistake("no-purpose", "Its certificates name no purpose, and so serve for every one."),
    Mistake("wrong-purpose", "Its certificates are not for clients, or not for clients alone."),
    Mistake("serials-repeat", "Two of its certificates have one serial number, or one that can be guessed."),
    Mistake("too-long", "Its certificates are valid for more than 30 days, or for longer than the CA."),
    Mistake("too-short", "Its certificates end before the 30 days are over, although the CA lives on."),
    Mistake("not-valid-now", "Its certificates begin later than now; certificates count in UTC."),
    Mistake("begins-now", "They begin the moment they are made: where a clock is behind, they are not valid yet."),
    Mistake("returns-none", "Where it should refuse it returns None; the caller would take that for an answer."),
)


def _run(make: Maker, draw: Draw, callee: Callee) -> Outcome:
    sent = make(draw)
    days = sent.ca_days or draw.between(40, 400)
    authority = Authority.root(f"{draw.word()} root", valid_for=dt.timedelta(days=days))
    ca_key = key_pem(authority.key).decode()
    arguments = (sent.pem, list(sent.allowed), list(sent.known), authority.certificate_pem.decode(), ca_key)
    first = callee.call(FUNCTION, *arguments, deadline=DEADLINE)
    tried = f"{sent.words}; allowed: {', '.join(sent.allowed)}"
    if sent.refused:
        return _refusal(first, sent, tried)
    expected = "a client certificate for the names that were asked for"
    certificates = []
    for answer in (first, callee.call(FUNCTION, *arguments, deadline=DEADLINE)):
        failed = answered(answer, tried, expected)
        if failed is not None:
            return replace(failed, suspects=_fallen_over_wishes(answer, sent))
        try:
            certificates.append(certificate_in(answer.value))
        except NotThat as stopped:
            return Outcome(False, tried, expected, f"returned {stopped}")
    faults = list(_faults(certificates[0], sent, authority))
    one, other = (certificate.serial_number for certificate in certificates)
    if one == other or min(one, other).bit_length() < 40 or abs(one - other) < 2**24:
        faults.append(Fault("the serial numbers of two certificates are the same or close together", "serials-repeat"))
    return judged(tried, expected, faults)


def _fallen_over_wishes(answer: Answer, sent: Sent) -> frozenset[str]:
    """Name what explains an exception where a request wishes for more than names."""
    if answer.error is None or all(isinstance(each.value, x509.SubjectAlternativeName) for each in sent.csr.extensions):
        return frozenset()
    # What cryptography says of an extension that was copied, and then added once more
    return frozenset({"extensions-copied" if "already been set" in answer.error_text else "wishes-refused"})


def _refusal(answer: Answer, sent: Sent, tried: str) -> Outcome:
    expected = "an exception: nothing is signed"
    if answer.fault is not None or answer.unwritten:
        return answered(answer, tried, expected) or Outcome(False, tried, expected, spoken(answer))
    if answer.error is not None:
        return Outcome(True, tried, expected, spoken(answer))
    if answer.value is None:
        return Outcome(False, tried, expected, spoken(answer), frozenset({"returns-none"}))
    try:
        names = _names_in(certificate_in(answer.value))
    except NotThat:
        return Outcome(False, tried, expected, spoken(answer), frozenset({sent.mistake} if sent.mistake else ()))
    suspects = {sent.mistake} if sent.mistake else set()
    if suspects & {"names-not-compared", "other-kinds-overlooked"}:
        if set(names) <= set(sent.allowed):
            suspects = suspects - {"names-not-compared"} | {"names-left-out"}
        else:
            suspects = suspects | {"names-not-compared"}
    got = f"a certificate for {', '.join(names) or 'no name'}"
    return Outcome(False, tried, expected, got, frozenset(suspects))


def _faults(certificate: x509.Certificate, sent: Sent, authority: Authority) -> Iterator[Fault]:
    faults = list(_form(certificate, sent, authority))
    yield from faults
    if faults:
        return
    code = code_as_client([certificate], sent.key, authority.certificate)
    if code:
        yield Fault(f"a strict server refuses it with {refusal_words(code)}")
    if not _accepted(certificate, authority.certificate):
        yield Fault("cryptography's verifier refuses it")


def _accepted(certificate: x509.Certificate, anchor: x509.Certificate) -> bool:
    def look() -> bool:
        policy = verification.PolicyBuilder().store(verification.Store([anchor]))
        try:
            policy.build_client_verifier().verify(certificate, [])
        except verification.VerificationError:
            return False
        return True

    return observe("verdict of cryptography", look, certificate_text(certificate), certificate_text(anchor))


def _form(certificate: x509.Certificate, sent: Sent, authority: Authority) -> Iterator[Fault]:
    if not same_key(certificate.public_key(), sent.csr.public_key()):
        yield Fault("it is for another key than the requester's")
    if not signed_by(certificate, authority.certificate):
        yield Fault("it is not signed by the CA that was handed over")
    yield from _names(certificate, sent)
    constraints = extension(certificate, x509.BasicConstraints)
    if constraints is not None and getattr(constraints.value, "ca", False):
        copied = _asked_for(sent.csr, x509.BasicConstraints) is not None
        yield Fault("it makes the requester a CA", "extensions-copied" if copied else None)
    elif constraints is None or not constraints.critical:
        yield Fault("its basicConstraints are missing or not critical")
    purpose = extension(certificate, x509.ExtendedKeyUsage)
    purposes = list(purpose.value) if purpose and isinstance(purpose.value, x509.ExtendedKeyUsage) else None
    if purposes is None:
        yield Fault("it has no extendedKeyUsage", "no-purpose")
    elif purposes != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        asked = _asked_for(sent.csr, x509.ExtendedKeyUsage)
        copied = asked is not None and set(asked) <= set(purposes)
        yield Fault("its purpose is not clientAuth alone", "extensions-copied" if copied else "wrong-purpose")
    elif purpose and purpose.critical:
        yield Fault("its extendedKeyUsage is critical", "critical-purpose")
    usage = extension(certificate, x509.KeyUsage)
    if usage is not None and getattr(usage.value, "key_cert_sign", False):
        copied = usage.value == _asked_for(sent.csr, x509.KeyUsage)
        yield Fault("its keyUsage allows to sign certificates", "extensions-copied" if copied else "may-sign")
    elif usage is None or not usage.critical or not getattr(usage.value, "digital_signature", False):
        yield Fault("its keyUsage is missing, not critical, or without digitalSignature")
    yield from _identifiers(certificate, authority)
    for asked_for in sent.csr.extensions:
        granted = extension(certificate, type(asked_for.value))
        if isinstance(asked_for.value, x509.CertificatePolicies) and granted and granted.value == asked_for.value:
            yield Fault("it grants the certificate policy that was asked for", "extensions-copied")
    yield from life_faults(certificate)
    yield from _length(certificate, authority)


def _identifiers(certificate: x509.Certificate, authority: Authority) -> Iterator[Fault]:
    own, ca = (extension(each, x509.SubjectKeyIdentifier) for each in (certificate, authority.certificate))
    assert ca is not None
    if own is None:
        yield Fault("it has no SubjectKeyIdentifier")
    elif own.value == ca.value:
        yield Fault("its SubjectKeyIdentifier is the CA's", "wrong-identifiers")
    signer = extension(certificate, x509.AuthorityKeyIdentifier)
    if signer is None:
        yield Fault("it has no AuthorityKeyIdentifier", "no-identifiers")
    elif getattr(signer.value, "key_identifier", None) not in (None, getattr(ca.value, "digest", None)):
        yield Fault("its AuthorityKeyIdentifier is not the CA's SubjectKeyIdentifier", "wrong-identifiers")


def _length(certificate: x509.Certificate, authority: Authority) -> Iterator[Fault]:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    last = authority.certificate.not_valid_after_utc
    if end > last or end - start > LIFE + DAY:
        yield Fault(f"it is valid until {end:%Y-%m-%d}, the CA until {last:%Y-%m-%d}", "too-long")
    elif end < min(start + LIFE, last) - DAY:
        yield Fault(f"it is valid until {end:%Y-%m-%d %H:%M} only", "too-short")


def _names(certificate: x509.Certificate, sent: Sent) -> Iterator[Fault]:
    found = extension(certificate, x509.SubjectAlternativeName)
    names = _names_in(certificate)
    if set(names) != set(sent.names):
        yield Fault(f"its names are {', '.join(names) or 'missing'}", "other-names")
    if found and not found.critical and not certificate.subject.rdns:
        yield Fault("its subject is empty, and its SubjectAltName not critical", "names-not-critical")
    if certificate.subject.rdns:
        copied = certificate.subject == sent.csr.subject
        told = certificate.subject.rfc4514_string()
        yield Fault(f"its subject is {told}, not empty", "subject-copied" if copied else "subject-not-empty")


def _names_in(certificate: x509.Certificate) -> list[str]:
    """Return the values of a certificate's SubjectAltName, as text."""
    found = extension(certificate, x509.SubjectAlternativeName)
    entries = list(found.value) if found and isinstance(found.value, x509.SubjectAlternativeName) else []
    return [str(entry.value) for entry in entries]


def _asked_for(csr: x509.CertificateSigningRequest, kind: type[E]) -> E | None:
    """Return an extension that a request asks for, or None."""
    return next((each.value for each in csr.extensions if isinstance(each.value, kind)), None)


def _cases(draw: Draw) -> Iterator[Case]:
    for aspect, makers in (
        (CERTIFICATES, (*SOUND, *NAMES)),
        (GREED, (*GREEDY, *UNREADABLE)),
        (PROOFS, KEYS),
    ):
        for number, make in enumerate(makers):
            yield Case(aspect, partial(_run, make, draw.child(f"{aspect} {number}")))


EXERCISE = Exercise(
    id="authority-issue",
    lesson="04_authority",
    title="Issue to strangers",
    points=3.0,
    functions=(FUNCTION,),
    aspects={CERTIFICATES: 1.0, GREED: 1.0, PROOFS: 1.0},
    cases=_cases,
    mistakes=MISTAKES,
    answered_by=("labsupport.pki.authority", "labsupport.pki.profile"),
    hint="From a request take two things only: its public key, and the names that are allowed. All else is yours.",
)
