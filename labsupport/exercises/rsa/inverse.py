"""``egcd`` and ``modinv``: the inverse by Euclid's algorithm, run with its bookkeeping.

Many pairs (x, y) are right for given a and b; the judge looks at what they claim.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake
from labsupport.exercises.plain import Plain
from labsupport.exercises.rsa.matching import Match, either, habits, ints, is_int, looking, raises, refuses, such, value

__all__ = ["EXERCISE", "Inversion", "Pair"]

COMBINED = "egcd: the greatest common divisor, combined of a and b"
INVERTED = "modinv: the inverse where there is one, ValueError where there is none"
DEEP = 900  # steps of Euclid's that a function which calls itself does not survive


def _steps(a: int, b: int) -> int:
    """Return how many divisions Euclid's algorithm makes."""
    steps = 0
    while b:
        a, b, steps = b, a % b, steps + 1
    return steps


@dataclass(frozen=True)
class Pair:
    """The arguments of ``egcd``."""

    a: int
    b: int

    @property
    def expected(self) -> str:
        """The right answer for a card."""
        g = math.gcd(self.a, self.b)
        return f"({g if g < 10**9 else 'their gcd'}, x, y), with a·x + b·y equal to the first"

    def claim(self, holds: Callable[[int, int, int], bool]) -> Match:
        """Match three ints g, x, y of which `holds` is true."""
        return such(lambda given: bool(ints(given, 3)) and holds(*ints(given, 3)))


@dataclass(frozen=True)
class Inversion:
    """The arguments of ``modinv``."""

    a: int
    n: int

    @property
    def exists(self) -> bool:
        """Tell whether there is an inverse."""
        return self.n >= 2 and math.gcd(self.a, self.n) == 1

    @property
    def expected(self) -> str:
        """The right answer for a card."""
        return "the number from 0 to n - 1 that, times a, leaves 1" if self.exists else "raises ValueError"


def _right_pair(pair: Pair) -> Match:
    a, b = pair.a, pair.b
    return pair.claim(lambda g, x, y: g == math.gcd(a, b) and a * x + b * y == g)


def _right_inverse(task: Inversion) -> Match:
    return value(pow(task.a, -1, task.n)) if task.exists else refuses


def _negative_gcd(pair: Pair) -> Match:
    a, b = pair.a, pair.b
    return pair.claim(lambda g, x, y: abs(g) == math.gcd(a, b) and a * x + b * y == g)


def _swapped_pair(pair: Pair) -> Match:
    a, b = pair.a, pair.b
    return pair.claim(lambda g, x, y: g == math.gcd(a, b) and a * y + b * x == g)


def _swapped_inverse(task: Inversion) -> Match:
    """Match what is multiplied with n, not with a: the y of a·x + n·y = 1, reduced modulo n."""
    a, n = task.a, task.n

    def holds(given: Plain) -> bool:
        if not isinstance(given, int) or not is_int(given) or not 0 <= given < n:
            return False
        # y itself may be as large as a.
        turns = abs(a) // n + 1
        return any((n * (given + turn * n) - 1) % a == 0 for turn in range(-turns, turns + 1))

    return such(holds) if task.exists else refuses


def _signs_lost(pair: Pair) -> Match:
    a, b = abs(pair.a), abs(pair.b)
    return pair.claim(lambda g, x, y: g == math.gcd(a, b) and a * x + b * y == g)


def _row_too_far(pair: Pair) -> Match:
    a, b = pair.a, pair.b
    return pair.claim(lambda g, x, y: g == math.gcd(a, b) and a * x + b * y == 0)


def _divides_by_zero(pair: Pair) -> Match:
    right = _right_pair(pair)
    return either(right, raises("ZeroDivisionError")) if 0 in (pair.a, pair.b) else right


def _deep_pair(pair: Pair) -> Match:
    deep = min(_steps(pair.a, pair.b), _steps(abs(pair.a), abs(pair.b))) > DEEP
    return raises("RecursionError") if deep else _right_pair(pair)


def _deep_inverse(task: Inversion) -> Match:
    if task.n >= 2 and _steps(task.a % task.n, task.n) > DEEP:
        return raises("RecursionError")
    return _right_inverse(task)


