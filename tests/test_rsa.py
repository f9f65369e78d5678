"""Small-number RSA, against known numbers and against an independent implementation."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa as pyca
from hypothesis import given
from hypothesis import strategies as st

from labsupport.rsa import Counter, Key, is_prime, modexp, sign, smallest_factor, verify

ARTICLE = Key.from_primes(3, 11, e=3)


def _slowly_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


class TestIsPrime:
    def test_agrees_with_trial_division(self) -> None:
        assert [n for n in range(5000) if is_prime(n)] == [n for n in range(5000) if _slowly_prime(n)]

    @pytest.mark.parametrize("number", [2**61 - 1, 2**89 - 1, 2**521 - 1])
    def test_finds_mersenne_primes(self, number: int) -> None:
        assert is_prime(number)

    @pytest.mark.parametrize("number", [561, 3_215_031_751, 3_825_123_056_546_413_051, (2**61 - 1) * (2**89 - 1)])
    def test_is_not_fooled_by_pseudoprimes(self, number: int) -> None:
        assert not is_prime(number)

    @pytest.mark.parametrize("number", [-7, 0, 1])
    def test_refuses_what_is_below_two(self, number: int) -> None:
        assert not is_prime(number)


class TestKey:
    def test_has_the_numbers_of_the_article(self) -> None:
        assert (ARTICLE.n, ARTICLE.e, ARTICLE.d) == (33, 3, 7)

    @pytest.mark.parametrize(("p", "q", "e"), [(11, 11, 3), (9, 11, 3), (3, 15, 3), (7, 13, 3), (3, 11, 1)])
    def test_refuses_what_makes_no_key(self, p: int, q: int, e: int) -> None:
        with pytest.raises(ValueError, match=r"primes|inverse"):
            Key.from_primes(p, q, e)

    @pytest.mark.parametrize("bits", [16, 17, 40, 512])
    def test_has_as_many_bits_as_asked(self, bits: int) -> None:
        key = Key.generate(bits, random.Random(bits).getrandbits, e=17)
        assert key.n.bit_length() == bits
        assert key.e * key.d % (key.p - 1) == key.e * key.d % (key.q - 1) == 1

    def test_comes_from_its_source_of_bits_alone(self) -> None:
        assert Key.generate(64, random.Random(7).getrandbits) == Key.generate(64, random.Random(7).getrandbits)
        assert Key.generate(64, random.Random(7).getrandbits) != Key.generate(64, random.Random(8).getrandbits)

    @pytest.mark.parametrize(("bits", "e"), [(15, 3), (64, 4), (64, 1)])
    def test_refuses_to_generate_what_cannot_be(self, bits: int, e: int) -> None:
        with pytest.raises(ValueError, match="at least 16 bits"):
            Key.generate(bits, random.Random(1).getrandbits, e=e)

    def test_is_a_key_to_cryptography_too(self) -> None:
        key = Key.generate(1024, random.Random(3).getrandbits)
        numbers = pyca.RSAPrivateNumbers(
            p=key.p,
            q=key.q,
            d=key.d,
            dmp1=key.d % (key.p - 1),
            dmq1=key.d % (key.q - 1),
            iqmp=pow(key.q, -1, key.p),
            public_numbers=pyca.RSAPublicNumbers(key.e, key.n),
        )
        assert numbers.private_key().key_size == 1024


class TestSignAndVerify:
    def test_give_the_numbers_of_the_article(self) -> None:
        assert sign(ARTICLE, 5) == 14
        assert verify(5, 14, 3, 33)
        assert not verify(6, 14, 3, 33)

    def test_agree_for_every_message(self) -> None:
        for message in range(ARTICLE.n):
            signature = sign(ARTICLE, message)
            accepted = [other for other in range(ARTICLE.n) if verify(other, signature, ARTICLE.e, ARTICLE.n)]
            assert accepted == [message]

    @pytest.mark.parametrize("outside", [-1, 33, 38])
    def test_refuse_representatives_out_of_range(self, outside: int) -> None:
        with pytest.raises(ValueError, match="message representative out of range"):
            sign(ARTICLE, outside)
        with pytest.raises(ValueError, match="signature representative out of range"):
            verify(5, outside, 3, 33)


class TestModexp:
    @given(st.integers(0, 10**9), st.integers(0, 2**80), st.integers(2, 10**9))
    def test_is_pow_within_two_multiplications_a_bit(self, base: int, exponent: int, n: int) -> None:
        mul = Counter(n)
        assert modexp(mul, base, exponent) % n == pow(base, exponent, n)
        assert mul.calls <= 2 * max(exponent.bit_length(), 1)

    def test_refuses_a_negative_exponent(self) -> None:
        with pytest.raises(ValueError, match="negative"):
            modexp(Counter(33), 5, -1)


class TestSmallestFactor:
    @pytest.mark.parametrize(
        ("number", "factor"), [(2, 2), (4, 2), (9, 3), (33, 3), (49, 7), (97, 97), (2**13 * 3, 2), (10403, 101)]
    )
    def test_divides_and_is_prime(self, number: int, factor: int) -> None:
        assert smallest_factor(number) == factor
        assert number % factor == 0
        assert is_prime(factor)

    @pytest.mark.parametrize("number", [1, 0, -6])
    def test_below_two_there_is_none(self, number: int) -> None:
        with pytest.raises(ValueError, match="no prime factor"):
            smallest_factor(number)
