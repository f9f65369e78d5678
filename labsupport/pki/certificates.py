"""The last step of every issuance: compose a TBSCertificate and sign its DER (RFC 5280 section 4.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from labsupport.errors import CertificateRefused
from labsupport.pki.fresh import fresh
from labsupport.pki.keys import PrivateKey
from labsupport.pki.profile import BACKDATE, Extension

__all__ = ["certificate_text", "compose", "distinguished_name", "fresh_certificate", "now", "signed", "signed_request"]


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
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return signed(builder, issuer_key)


def signed(builder: x509.CertificateBuilder, issuer_key: PrivateKey) -> x509.Certificate:
    """Sign what `builder` holds, under a serial number with 159 random bits."""

    def numbered(number: int) -> x509.Certificate:
        return builder.serial_number(number).sign(issuer_key, hashes.SHA256())

    # Under one number all that is to be signed is determined; the signature itself is another one each time.
    return fresh_certificate(lambda: numbered(x509.random_serial_number()), lambda: numbered(1).tbs_certificate_bytes)


def fresh_certificate(make: Callable[[], x509.Certificate], about: Callable[[], bytes]) -> x509.Certificate:
    """Return the certificate that `make` makes; see `pki.fresh`."""
    return fresh("certificate", make, to=certificate_text, back=_certificate, about=about)


def certificate_text(certificate: x509.Certificate) -> str:
    """Return the certificate's PEM as text."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _certificate(text: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(text.encode("ascii"))


def signed_request(builder: x509.CertificateSigningRequestBuilder, key: PrivateKey) -> x509.CertificateSigningRequest:
    """Sign the request that `builder` holds with the requester's key."""

    def make() -> x509.CertificateSigningRequest:
        return builder.sign(key, hashes.SHA256())

    return fresh(
        "request",
        make,
        to=lambda request: request.public_bytes(Encoding.PEM).decode("ascii"),
        back=lambda text: x509.load_pem_x509_csr(text.encode("ascii")),
        about=lambda: make().tbs_certrequest_bytes,
    )


def distinguished_name(common_name: str) -> x509.Name:
    """Return the name with one attribute; raise CertificateRefused where the text does not fit into it."""
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    except ValueError as error:
        raise CertificateRefused(f"the name {common_name!r} does not fit into a certificate: {error}") from None


def now() -> dt.datetime:
    """Return the time, in UTC."""
    return fresh(
        "time", lambda: dt.datetime.now(dt.UTC), to=lambda moment: moment.isoformat(), back=dt.datetime.fromisoformat
    )
