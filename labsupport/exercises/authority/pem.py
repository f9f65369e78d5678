"""What a learner's function returned as PEM, read with clear words for each way in which it can be something else."""

from __future__ import annotations

import re
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from labsupport.pki.keys import PrivateKey

__all__ = [
    "NotThat",
    "certificate_and_key_in",
    "certificate_in",
    "certificates_in",
    "private_key_in",
    "request_and_key_in",
    "request_in",
]

Kind = Literal["certificate", "private key", "request"]

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s.*?-----END \1-----", re.DOTALL)
_LABELS: dict[str, Kind] = {
    "CERTIFICATE": "certificate",
    "CERTIFICATE REQUEST": "request",
    "NEW CERTIFICATE REQUEST": "request",
    "PRIVATE KEY": "private key",
    "EC PRIVATE KEY": "private key",
    "RSA PRIVATE KEY": "private key",
}
_DER_BEGINS = "\x30"


class NotThat(ValueError):
    """The value is not the PEM that was asked for; the text is a noun phrase that goes after "returned"."""


def certificate_in(value: object) -> x509.Certificate:
    """Return the one certificate in `value`; raises NotThat."""
    try:
        return x509.load_pem_x509_certificate(_one(value, "certificate").encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unreadable("certificate", error) from None


def certificates_in(value: object) -> list[x509.Certificate]:
    """Return the certificates in `value`, in order; raises NotThat where there are none or something else besides."""
    return [certificate_in(block) for block in _blocks(value, "certificate")]


def request_in(value: object) -> x509.CertificateSigningRequest:
    """Return the one request in `value`; raises NotThat."""
    try:
        return x509.load_pem_x509_csr(_one(value, "request").encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unreadable("request", error) from None


def private_key_in(value: object) -> PrivateKey:
    """Return the one private key in `value`, EC or RSA; raises NotThat, also for a key under a pass phrase."""
    text = _one(value, "private key")
    if "ENCRYPTED" in text:
        raise NotThat("a private key under a pass phrase; the judge has none to give")
    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unreadable("private key", error) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise NotThat("a private key that is neither EC nor RSA")
    return key


def certificate_and_key_in(value: object) -> tuple[x509.Certificate, PrivateKey]:
    """Return the two that a tuple of PEM texts holds; raises NotThat."""
    first, second = _two(value)
    return certificate_in(first), private_key_in(second)


def request_and_key_in(value: object) -> tuple[x509.CertificateSigningRequest, PrivateKey]:
    """Return the two that a tuple of PEM texts holds; raises NotThat."""
    first, second = _two(value)
    return request_in(first), private_key_in(second)


def _two(value: object) -> tuple[object, object]:
    if not isinstance(value, tuple):
        raise NotThat(f"{_article(type(value).__name__)} where a tuple of two texts belongs")
    if len(value) != 2:
        raise NotThat(f"a tuple of {len(value)} where a tuple of two texts belongs")
    return value


def _one(value: object, wanted: Kind) -> str:
    blocks = _blocks(value, wanted)
    if len(blocks) > 1:
        raise NotThat(f"{len(blocks)} PEM blocks where one {wanted} belongs")
    return blocks[0]


def _blocks(value: object, wanted: Kind) -> list[str]:
    """Return the PEM blocks of a text, each a `wanted`; raises NotThat with what came in their place."""
    if isinstance(value, bytes):
        kind = "DER" if value[:1] == b"\x30" else "bytes"
        raise NotThat(f"{kind} where PEM text belongs" + (": decode() makes text of it" if kind == "bytes" else ""))
    if not isinstance(value, str):
        raise NotThat(f"{_article(type(value).__name__)} where the PEM text of a {wanted} belongs")
    if not value.strip():
        raise NotThat(f"an empty text where a {wanted} belongs")
    if "-----BEGIN" not in value:
        raise NotThat(f"a text without a line -----BEGIN …-----, which a {wanted} in PEM begins with")
    found = list(_BLOCK.finditer(value))
    if not found or value.count("-----BEGIN") > len(found):
        raise NotThat(f"PEM that is cut off: a {wanted} ends with a line -----END …-----")
    for block in found:
        label = block[1]
        kind_found = _LABELS.get(label)
        if label == "ENCRYPTED PRIVATE KEY" and wanted == "private key":
            continue
        if kind_found != wanted:
            came = f"a {kind_found}" if kind_found else f"a block called {label}"
            raise NotThat(f"{came} where a {wanted} belongs")
    return [block[0] for block in found]


def _unreadable(wanted: Kind, error: Exception) -> NotThat:
    if isinstance(error, NotThat):
        return error
    return NotThat(f"a PEM block that holds no {wanted}")


def _article(noun: str) -> str:
    return "None" if noun == "NoneType" else f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
