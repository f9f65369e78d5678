"""Judging by property: where many answers are right, or many are wrong in the same way.

A `Match` tells whether an answer is of some kind. `weigh` asks the match of the right answers, and that of each known
mistake, and puts the result into an `Outcome`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from labsupport.exercises.callee import Answer, Argument, Callee, Handle
from labsupport.exercises.model import Outcome
from labsupport.exercises.plain import Plain, same
from labsupport.exercises.verdicts import Raised, answered, called, spoken, whole_call

__all__ = [
    "DEADLINE",
    "Match",
    "anything",
    "either",
    "ints",
    "is_int",
    "late",
    "looking",
    "raises",
    "refuses",
    "such",
    "value",
    "weigh",
]

Match: TypeAlias = Callable[[Answer], bool]

# Seconds for one call; right answers need a small part of it. A missed deadline ends one aspect, and a check of two of
# them must answer within two seconds.
DEADLINE = 0.9


def such(holds: Callable[[Plain], bool]) -> Match:
    """Match a value of which `holds` is true."""

    def match(answer: Answer) -> bool:
        came = answer.fault is None and answer.error is None and not answer.unwritten
        return came and not isinstance(answer.value, Handle) and holds(answer.value)

    return match


def value(expected: Plain) -> Match:
    """Match exactly `expected`, types included."""
    return such(lambda given: same(given, expected))


def raises(*names: str) -> Match:
    """Match any exception, or those of the classes named."""
    return Raised(*names).matches


def late(answer: Answer) -> bool:
    """Match an answer that did not come in time."""
    return answer.late


def anything(_: Answer) -> bool:
    """Match every answer."""
    return True


def either(*matches: Match) -> Match:
    """Match what one of `matches` matches."""
    return lambda answer: any(match(answer) for match in matches)


refuses: Match = raises("ValueError")


def is_int(given: Plain) -> bool:
    """Tell whether `given` is an int; True and False are none here."""
    return type(given) is int


def ints(given: Plain, count: int) -> tuple[int, ...]:
    """Return `given` if it is a tuple of `count` ints, or else an empty tuple."""
    if not isinstance(given, tuple) or len(given) != count:
        return ()
    return tuple(item for item in given if isinstance(item, int)) if all(map(is_int, given)) else ()


def weigh(
    answer: Answer, right: Match, rivals: Mapping[str, Match], *, tried: str, expected: str, whole: str = ""
) -> Outcome:
    """Return the Outcome of `answer`; `rivals` match, by the mistake's name, what each mistake would have given.

    A fault (too late, too many questions) that a mistake explains is a result like any other.
    """
    suspects = frozenset(name for name, rival in rivals.items() if rival(answer))
    if answer.unwritten or (answer.fault is not None and not suspects):
        bare = answered(answer, tried, expected)
        assert bare is not None
        return bare
    passed = right(answer)
    return Outcome(
        passed=passed,
        tried=tried,
        expected=expected,
        got=spoken(answer),
        suspects=suspects,
        cleared=frozenset(rivals) - suspects,
        whole="" if passed else whole,
    )


def looking(
    function: str,
    arguments: Sequence[Argument],
    right: Match,
    expected: str,
    rivals: Mapping[str, Match],
    deadline: float = DEADLINE,
) -> Callable[[Callee], Outcome]:
    """Return a case's `run`: call `function` with `arguments` and weigh what comes; `expected` says it in words."""

    def run(callee: Callee) -> Outcome:
        answer = callee.call(function, *arguments, deadline=deadline)
        tried, whole = called(function, *arguments), whole_call(function, *arguments)
        return weigh(answer, right, rivals, tried=tried, expected=expected, whole=whole)

    return run
