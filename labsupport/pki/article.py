"""Certificates as a widely copied recipe makes them: ``openssl req -x509`` and ``openssl x509 -req``, nothing more.

With OpenSSL 3.0 and 3.1 the authority's certificate then has no keyUsage, and the leaves are X.509 *version 1* without
any extension: no SubjectAltName, no purpose, no AuthorityKeyIdentifier.  TLS asks for version 3 (RFC 8446 section
4.4.2.2).  They are made here on purpose, so that a lesson can ask real verifiers what they think of them.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding

from labsupport.pki.certificates import fresh_certificate
from labsupport.pki.der import children, element, encode
from labsupport.pki.keys import PrivateKey
from labsupport.pki.profile import Extension

__all__ = ["article_authority_extensions", "as_version_1"]

_SEQUENCE, _BIT_STRING = 0x30, 0x03
_VERSION, _EXTENSIONS = 0xA0, 0xA3


def article_authority_extensions(key: x509.SubjectKeyIdentifier) -> list[Extension]:
    """Return what OpenSSL's stock configuration puts into a self-signed CA certificate: no keyUsage among it."""
    return [
        (key, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key), False),
        (x509.BasicConstraints(ca=True, path_length=None), True),
    ]


def as_version_1(certificate: x509.Certificate, issuer_key: PrivateKey) -> x509.Certificate:
    """Return `certificate` as X.509 version 1: version field and extensions removed, signed again by `issuer_key`."""
    tbs = element(certificate.tbs_certificate_bytes)
    kept = b"".join(field.encoded for field in children(tbs) if field.tag not in (_VERSION, _EXTENSIONS))
    to_be_signed = encode(_SEQUENCE, kept)
    outer = element(certificate.public_bytes(Encoding.DER))
    algorithm = list(children(outer))[1].encoded

    def make() -> x509.Certificate:
        if isinstance(issuer_key, ec.EllipticCurvePrivateKey):
            signature = issuer_key.sign(to_be_signed, ec.ECDSA(hashes.SHA256()))
        else:
            signature = issuer_key.sign(to_be_signed, padding.PKCS1v15(), hashes.SHA256())
        return x509.load_der_x509_certificate(
            encode(_SEQUENCE, to_be_signed + algorithm + encode(_BIT_STRING, b"\0" + signature))
        )

    return fresh_certificate(make, lambda: to_be_signed)
