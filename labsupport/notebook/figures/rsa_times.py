"""The measurements that figures of lesson 01 are drawn from: factoring by division, and keys of real size."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from labsupport.rsa import Key, smallest_factor

__all__ = ["fresh_modulus", "key_times", "seconds_to_factor"]

_SIZES = (1024, 2048, 3072, 4096)
_ROUNDS = 5
_TEXT = b"a text to be signed"


def seconds_to_factor(bits: int, seed: int, rounds: int = 3) -> float:
    """Return the shortest of `rounds` times, in seconds, that dividing takes to find a prime of a `bits`-bit modulus.

    Raises ValueError below 16 bits.
    """
    n = Key.generate(bits, random.Random(f"{seed} {bits}").getrandbits, e=3).n  # noqa: S311  # to be broken
    return min(_seconds(lambda: smallest_factor(n)) for _ in range(rounds))


def fresh_modulus(bits: int) -> int:
    """Return the product of two random primes, of exactly `bits` bits; raises ValueError below 16."""
    return Key.generate(bits, random.SystemRandom().getrandbits, e=3).n


def key_times() -> dict[str, dict[int, float]]:
    """Return milliseconds by operation and bits: one key made of each size, the shortest times of the other two."""
    times: dict[str, dict[int, float]] = {"make a key": {}, "sign": {}, "verify": {}}
    for bits in _SIZES:
        begin = time.perf_counter()
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        times["make a key"][bits] = 1000 * (time.perf_counter() - begin)
        times["sign"][bits] = _milliseconds(partial(_sign, key))
        times["verify"][bits] = _milliseconds(partial(_verify, key.public_key(), _sign(key)))
    return times


def _verify(key: rsa.RSAPublicKey, signature: bytes) -> None:
    key.verify(signature, _TEXT, padding.PKCS1v15(), hashes.SHA256())


def _sign(key: rsa.RSAPrivateKey) -> bytes:
    return key.sign(_TEXT, padding.PKCS1v15(), hashes.SHA256())


def _milliseconds(work: Callable[[], object]) -> float:
    return 1000 * min(_seconds(work) for _ in range(_ROUNDS))


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
