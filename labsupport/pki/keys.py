"""Private keys: EC P-256 by default, RSA where a lesson is about RSA, and the rules for keys a CA will certify."""

from __future__ import annotations

from functools import partial
from typing import Literal, TypeAlias, get_args

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from labsupport.errors import CertificateRefused, UsageError
from labsupport.pki.fresh import fresh

__all__ = ["Algorithm", "PrivateKey", "acceptable", "generate", "key_pem", "rsa_key"]

Algorithm = Literal["ec", "rsa"]
PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_RSA_BITS = 2048


def generate(algorithm: Algorithm = "ec") -> PrivateKey:
    """Make a fresh private key: ``"ec"`` is P-256 (about 0.02 ms), ``"rsa"`` 2048 bits (about 60 ms)."""
    if algorithm == "ec":
        return fresh("EC key", lambda: ec.generate_private_key(ec.SECP256R1()), to=_text, back=_ec_key)
    if algorithm == "rsa":
        return rsa_key(_RSA_BITS)
    raise UsageError(f"algorithm {algorithm!r} is not known: use one of {', '.join(get_args(Algorithm))}")


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """Make a fresh RSA key of any size; `acceptable` has an opinion on short ones."""
    make = partial(rsa.generate_private_key, public_exponent=65537, key_size=bits)
    return fresh(f"RSA key of {bits} bits", make, to=_text, back=_rsa_key)


def _text(key: PrivateKey) -> str:
    return key_pem(key).decode("ascii")


def _ec_key(text: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(text.encode("ascii"), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an EC key")
    return key


def _rsa_key(text: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(text.encode("ascii"), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key


def key_pem(key: PrivateKey) -> bytes:
    """Serialise `key` as unencrypted PKCS #8 PEM (RFC 5958); keep it in files of mode 0600."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def acceptable(key: PublicKeyTypes) -> None:
    """Raise CertificateRefused unless a careful CA would certify `key`."""
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _RSA_BITS:
            raise CertificateRefused(f"the RSA key has {key.key_size} bits: make one of {_RSA_BITS} bits or more")
        exponent = key.public_numbers().e
        if exponent < 65537 or exponent % 2 == 0:
            raise CertificateRefused(f"the RSA public exponent is {exponent}: use 65537")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            raise CertificateRefused(f"the curve {key.curve.name} is not accepted: use one of {', '.join(_CURVES)}")
    elif not isinstance(key, ed25519.Ed25519PublicKey):
        raise CertificateRefused(f"a key of type {type(key).__name__} is not accepted: use EC, RSA or Ed25519")
