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
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[!-~]+")
# The years of UTCTime, in which dates up to 2049 must be written, begin here (RFC 5280 section 4.1.2.5.1).
_EARLIEST = dt.datetime(1950, 1, 1, tzinfo=dt.UTC)


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
        for kind in ("dns", "ip", "uri"):
            given = getattr(self, kind)
            if isinstance(given, str):
                raise CertificateRefused(f"{kind}={given!r} is one text: give a list of names, {kind}=[{given!r}]")
            # A copy: a list that changes later must not change what was decided.
            object.__setattr__(self, kind, tuple(given))
        if self.role not in get_args(Role):
            raise CertificateRefused(f"role {self.role!r} is not known: use one of {', '.join(get_args(Role))}")
        if not (self.dns or self.ip or self.uri):
            raise CertificateRefused("a certificate without a name says nothing: give dns=[...], ip=[...] or uri=[...]")
        if self.valid_for <= dt.timedelta(0):
            raise CertificateRefused(f"valid_for is {self.valid_for}: a certificate needs a life")
        if self.not_before is not None and (self.not_before.tzinfo is None or self.not_before < _EARLIEST):
            raise CertificateRefused(f"not_before is {self.not_before}: give a time with its zone, in 1950 or later")

    def names(self) -> Iterator[x509.GeneralName]:
        """Yield the SubjectAltName entries; raise CertificateRefused for one that is malformed."""
        for name in self.dns:
            if not _is_dns_name(name):
                raise CertificateRefused(f"{name!r} is not a DNS name")
            yield x509.DNSName(name)
        for address in self.ip:
            yield x509.IPAddress(_ip_address(address))
        for uri in self.uri:
            if not isinstance(uri, str) or not _URI.fullmatch(uri):
                raise CertificateRefused(f"{uri!r} is not a URI of the form scheme://name in ASCII")
            yield x509.UniformResourceIdentifier(uri)


def _is_dns_name(name: object) -> bool:
    if not isinstance(name, str) or len(name) > 253:
        return False
    labels = name.removeprefix("*.").split(".")
    # A last label of digits makes an IPv4 address of it, and those have an entry type of their own.
    return all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def _ip_address(text: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        # As text, because the ipaddress module takes a bare number for an address, too.
        address = ipaddress.ip_address(str(text))
    except ValueError:
        raise CertificateRefused(f"{text!r} is not an IP address") from None
    if getattr(address, "scope_id", None) is not None:
        raise CertificateRefused(f"{text!r} names a network interface: a certificate holds the bare address")
    return address


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
    """Return the (extension, critical) pairs of a CA certificate that may have `path_length` CAs below it.

    Raises CertificateRefused for a path length that is neither None nor a whole number from 0 up.
    """
    if path_length is not None and (not isinstance(path_length, int) or path_length < 0):
        raise CertificateRefused(f"path length {path_length!r} is not a whole number from 0 up")
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
