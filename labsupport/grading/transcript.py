"""What was said in a judgement, stored: `record` judges and takes it down, `replay` judges the record again.

A replay is the same spec run once more with the same seed. The callee's answers, and whatever else the seed does not
determine, come from the record: nobody is called, no key is made, no connection opened, and the date does not matter.
Where the spec asks for anything that the record does not hold in this place, it is another spec than then, and
`replay` raises ReplayMismatch; `recall` shows what was stored without judging.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from labsupport.errors import ReplayMismatch
from labsupport.exercises import find
from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.journal import SAW, Entry, Journal, Reader
from labsupport.exercises.model import Case, Exercise, Outcome, Report, judge
from labsupport.exercises.plain import NotPlain, Plain, from_wire
from labsupport.grading.records import Json, RecordError, outcome_from, outcome_to, report_from, report_to
from labsupport.grading.testimony import Call, Recording, Remembered, call_from
from labsupport.pki.fresh import kept_by

__all__ = ["CaseReplay", "Observation", "Replay", "Said", "recall", "record", "replay"]

_FORMAT = 1


@dataclass(frozen=True)
class Observation:
    """Something that the judge observed: the spec's label for it, and what was seen, as plain data."""

    label: str
    value: Plain


Said: TypeAlias = "Call | Observation"


@dataclass(frozen=True)
class CaseReplay:
    """One case: its number in the exercise (from 0), what was said, and its outcome then and now (None: not judged)."""

    number: int
    aspect: str
    said: tuple[Said, ...]
    then: Outcome
    now: Outcome | None = None

    @property
    def agrees(self) -> bool:
        """Whether it was not judged again, or came to the same verdict; the words may be others."""
        return self.now is None or self.now.passed == self.then.passed


@dataclass(frozen=True)
class Replay:
    """A record, and what comes of judging it again.

    `cases` stand in the order in which they ran; `not_run` are number and aspect of those that did not. `drawn` is
    what was said before the first. `then` is the report of that time; `report` that of today, None if not judged.
    """

    exercise_id: str
    seed: bytes
    then: Report
    cases: tuple[CaseReplay, ...]
    not_run: tuple[tuple[int, str], ...] = ()
    drawn: tuple[Said, ...] = ()
    report: Report | None = None

    @property
    def agrees(self) -> bool:
        """Whether points, state and every case's verdict are those of then."""
        same = self.report is None or (self.report.points, self.report.state) == (self.then.points, self.then.state)
        return same and all(case.agrees for case in self.cases)


def record(exercise: Exercise, callee: Callee, seed: bytes | None = None) -> tuple[Report, str]:
    """Judge as `judge` does; return the report, and the transcript as JSON text in ASCII.

    The transcript has all that was handed over and said, in full. Its length is bounded because a callee that says
    too much is cut short (see ``grading.testimony``).
    """
    seed = Draw(seed).seed
    minutes = _Minutes(exercise)
    with kept_by(minutes.journal):
        report = judge(minutes.exercise, Recording(callee, minutes.journal), seed)
    transcript = {
        "transcript": _FORMAT,
        "exercise": exercise.id,
        "seed": seed.hex(),
        "aspects": minutes.aspects,
        "drawn": minutes.drawn,
        "ran": minutes.ran,
        "report": report_to(report),
    }
    return report, json.dumps(transcript, separators=(",", ":"))


def recall(text: str) -> Replay:
    """Return what a transcript holds, not judged again; raise RecordError if `text` is none."""
    stored = _Stored.read(text)
    try:
        cases = tuple(
            CaseReplay(number, stored.aspects[number], _said(entries), then) for number, entries, then in stored.ran
        )
        drawn = _said(stored.drawn)
    except (NotPlain, ValueError, TypeError):
        raise _unreadable() from None
    ran = {case.number for case in cases}
    not_run = tuple((number, aspect) for number, aspect in enumerate(stored.aspects) if number not in ran)
    return Replay(stored.exercise, stored.seed, stored.report, cases, not_run, drawn)


def replay(text: str) -> Replay:
    """Judge a transcript again, with the exercise's spec as it is today.

    Raises RecordError if `text` is no transcript, UnknownExercise if there is no such exercise any more, and
    ReplayMismatch if the spec does not proceed as it did.
    """
    told = recall(text)
    rereading = _Rereading(find(told.exercise_id), _Stored.read(text))
    with kept_by(rereading.reader):
        report = judge(rereading.exercise, Remembered(rereading.reader), told.seed)
    rereading.finish()
    cases = tuple(replace(case, now=rereading.outcomes[case.number]) for case in told.cases)
    return replace(told, cases=cases, report=report)


