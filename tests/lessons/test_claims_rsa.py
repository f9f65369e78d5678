"""What lesson 01 claims with a number holds; each test quotes the sentence that it is about."""

from __future__ import annotations

import hashlib
import math

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from labsupport.authoring.source import SourceCell
from labsupport.pki.authority import Authority
from labsupport.rsa import Counter, modexp
from tests.lessons.quoted import answer_to, lesson, said

RSA = "01_rsa"


def code() -> list[SourceCell]:
    return [cell for cell in lesson(RSA).cells if cell.kind == "code"]


def shown(source: str) -> object:
    """Run the one cell that begins with `source` and return the value of its last line."""
    (cell,) = (cell for cell in code() if cell.text.startswith(source))
    *before, last = cell.text.splitlines()
    names: dict[str, object] = {"math": math, "n": 33, "p": 3, "q": 11, "phi": 20}
    exec("\n".join(before), names)
    return eval(last, names)


class TestTheKeyOfTheArticle:
    def test_its_numbers(self) -> None:
        assert shown("p, q = 3, 11") == (33, 20)
        said(RSA, "Let us try all numbers up to 40.")
        assert shown("e = 3") == [7, 27]
        said(RSA, "e = 3 and n = 33 are public, d = 7 is secret")
        assert shown("signature = 5**7 % 33") == (14, 5)

    def test_the_circle_of_exponents(self) -> None:
        said(RSA, "After ten steps they begin anew, and 21 is two rounds and one step.")
        powers = [5**power % 33 for power in range(22)]
        assert powers[:10] == powers[10:20]
        assert len(set(powers)) == 10
        said(RSA, "Modulo 11, ten steps lead every number but 0 to 1; modulo 3, two steps do.")
        assert shown("[number**10 % 11") == ([1] * 10, [1] * 2)
        said(RSA, "no longer than the least common multiple of p - 1 and q - 1, which is 10.")
        assert all(pow(x, 10, 33) == 1 for x in range(33) if math.gcd(x, 33) == 1)
        assert shown("math.lcm(p - 1, q - 1)") == (10, 1, 1)

    def test_all_33_numbers_come_back(self) -> None:
        said(RSA, "It works for all 33 numbers")
        assert shown("all(pow(pow(number") is True
        said(RSA, "p and q are equal (not all numbers would come back)")
        assert pow(pow(7, 5, 49), pow(5, -1, 36), 49) != 7

    def test_the_pictures_of_power_3_and_5(self) -> None:
        said(RSA, "Nine numbers stay where they are under power 3")
        assert [x for x in range(33) if pow(x, 3, 33) == x] == [0, 1, 10, 11, 12, 21, 22, 23, 32]
        assert len({pow(x, 3, 33) for x in range(33)}) == 33
        said(RSA, "nobody can tell where a 10 came from.")
        assert sum(pow(x, 5, 33) == 10 for x in range(33)) > 1


