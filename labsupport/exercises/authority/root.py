"""``root``: a certificate authority of one's own, judged by what strict verifiers make of what it signs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from cryptography import x509
from cryptography.x509.oid import NameOID

from labsupport.exercises.authority.examination import (
    DEADLINE,
    Fault,
    code_as_server,
    extension,
    judged,
    key_faults,
    life_faults,
    refusal_words,
    same_key,
    signed_by,
)
from labsupport.exercises.authority.pem import NotThat, certificate_and_key_in
from labsupport.exercises.callee import Answer, Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.verdicts import Raised, answered, asking, called
from labsupport.pki.certificates import compose, distinguished_name, now
from labsupport.pki.keys import PrivateKey, generate
from labsupport.pki.profile import Profile, leaf_extensions

__all__ = ["EXERCISE"]

FUNCTION = "root"
FORM = "the right form, under its own name"
WORK = "strict verifiers accept what it signs"

MISTAKES = (
    Mistake("not-a-ca", "Its certificate does not say that it belongs to a CA."),
    Mistake("constraints-not-critical", "The basicConstraints are not marked critical."),
    Mistake("no-key-usage", "Its certificate has no keyUsage, as in the article; strict verifiers refuse it."),
    Mistake("key-usage-wrong", "The keyUsage does not allow to sign certificates and revocation lists."),
    Mistake("no-identifier", "Its certificate has no SubjectKeyIdentifier to find it by."),
    Mistake("another-key", "The private key that it returns is not the one of the certificate."),
    Mistake("name-ignored", "The name that it was given is not the name in the certificate."),
    Mistake("same-key-again", "Two roots got one key: whoever holds one of them holds both."),
    Mistake("not-self-signed", "The certificate is not signed with its own key."),
    Mistake("not-valid-now", "Its certificate begins later than now, or has ended; certificates count in UTC."),
    Mistake("begins-now", "It begins the moment it is made: where a clock is behind, it is not valid yet."),
    Mistake("another-life", "Its certificate does not live for a year."),
    Mistake("no-name-accepted", "It makes a root without a name."),
)
YEAR, ABOUT = dt.timedelta(days=365), dt.timedelta(days=3)

Made = tuple[x509.Certificate, PrivateKey]


def _made(answer: Answer, tried: str, expected: str) -> Made | Outcome:
    """Return certificate and key, or the outcome of an answer that has none."""
    failed = answered(answer, tried, expected)
    if failed is not None:
        return failed
    try:
        return certificate_and_key_in(answer.value)
    except NotThat as stopped:
        return Outcome(False, tried, expected, f"returned {stopped}")


def _form(certificate: x509.Certificate, key: PrivateKey, name: str) -> Iterator[Fault]:
    yield from key_faults(certificate, key)
    names = [str(found.value) for found in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [name]:
        yield Fault(f"the subject's common name is {names[0] if names else 'missing'}", "name-ignored")
    if not signed_by(certificate, certificate):
        yield Fault("it is not signed by itself", "not-self-signed")
    constraints = extension(certificate, x509.BasicConstraints)
    if constraints is None or not getattr(constraints.value, "ca", False):
        yield Fault("its basicConstraints do not say CA", "not-a-ca")
    elif not constraints.critical:
        yield Fault("its basicConstraints are not critical", "constraints-not-critical")
    usage = extension(certificate, x509.KeyUsage)
    if usage is None:
        yield Fault("it has no keyUsage", "no-key-usage")
    elif not (
        usage.critical and getattr(usage.value, "key_cert_sign", False) and getattr(usage.value, "crl_sign", False)
    ):
        yield Fault("its keyUsage is not critical, or lacks keyCertSign or cRLSign", "key-usage-wrong")
    if extension(certificate, x509.SubjectKeyIdentifier) is None:
        yield Fault("it has no SubjectKeyIdentifier", "no-identifier")
    yield from life_faults(certificate)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    if abs(life - YEAR) > ABOUT:
        yield Fault(f"it lives for {life.days} days", "another-life")


def _run_form(name: str, callee: Callee) -> Outcome:
    tried, expected = called(FUNCTION, name), "a self-signed CA certificate and its key"
    first = _made(callee.call(FUNCTION, name, deadline=DEADLINE), tried, expected)
    if isinstance(first, Outcome):
        return first
    second = _made(callee.call(FUNCTION, name, deadline=DEADLINE), tried, expected)
    if isinstance(second, Outcome):
        return second
    faults = list(_form(*first, name))
    if same_key(first[1].public_key(), second[1].public_key()):
        faults.append(Fault("a second call returned the same key", "same-key-again"))
    elif first[0].serial_number == second[0].serial_number:
        faults.append(Fault("a second call returned the same serial number"))
    return judged(tried, expected, faults)


def _run_without_name(callee: Callee) -> Outcome:
    outcome = asking(FUNCTION, [""], Raised(), deadline=DEADLINE)(callee)
    if outcome.passed or outcome.fault or outcome.unwritten:
        return outcome
    # Not its texts: a private key is no sight for a card.
    return replace(outcome, got="no exception", suspects=frozenset({"no-name-accepted"}), whole="")


def _run_work(name: str, host: str, callee: Callee) -> Outcome:
    tried = f"{called(FUNCTION, name)}, and a certificate for {host} signed with what it returned"
    expected = "accepted by strict verifiers that trust this root"
    made = _made(callee.call(FUNCTION, name, deadline=DEADLINE), tried, expected)
    if isinstance(made, Outcome):
        return made
    faults = list(_form(*made, name))
    if not faults:
        code = _code(made, made[0], host)
        stranger = _code((made[0], generate()), made[0], host)
        faults += [Fault(f"refused with {refusal_words(code)}")] if code else []
        faults += [Fault("a certificate that another key signed was accepted as well")] if not stranger else []
    return judged(tried, expected, faults)


def _code(issuer: Made, anchor: x509.Certificate, host: str) -> int:
    """Return what a strict client that trusts `anchor` says to a server whose certificate `issuer` signed."""
    certificate, issuer_key = issuer
    key = generate()
    found = extension(certificate, x509.SubjectKeyIdentifier)
    assert found is not None
    assert isinstance(found.value, x509.SubjectKeyIdentifier)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    leaf = compose(
        distinguished_name(host),
        key.public_key(),
        issuer=certificate.subject,
        issuer_key=issuer_key,
        extensions=leaf_extensions(Profile("server", dns=[host]), own, found.value),
        end=min(now() + Profile("server", dns=[host]).valid_for, certificate.not_valid_after_utc),
    )
    return code_as_server([leaf], key, anchor, host)


def _cases(draw: Draw) -> Iterator[Case]:
    for number in range(3):
        own = draw.child(str(number))
        yield Case(FORM, partial(_run_form, f"{own.word()} root"))
        yield Case(WORK, partial(_run_work, f"{own.word()} root", f"{own.word()}.test"))
    yield Case(FORM, _run_without_name)


EXERCISE = Exercise(
    id="authority-root",
    lesson="04_authority",
    title="Make a root",
    points=2.0,
    functions=(FUNCTION,),
    aspects={FORM: 1.0, WORK: 1.0},
    cases=_cases,
    mistakes=MISTAKES,
    answered_by=("labsupport.pki.authority", "labsupport.pki.certificates", "labsupport.pki.profile"),
    hint="Compare what you made with Authority.root of the lesson, extension by extension.",
)