def _power_for_prime(task: Inversion) -> Match:
    """Match Fermat's a**(n - 2), which is the inverse where n is a prime."""
    power = value(pow(task.a, task.n - 2, task.n)) if task.n >= 2 else such(is_int)
    return power if task.exists else either(refuses, power)


def _congruent(task: Inversion) -> Match:
    return such(lambda given: isinstance(given, int) and is_int(given) and task.a * given % task.n == 1)


_PairRival = Callable[[Pair], Match]
_InverseRival = Callable[[Inversion], Match]

# What an unchecked formula makes of numbers without an inverse; modulo 0 it may well divide by it.
_any_number = either(such(is_int), raises("ZeroDivisionError"))


def _below_2_accepted(task: Inversion) -> Match:
    if task.n >= 2:
        return _right_inverse(task)
    return either(_any_number, refuses) if task.n == 0 else either(such(is_int), refuses)


# Each known mistake: what the card says, and what the mistaken functions answer. The narrow ones come first.
MISTAKES: dict[str, tuple[str, _PairRival, _InverseRival]] = {
    "recursion": (
        "It calls itself once for each division, and Python stops that after about a thousand calls.",
        _deep_pair,
        _deep_inverse,
    ),
    "division-by-zero": (
        "It divides by zero where one of the two numbers is 0.",
        _divides_by_zero,
        lambda task: either(_right_inverse(task), raises("ZeroDivisionError")) if task.n == 0 else _right_inverse(task),
    ),
    "signs-lost": (
        "It works with the numbers without their signs, so a·x + b·y misses the gcd where one is negative.",
        _signs_lost,
        lambda task: either(_right_inverse(task), value(-pow(task.a, -1, task.n) % task.n)) if task.exists else refuses,
    ),
    "negative-gcd": (
        "Its greatest common divisor is negative where a number that it is given is.",
        _negative_gcd,
        lambda task: either(_right_inverse(task), refuses) if task.a < 0 else _right_inverse(task),
    ),
    "coefficients-swapped": (
        "Its x and y have changed places: a·y + b·x would give the gcd.",
        _swapped_pair,
        _swapped_inverse,
    ),
    "row-too-far": (
        "Its x and y are those of the row after the last: a·x + b·y comes to 0.",
        _row_too_far,
        lambda task: value(0) if task.exists else refuses,
    ),
    "gcd-alone": (
        "It returns the gcd alone; x and y are asked for too.",
        lambda pair: value(math.gcd(pair.a, pair.b)),
        lambda task: either(_right_inverse(task), raises("TypeError")),
    ),
    "coefficient-of-n": (
        "It returns what n is to be multiplied with, not what a is.",
        _right_pair,
        _swapped_inverse,
    ),
    "inverse-not-reduced": (
        "Its inverse works, and is not between 0 and n - 1.",
        _right_pair,
        lambda task: _congruent(task) if task.exists else refuses,
    ),
    "modulus-below-2-accepted": (
        "It answers for a modulus below 2, which leaves no remainder 1.",
        _right_pair,
        _below_2_accepted,
    ),
    "no-inverse-accepted": (
        "It returns a number also where a and n share a factor, and no multiple of a leaves 1.",
        _right_pair,
        lambda task: (
            _right_inverse(task)
            if task.exists or math.gcd(task.a, task.n) == 1
            else either(_any_number, _right_inverse(task))
        ),
    ),
    "nothing-refused": (
        "It returns a number whatever it is given, also where there is no inverse.",
        _right_pair,
        lambda task: _right_inverse(task) if task.exists else either(_any_number, refuses),
    ),
    "returns-none": (
        "It returns None where there is no inverse; the caller would take that for an answer.",
        _right_pair,
        lambda task: _right_inverse(task) if task.exists else either(value(None), refuses),
    ),
    "only-for-primes": (
        "Its power of a is the inverse where n is a prime, and not elsewhere.",
        _right_pair,
        _power_for_prime,
    ),
}


def _pair_case(pair: Pair) -> Case:
    rivals = {name: mistaken(pair) for name, (_, mistaken, _) in MISTAKES.items()}
    return Case(COMBINED, looking("egcd", (pair.a, pair.b), _right_pair(pair), pair.expected, rivals))


