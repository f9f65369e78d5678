"""``sign`` and ``verify``: every message of a tiny key, keys of real size, and what lies out of range."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.plain import Plain
from labsupport.exercises.rsa.matching import (
    Match,
    anything,
    either,
    habits,
    is_int,
    late,
    looking,
    raises,
    refuses,
    such,
    value,
)
from labsupport.exercises.rsa.signing import Claim, RealKey, Task, tiny_key
from labsupport.rsa import Key

__all__ = ["EXERCISE"]

T = TypeVar("T")

SIGNED = "sign: every message of a small key, real keys, and nothing out of range"
VERIFIED = "verify: genuine signatures, and no others"
EXPONENTS = (3, 5, 7, 11, 13, 17)
_DEEP = 900  # calls inside each other that a function does not survive


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


def _by_floats(task: Task) -> Match:
    """Match what math.pow makes of it: the wrong number, or an exception where the power is too large."""
    if task.signature is None:
        return either(refuses, such(is_int), raises("OverflowError"))
    try:
        power = math.pow(task.message, task.d)
    except OverflowError:
        return raises("OverflowError")
    return either(value(int(power % task.n)), value(int(power) % task.n), value(power % task.n))


def _signed_not(refused: Callable[[Task], bool]) -> Callable[[Task], Match]:
    """Refuse, of what is to be signed, what is `refused`."""
    return lambda task: refuses if refused(task) else _right_signature(task)


def _too_deep(power: Match, exponent: int) -> Match:
    """Match a function that calls itself for each bit of a large exponent, or for each unit of a smaller one."""
    return either(power, raises("RecursionError")) if exponent > _DEEP else power


def _unchecked(claim: Claim) -> bool:
    return pow(claim.signature, claim.e, claim.n) == claim.message


def _reduced(claim: Claim) -> bool:
    return (pow(claim.signature, claim.e, claim.n) - claim.message) % claim.n == 0


def _saying(formula: Callable[[Claim], Plain]) -> Callable[[Claim], Match]:
    return lambda claim: value(formula(claim))


def _wrong_direction(claim: Claim) -> Match:
    """Match a message raised to e, by way of `sign` too, which refuses some messages."""
    said = value(pow(claim.message, claim.e, claim.n) == claim.signature)
    return said if 0 <= claim.message < claim.n else either(said, refuses)


# Each known mistake: what the card says, and what the mistaken functions answer.
MISTAKES: dict[str, tuple[str, Callable[[Task], Match], Callable[[Claim], Match]]] = {
    "texts-accepted": ("It takes texts for numbers, such as '5'.", _right_signature, _right_verdict),
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
    "shared-factor-refused": (
        "It refuses messages that share a factor with n; they too have a signature, and it verifies.",
        _signed_not(lambda task: math.gcd(task.message, task.n) != 1),
        _right_verdict,
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
    "by-floats": (
        "It goes through floats, as math.pow does; they hold 53 bits, and the power has more.",
        _by_floats,
        _right_verdict,
    ),
    "recursion": (
        "It calls itself once for each step, and Python stops that after about a thousand calls.",
        lambda task: _too_deep(_right_signature(task), task.d),
        lambda claim: _too_deep(_right_verdict(claim), claim.e),
    ),
    "power-before-remainder": (
        "With a real key it was still at work when the time was up: its steps, or its numbers, grow with d itself.",
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
        _wrong_direction,
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
    "words-for-a-verdict": (
        "It returns words; the question asks for True or False.",
        _right_signature,
        lambda _: such(lambda given: isinstance(given, str)),
    ),
    "signature-0-refused": (
        "It refuses the signature 0, which is in range: 0 signs 0.",
        _right_signature,
        _saying(lambda claim: claim.holds and claim.signature != 0),
    ),
    "always-false": ("It says False whatever it is given.", _right_signature, _saying(lambda _: False)),
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


def _sign_cases(draw: Draw, real: RealKey) -> Iterator[Case]:
    tiny = tiny_key(draw.child("tiny"))
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


def _verify_cases(draw: Draw, real: RealKey) -> Iterator[Case]:
    tiny = tiny_key(draw.child("tiny"))
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
    real = RealKey(draw.child("real key"))
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
    mistakes=(
        *(Mistake(name, sentence) for name, (sentence, _, _) in MISTAKES.items()),
        *habits("refusal-returned", "returns-nothing", "floats", "another-type", "another-exception", "still-at-work"),
    ),
    answered_by=("labsupport.rsa",),
    hint="With the key of the lesson, 5 is signed by 14: 5 to the power 7, and 14 to the power 3, modulo 33.",
)
