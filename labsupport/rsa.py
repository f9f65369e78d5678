"""Small-number RSA for demonstrations.

.. danger::
   This is textbook RSA: no padding, no hashing, keys that a laptop factors, and timing that tells secrets.
   It is here to be looked at and taken apart. Anything real belongs to the ``cryptography`` package.

The primitives are RSASP1 and RSAVP1 of RFC 8017, section 5.2. All numbers are plain ints.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Counter", "Key", "is_prime", "modexp", "sign", "smallest_factor", "verify"]

# Miller-Rabin to all of these bases is exact below the limit (Sorenson and Webster, 2015); to the first four, below
# the smaller one (Jaeschke, 1993).
_BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
_EXACT_BELOW = 3_317_044_064_679_887_385_961_981
_FOUR_EXACT_BELOW = 3_215_031_751
_ROUNDS = 40  # beyond it, random bases: a composite passes with probability below 4**-40


def is_prime(number: int) -> bool:
    """Tell whether `number` is prime: exactly below 3.3e24, with an error below 2**-80 above."""
    if number < 2:
        return False
    for prime in _BASES:
        if number % prime == 0:
            return number == prime
    return all(_passes(number, base) for base in _bases(number))


def _bases(number: int) -> Sequence[int]:
    if number < _FOUR_EXACT_BELOW:
        return _BASES[:4]
    if number < _EXACT_BELOW:
        return _BASES
    return [2 + secrets.randbelow(number - 3) for _ in range(_ROUNDS)]


def _passes(number: int, base: int) -> bool:
    """One round of Miller-Rabin for an odd `number`."""
    odd, halvings = number - 1, 0
    while odd % 2 == 0:
        odd, halvings = odd // 2, halvings + 1
    power = pow(base, odd, number)
    if power in (1, number - 1):
        return True
    for _ in range(halvings - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


def smallest_factor(number: int) -> int:
    """Return the smallest prime that divides `number`, by dividing: the work doubles with every second bit.

    Raises ValueError below 2.
    """
    if number < 2:
        raise ValueError(f"{number} has no prime factor")
    if number % 2 == 0:
        return 2
    for candidate in range(3, math.isqrt(number) + 1, 2):
        if number % candidate == 0:
            return candidate
    return number


@dataclass(frozen=True)
class Key:
    """A private key: modulus `n`, public exponent `e`, private exponent `d`, and the primes `p` and `q`."""

    n: int
    e: int
    d: int
    p: int
    q: int

    @classmethod
    def from_primes(cls, p: int, q: int, e: int = 65537) -> Key:
        """Make the key of two primes; `d` is the inverse of `e` modulo lcm(p - 1, q - 1).

        Raises ValueError if p or q is not prime, if they are equal, or if `e` has no inverse.
        """
        if p == q or not (is_prime(p) and is_prime(q)):
            raise ValueError("a key needs two different primes")
        order = math.lcm(p - 1, q - 1)
        if e < 3 or math.gcd(e, order) != 1:
            raise ValueError(f"the exponent {e} has no inverse modulo {order}")
        return cls(n=p * q, e=e, d=pow(e, -1, order), p=p, q=q)

    @classmethod
    def generate(cls, bits: int, randbits: Callable[[int], int], e: int = 65537) -> Key:
        """Make a key whose modulus has exactly `bits` bits.

        `randbits(k)` returns an int of k random bits: ``secrets.randbits``, ``random.Random(7).getrandbits``.
        Raises ValueError below 16 bits, where keys for some exponents do not exist, or for an even exponent.
        """
        if bits < 16 or e < 3 or e % 2 == 0:
            raise ValueError("a key has at least 16 bits and an odd exponent of 3 or more")
        while True:
            p = _random_prime((bits + 1) // 2, randbits)
            q = _random_prime(bits // 2, randbits)
            if p != q and (p * q).bit_length() == bits and math.gcd(e, (p - 1) * (q - 1)) == 1:
                return cls.from_primes(p, q, e)


def _random_prime(bits: int, randbits: Callable[[int], int]) -> int:
    while True:
        candidate = 1 << (bits - 1) | randbits(bits - 1) | 1
        if is_prime(candidate):
            return candidate


def sign(key: Key, message: int) -> int:
    """Return ``message**d mod n``: RSASP1 (RFC 8017, section 5.2.1).

    Raises ValueError if the message is not between 0 and n - 1.
    """
    if not 0 <= message < key.n:
        raise ValueError("message representative out of range")
    return pow(message, key.d, key.n)


def verify(message: int, signature: int, e: int, n: int) -> bool:
    """Tell whether ``signature**e mod n`` is `message`: RSAVP1 (RFC 8017, section 5.2.2).

    Raises ValueError if the signature is not between 0 and n - 1.
    """
    if not 0 <= signature < n:
        raise ValueError("signature representative out of range")
    return pow(signature, e, n) == message


class Counter:
    """Multiplication modulo `n` that counts itself: ``mul = Counter(33); mul(14, 14)`` is 31, ``mul.calls`` is 1."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.calls = 0

    def __call__(self, left: int, right: int) -> int:
        """Return ``left * right mod n`` and count one multiplication."""
        self.calls += 1
        return left * right % self.n


def modexp(mul: Callable[[int, int], int], base: int, exponent: int) -> int:
    """Return ``base**exponent`` by square and multiply, with at most two calls of `mul` for each bit of `exponent`.

    `mul` multiplies, and reduces if it likes (see `Counter`); its result for exponent 0 is 1. Raises ValueError for
    a negative exponent.
    """
    if exponent < 0:
        raise ValueError("the exponent is negative")
    result = 1
    for bit in f"{exponent:b}":
        result = mul(result, result)
        if bit == "1":
            result = mul(result, base)
    return result
