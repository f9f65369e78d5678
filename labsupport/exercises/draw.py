"""Fresh, unpredictable and replayable inputs for the cases of an exercise.

A seed of 256 bits from the operating system feeds SHAKE-256 streams, one for each label, so that seeing some inputs
says nothing about the next ones (the values of ``random.Random`` can be predicted from earlier ones), and the same
seed always gives the same values.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from labsupport.rsa import is_prime

__all__ = ["Draw"]

T = TypeVar("T")
Bytes: TypeAlias = bytes  # inside the class the name `bytes` is the method

_SEED_BYTES = 32
_BLOCK_BYTES = 512
_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"


class Draw:
    """A stream of values from `seed` (any bytes; None draws 256 bits from the operating system)."""

    def __init__(self, seed: Bytes | None = None) -> None:
        self.seed = secrets.token_bytes(_SEED_BYTES) if seed is None else seed
        self._blocks = 0
        self._pool = b""

    def child(self, label: str) -> Draw:
        """Return the independent stream called `label`; drawing from either does not move the other."""
        name = label.encode()
        # The lengths keep ("ab", "c") and ("a", "bc") apart; the last byte keeps children apart from blocks.
        key = len(self.seed).to_bytes(8) + self.seed + name + b"\x01"
        return Draw(hashlib.shake_256(key).digest(_SEED_BYTES))

    def bytes(self, count: int) -> Bytes:
        """Return `count` random bytes."""
        while len(self._pool) < count:
            key = len(self.seed).to_bytes(8) + self.seed + self._blocks.to_bytes(8) + b"\x00"
            self._pool += hashlib.shake_256(key).digest(_BLOCK_BYTES)
            self._blocks += 1
        taken, self._pool = self._pool[:count], self._pool[count:]
        return taken

    def bits(self, count: int) -> int:
        """Return an int of at most `count` random bits."""
        return int.from_bytes(self.bytes((count + 7) // 8)) >> (-count % 8)

    def below(self, limit: int) -> int:
        """Return an int from 0 to `limit` - 1, each equally likely; ValueError if there is none."""
        if limit < 1:
            raise ValueError("nothing is below 1 here")
        while True:  # rejecting what is too large keeps the distribution even
            value = self.bits((limit - 1).bit_length())
            if value < limit:
                return value

    def between(self, low: int, high: int) -> int:
        """Return an int from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def coin(self) -> bool:
        """Return True or False."""
        return bool(self.bits(1))

    def choice(self, options: Sequence[T]) -> T:
        """Return one of `options`."""
        return options[self.below(len(options))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return `items` in a random order."""
        pile = list(items)
        for last in range(len(pile) - 1, 0, -1):
            other = self.below(last + 1)
            pile[last], pile[other] = pile[other], pile[last]
        return pile

    def prime(self, bits: int) -> int:
        """Return a prime of exactly `bits` bits; ValueError below 2 bits."""
        if bits < 2:
            raise ValueError("the smallest prime has 2 bits")
        while True:
            candidate = self.bits(bits - 1) | 1 << (bits - 1)
            if is_prime(candidate):
                return candidate

    def word(self) -> str:
        """Return a pronounceable lower-case word of six letters, fit for a host name."""
        return "".join(self.choice(letters) for letters in (_CONSONANTS, _VOWELS) * 3)
