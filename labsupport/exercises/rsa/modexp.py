"""``modexp``: a power by square and multiply, with a multiplication that the judge does and counts.

The modulus is the judge's secret, so there is no way round `mul`; the questions asked tell how the power was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from labsupport.exercises.callee import Answer, Callee, Oracle
from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.plain import Plain
from labsupport.exercises.rsa.matching import is_int
from labsupport.exercises.verdicts import answered, called, shorten, spoken, whole_call

__all__ = ["EXERCISE", "Power", "Seen"]

FUNCTION = "modexp"
RIGHT = "the right power, small exponents"
FEW = "the right power, in at most two multiplications for each bit"
DEEP = 900  # calls inside each other that a function may not survive
SHORT_DEADLINE, LONG_DEADLINE = 0.6, 1.2  # seconds; thousands of questions may have to travel
PATIENCE = 100  # multiplications beyond the limit, after which a call is stopped


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
            return self.answer.error == "ValueError"
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
        if seen.power.exponent < 0:
            return True
        if not seen.power.counted or seen.power.exponent <= seen.power.limit + 1:
            return seen.right
        return (seen.too_many and how(seen)) or (seen.power.exponent > DEEP and _called_too_deep(seen))

    return recognise


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
}


def _run(power: Power, callee: Callee) -> Outcome:
    questions: list[tuple[int, int]] = []

    def multiply(*factors: Plain) -> Plain:
        if len(factors) != 2 or not all(map(is_int, factors)):
            raise ValueError("mul takes two ints")
        left, right = factors
        assert isinstance(left, int)
        assert isinstance(right, int)
        questions.append((left, right))
        return left * right % power.n

    mul = Oracle(multiply, quota=max(power.limit, 1 << 7) + PATIENCE)
    arguments = (mul, power.base, power.exponent)
    answer = callee.call(FUNCTION, *arguments, deadline=LONG_DEADLINE if power.counted else SHORT_DEADLINE)
    seen = Seen(power, answer, stopped=mul.asked > mul.quota, questions=questions)
    return _outcome(seen, called(FUNCTION, *arguments), whole_call(FUNCTION, *arguments))


def _outcome(seen: Seen, tried: str, whole: str) -> Outcome:
    suspects = frozenset(name for name, (_, recognise) in MISTAKES.items() if recognise(seen))
    passed = seen.right and not seen.too_many
    explained = bool(suspects) and (seen.answer.late or seen.stopped)
    if seen.answer.unwritten or (seen.answer.fault is not None and not explained):
        bare = answered(seen.answer, tried, seen.power.expected)
        assert bare is not None
        return bare
    if seen.stopped:
        got = f"was stopped after {len(seen.questions):,} multiplications"
    elif seen.right and seen.too_many:
        got = f"{spoken(seen.answer)}, after {len(seen.questions):,} multiplications"
    else:
        got = spoken(seen.answer)
    return Outcome(
        passed=passed,
        tried=tried,
        expected=seen.power.expected,
        got=got,
        suspects=suspects,
        cleared=frozenset(MISTAKES) - suspects,
        whole="" if passed else whole,
    )


def _power(draw: Draw, exponent: int, *, counted: bool, bits: int = 64, base: int | None = None) -> Case:
    n = draw.prime(bits) * draw.prime(bits)
    power = Power(draw.between(2, n - 2) if base is None else base, exponent, n, counted)
    return Case(FEW if counted else RIGHT, partial(_run, power))


def _cases(draw: Draw) -> Iterator[Case]:
    # 0 and 1, and small ones with zeros and ones at either end
    for exponent in (0, 1, 2, 3, 4, 5, 6, 7, 10, 13, draw.between(16, 31), draw.between(32, 63)):
        yield _power(draw.child(f"small {exponent}"), exponent, counted=False, bits=16)
    yield _power(draw.child("base 0"), draw.between(2, 9), counted=False, base=0)
    yield _power(draw.child("base 1"), draw.between(2, 9), counted=False, base=1)
    yield _power(draw.child("base 0, exponent 0"), 0, counted=False, base=0)
    for exponent in (-1, -draw.between(2, 99)):
        yield _power(draw.child(f"negative {exponent}"), exponent, counted=False)
    for number, bits in enumerate((8, 10, 16, 17, 64, 256, 2048)):
        own = draw.child(f"large {number}")
        exponent = own.bits(bits - 1) | 1 << (bits - 1)
        yield _power(own, exponent, counted=True)
    k = draw.between(20, 40)
    for exponent in (0, 1 << k, (1 << k) - 1, (1 << k) + 1):
        yield _power(draw.child(f"edge {exponent}"), exponent, counted=True)


EXERCISE = Exercise(
    id="rsa-modexp",
    lesson="01_rsa",
    title="Raise to a power in few multiplications",
    points=2.0,
    functions=(FUNCTION,),
    aspects={RIGHT: 1.0, FEW: 1.0},
    cases=_cases,
    mistakes=tuple(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
    answered_by=("labsupport.rsa",),
    hint="Follow base**13 on paper: 13 is 8 + 4 + 1, and each square comes of the one before.",
)