class TestEuclidAndPowers:
    def test_where_there_is_no_inverse(self) -> None:
        said(RSA, "4 times a number is even, and leaves an even number modulo 20, never 1.")
        assert {4 * number % 20 for number in range(20)} == {0, 4, 8, 12, 16}

    def test_the_divisions(self) -> None:
        assert shown("divmod(20, 3)") == ((6, 2), (1, 1), (2, 0))
        said(RSA, "2 is 20 - 6 · 3, and 1 is 3 - 1 · 2.")
        assert (20 - 6 * 3, 3 - 1 * 2, 7 * 3 - 1 * 20) == (2, 1, 1)

    def test_the_squares_and_the_five_multiplications(self) -> None:
        assert shown("squares = [5]") == [5, 25, 31, 4]
        said(RSA, "13 is 8 + 4 + 1, or 1101 in the binary system")
        assert f"{13:b}" == "1101"
        said(RSA, "Five: three squarings, and two that put 4, 31 and 5 together.")
        assert shown("4 * 31 % 33") == (26, 26)
        # Three squarings and two products: the library's way from the left takes as many besides those with 1.
        assert len(bin(13)) - 3 + (13).bit_count() - 1 == 5
        mul = Counter(33)
        assert modexp(mul, 5, 13) == 26

    def test_the_worked_examples_of_the_exercises(self) -> None:
        assert answer_to(RSA, "rsa-keypair", math=math)(3, 11, 3) == (33, 7)
        assert answer_to(RSA, "rsa-inverse")(3, 20) == 7
        crack = answer_to(RSA, "rsa-factor", math=math)
        assert crack(33, 3) == 7
        with pytest.raises(ValueError, match="two different primes"):
            crack(49, 5)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class TestRealSignatures:
    def test_the_block(self, key: rsa.RSAPrivateKey) -> None:
        said(RSA, "First come `0001`, then `ff` over and over, then `00`, then 19 bytes that say")
        text = b"Pay Bob 10 euros"
        public = key.public_key().public_numbers()
        signed = key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        block = pow(int.from_bytes(signed), public.e, public.n).to_bytes(256)
        head, zero, rest = block[:2], block[-52:-51], block[-51:]
        assert (head, zero) == (b"\x00\x01", b"\x00")
        assert set(block[2:-52]) == {0xFF}
        assert len(rest[:-32]) == 19
        assert rest[-32:] == hashlib.sha256(text).digest()

    def test_a_product_is_refused(self, key: rsa.RSAPrivateKey) -> None:
        said(RSA, "a verifier that looks at the *whole* block refuses it.")
        public = key.public_key()
        n = public.public_numbers().n
        texts = (b"Pay Bob 10 euros", b"Pay Eve 10 euros")
        one, other = (key.sign(text, padding.PKCS1v15(), hashes.SHA256()) for text in texts)
        product = (int.from_bytes(one) * int.from_bytes(other) % n).to_bytes(256)
        for text in texts:
            with pytest.raises(InvalidSignature):
                public.verify(product, text, padding.PKCS1v15(), hashes.SHA256())

    def test_what_a_certificates_signature_signs(self) -> None:
        said(RSA, "Whoever checks the certificate hashes the first part *as received*")
        certificate = Authority.root(algorithm="rsa").certificate
        key = certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        numbers = key.public_numbers()
        block = pow(int.from_bytes(certificate.signature), numbers.e, numbers.n).to_bytes(256)
        assert block[-32:] == hashlib.sha256(certificate.tbs_certificate_bytes).digest()

    def test_a_copy_verifies_and_a_thief_cannot_sign_for_it(self, key: rsa.RSAPrivateKey) -> None:
        said(RSA, "a copy verifies as well as the original.")
        authority = Authority.root(algorithm="rsa")
        owner = authority.issue("server1", role="server", algorithm="rsa")
        copy = x509.load_pem_x509_certificate(owner.certificate_pem)
        copy.verify_directly_issued_by(authority.certificate)
        said(RSA, "First the owner signs something that was never signed before, then the thief, who has another key.")
        named, own_key = copy.public_key(), owner.key
        assert isinstance(named, rsa.RSAPublicKey)
        assert isinstance(own_key, rsa.RSAPrivateKey)
        how = padding.PKCS1v15(), hashes.SHA256()
        named.verify(own_key.sign(b"fresh", *how), b"fresh", *how)
        with pytest.raises(InvalidSignature):
            named.verify(key.sign(b"fresh", *how), b"fresh", *how)

    def test_the_learners_verify_agrees_with_the_library(self, key: rsa.RSAPrivateKey) -> None:
        said(RSA, "It knows no padding, so its message is the block.")
        public = key.public_key().public_numbers()
        signed = int.from_bytes(key.sign(b"Pay Bob 10 euros", padding.PKCS1v15(), hashes.SHA256()))
        block = pow(signed, public.e, public.n)
        verify = answer_to(RSA, "rsa-sign")
        assert verify(block, signed, public.e, public.n) is True
        assert verify(block, signed ^ 1, public.e, public.n) is False

    def test_one_bit_of_the_signature_changes_the_whole_block(self, key: rsa.RSAPrivateKey) -> None:
        said(RSA, "Change one bit of the signature.")
        said(RSA, "All of it, beyond recognition.")
        public = key.public_key().public_numbers()
        signed = int.from_bytes(key.sign(b"Pay Bob 10 euros", padding.PKCS1v15(), hashes.SHA256()))
        one, other = (pow(number, public.e, public.n) for number in (signed, signed ^ 1))
        assert (one ^ other).bit_count() > 512

    def test_a_small_exponent_without_padding(self) -> None:
        said(RSA, "With e = 3 everybody can sign 8, under any key")
        assert 2**3 == 8
        said(RSA, "which is why almost everybody uses 65537, with two bits that are ones.")
        assert (65537).bit_count() == 2


class TestTheForgery:
    def test_in_two_lines(self) -> None:
        said(RSA, "31 is a good signature of 25")
        assert (14 * 14 % 33, pow(31, 3, 33), 5 * 5) == (31, 25, 25)

    def test_the_worked_example(self) -> None:
        def signer(number: int) -> int:
            assert number % 33 not in (25, 8)
            return pow(number, 7, 33)

        assert answer_to(RSA, "rsa-forge", Callable=object)(signer, 3, 33, 25) == 31
