"""Specs of lesson 00: one warm-up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass

from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake
from labsupport.exercises.verdicts import asking
from labsupport.rsa import Key, sign

__all__ = ["EXERCISES", "Claim"]

ASPECT = "good signatures accepted, all others refused"
PAIRS = 16
EXPONENTS = (3, 5, 7, 11, 13, 17)


@dataclass(frozen=True)
class Claim:
    """The claim that `signature` signs `message`: the arguments of ``verifies``, in order."""

    message: int
    signature: int
    e: int
    n: int

    @property
    def holds(self) -> bool:
        """Tell whether the claim is true."""
        return pow(self.signature, self.e, self.n) == self.message


# Each known mistake: what the card says, and what the mistaken function answers.
MISTAKES: dict[str, tuple[str, Callable[[Claim], bool | int]]] = {
    "always-true": ("It says True whatever it is given.", lambda _: True),
    "always-false": ("It says False whatever it is given.", lambda _: False),
    "opposite": (
        "It says True where False is right, and False where True is right.",
        lambda claim: not claim.holds,
    ),
    "returns-the-number": (
        "It returns the number it worked out; the question asks for True or False.",
        lambda claim: pow(claim.signature, claim.e, claim.n),
    ),
    "wrong-direction": (
        "It raises the message, not the signature, to the public exponent.",
        lambda claim: pow(claim.message, claim.e, claim.n) == claim.signature,
    ),
    "no-modulus": (
        "It compares the whole power: nothing is reduced modulo n.",
        lambda claim: claim.signature**claim.e == claim.message,
    ),
    "multiplies": (
        "It multiplies the signature by the exponent; a power is something else.",
        lambda claim: claim.signature * claim.e % claim.n == claim.message,
    ),
    "caret": (
        "In Python ^ is the exclusive or of bits, not a power.",
        lambda claim: (claim.signature ^ claim.e) % claim.n == claim.message,
    ),
    "exponent-and-modulus-swapped": (
        "The exponent and the modulus have changed places.",
        lambda claim: pow(claim.signature, claim.n, claim.e) == claim.message,
    ),
    "reduces-the-message": (
        "It takes the message modulo n too, and so accepts a message that was never signed.",
        lambda claim: pow(claim.signature, claim.e, claim.n) == claim.message % claim.n,
    ),
}


def _cases(draw: Draw) -> Iterator[Case]:
    for number in range(PAIRS):
        yield _case(_true(draw.child(f"true {number}")))
        yield _case(_false(draw.child(f"false {number}"), number))
    # Without these two, "no-modulus" would look like "always-false", and "reduces-the-message" would pass.
    yield _case(_small_power(draw.child("small power")))
    yield _case(_beyond_the_modulus(draw.child("beyond the modulus")))


def _case(claim: Claim) -> Case:
    rivals = {name: mistaken(claim) for name, (_, mistaken) in MISTAKES.items()}
    return Case(ASPECT, asking("verifies", astuple(claim), claim.holds, rivals))


def _key(draw: Draw, exponents: tuple[int, ...] = EXPONENTS) -> Key:
    return Key.generate(draw.between(16, 40), draw.bits, e=draw.choice(exponents))


def _true(draw: Draw) -> Claim:
    key = _key(draw)
    message = draw.between(2, key.n - 2)
    return Claim(message, sign(key, message), key.e, key.n)


def _false(draw: Draw, number: int) -> Claim:
    """Draw a false claim: in turn three near misses, and what each of four mistakes takes for true."""
    while True:
        message, signature, e, n = astuple(_true(draw))
        digits = len(str(message))
        false = (
            Claim(message ^ 1, signature, e, n),  # another last digit
            Claim(message + 10 ** (digits - 1), signature, e, n),  # another first digit
            Claim(message + 10 ** draw.below(digits), signature, e, n),
            Claim(message, pow(message, e, n), e, n),
            Claim(signature * e % n, signature, e, n),
            Claim((signature ^ e) % n, signature, e, n),
            Claim(pow(signature, n, e), signature, e, n),
        )[number % 7]
        if false.message < n and not false.holds:
            return false


def _small_power(draw: Draw) -> Claim:
    """Draw a true claim whose power is so small that it needs no reduction."""
    key = _key(draw, exponents=(3, 5, 7, 11, 13))
    return Claim(2**key.e, 2, key.e, key.n)


def _beyond_the_modulus(draw: Draw) -> Claim:
    """Draw a false claim that is true of the message modulo n."""
    claim = _true(draw)
    return Claim(claim.message + claim.n, claim.signature, claim.e, claim.n)


EXERCISES = (
    Exercise(
        id="start-verifies",
        lesson="00_start",
        title="Verify a signature with the public key",
        points=1.0,
        functions=("verifies",),
        aspects={ASPECT: 1.0},
        cases=_cases,
        mistakes=tuple(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
        answered_by=("labsupport.rsa",),
        hint="Work the lesson's example through by hand: 14, the exponent 3, the modulus 33. What comes out?",
    ),
)
