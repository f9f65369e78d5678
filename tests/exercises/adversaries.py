"""Functions that know nothing: constant, raising, counting, guessing, echoing. None may ever earn a point.

They are given the exercise's own vocabulary, the results of a right answer to other inputs, so that what they return
looks right.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from labsupport.exercises.draw import Draw
from labsupport.exercises.local import LocalCallee
from labsupport.exercises.model import Case, Exercise, Report, judge

__all__ = ["adversaries", "defined", "earned", "judged", "shuffled_cases", "vocabulary"]

Function = Callable[..., object]
Result = Callable[[], object]  # gives back a recorded value, or raises the recorded exception

WORDS = 6  # of the vocabulary, as constants


def defined(source: str) -> dict[str, Any]:
    """Return what `source` defines, as a notebook's cell would."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(source, names)
    return names


def vocabulary(exercise: Exercise, solution: str) -> list[Result]:
    """Return the distinct results of a right answer to inputs that no later judge will draw."""
    heard: dict[str, Result] = {}

    def recorded(function: Function) -> Function:
        def call(*arguments: object) -> object:
            try:
                value = function(*arguments)
            except Exception as error:
                heard.setdefault(repr(error), _raising(error))
                raise
            heard.setdefault(repr(value), _returning(value))
            return value

        return call

    names = defined(solution)
    judge(exercise, LocalCallee({name: recorded(names[name]) for name in exercise.functions}), b"another day")
    return list(heard.values())


def adversaries(words: Sequence[Result], seed: int) -> Iterator[tuple[str, Function]]:
    """Yield functions by name, fresh ones for every call: some of them count."""
    source = random.Random(seed)
    chosen = source.sample(words, min(WORDS, len(words)))
    constants = [_returning(value) for value in (None, True, False, 0, 1, "")]
    for number, word in enumerate([*constants, *chosen]):
        yield f"constant {number}", _ignoring(word)
    yield "raising ValueError", _ignoring(_raising(ValueError("no")))
    yield "raising RuntimeError", _ignoring(_raising(RuntimeError("no")))
    yield "counting", _ignoring(itertools.count().__next__)
    turns = itertools.cycle(source.sample(words, len(words)))
    yield "taking turns", _ignoring(lambda: next(turns)())
    yield "guessing", _ignoring(lambda: source.choice(words)())
    yield "echoing the first argument", lambda *arguments: arguments[0]
    yield "echoing the last argument", lambda *arguments: arguments[-1]


def shuffled_cases(exercise: Exercise, seed: bytes) -> list[Case]:
    """Return the cases that `judge` draws with `seed`, in the order in which it tries them."""
    draw = Draw(seed)
    cases = list(exercise.cases(draw.child("cases")))
    return [cases[number] for number in draw.child("order").shuffled(range(len(cases)))]


def earned(exercise: Exercise, cases: Iterable[Case], functions: Mapping[str, Function]) -> float:
    """Return the points that `judge` would give, without running cases of aspects that are lost already."""
    callee = LocalCallee(functions)
    kept = set(exercise.aspects)
    for case in cases:
        if case.aspect in kept and not case.run(callee).passed:
            kept.discard(case.aspect)
    return sum(exercise.aspects[aspect] for aspect in kept)


def judged(exercise: Exercise, source: str, seed: bytes | None = None) -> Report:
    """Judge what `source` defines in this process."""
    names = defined(source)
    return judge(exercise, LocalCallee({name: names[name] for name in exercise.functions}), seed)


def _returning(value: object) -> Result:
    return lambda: value


def _raising(error: Exception) -> Result:
    def result() -> object:
        raise error

    return result


def _ignoring(result: Result) -> Function:
    return lambda *_: result()
