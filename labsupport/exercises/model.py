"""Case → Outcome → Report: how an exercise is judged.

An `Exercise` draws fresh `Case`s; each runs against a `Callee` and comes to an `Outcome`; `judge` collects them in a
`Report`. Cases belong to aspects, which carry the points: an aspect is earned only when all its cases pass, so that a
positive counts only together with its negative. Specs are written with the helpers in ``exercises.verdicts``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from labsupport.exercises.callee import Answer, Argument, Callee, Handle, Wire
from labsupport.exercises.draw import Draw

__all__ = ["AspectReport", "Case", "Exercise", "Mistake", "Outcome", "Report", "State", "judge"]

State: TypeAlias = Literal["solved", "partly", "wrong", "unwritten"]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that is known by name; `sentence` tells the learner what was seen, not what to write."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Outcome:
    """What one case came to, in words: what was tried, what was expected, what came.

    `suspects` are the names of mistakes that would have given what came, `cleared` of those that would not have.
    """

    passed: bool
    tried: str
    expected: str
    got: str
    suspects: frozenset[str] = frozenset()
    cleared: frozenset[str] = frozenset()
    fault: bool = False  # nothing to be recognised: the call came to no value and no exception
    unwritten: bool = False
    notes: tuple[str, ...] = ()
    whole: str = ""  # what was tried in full, where `tried` leaves something out
    printed: str = ""


@dataclass(frozen=True)
class Case:
    """One trial of the callee under `aspect`."""

    aspect: str
    run: Callable[[Callee], Outcome]


@dataclass(frozen=True)
class Exercise:
    """A task and how it is judged.

    `functions` are the names that the learner writes, `aspects` the shares of `points` in the order of the card,
    `cases` draws the trials, `answered_by` names the modules that hold the answer, `hint` is the card's pointer when
    no mistake is recognised.
    """

    id: str
    lesson: str
    title: str
    points: float
    functions: tuple[str, ...]
    aspects: Mapping[str, float]
    cases: Callable[[Draw], Iterable[Case]]
    mistakes: tuple[Mistake, ...] = ()
    answered_by: tuple[str, ...] = ()
    hint: str = ""

    def __post_init__(self) -> None:
        if abs(sum(self.aspects.values()) - self.points) > 1e-9:
            raise ValueError(f"{self.id}: the aspects do not add up to {self.points} points")


@dataclass(frozen=True)
class AspectReport:
    """How one aspect went: `passed` of `cases`, of which `tried` were run; `failing` is the first that failed."""

    name: str
    points: float
    out_of: float
    passed: int
    tried: int
    cases: int
    failing: Outcome | None = None


@dataclass(frozen=True)
class Report:
    """The judgement of one answer; ``str(report)`` is words for a terminal."""

    exercise_id: str
    title: str
    points: float
    out_of: float
    state: State
    aspects: tuple[AspectReport, ...]
    mistake: Mistake | None = None
    hint: str = ""
    notes: tuple[str, ...] = ()
    printed: str = ""
    seconds: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        # Here, because the words read reports: at the top the two modules would import each other.
        from labsupport.exercises.words import in_words

        return in_words(self)


def judge(exercise: Exercise, callee: Callee, seed: bytes | None = None) -> Report:
    """Try every case of `exercise` on `callee`, in an order of its own, and report.

    `seed` replays inputs and order; None draws from the operating system. A missed deadline ends its aspect, which is
    lost already, and no other: what is earned does not depend on the order. A function that is not written yet is
    asked once.
    """
    draw = Draw(seed)
    cases = list(exercise.cases(draw.child("cases")))
    strangers = {case.aspect for case in cases} ^ set(exercise.aspects)
    if strangers:
        raise ValueError(f"{exercise.id}: aspects and cases do not match: {sorted(strangers)}")
    watched = _Watched(callee)
    outcomes: dict[int, Outcome] = {}
    lost: set[str] = set()
    for number in draw.child("order").shuffled(range(len(cases))):
        if cases[number].aspect in lost:
            continue
        watched.printed, watched.late = "", False
        outcomes[number] = replace(cases[number].run(watched), printed=watched.printed)
        if watched.late:
            lost.add(cases[number].aspect)
    tried = [(cases[number].aspect, outcomes[number]) for number in sorted(outcomes)]
    aspects = tuple(
        _aspect(name, share, [outcome for aspect, outcome in tried if aspect == name], _count(cases, name))
        for name, share in exercise.aspects.items()
    )
    points = sum(aspect.points for aspect in aspects)
    all_outcomes = [outcome for _, outcome in tried]
    return Report(
        exercise_id=exercise.id,
        title=exercise.title,
        points=points,
        out_of=exercise.points,
        state=_state(aspects, all_outcomes),
        aspects=aspects,
        mistake=_recognise(exercise.mistakes, all_outcomes),
        hint=exercise.hint,
        notes=_unique([*watched.notes, *(note for outcome in all_outcomes for note in outcome.notes)]),
        printed=_printed(aspects, all_outcomes),
        seconds=watched.seconds,
    )


def _count(cases: Sequence[Case], aspect: str) -> int:
    return sum(case.aspect == aspect for case in cases)


def _aspect(name: str, share: float, outcomes: Sequence[Outcome], cases: int) -> AspectReport:
    passed = sum(outcome.passed for outcome in outcomes)
    failing = next((outcome for outcome in outcomes if not outcome.passed), None)
    points = share if passed == cases else 0.0
    return AspectReport(name, points, share, passed, len(outcomes), cases, failing)


def _state(aspects: Sequence[AspectReport], outcomes: Sequence[Outcome]) -> State:
    if all(aspect.passed == aspect.cases for aspect in aspects):
        return "solved"
    if any(aspect.points for aspect in aspects):
        return "partly"
    return "unwritten" if all(outcome.unwritten for outcome in outcomes) else "wrong"


def _recognise(mistakes: Sequence[Mistake], outcomes: Sequence[Outcome]) -> Mistake | None:
    """Return the first mistake that explains every failing outcome and contradicts none."""
    failing = [outcome for outcome in outcomes if not (outcome.passed or outcome.fault or outcome.unwritten)]
    if not failing:
        return None
    suspects = frozenset.intersection(*(outcome.suspects for outcome in failing))
    suspects = suspects.difference(*(outcome.cleared for outcome in outcomes))
    return next((mistake for mistake in mistakes if mistake.name in suspects), None)


def _printed(aspects: Sequence[AspectReport], outcomes: Sequence[Outcome]) -> str:
    """Return what was printed in the failing cases that the card shows, or else in the first case that printed."""
    shown = [aspect.failing.printed for aspect in aspects if aspect.failing and aspect.failing.printed]
    return "".join(shown) or next((outcome.printed for outcome in outcomes if outcome.printed), "")


def _unique(notes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(notes))


class _Watched:
    """A callee that remembers what every call has in common, whatever the spec makes of the answers."""

    def __init__(self, callee: Callee) -> None:
        self._callee = callee
        self._unwritten: dict[str, Answer] = {}
        self.late = False
        self.printed = ""
        self.notes: list[str] = []
        self.seconds = 0.0

    def call(self, function: str, *arguments: Argument, deadline: float = 5.0) -> Answer:
        if self.late:
            return Answer(fault="was not asked again after it missed a deadline", late=True)
        if function in self._unwritten:
            return self._unwritten[function]
        answer = self._callee.call(function, *arguments, deadline=deadline)
        self.late = answer.late
        self.printed += answer.printed
        self.seconds += answer.seconds
        if answer.unwritten:
            self._unwritten[function] = answer
        if answer.mutated:
            self.notes.append(f"{function} changed what it was given: {_ordinals(answer.mutated)}.")
        return answer

    def accept(self, handle: Handle, *, deadline: float = 5.0) -> Wire:
        return self._callee.accept(handle, deadline=deadline)

    def close(self) -> None:
        self._callee.close()


def _ordinals(positions: Sequence[int]) -> str:
    numbers = [str(position + 1) for position in positions]
    return f"argument {numbers[0]}" if len(numbers) == 1 else f"arguments {', '.join(numbers)}"
