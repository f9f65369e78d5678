"""A leaf and its CA with any combination of defects: what an autopsy is practised on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Literal, get_args

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from labsupport.errors import UsageError
from labsupport.pki.article import article_authority_extensions, as_version_1
from labsupport.pki.certificates import compose, distinguished_name, now
from labsupport.pki.identity import Identity
from labsupport.pki.keys import generate
from labsupport.pki.profile import Extension, Profile, authority_extensions, leaf_extensions

__all__ = ["OF_EXTENSIONS", "Defect", "Oddity", "afflicted", "afflicted_identity"]

Defect = Literal[
    "version-1",
    "no-san",
    "no-purpose",
    "wrong-purpose",
    "may-sign",
    "no-authority-key-identifier",
    "outlives-ca",
    "ca-without-key-usage",
]
# Version 1 has no extensions that could be missing or wrong.
OF_EXTENSIONS: tuple[Defect, ...] = ("no-san", "no-purpose", "wrong-purpose", "may-sign", "no-authority-key-identifier")

# What is unusual and no defect.
Oddity = Literal["both-purposes", "ends-with-ca"]

_LIFE, _HOUR = dt.timedelta(days=30), dt.timedelta(hours=1)


def afflicted(
    defects: Collection[Defect], host: str, role: Literal["client", "server"], oddity: Oddity | None = None
) -> tuple[x509.Certificate, x509.Certificate]:
    """Make the certificate of `host` in `role` and that of its CA, with just these defects.

    Raises UsageError for a defect that is not known, or for two that cannot be together.
    """
    identity, ca = afflicted_identity(defects, host, role, oddity)
    return identity.certificate, ca


def afflicted_identity(
    defects: Collection[Defect], host: str, role: Literal["client", "server"], oddity: Oddity | None = None
) -> tuple[Identity, x509.Certificate]:
    """Make the same as `afflicted`, the leaf with its key, so that it can be tried."""
    unknown = set(defects) - set(get_args(Defect))
    if unknown or {"no-purpose", "wrong-purpose"} <= set(defects):
        raise UsageError(f"no certificate has the defects {', '.join(sorted(defects))}")
    if "version-1" in defects and not set(defects).isdisjoint(OF_EXTENSIONS):
        raise UsageError("a certificate of version 1 has no extensions that could be wrong")
    ca_name, ca_key, key = distinguished_name(f"CA of {host}"), generate(), generate()
    issuer = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    plain = "ca-without-key-usage" in defects
    ca_end = now() + _LIFE
    ca = compose(
        ca_name,
        ca_key.public_key(),
        issuer=ca_name,
        issuer_key=ca_key,
        extensions=article_authority_extensions(issuer) if plain else authority_extensions(None, issuer, issuer),
        end=ca_end,
    )
    leaf = compose(
        distinguished_name(host),
        key.public_key(),
        issuer=ca_name,
        issuer_key=ca_key,
        extensions=_extensions(
            defects, host, role, x509.SubjectKeyIdentifier.from_public_key(key.public_key()), issuer, oddity
        ),
        end=_end(ca_end, defects, oddity),
    )
    return Identity(as_version_1(leaf, ca_key) if "version-1" in defects else leaf, key=key), ca


def _end(ca_end: dt.datetime, defects: Collection[Defect], oddity: Oddity | None) -> dt.datetime:
    # An hour is enough to outlive a CA: who compares dates only overlooks it.
    if "outlives-ca" in defects:
        return ca_end + _HOUR
    return ca_end if oddity == "ends-with-ca" else ca_end - dt.timedelta(days=1)


def _extensions(
    defects: Collection[Defect],
    host: str,
    role: Literal["client", "server"],
    own: x509.SubjectKeyIdentifier,
    issuer: x509.SubjectKeyIdentifier,
    oddity: Oddity | None,
) -> list[Extension]:
    other: Literal["client", "server"] = "server" if role == "client" else "client"
    profile = Profile(other if "wrong-purpose" in defects else role, dns=[host])
    left_out: list[type[x509.ExtensionType]] = [
        kind
        for defect, kind in (
            ("no-san", x509.SubjectAlternativeName),
            ("no-purpose", x509.ExtendedKeyUsage),
            ("no-authority-key-identifier", x509.AuthorityKeyIdentifier),
        )
        if defect in defects
    ]
    kept = [
        (value, critical) for value, critical in leaf_extensions(profile, own, issuer) if type(value) not in left_out
    ]
    if oddity == "both-purposes":
        both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        kept = [(both if isinstance(value, x509.ExtendedKeyUsage) else value, crit) for value, crit in kept]
    if "may-sign" in defects:
        kept = [
            (
                x509.BasicConstraints(ca=True, path_length=None) if isinstance(value, x509.BasicConstraints) else value,
                crit,
            )
            for value, crit in kept
        ]
    return kept
