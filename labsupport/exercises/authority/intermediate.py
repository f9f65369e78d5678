"""``intermediate`` and ``chain``: a CA for clients below the root, and the order in which certificates are sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import partial

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from labsupport.exercises.authority.examination import (
    DEADLINE,
    Fault,
    code_as_client,
    code_as_server,
    extension,
    judged,
    key_faults,
    refusal_words,
    same_key,
    signed_by,
)
from labsupport.exercises.authority.hostile import NO_CERTIFICATES
from labsupport.exercises.authority.pem import NotThat, certificate_and_key_in, certificates_in
from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.journal import observe
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.verdicts import Raised, answered, compare
from labsupport.pki.authority import Authority
from labsupport.pki.certificates import certificate_text, now, signed
from labsupport.pki.keys import key_pem

__all__ = ["EXERCISE"]

BELOW = "intermediate: a CA for clients, and for nothing else"
ORDERED = "chain: leaf first, each issuer next, no root and no stranger"
PATH_TOO_LONG, UNSUITABLE = 25, 26

MISTAKES = (
    Mistake("no-path-length", "Its path length is not 0: it may make further CAs."),
    Mistake("no-purpose", "It has no extendedKeyUsage, and so may sign for servers as well."),
    Mistake("wrong-purpose", "Its extendedKeyUsage is not clientAuth alone."),
    Mistake("self-signed", "It signed itself: nobody who trusts the root has a reason to trust it."),
    Mistake("not-a-ca", "Its certificate does not say that it belongs to a CA."),
    Mistake("no-key-usage", "It has no keyUsage; strict verifiers refuse it."),
    Mistake("no-identifiers", "It lacks the identifiers of its own key and of its issuer's."),
    Mistake("root-key-again", "Its key is the root's: it could as well be the root."),
    Mistake("wrong-identifiers", "One of its two identifiers is that of the other key."),
    Mistake("another-key", "The private key that it returns is not the one of its certificate."),
    Mistake("not-valid-now", "Its certificate begins later than now, or has ended; certificates count in UTC."),
    Mistake("outlives-root", "It is valid for longer than the root."),
    Mistake("root-included", "The root is in the chain; whoever verifies must have it already."),
    Mistake("leaf-alone", "Only the leaf is in the chain: the other side does not know the CAs in between."),
    Mistake("stranger-included", "A certificate that is no part of the chain is in it."),
    Mistake("unordered", "The right certificates in another order: the leaf comes first, then its issuer, and so on."),
    Mistake("issuer-by-name", "It takes a namesake for the issuer; names repeat, signatures do not."),
)


def _run_below(draw: Draw, callee: Callee) -> Outcome:
    root = Authority.root(f"{draw.word()} root", valid_for=dt.timedelta(days=draw.between(60, 300)))
    name = f"{draw.word()} clients"
    arguments = (name, root.certificate_pem.decode(), key_pem(root.key).decode())
    answer = callee.call("intermediate", *arguments, deadline=DEADLINE)
    # Not the texts of the call: a private key is no sight for a card.
    tried, expected = f"intermediate({name!r}, root, its key)", "a CA certificate signed by the root, and its key"
    failed = answered(answer, tried, expected)
    if failed is not None:
        return failed
    try:
        certificate, key = certificate_and_key_in(answer.value)
    except NotThat as stopped:
        return Outcome(False, tried, expected, f"returned {stopped}")
    faults = [*key_faults(certificate, key), *_form(certificate, root, name)]
    if not faults:
        made, host = Authority(certificate, (), key=key), f"{draw.word()}.test"
        about = (host, certificate_text(certificate), certificate_text(root.certificate))
        against = observe("what strict verifiers have against it", lambda: list(_behaviour(made, root, host)), *about)
        faults += map(Fault, against)
    return judged(tried, expected, faults)


def _form(certificate: x509.Certificate, root: Authority, name: str) -> Iterator[Fault]:
    names = [str(found.value) for found in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [name]:
        yield Fault(f"its subject's common name is {', '.join(names) or 'missing'}")
    if not signed_by(certificate, root.certificate):
        by_itself = signed_by(certificate, certificate)
        yield Fault("it is not signed by the root, or not under the root's name", "self-signed" if by_itself else None)
    if same_key(certificate.public_key(), root.certificate.public_key()):
        yield Fault("its key is the root's", "root-key-again")
    constraints = extension(certificate, x509.BasicConstraints)
    value = constraints.value if constraints else None
    if constraints is None or not isinstance(value, x509.BasicConstraints) or not value.ca:
        yield Fault("its basicConstraints do not say CA", "not-a-ca")
    elif value.path_length != 0:
        yield Fault(f"its path length is {value.path_length}, not 0", "no-path-length")
    elif not constraints.critical:
        yield Fault("its basicConstraints are not critical")
    usage = extension(certificate, x509.KeyUsage)
    if usage is None:
        yield Fault("it has no keyUsage", "no-key-usage")
    elif not (
        usage.critical and getattr(usage.value, "key_cert_sign", False) and getattr(usage.value, "crl_sign", False)
    ):
        yield Fault("its keyUsage is not critical, or lacks keyCertSign or cRLSign")
    purpose = extension(certificate, x509.ExtendedKeyUsage)
    if purpose is None:
        yield Fault("it has no extendedKeyUsage", "no-purpose")
    elif purpose.value != x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]):
        yield Fault("its extendedKeyUsage is not clientAuth alone", "wrong-purpose")
    own, above = (
        extension(certificate, x509.SubjectKeyIdentifier),
        extension(root.certificate, x509.SubjectKeyIdentifier),
    )
    signer = extension(certificate, x509.AuthorityKeyIdentifier)
    assert above is not None
    if own is None or signer is None:
        yield Fault("a key identifier is missing", "no-identifiers")
    elif own.value == above.value and not same_key(certificate.public_key(), root.certificate.public_key()):
        yield Fault("its SubjectKeyIdentifier is the root's", "wrong-identifiers")
    elif getattr(signer.value, "key_identifier", None) not in (None, getattr(above.value, "digest", None)):
        yield Fault("its AuthorityKeyIdentifier is not the root's SubjectKeyIdentifier", "wrong-identifiers")
    if not certificate.not_valid_before_utc <= (today := now()) < certificate.not_valid_after_utc:
        lived = f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M} to {certificate.not_valid_after_utc:%Y-%m-%d %H:%M}"
        yield Fault(f"it is valid from {lived} UTC, and now it is {today:%Y-%m-%d %H:%M}", "not-valid-now")
    if certificate.not_valid_after_utc > root.certificate.not_valid_after_utc:
        yield Fault(
            f"it is valid until {certificate.not_valid_after_utc:%Y-%m-%d}, the root not as long", "outlives-root"
        )


def _behaviour(made: Authority, root: Authority, host: str) -> Iterator[str]:
    """Yield what strict verifiers have against what the intermediate issues, or should have had."""
    anchor = root.certificate
    client = made.issue(host, role="client")
    if code := code_as_client([client.certificate, made.certificate], client.key, anchor):
        yield f"a client below it is refused with {refusal_words(code)}"
        return
    server = made.issue(host, role="server")
    code = code_as_server([server.certificate, made.certificate], server.key, anchor, host)
    if code != UNSUITABLE:
        yield f"a server below it is {_taken(code)}"
    # As a CA that does not keep to its own path length would make it
    lower = Authority.root("further below").intermediate("further below")
    further = Authority(_resigned(lower.certificate, made), (), key=lower.key)
    leaf = further.issue(host, role="client")
    chain = [leaf.certificate, further.certificate, made.certificate]
    code = code_as_client(chain, leaf.key, anchor)
    if code != PATH_TOO_LONG:
        yield f"a client of a further CA below it is {_taken(code)}"


def _taken(code: int) -> str:
    return f"refused with {refusal_words(code)}" if code else "accepted"


def _resigned(certificate: x509.Certificate, issuer: Authority) -> x509.Certificate:
    """Return a CA certificate with the same key and content, issued by `issuer` whatever that may do."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(certificate.public_key())
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(issuer.certificate.not_valid_after_utc)
    )
    identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    for found in certificate.extensions:
        if not isinstance(found.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(found.value, critical=found.critical)
    marked = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    return signed(builder.add_extension(marked, critical=False), issuer.key)


def _line(draw: Draw, depth: int) -> tuple[list[x509.Certificate], x509.Certificate]:
    """Return leaf and intermediates in order, and the root."""
    authority = root = Authority.root(f"{draw.word()} root")
    between: list[x509.Certificate] = []
    for level in range(depth, 0, -1):
        authority = authority.intermediate(f"{draw.word()} {level}", path_length=level - 1)
        between.insert(0, authority.certificate)
    leaf = authority.issue(f"{draw.word()}.test", role="client").certificate
    return [leaf, *between], root.certificate


def _run_chain(depth: int, extra: str, draw: Draw, callee: Callee) -> Outcome:
    right, root = _line(draw, depth)
    pile = list(right)
    strangers: list[x509.Certificate] = []
    if extra == "root":
        pile.append(root)
    elif extra == "stranger":
        strangers = [Authority.root(f"{draw.word()} root").certificate]
    elif extra == "namesake":
        # CAs with the names of the first intermediate and its issuer, and keys of their own
        above = Authority.root(_name(right[2]) if len(right) > 2 else _name(root))
        strangers = [above.intermediate(_name(right[1])).certificate for _ in range(3)]
    pile = draw.shuffled([*pile, *strangers])
    arguments = ([certificate_text(certificate) for certificate in pile], certificate_text(root))
    answer = callee.call("chain", *arguments, deadline=DEADLINE)
    with_extra = f", {extra} among them" if extra else ""
    tried = f"chain(…) of {len(pile)} certificates in any order{with_extra}"
    expected = f"{len(right)} certificates: " + ", then ".join(_name(each) for each in right)
    failed = answered(answer, tried, expected)
    if failed is not None:
        return failed
    try:
        came = certificates_in(answer.value)
    except NotThat as stopped:
        return Outcome(False, tried, expected, f"returned {stopped}")
    if came == right:
        return Outcome(True, tried, expected, "just that")
    got = ", then ".join(_name(each) for each in came)
    return judged(tried, expected, [Fault(got, _chain_mistake(came, right, root, strangers, extra))])


def _chain_mistake(
    came: Sequence[x509.Certificate],
    right: Sequence[x509.Certificate],
    root: x509.Certificate,
    strangers: Sequence[x509.Certificate],
    extra: str,
) -> str | None:
    if came == [right[0]]:
        return "leaf-alone"
    if root in came:
        return "root-included"
    if any(stranger in came for stranger in strangers):
        return "issuer-by-name" if extra == "namesake" and len(came) == len(right) else "stranger-included"
    return "unordered" if set(came) == set(right) else None


def _run_unreadable(function: str, what: str, draw: Draw, callee: Callee) -> Outcome:
    root = Authority.root(f"{draw.word()} root")
    text = certificate_text(root.certificate)
    no_root = NO_CERTIFICATES[what](text)
    if function == "intermediate":
        answer = callee.call(function, f"{draw.word()} clients", no_root, key_pem(root.key).decode(), deadline=DEADLINE)
        return compare(answer, Raised(), f"intermediate(name, root, its key), where root is {what}")
    leaf = certificate_text(root.issue(f"{draw.word()}.test", role="client").certificate)
    answer = callee.call(function, [leaf, no_root], text, deadline=DEADLINE)
    return compare(answer, Raised(), f"chain([leaf, other], root), where other is {what}")


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string().removeprefix("CN=")


def _cases(draw: Draw) -> Iterator[Case]:
    for number in range(2):
        yield Case(BELOW, partial(_run_below, draw.child(f"below {number}")))
    for what in NO_CERTIFICATES:
        yield Case(BELOW, partial(_run_unreadable, "intermediate", what, draw.child(f"below {what}")))
        yield Case(ORDERED, partial(_run_unreadable, "chain", what, draw.child(f"chain {what}")))
    for number, (depth, extra) in enumerate(
        (
            *((1, ""), (2, ""), (3, ""), (1, "root"), (2, "root"), (1, "stranger"), (2, "stranger")),
            *((1, "namesake"), (2, "namesake")),
        )
    ):
        yield Case(ORDERED, partial(_run_chain, depth, extra, draw.child(f"chain {number}")))


EXERCISE = Exercise(
    id="authority-intermediate",
    lesson="04_authority",
    title="An intermediate, and the chain",
    points=2.0,
    functions=("intermediate", "chain"),
    aspects={BELOW: 1.0, ORDERED: 1.0},
    cases=_cases,
    mistakes=MISTAKES,
    answered_by=("labsupport.pki.authority", "labsupport.pki.profile"),
    hint="certificate.verify_directly_issued_by(issuer) raises where the name or the signature does not fit.",
)
