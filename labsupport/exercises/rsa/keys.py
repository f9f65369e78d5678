"""Keys of real size for the cases, found as fast as Python allows: a check waits for them."""

from __future__ import annotations

import math

from labsupport.exercises.draw import Draw
from labsupport.rsa import Key, is_prime

__all__ = ["key_of", "large_primes"]

# Most candidates have a small factor, which one gcd tells sooner than a power does.
_SMALL_PRIMES = math.prod(number for number in range(3, 1000, 2) if is_prime(number))


def large_primes(draw: Draw, bits: int, e: int) -> tuple[int, int]:
    """Return two primes with a product of exactly `bits` bits, whose predecessors share no factor with `e`.

    `bits` is even, and 32 or more.
    """
    p = _prime(draw, bits // 2, e)
    while (q := _prime(draw, bits // 2, e)) == p:
        pass
    return p, q


def key_of(p: int, q: int, e: int) -> Key:
    """Return the key of two numbers that are known to be primes and to suit `e`."""
    return Key(n=p * q, e=e, d=pow(e, -1, math.lcm(p - 1, q - 1)), p=p, q=q)


def _prime(draw: Draw, bits: int, e: int) -> int:
    top = 3 << (bits - 2)  # two bits, so that no product is a bit short
    while True:
        candidate = draw.bits(bits - 2) | top | 1
        if math.gcd(candidate, _SMALL_PRIMES) != 1 or math.gcd(candidate - 1, e) != 1:
            continue
        # One round settles nearly all; is_prime does forty.
        if pow(2, candidate - 1, candidate) == 1 and is_prime(candidate):
            return candidate
