"""What ``sign`` and ``verify`` are asked: with tiny keys, and with keys of real size whose signatures a library makes.

A padded block (EMSA-PKCS1-v1_5 of RFC 8017, section 9.2) is a message like any other, and its raw power is what
``cryptography`` returns.
"""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from labsupport.exercises.draw import Draw
from labsupport.exercises.rsa.keys import key_of, large_primes
from labsupport.exercises.verdicts import shorten
from labsupport.rsa import Key

__all__ = ["Claim", "RealKey", "Task", "tiny_key"]

REAL_BITS = 1024
# DER of the DigestInfo of SHA-256, without the digest (RFC 8017, section 9.2, note 1)
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclass(frozen=True)
class Task:
    """The arguments of ``sign``, and the right signature; None where the message is out of range."""

    message: int
    d: int
    n: int
    signature: int | None

    @property
    def expected(self) -> str:
        """The right answer for a card."""
        return "raises ValueError" if self.signature is None else shorten(self.signature)

    @property
    def too_large_for_a_power(self) -> bool:
        """Tell whether message**d is more than a computer holds."""
        return self.message not in (0, 1) and self.d.bit_length() > 40


@dataclass(frozen=True)
class Claim:
    """The arguments of ``verify``."""

    message: int
    signature: int
    e: int
    n: int

    @property
    def in_range(self) -> bool:
        """Tell whether the signature is between 0 and n - 1."""
        return 0 <= self.signature < self.n

    @property
    def holds(self) -> bool:
        """Tell whether the signature is one of the message."""
        return self.in_range and pow(self.signature, self.e, self.n) == self.message


def _padded(message: bytes) -> int:
    """Return the block that a PKCS#1 v1.5 signature of `message` with SHA-256 is the power of."""
    info = _SHA256_INFO + hashlib.sha256(message).digest()
    filling = b"\xff" * (REAL_BITS // 8 - len(info) - 3)
    return int.from_bytes(b"\x00\x01" + filling + b"\x00" + info)


class RealKey:
    """A key of real size, made when it is first asked for: the cases share it."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    @functools.cached_property
    def key(self) -> Key:
        """The key."""
        return key_of(*large_primes(self._draw, REAL_BITS, 65537), 65537)

    def signed(self, message: bytes) -> tuple[Key, int, int]:
        """Return the key, the padded block of `message`, and the library's signature of it."""
        key = self.key
        private = rsa.RSAPrivateNumbers(
            p=key.p,
            q=key.q,
            d=key.d,
            dmp1=key.d % (key.p - 1),
            dmq1=key.d % (key.q - 1),
            iqmp=pow(key.q, -1, key.p),
            public_numbers=rsa.RSAPublicNumbers(e=key.e, n=key.n),
        ).private_key()
        signature = private.sign(message, padding.PKCS1v15(), SHA256())
        return key, _padded(message), int.from_bytes(signature)

    def task(self, message: bytes) -> Task:
        """Return the task of signing the block of `message` as the library did."""
        key, block, signature = self.signed(message)
        return Task(block, key.d, key.n, signature)

    def claim(self, message: bytes, flipped: tuple[int, int], moduli: int) -> Claim:
        """Return a claim: the library's, with bits `flipped` in block and signature, and `moduli` times n added."""
        key, block, signature = self.signed(message)
        return Claim(block ^ flipped[0], (signature ^ flipped[1]) + moduli * key.n, key.e, key.n)


def tiny_key(draw: Draw) -> Key:
    """Draw a key with fewer than a hundred messages."""
    while True:
        p, q, e = draw.choice((3, 5, 7)), draw.choice((5, 7, 11, 13)), draw.choice((3, 5, 7, 11))
        # An exponent or a d of 1, or the same one on both sides, would let a wrong function pass.
        if p != q and p * q > 30 and math.gcd(e, (p - 1) * (q - 1)) == 1:
            key = Key.from_primes(p, q, e)
            if key.d != 1 and key.e * key.e % math.lcm(p - 1, q - 1) != 1:
                return key
