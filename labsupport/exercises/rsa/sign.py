"""``sign`` and ``verify``: every message of a tiny key, keys of real size, and what lies out of range.

Where keys are large enough for it, the signatures are made by ``cryptography``: a padded block (EMSA-PKCS1-v1_5 of
RFC 8017, section 9.2) is a message like any other, and the raw power of it is what the library returns.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.plain import Plain
from labsupport.exercises.rsa.keys import key_of, large_primes
from labsupport.exercises.rsa.matching import (
    Match,
    anything,
    either,
    is_int,
    late,
    looking,
    raises,
    refuses,
    such,
    value,
)
from labsupport.exercises.verdicts import shorten
from labsupport.rsa import Key

__all__ = ["EXERCISE", "Claim", "Task"]

T = TypeVar("T")

SIGNED = "sign: every message of a small key, real keys, and nothing out of range"
VERIFIED = "verify: genuine signatures, and no others"
EXPONENTS = (3, 5, 7, 11, 13, 17)
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


def _right_signature(task: Task) -> Match:
    return refuses if task.signature is None else value(task.signature)


def _right_verdict(claim: Claim) -> Match:
    return value(claim.holds)


def _signed_unless(refused: Callable[[Task], bool]) -> Callable[[Task], Match]:
    """Sign everything but what is `refused`."""
    return lambda task: refuses if refused(task) else value(pow(task.message, task.d, task.n))


def _instead(formula: Callable[[Task], int]) -> Callable[[Task], Match]:
    """Work out something else, with or without a look at the range."""
    return lambda task: value(formula(task)) if task.signature is not None else either(refuses, such(is_int))


def _power_first(task: Task) -> Match:
    if not task.too_large_for_a_power:
        return either(_right_signature(task), value(pow(task.message, task.d, task.n)))
    return either(late, refuses) if task.signature is None else late


def _unchecked(claim: Claim) -> bool:
    return pow(claim.signature, claim.e, claim.n) == claim.message


def _reduced(claim: Claim) -> bool:
    return (pow(claim.signature, claim.e, claim.n) - claim.message) % claim.n == 0


def _saying(formula: Callable[[Claim], Plain]) -> Callable[[Claim], Match]:
    return lambda claim: value(formula(claim))


# Each known mistake: what the card says, and what the mistaken functions answer.
MISTAKES: dict[str, tuple[str, Callable[[Task], Match], Callable[[Claim], Match]]] = {
    "message-n-accepted": (
        "It signs the message n, which is one too many.",
        _signed_unless(lambda task: task.signature is None and task.message != task.n),
        _right_verdict,
    ),
    "message-0-refused": (
        "It refuses the message 0, which is in range.",
        _signed_unless(lambda task: task.signature is None or task.message == 0),
        _right_verdict,
    ),
    "negative-message-accepted": (
        "It signs negative messages, which are out of range.",
        _signed_unless(lambda task: task.message >= task.n),
        _right_verdict,
    ),
    "large-message-accepted": (
        "It signs messages of n and more: two messages then share a signature.",
        _signed_unless(lambda task: task.message < 0),
        _right_verdict,
    ),
    "message-range-unchecked": (
        "It signs messages that are not between 0 and n - 1: two messages then share a signature.",
        _signed_unless(lambda _: False),
        _right_verdict,
    ),
    "ranges-unchecked": (
        "Neither function looks whether its number is between 0 and n - 1.",
        _signed_unless(lambda _: False),
        _saying(_unchecked),
    ),
    "multiplies": (
        "It multiplies the message by d; a power is something else.",
        _instead(lambda task: task.message * task.d % task.n),
        _right_verdict,
    ),
    "caret": (
        "In Python ^ is the exclusive or of bits, not a power.",
        _instead(lambda task: (task.message ^ task.d) % task.n),
        _right_verdict,
    ),
    "base-and-exponent-swapped": (
        "It raises d to the message; the message is what is raised.",
        _instead(lambda task: pow(task.d, task.message, task.n)),
        _right_verdict,
    ),
    "power-before-remainder": (
        "It works out the whole power before it takes the remainder; with real keys no computer gets that far.",
        _power_first,
        _right_verdict,
    ),
    "signature-range-unchecked": (
        "It accepts signatures that are not between 0 and n - 1: one message then has many.",
        _right_signature,
        _saying(_unchecked),
    ),
    "message-reduced": (
        "It takes the message modulo n too, and so accepts a message that was never signed.",
        _right_signature,
        _saying(lambda claim: claim.in_range and _reduced(claim)),
    ),
    "everything-reduced": (
        "It compares modulo n throughout: messages and signatures out of range are accepted.",
        _right_signature,
        _saying(_reduced),
    ),
    "raises-instead-of-false": (
        "It raises ValueError for a signature out of range; the answer to that question is False.",
        _right_signature,
        lambda claim: _right_verdict(claim) if claim.in_range else refuses,
    ),
    "wrong-direction": (
        "It raises the message to the public exponent, not the signature.",
        _right_signature,
        _saying(lambda claim: claim.in_range and pow(claim.message, claim.e, claim.n) == claim.signature),
    ),
    "returns-the-number": (
        "It returns the number that comes of the signature; the question asks for True or False.",
        _right_signature,
        lambda claim: (
            either(value(pow(claim.signature, claim.e, claim.n)), _right_verdict(claim))
            if not claim.in_range
            else value(pow(claim.signature, claim.e, claim.n))
        ),
    ),
    "always-true": ("It says True whatever it is given.", _right_signature, _saying(lambda _: True)),
}


def _sign_run(made: Callable[[], Task], callee: Callee) -> Outcome:
    task = made()
    rivals = {name: mistaken(task) for name, (_, mistaken, _) in MISTAKES.items()}
    arguments = (task.message, task.d, task.n)
    return looking("sign", arguments, _right_signature(task), task.expected, rivals)(callee)


def _verify_run(made: Callable[[], Claim], callee: Callee) -> Outcome:
    claim = made()
    rivals = {name: mistaken(claim) for name, (_, _, mistaken) in MISTAKES.items()}
    arguments = (claim.message, claim.signature, claim.e, claim.n)
    return looking("verify", arguments, _right_verdict(claim), str(claim.holds), rivals)(callee)


def _padded(message: bytes) -> int:
    """Return the block that a PKCS#1 v1.5 signature of `message` with SHA-256 is the power of."""
    info = _SHA256_INFO + hashlib.sha256(message).digest()
    filling = b"\xff" * (REAL_BITS // 8 - len(info) - 3)
    return int.from_bytes(b"\x00\x01" + filling + b"\x00" + info)


class _RealKey:
    """A key of real size, made when it is first asked for: the cases share it."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    @functools.cached_property
    def key(self) -> Key:
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


def _tiny(draw: Draw) -> Key:
    """Draw a key with fewer than a hundred messages."""
    while True:
        p, q, e = draw.choice((3, 5, 7)), draw.choice((5, 7, 11, 13)), draw.choice((3, 5, 7, 11))
        # An exponent or a d of 1, or the same one on both sides, would let a wrong function pass.
        if p != q and p * q > 30 and math.gcd(e, (p - 1) * (q - 1)) == 1:
            key = Key.from_primes(p, q, e)
            if key.d != 1 and key.e * key.e % math.lcm(p - 1, q - 1) != 1:
                return key


def _sign_cases(draw: Draw, real: _RealKey) -> Iterator[Case]:
    tiny = _tiny(draw.child("tiny"))
    tasks = [Task(message, tiny.d, tiny.n, pow(message, tiny.d, tiny.n)) for message in range(tiny.n)]
    for number, bits in enumerate((16, 17, 64)):
        own = draw.child(str(number))
        key = Key.generate(bits, own.bits, own.choice(EXPONENTS))
        message = own.between(2, key.n - 2)
        tasks.append(Task(message, key.d, key.n, pow(message, key.d, key.n)))
        outside = (key.n, key.n + 1, key.n + message, -1, -message, 0 - key.n, key.n << 1000)
        tasks += [Task(message, key.d, key.n, None) for message in outside]
    for task in tasks:
        yield Case(SIGNED, partial(_sign_run, partial(_same, task)))
    for number in range(2):
        text = draw.child(f"real {number}").bytes(20)
        yield Case(SIGNED, partial(_sign_run, partial(real.task, text)))


def _same(thing: T) -> T:
    return thing


def _verify_cases(draw: Draw, real: _RealKey) -> Iterator[Case]:
    tiny = _tiny(draw.child("tiny"))
    claims = [Claim(message, pow(message, tiny.d, tiny.n), tiny.e, tiny.n) for message in range(tiny.n)]
    claims += [Claim(claim.message, draw.below(tiny.n), tiny.e, tiny.n) for claim in claims]
    for number, bits in enumerate((16, 24, 32)):
        own = draw.child(str(number))
        key = Key.generate(bits, own.bits, own.choice(EXPONENTS))
        message = own.between(2, key.n - 2)
        signature, n = pow(message, key.d, key.n), key.n
        pairs = [(message, signature), (message + 1, signature), (message - 1, signature), (message, signature + 1)]
        pairs += [(signature, message), (message, signature + n), (message, signature - n), (message, -signature)]
        pairs += [(message + n, signature), (message - n, signature), (message + n, signature + n), (n, 0), (0, n)]
        pairs += [(0, 0), (1, 1), (n - 1, n - 1), (n - 1, -1), (message, pow(message, key.e, n))]
        claims += [Claim(*pair, key.e, n) for pair in pairs]
    for claim in claims:
        yield Case(VERIFIED, partial(_verify_run, partial(_same, claim)))
    text = draw.child("real").bytes(20)
    for flipped, moduli in (((0, 0), 0), ((1, 0), 0), ((0, 1), 0), ((0, 0), 1)):
        yield Case(VERIFIED, partial(_verify_run, partial(real.claim, text, flipped, moduli)))


def _cases(draw: Draw) -> Iterator[Case]:
    real = _RealKey(draw.child("real key"))
    yield from _sign_cases(draw.child("sign"), real)
    yield from _verify_cases(draw.child("verify"), real)
    rivals = dict.fromkeys(MISTAKES, anything)
    yield Case(SIGNED, looking("sign", ("5", "7", "33"), raises(), "raises an exception", rivals))


EXERCISE = Exercise(
    id="rsa-sign",
    lesson="01_rsa",
    title="Sign and verify",
    points=2.0,
    functions=("sign", "verify"),
    aspects={SIGNED: 1.0, VERIFIED: 1.0},
    cases=_cases,
    mistakes=tuple(Mistake(name, sentence) for name, (sentence, _, _) in MISTAKES.items()),
    answered_by=("labsupport.rsa",),
    hint="With the key of the lesson, 5 is signed by 14: 5 to the power 7, and 14 to the power 3, modulo 33.",
)
