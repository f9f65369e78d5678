"""A leaf and its CA with any combination of defects: what an autopsy is practised on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Literal, get_args

from cryptography import x509

from labsupport.errors import UsageError
from labsupport.pki.article import article_authority_extensions, as_version_1
from labsupport.pki.certificates import compose, distinguished_name, now
from labsupport.pki.identity import Identity
from labsupport.pki.keys import generate
from labsupport.pki.profile import Extension, Profile, authority_extensions, leaf_extensions

__all__ = ["OF_EXTENSIONS", "Defect", "afflicted", "afflicted_identity"]

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

_LIFE = dt.timedelta(days=30)


def afflicted(
    defects: Collection[Defect], host: str, role: Literal["client", "server"]
) -> tuple[x509.Certificate, x509.Certificate]:
    """Make the certificate of `host` in `role` and that of its CA, with just these defects.

    Raises UsageError for a defect that is not known, or for two that cannot be together.
    """
    identity, ca = afflicted_identity(defects, host, role)
    return identity.certificate, ca


def afflicted_identity(
    defects: Collection[Defect], host: str, role: Literal["client", "server"]
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
            defects, host, role, x509.SubjectKeyIdentifier.from_public_key(key.public_key()), issuer
        ),
        end=ca_end + _LIFE if "outlives-ca" in defects else ca_end - dt.timedelta(days=1),
    )
    return Identity(as_version_1(leaf, ca_key) if "version-1" in defects else leaf, key=key), ca


def _extensions(
    defects: Collection[Defect],
    host: str,
    role: Literal["client", "server"],
    own: x509.SubjectKeyIdentifier,
    issuer: x509.SubjectKeyIdentifier,
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
    if "may-sign" in defects:
        kept = [
            (
                x509.BasicConstraints(ca=True, path_length=None) if isinstance(value, x509.BasicConstraints) else value,
                crit,
            )
            for value, crit in kept
        ]
    return kept
