"""``forge``: the signature of a message that the signer refuses, made of signatures that it does not refuse.

The judge is the signer. It keeps the questions, and these tell which way was tried.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from labsupport.exercises.callee import Callee, Oracle
from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.plain import Plain
from labsupport.exercises.rsa.keys import key_of, large_primes
from labsupport.exercises.rsa.matching import DEADLINE, habits, is_int, such, weigh
from labsupport.exercises.verdicts import called, whole_call
from labsupport.rsa import Key

__all__ = ["EXERCISE", "Attempt", "Signer"]

FUNCTION = "forge"
ASPECT = "a signature of the one message that the signer refuses"
BITS = 1024
EXPONENTS = (3, 17, 65537)
QUESTIONS = 4


class Signer:
    """Signs every number but one, and but that one's opposite; `signed` keeps numbers and signatures, modulo n."""

    def __init__(self, key: Key, message: int) -> None:
        self._key = key
        self._message = message
        self.signed: list[tuple[int, int]] = []
        self.refused = 0

    def __call__(self, *question: Plain) -> Plain:
        """Return the signature of a number; raises ValueError for what the signer does not sign."""
        if len(question) != 1 or not is_int(question[0]):
            raise ValueError("sign takes one int")
        (number,) = question
        assert isinstance(number, int)
        n = self._key.n
        # Modulo n, so that message + n and -message are no way round.
        if number % n in (self._message % n, -self._message % n):
            self.refused += 1
            raise ValueError("this message is not signed here, nor is its opposite modulo n")
        self.signed.append((number % n, pow(number, self._key.d, n)))
        return self.signed[-1][1]


@dataclass(frozen=True)
class Attempt:
    """What one call of ``forge`` came to: the number that it returned, if any, and what the signer was asked."""

    key: Key
    message: int
    came: int | None
    signer: Signer
    asked: int

    def holds(self, number: int) -> bool:
        """Tell whether `number` is the signature."""
        n = self.key.n
        return 0 <= number < n and pow(number, self.key.e, n) == self.message % n

    @property
    def genuine(self) -> int:
        """The signature that the signer would have given."""
        return pow(self.message, self.key.d, self.key.n)

    @property
    def signed(self) -> list[tuple[int, int]]:
        """The numbers that were signed, with their signatures; without 0 and the like, by which nothing divides."""
        return [pair for pair in self.signer.signed if math.gcd(pair[0], self.key.n) == 1]

    @property
    def signatures(self) -> list[int]:
        """The signatures that it was given, those of `signed`."""
        return [signature for _, signature in self.signed]

    def is_(self, *numbers: int) -> bool:
        """Tell whether one of `numbers` was returned, modulo n."""
        return self.came is not None and self.came % self.key.n in {number % self.key.n for number in numbers}

    def without_factor(self, number: int, signature: int) -> int:
        """Return the signature, freed from what made the message into `number`."""
        n = self.key.n
        return signature * self.message * pow(number, -1, n) % n


def _left_in(attempt: Attempt) -> bool:
    return attempt.is_(*attempt.signatures)


def _integer_division(attempt: Attempt) -> bool:
    """Recognise signature // r, where r is what the signature has too many."""
    n = attempt.key.n
    return any(
        attempt.came == signature // (signature * pow(attempt.genuine, -1, n) % n) for signature in attempt.signatures
    )


def _once_more(attempt: Attempt) -> bool:
    """Recognise a signature with r in it twice, or with r and r to the e."""
    n, undo = attempt.key.n, pow(attempt.genuine, -1, attempt.key.n)
    factors = [signature * undo % n for signature in attempt.signatures]
    pairs = list(zip(attempt.signatures, factors, strict=True))
    return attempt.is_(*(s * r for s, r in pairs), *(s * pow(r, attempt.key.e, n) for s, r in pairs))


def _wrong_factor(attempt: Attempt) -> bool:
    return attempt.is_(*(attempt.without_factor(number, signature) for number, signature in attempt.signed))


def _added(attempt: Attempt) -> bool:
    """Recognise a sum or difference of signatures of numbers whose sum or difference is the message."""
    n, message = attempt.key.n, attempt.message
    for number, signature in attempt.signer.signed:
        # The signature of the rest may have been asked for, or the rest itself been taken for it.
        for rest, rest_signature in (*attempt.signer.signed, *((k, k) for k in (number - message, message - number))):
            if (number + rest - message) % n == 0 and attempt.is_(signature + rest_signature):
                return True
            if (number - rest - message) % n == 0 and attempt.is_(signature - rest_signature):
                return True
    return False


