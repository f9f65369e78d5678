"""The certificate profile of the course: what a certificate says about its subject and what it may be used for.

A CA decides every extension itself and copies none from the request.  The set below was accepted by every verifier it
was tried on: Python's ssl (default and strict), curl, nginx, ``openssl verify -x509_strict``, cryptography, GnuTLS,
NSS and Chromium.  Extensions: RFC 5280 section 4.2.1; names belong in SubjectAltName, not in the common name: RFC 9525.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from labsupport.errors import CertificateRefused

__all__ = ["BACKDATE", "Extension", "Profile", "Role", "authority_extensions", "leaf_extensions"]

Role = Literal["client", "server", "both"]
Extension = tuple[x509.ExtensionType, bool]

# Clocks differ: a certificate that starts this moment is "not yet valid" on a machine that is a minute slow.
BACKDATE = dt.timedelta(minutes=5)

_PURPOSES = {
    "client": (ExtendedKeyUsageOID.CLIENT_AUTH,),
    "server": (ExtendedKeyUsageOID.SERVER_AUTH,),
    "both": (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)


@dataclass(frozen=True)
class Profile:
    """What a leaf certificate will say: its role, its names, its life.

    `dns`, `ip` and `uri` become SubjectAltName entries, in that order; at least one is required.
    `valid_for` counts from now; `not_before` (default: five minutes ago) may be set for certificates of another time.
    """

    role: Role
    dns: Sequence[str] = ()
    ip: Sequence[str] = ()
    uri: Sequence[str] = ()
    valid_for: dt.timedelta = dt.timedelta(days=30)
    not_before: dt.datetime | None = None

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise CertificateRefused(f"role {self.role!r} is not known: use one of {', '.join(get_args(Role))}")
        if not (self.dns or self.ip or self.uri):
            raise CertificateRefused("a certificate without a name says nothing: give dns=[...], ip=[...] or uri=[...]")
        if self.valid_for <= dt.timedelta(0):
            raise CertificateRefused(f"valid_for is {self.valid_for}: a certificate needs a life")

    def names(self) -> Iterator[x509.GeneralName]:
        """Yield the SubjectAltName entries; raise CertificateRefused for one that is malformed."""
        for name in self.dns:
            labels = name.removeprefix("*.").split(".")
            if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
                raise CertificateRefused(f"{name!r} is not a DNS name")
            yield x509.DNSName(name)
        for address in self.ip:
            try:
                yield x509.IPAddress(ipaddress.ip_address(address))
            except ValueError:
                raise CertificateRefused(f"{address!r} is not an IP address") from None
        for uri in self.uri:
            if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[!-~]+", uri):
                raise CertificateRefused(f"{uri!r} is not an absolute URI in ASCII")
            yield x509.UniformResourceIdentifier(uri)


def leaf_extensions(
    profile: Profile, key: x509.SubjectKeyIdentifier, issuer: x509.SubjectKeyIdentifier
) -> list[Extension]:
    """Return the (extension, critical) pairs of an end-entity certificate under `profile`."""
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage(_PURPOSES[profile.role]), False),
        (x509.SubjectAlternativeName(list(profile.names())), False),
        (key, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), False),
    ]


def authority_extensions(
    path_length: int | None, key: x509.SubjectKeyIdentifier, issuer: x509.SubjectKeyIdentifier
) -> list[Extension]:
    """Return the (extension, critical) pairs of a CA certificate that may have `path_length` CAs below it."""
    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_key_usage(key_cert_sign=True, crl_sign=True), True),
        (key, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), False),
    ]


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
