"""``modexp``: a power by square and multiply, with a multiplication that the judge does and counts.

The modulus is the judge's secret, so there is no way round `mul`; the questions asked tell how the power was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from labsupport.exercises.callee import Callee, Oracle
from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.plain import Plain
from labsupport.exercises.rsa.matching import habits, habits_seen, is_int
from labsupport.exercises.rsa.powers import MISTAKES, Power, Seen
from labsupport.exercises.verdicts import answered, called, spoken, whole_call

__all__ = ["EXERCISE"]

FUNCTION = "modexp"
RIGHT = "the right power, small exponents"
FEW = "the right power, in at most two multiplications for each bit"
SHORT_DEADLINE, LONG_DEADLINE = 0.6, 1.2  # seconds; thousands of questions may have to travel
PATIENCE = 100  # multiplications beyond the limit, after which a call is stopped


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
    # Exponents of 0 and 1 are no work for anybody: who is late with them makes none of these mistakes.
    at_a_loss = seen.answer.late and seen.power.exponent in (0, 1)
    named = frozenset(name for name, (_, recognise) in MISTAKES.items() if not at_a_loss and recognise(seen))
    passed = seen.right and not seen.too_many
    by_habit = habits_seen(seen.answer, lambda answer: replace(seen, answer=answer).right)
    suspects = named if passed or seen.right else named | by_habit
    # A number that grew too large to be returned is one that was not reduced.
    explained = bool(suspects) and (seen.answer.late or seen.stopped or "not-reduced" in named)
    if seen.answer.unwritten or (seen.answer.fault is not None and not explained):
        bare = answered(seen.answer, tried, seen.power.expected)
        assert bare is not None
        return replace(bare, cleared=frozenset(MISTAKES) - named)
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
        cleared=frozenset(MISTAKES) - named,
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
    mistakes=(
        *(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
        *habits("refusal-returned", "returns-nothing", "floats", "another-type", "another-exception", "still-at-work"),
    ),
    answered_by=("labsupport.rsa",),
    hint="Follow base**13 on paper: 13 is 8 + 4 + 1, and each square comes of the one before.",
)
