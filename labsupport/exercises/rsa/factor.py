"""``crack``: from a public key to its private exponent, by finding the two primes.

The large moduli have 40 to 44 bits: dividing by everything up to the square root takes a fraction of a second, anything
whose work grows with n itself does not end in time.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.plain import Plain
from labsupport.exercises.rsa.matching import Match, either, habits, is_int, late, looking, raises, refuses, such, value
from labsupport.rsa import is_prime

__all__ = ["EXERCISE", "Public"]

FUNCTION = "crack"
SMALL = "moduli of 16 to 20 bits, and no key where there is none"
LARGE = "moduli of 40 to 44 bits"
LARGE_BITS = 40
SMALL_DEADLINE, LARGE_DEADLINE = 0.6, 1.2  # seconds
EXPONENTS = (3, 5, 7, 11, 13, 17, 257, 65537)


@dataclass(frozen=True)
class Public:
    """A public key, and the primes behind it; a prime n has q = 1, the square of a prime p = q."""

    p: int
    q: int
    e: int

    @property
    def n(self) -> int:
        """The modulus."""
        return self.p * self.q

    @property
    def is_key(self) -> bool:
        """Tell whether n is the product of two different primes."""
        return self.p != self.q and is_prime(self.p) and is_prime(self.q)

    @functools.cached_property
    def order(self) -> int:
        """What exponents count modulo; 1 where that makes no sense."""
        return math.lcm(self.p - 1, self.q - 1) if self.is_key else 1

    @property
    def is_large(self) -> bool:
        """Tell whether n has 40 bits or more."""
        return self.n.bit_length() >= LARGE_BITS

    @property
    def expected(self) -> str:
        """The right answer for a card."""
        if not self.is_key:
            return "raises ValueError"
        return f"a d from 1 to n - 1 that undoes e (one of them is {pow(self.e, -1, self.order)})"


def _int_such(holds: Callable[[int], bool]) -> Match:
    def int_and_holds(given: Plain) -> bool:
        return isinstance(given, int) and is_int(given) and holds(given)

    return such(int_and_holds)


def _right(public: Public) -> Match:
    if not public.is_key:
        return refuses
    return _int_such(lambda d: 1 <= d < public.n and public.e * d % public.order == 1)


def _modulo(modulus: Callable[[Public], int]) -> Callable[[Public], Match]:
    """Match the inverse of e modulo something else; where n is no key, whatever comes of it."""

    def inverse(public: Public) -> Match:
        m = modulus(public)
        came = value(pow(public.e, -1, m)) if m > 1 and math.gcd(public.e, m) == 1 else refuses
        return came if public.is_key else either(refuses, _whatever)

    return inverse


def _accepting(kind: Callable[[Public], bool]) -> Callable[[Public], Match]:
    return lambda public: either(_number, refuses) if not public.is_key and kind(public) else _right(public)


def _not_finding(what: Callable[[Public], bool]) -> Callable[[Public], Match]:
    """Find nothing, or something wrong, where `what` says so."""

    def found(public: Public) -> Match:
        if not what(public):
            return _right(public)
        return _lost(public) if public.is_key else either(refuses, _whatever)

    return found


def _lost(public: Public) -> Match:
    return lambda answer: not answer.late and not _right(public)(answer)


def _are_factors(given: Plain, public: Public) -> bool:
    """Tell whether `given` is a prime factor, or both."""
    both = (public.p, public.q)
    return (isinstance(given, int) and given in both) or given in (both, both[::-1], [*both], [*both[::-1]])


def _holds_d(given: Plain, public: Public) -> bool:
    """Tell whether `given` is a tuple or list with d in it."""
    items = given if isinstance(given, list | tuple) and len(given) > 1 else ()
    return any(isinstance(d, int) and public.e * d % public.order == 1 for d in items)


def _takes_time(public: Public) -> Match:
    return late if public.is_key and public.is_large else either(late, _right(public))


def _past_the_root(public: Public) -> Match:
    hopeless = is_prime(public.n) and public.is_large
    return late if hopeless else _right(public)


_number: Match = _int_such(lambda _: True)
_whatever = either(_number, raises(), value(None), late)

# Each known mistake: what the card says, and what the mistaken function answers. The narrow ones come first.
MISTAKES: dict[str, tuple[str, Callable[[Public], Match]]] = {
    "squares-accepted": (
        "It finds a d for the square of a prime, which is no key: p and q must differ.",
        _accepting(lambda public: public.p == public.q),
    ),
    "primes-accepted": (
        "It finds a d where n is itself a prime.",
        _accepting(lambda public: is_prime(public.n)),
    ),
    "anything-accepted": (
        "It returns a number also where n is not the product of two different primes.",
        lambda public: _right(public) if public.is_key else either(_number, raises("ValueError", "ZeroDivisionError")),
    ),
    "returns-none": (
        "It returns None where n is not the product of two different primes; an exception is asked for.",
        lambda public: _right(public) if public.is_key else either(value(None), refuses),
    ),
    "past-the-root": (
        "Where n has no divisor it was still searching when the time was up; beyond the square root there is none.",
        _past_the_root,
    ),
    "two-not-tried": (
        "It finds no prime in an even modulus: its search begins beyond 2.",
        _not_finding(lambda public: public.n % 2 == 0),
    ),
    "stops-before-the-root": (
        "It misses a prime that lies right at the square root of n.",
        _not_finding(lambda public: abs(public.p - public.q) == 2),
    ),
    "stops-too-early": (
        "It gives up the search before the square root of n, where large moduli have their primes.",
        _not_finding(lambda public: public.is_large),
    ),
    "totient-n-minus-1": ("Its d undoes e modulo n - 1, as if n were a prime.", _modulo(lambda public: public.n - 1)),
    "inverse-modulo-n": ("Its d undoes e modulo n; exponents count differently.", _modulo(lambda public: public.n)),
    "returns-a-factor": (
        "It returns the prime factors of n, or one of them; the private exponent is asked for.",
        lambda public: such(lambda given: _are_factors(given, public)) if public.is_key else either(refuses, _whatever),
    ),
    "returns-the-totient": (
        "It returns what exponents count modulo; d is still to be made of that.",
        lambda public: (
            _int_such(lambda number: number in ((public.p - 1) * (public.q - 1), public.order))
            if public.is_key
            else either(refuses, _whatever)
        ),
    ),
    "more-than-d": (
        "It returns a key, as in exercise 1; d alone is asked for.",
        lambda public: such(lambda given: _holds_d(given, public)) if public.is_key else refuses,
    ),
    "grows-with-n": (
        "With 40 bits it was still at work when the time was up: it does more than to divide up to the square root.",
        _takes_time,
    ),
}


def _case(made: Callable[[], Public], aspect: str) -> Case:
    return Case(aspect, partial(_run, made))


def _run(made: Callable[[], Public], callee: Callee) -> Outcome:
    public = made()
    rivals = {name: mistaken(public) for name, (_, mistaken) in MISTAKES.items()}
    deadline = LARGE_DEADLINE if public.is_large else SMALL_DEADLINE
    return looking(FUNCTION, (public.n, public.e), _right(public), public.expected, rivals, deadline)(callee)


def _fitting(draw: Draw, p: int, q: int) -> Public | None:
    """Return a public key of p and q with an exponent of the usual ones that has an inverse, if there is one."""
    fitting = [e for e in EXPONENTS if math.gcd(e, (p - 1) * (q - 1)) == 1 and e < p * q]
    # d must not be e itself, nor e's inverse modulo something else.
    fitting = [e for e in fitting if e * e % math.lcm(p - 1, q - 1) != 1]
    return Public(p, q, draw.choice(fitting)) if fitting and p != q else None


def _product(draw: Draw, bits: int) -> Public:
    """Draw a key of exactly `bits` bits, of primes of half the size."""
    while True:
        p, q = draw.prime((bits + 1) // 2), draw.prime(bits // 2)
        public = _fitting(draw, p, q)
        if public and public.n.bit_length() == bits:
            return public


def _lopsided(draw: Draw, p: int, bits: int) -> Public:
    """Draw a key of the small prime `p` and one of `bits` bits."""
    while not (public := _fitting(draw, p, draw.prime(bits))):
        pass
    return public


def _twins(draw: Draw, bits: int) -> Public:
    """Draw a key of two primes that differ by 2: the smaller one is the whole part of the square root of n."""
    while True:
        p = draw.prime(bits)
        public = _fitting(draw, p, p + 2) if is_prime(p + 2) else None
        if public:
            return public


def _cases(draw: Draw) -> Iterator[Case]:
    for number, bits in enumerate((16, 16, 17, 18, 19, 20)):
        yield _case(partial(_product, draw.child(f"small {number}"), bits), SMALL)
    yield _case(partial(_lopsided, draw.child("2"), 2, 15), SMALL)
    yield _case(partial(_lopsided, draw.child("3"), 3, 14), SMALL)
    yield _case(partial(_twins, draw.child("twins"), 9), SMALL)
    for number, bits in enumerate((16, 18)):
        own = draw.child(f"none {number}")
        prime, root = own.prime(bits), own.prime(bits // 2)
        yield _case(partial(Public, prime, 1, 3), SMALL)
        yield _case(partial(Public, root, root, 17), SMALL)
    for n in (1, 0, -draw.between(2, 999)):
        yield _case(partial(Public, n, 1, 3), SMALL)
    for name, low, high in (("large", LARGE_BITS, 42), ("larger", 43, 44)):
        own = draw.child(name)
        yield _case(partial(_product, own, own.between(low, high)), LARGE)
    yield _case(partial(_large_prime, draw.child("prime")), LARGE)


def _large_prime(draw: Draw) -> Public:
    return Public(draw.prime(41), 1, 3)


EXERCISE = Exercise(
    id="rsa-factor",
    lesson="01_rsa",
    title="Find the private exponent of a public key",
    points=2.0,
    functions=(FUNCTION,),
    aspects={SMALL: 1.0, LARGE: 1.0},
    cases=_cases,
    mistakes=(
        *(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
        *habits("refusal-returned", "returns-nothing", "floats", "another-type", "another-exception"),
    ),
    answered_by=("labsupport.rsa",),
    hint="For n = 33 and e = 3: which two primes make 33, what do exponents count modulo, and what undoes 3 there?",
)