def _halved_as_integers(attempt: Attempt) -> bool:
    """Recognise the signatures of message // k and of k, multiplied: right only where k divides the message."""
    n, message = attempt.key.n, attempt.message
    pairs = [(one, other) for one in attempt.signed for other in attempt.signed]
    return any(part == message // k and attempt.is_(s * r % n) for (part, s), (k, r) in pairs)


# Each known mistake: what the card says, and whether what was seen looks like it.
MISTAKES: dict[str, tuple[str, Callable[[Attempt], bool]]] = {
    "asks-on-and-on": (
        f"It asked more than {QUESTIONS} times; trying one number after the other leads nowhere at this size.",
        lambda attempt: attempt.asked > QUESTIONS,
    ),
    "asks-for-the-message": (
        "It asked for the message itself, its opposite, or the same number modulo n; that is refused.",
        lambda attempt: attempt.signer.refused > 0,
    ),
    "public-operation": (
        "It returns the message to the power e; with the public exponent one verifies.",
        lambda attempt: attempt.is_(pow(attempt.message, attempt.key.e, attempt.key.n)),
    ),
    "asks-nothing": (
        "It did not ask for a single signature; without d there is no other way to one.",
        lambda attempt: attempt.asked == 0,
    ),
    "asks-for-no-int": (
        "It asked the signer for something that is no int, such as the floats that / makes.",
        lambda attempt: attempt.asked > len(attempt.signer.signed) + attempt.signer.refused,
    ),
    "blinding-left-in": (
        "It returns a signature as it came: that of another number than the message.",
        _left_in,
    ),
    "not-reduced": (
        "Its number is right modulo n, and not between 0 and n - 1.",
        lambda attempt: attempt.is_(attempt.genuine),
    ),
    "divided-as-integers": (
        "It divides the signature as a whole number; modulo n that is not the way back.",
        _integer_division,
    ),
    "split-as-integers": (
        "It splits the message with //, which drops a remainder: the parts do not make up the message any more.",
        _halved_as_integers,
    ),
    "factor-in-twice": (
        "What disguised the message is in its number twice; it was to be taken out once.",
        _once_more,
    ),
    "wrong-factor": (
        "It takes out of the signature what it had put into the message; signing has changed that factor.",
        _wrong_factor,
    ),
    "adds": (
        "It adds numbers and their signatures; a sum of signatures is not the signature of the sum.",
        _added,
    ),
}


class _Keys:
    """One modulus of real size with a private exponent for each public one, made when it is first asked for."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    @functools.cached_property
    def _primes(self) -> tuple[int, int]:
        # Primes for the product of the exponents suit each of them.
        return large_primes(self._draw, BITS, math.prod(EXPONENTS))

    def key(self, e: int) -> Key:
        """Return the key with the public exponent `e`."""
        return key_of(*self._primes, e)


def _run(keys: _Keys, e: int, draw: Draw, callee: Callee) -> Outcome:
    key = keys.key(e)
    # Far from 0 and n, and so no small power: there is no root to be taken of it.
    message = draw.between(key.n >> 8, key.n - (key.n >> 8))
    signer = Signer(key, message)
    sign = Oracle(signer, quota=QUESTIONS)
    arguments = (sign, key.e, key.n, message)
    answer = callee.call(FUNCTION, *arguments, deadline=DEADLINE)
    came = answer.value if isinstance(answer.value, int) and is_int(answer.value) else None
    attempt = Attempt(key, message, came, signer, sign.asked)
    rivals = {name: _seeing(recognise, attempt) for name, (_, recognise) in MISTAKES.items()}
    right = such(lambda given: isinstance(given, int) and is_int(given) and attempt.holds(given))
    return weigh(
        answer,
        right,
        rivals,
        tried=called(FUNCTION, *arguments),
        expected="a number from 0 to n - 1 that, to the power e modulo n, gives the message",
        whole=whole_call(FUNCTION, *arguments),
    )


def _seeing(recognise: Callable[[Attempt], bool], attempt: Attempt) -> Callable[[object], bool]:
    return lambda _: recognise(attempt)


def _cases(draw: Draw) -> Iterator[Case]:
    keys = _Keys(draw.child("keys"))
    for e in EXPONENTS:
        for number in range(2):
            yield Case(ASPECT, partial(_run, keys, e, draw.child(f"{e} {number}")))


EXERCISE = Exercise(
    id="rsa-forge",
    lesson="01_rsa",
    title="Forge a signature",
    points=2.0,
    functions=(FUNCTION,),
    aspects={ASPECT: 2.0},
    cases=_cases,
    mistakes=(
        *(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
        *habits("returns-nothing", "floats", "another-type", "still-at-work"),
    ),
    answered_by=("labsupport.rsa",),
    hint="With e = 3 and n = 33: 14 signs 5. What does 14·14 sign, and of which two signatures did it come?",
)
