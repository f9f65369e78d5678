"""Client and server certificates with one fault each, made on purpose and outside the CA that would refuse to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from labsupport.pki.authority import Authority
from labsupport.pki.certificates import compose, distinguished_name, now
from labsupport.pki.identity import Identity
from labsupport.pki.keys import PrivateKey, generate
from labsupport.pki.profile import Extension, Profile, Role, authority_extensions, leaf_extensions

__all__ = ["FORGERIES", "HOST", "Forgery", "crl_pem", "forge", "forge_authority"]

HOST = "server2.test"
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Forgery:
    """A certificate with a fault, and what must come of it at a verifier that trusts the root."""

    identity: Identity
    code: int
    alert: str


def identifier(key: PrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def forge(
    issuer: Authority,
    role: Role,
    *,
    key: PrivateKey | None = None,
    without: type[x509.ExtensionType] | None = None,
    instead: x509.ExtensionType | None = None,
    critical: bool = False,
    signed_by: PrivateKey | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    dns: Sequence[str] = (HOST,),
    links: tuple[x509.Certificate, ...] = (),
) -> Identity:
    """Make a leaf of `issuer` from which one extension is missing, or has another in its place."""
    key = key or generate()
    signer = signed_by or issuer.key
    above = x509.SubjectKeyIdentifier.from_public_key(issuer.certificate.public_key())
    extensions: list[Extension] = [
        (extension, is_critical)
        for extension, is_critical in leaf_extensions(Profile(role, dns=dns), identifier(key), above)
        if without is None or not isinstance(extension, without)
    ]
    if instead is not None:
        extensions = [pair for pair in extensions if type(pair[0]) is not type(instead)] + [(instead, critical)]
    certificate = compose(
        distinguished_name("forged"),
        key.public_key(),
        issuer=issuer.certificate.subject,
        issuer_key=signer,
        extensions=extensions,
        start=start,
        end=end or now() + DAY,
    )
    return Identity(certificate, links, key=key)


def forge_authority(
    issuer: Authority,
    *,
    path_length: int | None = None,
    key: PrivateKey | None = None,
    more: Sequence[Extension] = (),
    end: dt.datetime | None = None,
    start: dt.datetime | None = None,
) -> Authority:
    """Make an intermediate that `issuer` itself would not make."""
    key = key or generate()
    above = x509.SubjectKeyIdentifier.from_public_key(issuer.certificate.public_key())
    certificate = compose(
        distinguished_name("forged authority"),
        key.public_key(),
        issuer=issuer.certificate.subject,
        issuer_key=issuer.key,
        extensions=[*authority_extensions(path_length, identifier(key), above), *more],
        start=start,
        end=end or now() + DAY,
    )
    links = () if issuer.certificate.subject == issuer.certificate.issuer else (issuer.certificate, *issuer.issuers)
    return Authority(certificate, links, key=key)


def crl_pem(
    issuer: Authority, revoked: Sequence[Identity] = (), *, last: dt.datetime | None = None, life: dt.timedelta = DAY
) -> bytes:
    """Make the list of what `issuer` revoked."""
    from cryptography.hazmat.primitives.serialization import Encoding

    last = last or now() - DAY
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(last).next_update(last + DAY + life)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.certificate.public_key())  # type: ignore[arg-type]
    builder = builder.add_extension(above, critical=False).add_extension(x509.CRLNumber(1), critical=False)
    for identity in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(identity.certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(last).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _wrong_purpose(root: Authority, role: Role) -> Identity:
    return root.issue("forged", role="server" if role == "client" else "client", dns=[HOST])


def _any_purpose(root: Authority, role: Role) -> Identity:
    return forge(root, role, instead=x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]))


def _same_name_other_key(root: Authority, role: Role) -> Identity:
    return forge(root, role, signed_by=generate(), without=x509.AuthorityKeyIdentifier)


def _signed_by_a_leaf(root: Authority, role: Role) -> Identity:
    leaf = root.issue("only-a-leaf", role=role)
    impostor = Authority(leaf.certificate, key=leaf.key)
    return forge(impostor, role, links=(leaf.certificate,))


def _one_authority_too_many(root: Authority, role: Role) -> Identity:
    last = root.intermediate("the last one")
    return forge_authority(last, path_length=0).issue("forged", role=role, dns=[HOST])


def _outside_the_constraint(root: Authority, role: Role) -> Identity:
    only = x509.NameConstraints(permitted_subtrees=[x509.DNSName("elsewhere.test")], excluded_subtrees=None)
    return forge_authority(root, more=[(only, True)]).issue("forged", role=role, dns=[HOST])


def _narrow_authority(root: Authority, role: Role) -> Identity:
    other = ExtendedKeyUsageOID.SERVER_AUTH if role == "client" else ExtendedKeyUsageOID.CLIENT_AUTH
    return forge_authority(root, more=[(x509.ExtendedKeyUsage([other]), False)]).issue("forged", role=role, dns=[HOST])


def _unknown_and_critical(root: Authority, role: Role) -> Identity:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
    return forge(root, role, instead=unknown, critical=True)


def _missing_link(root: Authority, role: Role) -> Identity:
    whole = root.intermediate("left at home").issue("forged", role=role, dns=[HOST])
    return Identity(whole.certificate, key=whole.key)


# How each is made, with the verifier's code and the alert that the other side sees: tls-facts and RFC 8446 section 6.2.
FORGERIES = {
    "self-signed": (lambda root, role: Authority.self_signed("forged", role=role, dns=[HOST]), 18, "unknown_ca"),
    "wrong CA": (
        lambda root, role: Authority.root("Elsewhere").issue("forged", role=role, dns=[HOST]),
        20,
        "unknown_ca",
    ),
    "intermediate missing": (_missing_link, 20, "unknown_ca"),
    "same CA name, other key, no AKI": (_same_name_other_key, 7, "decrypt_error"),
    "wrong purpose": (_wrong_purpose, 26, "unsupported_certificate"),
    "any purpose": (_any_purpose, 26, "unsupported_certificate"),
    "intermediate of the other purpose": (_narrow_authority, 26, "unsupported_certificate"),
    "expired": (
        lambda root, role: forge(root, role, start=now() - 2 * DAY, end=now() - DAY),
        10,
        "certificate_expired",
    ),
    "not yet valid": (
        lambda root, role: forge(root, role, start=now() + DAY, end=now() + 2 * DAY),
        9,
        "bad_certificate",
    ),
    "intermediate expired": (
        lambda root, role: forge_authority(root, start=now() - 2 * DAY, end=now() - DAY).issue(
            "x", role=role, dns=[HOST], not_before=now() - 2 * DAY, valid_for=DAY
        ),
        10,
        "certificate_expired",
    ),
    "one authority too many": (_one_authority_too_many, 25, "unknown_ca"),
    "issuer is no authority": (_signed_by_a_leaf, 79, "unknown_ca"),
    "outside a name constraint": (_outside_the_constraint, 47, "certificate_unknown"),
    "unknown critical extension": (_unknown_and_critical, 34, "certificate_unknown"),
    "RSA-1024": (
        lambda root, role: forge(root, role, key=rsa.generate_private_key(65537, 1024)),
        66,
        "bad_certificate",
    ),
    "CA with RSA-1024": (
        lambda root, role: forge_authority(root, key=rsa.generate_private_key(65537, 1024)).issue(
            "x", role=role, dns=[HOST]
        ),
        67,
        "bad_certificate",
    ),
}
