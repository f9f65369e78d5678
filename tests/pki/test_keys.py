"""Keys: what is made, what a careful CA certifies, and that no key shows in a text."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from labsupport.errors import CertificateRefused, UsageError
from labsupport.pki.authority import Authority
from labsupport.pki.keys import acceptable, generate, key_pem


def test_a_key_is_p256_unless_rsa_is_asked_for() -> None:
    curve, modulus = generate(), generate("rsa")
    assert isinstance(curve, ec.EllipticCurvePrivateKey)
    assert curve.curve.name == "secp256r1"
    assert isinstance(modulus, rsa.RSAPrivateKey)
    assert (modulus.key_size, modulus.public_key().public_numbers().e) == (2048, 65537)


@pytest.mark.parametrize("algorithm", ["RSA", "", None])
def test_an_unknown_algorithm_is_refused(algorithm: str) -> None:
    with pytest.raises(UsageError, match="use one of ec, rsa"):
        generate(algorithm)  # type: ignore[arg-type]


def test_a_key_is_written_as_pem_that_others_read() -> None:
    key = generate()
    read = load_pem_private_key(key_pem(key), password=None)
    assert isinstance(read, ec.EllipticCurvePrivateKey)
    assert read.private_numbers() == key.private_numbers()


@pytest.mark.parametrize(("bits", "exponent"), [(2048, 65537), (3072, 65537)])
def test_good_rsa_keys_are_acceptable(bits: int, exponent: int) -> None:
    acceptable(rsa.generate_private_key(exponent, bits).public_key())


@pytest.mark.parametrize(("bits", "exponent", "fault"), [(1024, 65537, "1024 bits"), (2048, 3, "exponent is 3")])
def test_weak_rsa_keys_are_refused(bits: int, exponent: int, fault: str) -> None:
    with pytest.raises(CertificateRefused, match=fault):
        acceptable(rsa.generate_private_key(exponent, bits).public_key())


def test_an_even_exponent_is_refused() -> None:
    numbers = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
    try:
        key = rsa.RSAPublicNumbers(65538, numbers.n).public_key()
    except ValueError:
        return  # the library is careful enough itself
    with pytest.raises(CertificateRefused, match="exponent is 65538"):
        acceptable(key)


def test_no_key_shows_in_a_text(root: Authority) -> None:
    identity = root.issue("client1", role="client")
    for thing, key in ((root, root.key), (identity, identity.key)):
        text = f"{thing!r} {thing} {[thing]} {vars(thing).keys()}"
        assert "PrivateKey" not in text
        assert "PRIVATE" not in text
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        secret = key.private_numbers().private_value
        assert str(secret) not in text
        assert f"{secret:x}" not in text.lower()