class _Minutes:
    """An exercise whose cases are taken down while they run."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = replace(exercise, cases=partial(self._cases, exercise))
        self.journal = Journal()
        self.drawn = self.journal.entries
        self.aspects: list[str] = []
        self.ran: list[Json] = []

    def _cases(self, exercise: Exercise, draw: Draw) -> Iterator[Case]:
        for number, case in enumerate(exercise.cases(draw)):
            self.aspects.append(case.aspect)
            yield Case(case.aspect, partial(self._run, number, case))

    def _run(self, number: int, case: Case, callee: Callee) -> Outcome:
        said = self.journal.entries = []
        outcome = case.run(callee)
        self.ran.append({"case": number, "said": said, "outcome": outcome_to(outcome)})
        return outcome


class _Rereading:
    """An exercise whose cases run on what is stored of them."""

    def __init__(self, exercise: Exercise, stored: _Stored) -> None:
        self.exercise = replace(exercise, cases=partial(self._cases, exercise))
        self.reader = Reader(stored.drawn)
        self.outcomes: dict[int, Outcome] = {}
        self._stored = stored
        self._rest = list(stored.ran)

    def _cases(self, exercise: Exercise, draw: Draw) -> Iterator[Case]:
        try:
            cases = list(exercise.cases(draw))
            self.reader.finish()
            if [case.aspect for case in cases] != self._stored.aspects:
                raise ReplayMismatch(f"it has other cases than the {len(self._stored.aspects)} of then")
        except ReplayMismatch as mismatch:
            raise self._explained(mismatch) from None
        for number, case in enumerate(cases):
            yield Case(case.aspect, partial(self._run, number, case))

    def _run(self, number: int, case: Case, callee: Callee) -> Outcome:
        try:
            if not self._rest or self._rest[0][0] != number:
                raise ReplayMismatch("it did not run in this place")
            _, entries, _ = self._rest.pop(0)
            self.reader.turn_to(entries)
            self.outcomes[number] = case.run(callee)
            self.reader.finish()
        except ReplayMismatch as mismatch:
            raise self._explained(mismatch, number) from None
        return self.outcomes[number]

    def finish(self) -> None:
        """Raise ReplayMismatch where cases are left."""
        if self._rest:
            raise self._explained(ReplayMismatch("it ran then, and does not run now"), self._rest[0][0])

    def _explained(self, mismatch: ReplayMismatch, number: int | None = None) -> ReplayMismatch:
        where = self._stored.exercise if number is None else f"{self._stored.exercise}, case {number + 1}"
        return ReplayMismatch(f"{where}: {mismatch}. The exercise's spec has changed since it was judged")


def _unreadable() -> RecordError:
    return RecordError("not a transcript of this version of the grader")


@dataclass(frozen=True)
class _Stored:
    """The parts of a transcript; `ran` holds each case's number, entries and outcome."""

    exercise: str
    seed: bytes
    aspects: list[str]
    drawn: list[Entry]
    report: Report
    ran: list[tuple[int, list[Entry], Outcome]] = field(default_factory=list)

    @classmethod
    def read(cls, text: str) -> _Stored:
        """Return the parts; raise RecordError if `text` is no transcript."""
        try:
            match json.loads(text):
                case {
                    "transcript": 1,
                    "exercise": str(exercise),
                    "seed": str(seed),
                    "aspects": list(aspects),
                    "drawn": list(drawn),
                    "ran": list(ran),
                    "report": dict(report),
                } if all(isinstance(aspect, str) for aspect in aspects):
                    known = [_ran_from(each, len(aspects)) for each in ran]
                    return cls(exercise, bytes.fromhex(seed), aspects, drawn, report_from(report), known)
        except (ValueError, RecursionError):
            pass
        raise _unreadable()


def _ran_from(told: object, cases: int) -> tuple[int, list[Entry], Outcome]:
    match told:
        case {"case": int(number), "said": list(entries), "outcome": outcome} if 0 <= number < cases:
            return number, entries, outcome_from(outcome)
        case _:
            raise _unreadable()


def _said(entries: Iterable[Any]) -> tuple[Said, ...]:
    return tuple(_said_from(entry) for entry in entries)


def _said_from(entry: Sequence[Any]) -> Said:
    match entry:
        case [str(kind), str(label), str(), wire] if kind == SAW:
            return Observation(label, from_wire(wire))
        case _:
            return call_from(list(entry))