def _inverse_case(task: Inversion) -> Case:
    rivals = {name: mistaken(task) for name, (_, _, mistaken) in MISTAKES.items()}
    return Case(INVERTED, looking("modinv", (task.a, task.n), _right_inverse(task), task.expected, rivals))


def _many_steps(draw: Draw, bits: int) -> tuple[int, int]:
    """Draw two coprime numbers of `bits` bits for which Euclid's algorithm needs about `bits` divisions."""
    a, b = 1, 0
    while a.bit_length() < bits:
        a, b = a * draw.between(1, 2) + b, a
    return a, b


def _odd(draw: Draw, bits: int) -> int:
    return draw.bits(bits) | 1 << (bits - 1) | 1


def _pairs(draw: Draw) -> Iterator[Pair]:
    for number, bits in enumerate((6, 8, 16, 32, 64, 128)):
        own = draw.child(str(number))
        common = own.between(2, 40)
        yield Pair(common * own.between(2, 1 << bits), common * own.between(2, 1 << bits))
    a, b = draw.between(20, 999), draw.between(1000, 9999)
    yield from (Pair(a, b), Pair(b, a), Pair(-a, b), Pair(a, -b), Pair(-b, -a), Pair(b, a * b))
    yield from (Pair(a, 0), Pair(0, b), Pair(-a, 0), Pair(0, -b), Pair(0, 0), Pair(1, b), Pair(a, a))
    yield Pair(*_many_steps(draw, 2048))
    yield Pair(draw.bits(2048), _odd(draw, 2048))
    # Quotients beyond all floats
    yield Pair(_odd(draw, 1100), draw.between(3, 999))


def _inversions(draw: Draw) -> Iterator[Inversion]:
    yield Inversion(3, 20)
    for number, bits in enumerate((5, 6, 8, 12, 16, 32, 128)):
        own = draw.child(str(number))
        # A product, so that n is no prime; a below n, beyond n and negative.
        n = _odd(own, bits) * _odd(own, bits)
        yield Inversion(_coprime(own, n, 1, n - 1), n)
        yield Inversion(n * own.between(1, 9) + _coprime(own, n, 1, n - 1), n)
        yield Inversion(-_coprime(own, n, 1, n - 1), n)
        # A factor in common, also with a negative a
        factor = own.between(2, 30)
        yield Inversion(factor * own.between(1, 99) * own.choice((1, -1)), factor * own.between(2, n))
    n = draw.between(10, 99)
    yield from (Inversion(1, n), Inversion(n - 1, n), Inversion(0, n), Inversion(n, n), Inversion(1, 2))
    a = draw.between(10, 99)
    yield from (Inversion(a, 1), Inversion(a, 0), Inversion(1, 0), Inversion(a, -a - 1), Inversion(0, 1))
    large, small = _many_steps(draw, 2048)
    yield Inversion(small, large)
    # As a key has it: a small exponent, a modulus beyond all floats
    yield Inversion(65537, 65537 * _odd(draw, 1100) + draw.between(1, 65536))


def _coprime(draw: Draw, n: int, low: int, high: int) -> int:
    while math.gcd(number := draw.between(low, high), n) != 1:
        pass
    return number


def _cases(draw: Draw) -> Iterator[Case]:
    yield from map(_pair_case, _pairs(draw.child("pairs")))
    yield from map(_inverse_case, _inversions(draw.child("inversions")))


EXERCISE = Exercise(
    id="rsa-inverse",
    lesson="01_rsa",
    title="Undo a multiplication, by Euclid",
    points=2.0,
    functions=("egcd", "modinv"),
    aspects={COMBINED: 1.0, INVERTED: 1.0},
    cases=_cases,
    mistakes=(
        *(Mistake(name, sentence) for name, (sentence, _, _) in MISTAKES.items()),
        *habits("refusal-returned", "returns-nothing", "floats", "another-type", "another-exception", "still-at-work"),
    ),
    answered_by=("labsupport.rsa",),
    hint="Write the rows for 20 and 3 on paper: remainder, x and y. In every row a·x + b·y is the remainder.",
)
