"""Judging by property: where many answers are right, or many are wrong in the same way.

A `Match` tells whether an answer is of some kind. `weigh` asks the match of the right answers, and that of each known
mistake, and puts the result into an `Outcome`. `habits` are mistakes of the hand that say nothing about the subject:
a missing return, a float, another type or exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from labsupport.exercises.callee import Answer, Argument, Callee, Handle
from labsupport.exercises.model import Mistake, Outcome
from labsupport.exercises.plain import Plain, same
from labsupport.exercises.verdicts import Raised, answered, called, spoken, whole_call

__all__ = [
    "DEADLINE",
    "Match",
    "anything",
    "either",
    "habits",
    "habits_seen",
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
_DIGITS = 4000  # of a text that is taken for a number; Python reads no more than 4300


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


def anything(answer: Answer) -> bool:
    """Match every value and every exception; what came to neither is nobody's mistake."""
    return answer.fault is None


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


# What each habit is called, and what the card says.
_HABITS = {
    "refusal-returned": "Where it should refuse it returns something; an exception is raised, not returned.",
    "returns-nothing": "It returns None, as a function without return does; print shows a value, and keeps none.",
    "floats": "It works with floats, which / makes and which hold 53 bits; // stays with whole numbers.",
    "another-type": "What it returns is right but for its type: compare it with the example of the task.",
    "another-exception": "It refuses, with another exception than the ValueError that is asked for.",
    "still-at-work": (
        "It was still at work when the time was up: a loop that never ends, or steps of one through huge numbers."
    ),
}
_OF_FLOATS = ("float", "unless all arguments are integers")


def habits(*names: str) -> tuple[Mistake, ...]:
    """Return the mistakes of the hand with these names, for the end of an exercise's own."""
    return tuple(Mistake(name, sentence) for name, sentence in _HABITS.items() if name in names)


def habits_seen(answer: Answer, right: Match) -> frozenset[str]:
    """Name the habits that explain an answer which is not `right`."""
    text = answer.error_text
    nothing = answer.value is None if answer.error is None else answer.error == "TypeError" and "NoneType" in text
    by_floats = answer.error in ("TypeError", "OverflowError") and any(word in text for word in _OF_FLOATS)
    refusal_wanted = answer.fault is None and right(replace(answer, error="ValueError"))
    seen = {
        "refusal-returned": refusal_wanted and answer.error is None and not _is_number(answer.value),
        "returns-nothing": nothing and answer.fault is None,
        "floats": by_floats if answer.error is not None else _has_float(answer.value),
        "another-type": answer.error is None and any(right(replace(answer, value=each)) for each in _recast(answer)),
        "another-exception": refusal_wanted and answer.error is not None,
        "still-at-work": answer.late,
    }
    return frozenset(name for name, is_so in seen.items() if is_so)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | list | tuple) and not isinstance(value, bool)


def _has_float(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, list | tuple) and any(map(_has_float, value)))


def _recast(answer: Answer) -> Iterator[Plain]:
    """Yield what the answer would have been as another type."""
    value = answer.value
    if isinstance(value, list):
        yield tuple(value)
    if isinstance(value, list | tuple) and len(value) == 1:
        yield value[0]
    if isinstance(value, list | tuple) and all(isinstance(item, str) and item.isdecimal() for item in value):
        yield tuple(int(str(item)) for item in value)
    if isinstance(value, str) and value.isdecimal() and len(value) < _DIGITS:
        yield int(value)
    if isinstance(value, int):
        yield bool(value) if value in (0, 1) else None


def weigh(
    answer: Answer, right: Match, rivals: Mapping[str, Match], *, tried: str, expected: str, whole: str = ""
) -> Outcome:
    """Return the Outcome of `answer`; `rivals` match, by the mistake's name, what each mistake would have given.

    A fault (too late, too many questions) that a mistake explains is a result like any other.
    """
    passed = right(answer)
    named = frozenset(name for name, rival in rivals.items() if rival(answer))
    suspects = named if passed or answer.unwritten else named | habits_seen(answer, right)
    if answer.unwritten or (answer.fault is not None and not suspects):
        bare = answered(answer, tried, expected)
        assert bare is not None
        return bare
    return Outcome(
        passed=passed,
        tried=tried,
        expected=expected,
        got=spoken(answer),
        suspects=suspects,
        cleared=frozenset(rivals) - named,
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
