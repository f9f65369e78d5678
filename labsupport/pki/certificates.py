"""The last step of every issuance: compose a TBSCertificate and sign its DER (RFC 5280 section 4.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

from labsupport.errors import CertificateRefused
from labsupport.pki.keys import PrivateKey
from labsupport.pki.profile import BACKDATE, Extension

__all__ = ["compose", "distinguished_name", "now"]


def compose(
    subject: x509.Name,
    public_key: CertificatePublicKeyTypes,
    *,
    issuer: x509.Name,
    issuer_key: PrivateKey,
    extensions: Iterable[Extension],
    start: dt.datetime | None = None,
    end: dt.datetime,
) -> x509.Certificate:
    """Sign a certificate with exactly `extensions`; the serial number has 159 random bits.

    `start` is five minutes ago by default.  Raises CertificateRefused where the life would end before it begins.
    """
    start = start or now() - BACKDATE
    if end <= start:
        raise CertificateRefused(
            f"the certificate would end ({end:%Y-%m-%d %H:%M}) before it starts ({start:%Y-%m-%d %H:%M})"
        )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def distinguished_name(common_name: str) -> x509.Name:
    """Return the name with one attribute; raise CertificateRefused where the text does not fit into it."""
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    except ValueError as error:
        raise CertificateRefused(f"the name {common_name!r} does not fit into a certificate: {error}") from None


def now() -> dt.datetime:
    """Return the time, in UTC."""
    return dt.datetime.now(dt.UTC)
