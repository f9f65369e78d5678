"""``keypair``: from two primes and a public exponent to a key.

Every d from 1 to n - 1 that undoes e is right: by (p - 1)(q - 1) and by the smaller lcm(p - 1, q - 1) alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake
from labsupport.exercises.plain import Plain
from labsupport.exercises.rsa.matching import (
    Match,
    anything,
    either,
    habits,
    ints,
    late,
    looking,
    raises,
    refuses,
    such,
    value,
)

__all__ = ["EXERCISE", "Request"]

FUNCTION = "keypair"
KEYS = "keys that work, and no key where e has no inverse"
REFUSALS = "primes and exponents that make no key are refused"

EXPONENTS = (3, 5, 7, 11, 13, 17, 257, 65537)

Kind = Literal["good", "equal primes", "below 2", "small exponent", "shared factor"]


@dataclass(frozen=True)
class Request:
    """The arguments of ``keypair``."""

    p: int
    q: int
    e: int

    @property
    def order(self) -> int:
        """What exponents count modulo: lcm(p - 1, q - 1)."""
        return math.lcm(self.p - 1, self.q - 1)

    @property
    def kind(self) -> Kind:
        """Whether a key can be made of it, and if not, why not."""
        if min(self.p, self.q) < 2:
            return "below 2"
        if self.p == self.q:
            return "equal primes"
        if self.e < 2:
            return "small exponent"
        return "good" if math.gcd(self.e, self.order) == 1 else "shared factor"

    @property
    def expected(self) -> str:
        """The right answer for a card."""
        if self.kind != "good":
            return "raises ValueError"
        return "(p·q, d) with d from 1 to n - 1, and e·d leaving 1 modulo p - 1 and modulo q - 1"

    def is_key(self, n: int, d: int, *, reduced: bool = True) -> bool:
        """Tell whether (n, d) is the private key; `reduced` wants d between 1 and n - 1."""
        in_range = 1 <= d < self.p * self.q or not reduced
        return n == self.p * self.q and in_range and self.e * d % self.order == 1


def _key(request: Request, *, reduced: bool = True) -> Match:
    return such(lambda given: bool(ints(given, 2)) and request.is_key(*ints(given, 2), reduced=reduced))


def _inverse(number: int, modulus: int) -> int | None:
    return pow(number, -1, modulus) if math.gcd(number, modulus) == 1 else None


_pair: Match = such(lambda given: bool(ints(given, 2)))
# What comes of a formula that is given numbers which make no key.
_unguarded = either(_pair, raises("ValueError", "ZeroDivisionError"))


def _right(request: Request) -> Match:
    return _key(request) if request.kind == "good" else refuses


def _accepting(kind: Kind) -> Callable[[Request], Match]:
    """Right, but not sure to refuse one kind."""
    return lambda request: either(_pair, refuses) if request.kind == kind else _right(request)


def _making(key: Callable[[Request], Match]) -> Callable[[Request], Match]:
    """Make another key where there is one, and anything where there is none."""
    return lambda request: key(request) if request.kind == "good" else either(_unguarded, value(None))


def _with_inverse_modulo(modulus: Callable[[Request], int]) -> Callable[[Request], Match]:
    def key(request: Request) -> Match:
        inverse = _inverse(request.e, modulus(request))
        return refuses if inverse is None else value((request.p * request.q, inverse))

    return _making(key)


def _swapped(request: Request) -> Match:
    return such(lambda given: bool(ints(given, 2)) and request.is_key(*reversed(ints(given, 2))))


def _totient_for_n(request: Request) -> Match:
    order = (request.p - 1) * (request.q - 1)

    def holds(given: Plain) -> bool:
        pair = ints(given, 2)
        return bool(pair) and pair[0] == order and request.e * pair[1] % request.order == 1

    return such(holds)


def _every_d_tried(request: Request) -> Match:
    """Match the search for d, and for factors of p and q: right as long as it ends."""
    if request.kind == "good":
        small = max(request.p, request.q).bit_length() <= 12
        return _right(request) if small else either(_right(request), late)
    return either(_unguarded, late)


# Each known mistake: what the card says, and what the mistaken function answers. The narrow ones come first.
MISTAKES: dict[str, tuple[str, Callable[[Request], Match]]] = {
    "floats-accepted": ("It makes a key of numbers that are no ints, such as 3.0.", _right),
    "equal-primes-accepted": ("It makes a key where p and q are the same prime.", _accepting("equal primes")),
    "exponent-1-accepted": (
        "It takes an exponent below 2: with e = 1 every number is its own signature.",
        _accepting("small exponent"),
    ),
    "below-2-accepted": ("It takes p or q below 2, where there are no primes.", _accepting("below 2")),
    "shared-factor-accepted": (
        "It returns a d also where e shares a factor with p - 1 or q - 1, and nothing undoes e.",
        _accepting("shared factor"),
    ),
    "returns-none": (
        "Where no key can be made it returns None; the caller would take that for an answer.",
        lambda request: _key(request) if request.kind == "good" else value(None),
    ),
    "accepts-too-much": (
        "Its keys are right. It also makes keys of numbers that the task wants refused.",
        lambda request: _key(request) if request.kind == "good" else _unguarded,
    ),
    "inverse-modulo-n": (
        "Its d undoes e modulo n. In the exponent, numbers count modulo p - 1 and q - 1.",
        _with_inverse_modulo(lambda request: request.p * request.q),
    ),
    "inverse-modulo-n-minus-1": (
        "Its d undoes e modulo n - 1, as if n were a prime.",
        _with_inverse_modulo(lambda request: request.p * request.q - 1),
    ),
    "swapped": ("It returns d before n.", _making(_swapped)),
    "totient-for-n": ("Its first number is (p - 1)(q - 1); n is another product.", _making(_totient_for_n)),
    "d-is-e": (
        "It returns the public exponent for the private one.",
        _making(lambda request: value((request.p * request.q, request.e))),
    ),
    "d-out-of-range": (
        "Its d undoes e, and is negative or larger than n.",
        _making(lambda request: _key(request, reduced=False)),
    ),
    "every-d-tried": (
        "It was still searching when the time was up; trying ends for small primes only, and never where no d exists.",
        _every_d_tried,
    ),
}


def _case(aspect: str, request: Request) -> Case:
    rivals = {name: mistaken(request) for name, (_, mistaken) in MISTAKES.items()}
    arguments = (request.p, request.q, request.e)
    return Case(aspect, looking(FUNCTION, arguments, _right(request), request.expected, rivals))


def _good(draw: Draw, bits: int, exponents: tuple[int, ...] = EXPONENTS) -> Request:
    """Draw a request for a key, of primes of `bits` bits, whose exponent is not its own inverse.

    The exponent is below (p - 1)(q - 1), as the article has it: who refuses larger ones is right as well.
    """
    while True:
        own = Request(draw.prime(bits), draw.prime(bits), draw.choice(exponents))
        if own.kind == "good" and own.e < (own.p - 1) * (own.q - 1) and own.e**2 % own.order != 1:
            return own


def _with_shared_factor(draw: Draw, bits: int) -> Request:
    """Draw two primes and an exponent that divides one of their predecessors, or shares a factor with it."""
    while True:
        p, q = draw.prime(bits), draw.prime(bits)
        e = draw.choice((3, 5, 7, 9, 15, 21))
        request = Request(p, q, e)
        if request.kind == "shared factor" and math.gcd(e, p * q) == 1:
            return request


def _keys(draw: Draw) -> Iterator[Request]:
    yield Request(3, 11, 3)
    for number, bits in enumerate((5, 6, 8, 8, 32, 32, 48, 64, 128, 256)):
        yield _good(draw.child(f"good {number}"), bits)
    for number, bits in enumerate((6, 8, 32, 64)):
        yield _with_shared_factor(draw.child(f"shared {number}"), bits)
    own = _with_shared_factor(draw.child("even"), 16)
    yield Request(own.p, own.q, 2 * draw.between(1, 50))


def _refusals(draw: Draw) -> Iterator[Request]:
    for number, bits in enumerate((7, 40)):
        # With p = 2 as well, the exponent is below (p - 1)(q - 1).
        own = _good(draw.child(f"bad {number}"), bits, EXPONENTS[:6])
        p, q, e = own.p, own.q, own.e
        yield own
        yield Request(2, q, e)
        # e has an inverse here, so that it is the equality that is refused.
        yield Request(p, p, e)
        yield from (Request(p, q, 1), Request(p, q, 0), Request(p, q, -1))
        yield from (Request(1, q, e), Request(p, 1, e), Request(0, q, e), Request(-p, q, e), Request(p, -q, e))


def _wrong_types(draw: Draw) -> Iterator[Case]:
    own = _good(draw, 8)
    rivals = dict.fromkeys(MISTAKES, anything)
    p, q, e = own.p, own.q, own.e
    for arguments in ((float(p), float(q), e), (str(p), str(q), str(e))):
        yield Case(REFUSALS, looking(FUNCTION, arguments, raises(), "raises an exception", rivals))


def _cases(draw: Draw) -> Iterator[Case]:
    yield from (_case(KEYS, request) for request in _keys(draw.child("keys")))
    yield from (_case(REFUSALS, request) for request in _refusals(draw.child("refusals")))
    yield from _wrong_types(draw.child("types"))


EXERCISE = Exercise(
    id="rsa-keypair",
    lesson="01_rsa",
    title="Make a key of two primes",
    points=2.0,
    functions=(FUNCTION,),
    aspects={KEYS: 1.0, REFUSALS: 1.0},
    cases=_cases,
    mistakes=(
        *(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
        *habits("refusal-returned", "returns-nothing", "floats", "another-type", "another-exception"),
    ),
    answered_by=("labsupport.rsa",),
    hint="Work the lesson's key through by hand: p = 3, q = 11, e = 3. Which numbers below 20 undo a cube?",
)
