"""What a power can look like from where the multiplications are done: right, or wrong in a way that has a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from labsupport.exercises.callee import Answer
from labsupport.exercises.verdicts import shorten

__all__ = ["MISTAKES", "Power", "Seen"]

_FLOAT_BITS = 1025  # of an int, whose half is more than a float can hold
DEEP = 900  # calls inside each other that a function may not survive


@dataclass(frozen=True)
class Power:
    """A base, an exponent and the modulus that only the judge knows; `counted` holds the calls to the limit."""

    base: int
    exponent: int
    n: int
    counted: bool

    @property
    def limit(self) -> int:
        """How many multiplications are enough: two for each bit, of which even 0 is written with one."""
        return 2 * max(self.exponent.bit_length(), 1)

    def to(self, exponent: int) -> int:
        """Return the base to another exponent."""
        return pow(self.base, exponent, self.n)

    @property
    def expected(self) -> str:
        """The right answer for a card."""
        if self.exponent < 0:
            return "raises ValueError"
        whole = shorten(self.to(self.exponent))
        return f"{whole}, after at most {self.limit:,} multiplications" if self.counted else whole


@dataclass(frozen=True)
class Seen:
    """One call of the function as the judge saw it: its answer and the factors of its multiplications."""

    power: Power
    answer: Answer
    stopped: bool
    questions: list[tuple[int, int]] = field(default_factory=list)

    def is_(self, *values: int) -> bool:
        """Tell whether one of `values` came."""
        value = self.answer.value
        return self.answer.fault is None and self.answer.error is None and _int(value) and value in values

    @property
    def right(self) -> bool:
        """Tell whether the answer is right, however many multiplications it took."""
        if self.power.exponent < 0:
            return self.answer.raised("ValueError")
        return self.is_(self.power.to(self.power.exponent))

    @property
    def too_many(self) -> bool:
        """Tell whether it multiplied more often than it may."""
        return self.power.counted and (self.stopped or len(self.questions) > self.power.limit)

    @property
    def by_base(self) -> bool:
        """Tell whether each multiplication had the base for a factor."""
        base = self.power.base
        return all(base in question for question in self.questions)

    @property
    def repeated(self) -> bool:
        """Tell whether most products were worked out more than once."""
        times = Counter(tuple(sorted(question)) for question in self.questions)
        return 2 * len(times) < len(self.questions)


def _int(value: object) -> bool:
    return type(value) is int


def _top_bit(exponent: int) -> int:
    return 1 << (exponent.bit_length() - 1)


def _instead(*exponents: Callable[[int], int]) -> Callable[[Seen], bool]:
    """Recognise the base to another exponent, where there is an exponent to be misread."""

    def recognise(seen: Seen) -> bool:
        exponent = seen.power.exponent
        if exponent < 1:
            return True
        return seen.is_(*(seen.power.to(other(exponent)) for other in exponents))

    return recognise


def _called_too_deep(seen: Seen) -> bool:
    return seen.answer.error == "RecursionError"


def _wasting(how: Callable[[Seen], bool]) -> Callable[[Seen], bool]:
    """Recognise right powers that take too many multiplications wherever the exponent is large."""

    def recognise(seen: Seen) -> bool:
        if seen.power.exponent <= 0:
            return not seen.answer.late
        if not seen.power.counted or seen.power.exponent <= seen.power.limit + 1:
            return seen.right
        return (seen.too_many and how(seen)) or (seen.power.exponent > DEEP and _called_too_deep(seen))

    return recognise


def _unreduced(seen: Seen) -> bool:
    """Recognise numbers that are right modulo n only, or that grow until the time is up."""
    power, value = seen.power, seen.answer.value
    if power.exponent < 0:
        return seen.right
    if isinstance(value, int) and _int(value):
        return value % power.n == power.to(power.exponent) and not seen.too_many
    # Large exponents end late, or with an int that has too many bits to be handed over.
    # Said of what is returned, and of what mul is asked
    grown = seen.answer.late or "an int of" in (seen.answer.fault or seen.answer.error_text)
    return grown and power.exponent.bit_length() > 10


def _by_floats(exponent: int) -> int:
    """Return what is read of an exponent that int(exponent / 2) halves from bit to bit."""
    read, weight = 0, 1
    while exponent:
        read, weight = read + weight * (exponent % 2), 2 * weight
        try:
            exponent = int(exponent / 2)
        except OverflowError:
            return read
    return read


def _halved_by_floats(seen: Seen) -> bool:
    if seen.power.exponent < 1:
        return seen.right
    if seen.power.exponent.bit_length() > _FLOAT_BITS:
        return seen.answer.error == "OverflowError"
    # Without the int(), halves of 1 are halved a thousand times more.
    return seen.stopped or seen.is_(seen.power.to(_by_floats(seen.power.exponent)))


def _backwards(exponent: int) -> int:
    return int(f"{exponent:b}"[::-1], 2)


def _always(number: int) -> Callable[[Seen], bool]:
    """Recognise one number, whatever the exponent."""
    return lambda seen: seen.right if seen.power.exponent < 0 else seen.is_(number)


def _recursion(seen: Seen) -> bool:
    if seen.power.exponent < 0:
        return True
    deep = seen.power.exponent.bit_length() > DEEP
    return _called_too_deep(seen) if deep else seen.right and not seen.too_many


def _never_called(seen: Seen) -> bool:
    # Exponents of 0 and 1, and bases of 0 and 1, need no multiplication.
    trivial = seen.power.exponent < 2 or seen.power.base < 2
    return trivial or (not seen.questions and seen.answer.error is None)


def _negative_accepted(seen: Seen) -> bool:
    if seen.power.exponent >= 0:
        return seen.right and not seen.too_many
    return _int(seen.answer.value) or seen.stopped or seen.answer.late or _called_too_deep(seen)


# Each known mistake: what the card says, and whether what was seen looks like it. The narrow ones come first.
MISTAKES: dict[str, tuple[str, Callable[[Seen], bool]]] = {
    "unit-by-unit": (
        "It multiplies by the base once for each unit of the exponent; an exponent of 2048 bits has too many units.",
        _wasting(lambda seen: seen.by_base),
    ),
    "both-halves": (
        "It works out the same products again and again: each half of the exponent, twice.",
        _wasting(lambda seen: seen.repeated and not seen.by_base),
    ),
    "recursion": (
        "It calls itself once for each bit, and Python stops that after about a thousand calls.",
        _recursion,
    ),
    "mul-not-called": ("It never asked mul to multiply, and nobody else knows the modulus.", _never_called),
    "not-reduced": (
        "It multiplies with * in places, and not with mul: its numbers grow beyond n.",
        _unreduced,
    ),
    "halved-by-floats": (
        "It halves the exponent through floats, which / makes: they hold 53 bits, and 1 / 2 is not 0.",
        _halved_by_floats,
    ),
    "begins-with-0": ("It begins with 0, and every product with 0 is 0.", _always(0)),
    "products-not-kept": (
        "It returns 1 whatever it is given: mul returns the product, which has to be kept under a name.",
        _always(1),
    ),
    "base-once-too-often": (
        "It multiplies by the base once too often: the product begins with 1.",
        _instead(lambda exponent: exponent + 1),
    ),
    "bits-backwards": (
        "It squares the product as for bits from the left, and takes the bits from the right.",
        _instead(_backwards),
    ),
    "base-not-squared": (
        "It multiplies by the same base for each bit that is 1: the base was not squared from bit to bit.",
        _instead(int.bit_count),
    ),
    "every-bit-a-one": (
        "It multiplies also where the bit of the exponent is 0.",
        _instead(lambda exponent: 2 ** exponent.bit_length() - 1),
    ),
    "top-bit-lost": (
        "The highest bit of the exponent was left out.",
        _instead(lambda exponent: exponent - _top_bit(exponent)),
    ),
    "last-bit-lost": (
        "The lowest bit of the exponent was left out.",
        _instead(lambda exponent: exponent >> 1, lambda exponent: exponent & ~1),
    ),
    "squared-once-more": (
        "It squares once more than there are bits: twice the exponent came out.",
        _instead(lambda exponent: 2 * exponent),
    ),
    "negative-accepted": (
        "It returns a number for a negative exponent.",
        _negative_accepted,
    ),
    "never-ends": (
        "It was still multiplying when it was stopped: nothing in its loop comes to an end.",
        lambda seen: seen.stopped or (seen.power.exponent < 1 and seen.right),
    ),
}
