"""What a gradebook hands out: attempts, marks, adjustments, results; frozen, and free of SQLite."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from labsupport.grading.records import Finding, Result

__all__ = [
    "Adjustment",
    "Attempt",
    "Change",
    "ExerciseMark",
    "Graded",
    "Learner",
    "Mark",
    "Recorded",
    "digest_of",
]


@dataclass(frozen=True)
class Learner:
    """Somebody who handed something in."""

    id: str
    name: str = ""


@dataclass(frozen=True)
class Recorded:
    """What recording a submission came to; False where the gradebook had it already."""

    attempt_id: int
    result_id: int
    new_attempt: bool
    new_result: bool


@dataclass(frozen=True)
class Attempt:
    """One file that a learner handed in, in the order of `id`; `results` are the ids of its results, oldest first."""

    id: int
    learner: str
    lesson: str
    digest: str
    source: str
    submitted_at: dt.datetime | None
    results: tuple[int, ...] = ()


@dataclass(frozen=True)
class Adjustment:
    """A person's correction of the points of one exercise; `points` None withdraws the one before."""

    learner: str
    lesson: str
    exercise: str
    points: float | None
    because: str
    made_at: dt.datetime


@dataclass(frozen=True)
class Change:
    """What an adjustment changed: the exercise's points `before` and `after`; None: there are none yet."""

    before: float | None
    after: float | None
    out_of: float


@dataclass(frozen=True)
class ExerciseMark:
    """The points of one exercise; `judged` are those of the judge, None where it came to none."""

    id: str
    title: str
    points: float
    out_of: float
    judged: float | None

    state: str = ""
    because: str | None = None  # a person's reason, where a person adjusted the points

    @property
    def adjusted(self) -> bool:
        """Whether a person set these points."""
        return self.because is not None


@dataclass(frozen=True)
class Mark:
    """What counts for one learner in one lesson: the latest attempt, its newest result, and the adjustments."""

    learner: str
    name: str
    lesson: str
    exercises: tuple[ExerciseMark, ...]
    attempt_id: int
    attempts: int
    result_id: int
    specs: str
    submitted_at: dt.datetime | None
    graded_at: dt.datetime
    unjudged: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def points(self) -> float:
        """The points, adjustments included."""
        return sum(exercise.points for exercise in self.exercises)

    @property
    def out_of(self) -> float:
        """The points that the judged exercises are worth."""
        return sum(exercise.out_of for exercise in self.exercises)

    @property
    def adjusted(self) -> bool:
        """Whether a person adjusted any exercise."""
        return any(exercise.adjusted for exercise in self.exercises)

    @property
    def counts(self) -> bool:
        """Whether there is a mark to hand on: nobody's submission is worth 0 because nobody could judge it."""
        return not self.unjudged or self.adjusted


@dataclass(frozen=True)
class Graded:
    """One result with all that belongs to it; `findings` are those of the submission and of the result.

    `adjustments` are those in force, `result.transcripts` is empty unless it was asked for.
    """

    result_id: int
    attempt_id: int
    learner: str
    name: str
    lesson: str
    digest: str
    source: str
    submitted_at: dt.datetime | None
    graded_at: dt.datetime
    specs: str
    result: Result
    findings: tuple[Finding, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()


def digest_of(content: bytes) -> str:
    """Return the name under which `content` is kept: its SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
