"""What the rooms of the grader hand to each other: submissions, findings, results; plain data, and JSON both ways.

Results cross processes and machines and lie in the gradebook for years, so they are read as strictly as they are
written: `result_from` raises RecordError for whatever `result_to` does not write.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from labsupport.errors import RecordError
from labsupport.exercises.model import AspectReport, Mistake, Outcome, Report, State

__all__ = [
    "ExerciseResult",
    "Finding",
    "FindingKind",
    "Json",
    "RecordError",
    "Result",
    "Submission",
    "finding_from",
    "finding_to",
    "outcome_from",
    "outcome_to",
    "report_from",
    "report_to",
    "result_from",
    "result_to",
]

Json: TypeAlias = dict[str, Any]

FindingKind = Literal[
    "added-cell",  # a cell of the learner's own raised, or did not end in time
    "cells-changed",  # a check, its points or its metadata were edited
    "copies",  # several cells claim to be one answer
    "late",  # handed in after the due date
    "missing-answer",  # an exercise's cell is not there
    "process",  # the learner's process ended, or was ended, while it worked
    "read-as-python",  # an answer in a cell of another type
    "stranger",  # the learner is not in the roster
    "time",  # something was ended at its deadline
    "two-sources",  # two files claim to be one learner's answer to one lesson
    "unmarked",  # cells without ids: answers were found by what they define
]


@dataclass(frozen=True)
class Finding:
    """Something that a person should know about a submission; it never changes marks.

    `text` is one kind sentence, `exercise` the id of the exercise that it concerns, empty for the whole submission.
    """

    kind: FindingKind
    text: str
    exercise: str = ""


@dataclass(frozen=True)
class Submission:
    """One file that a learner handed in, as it was found; nothing in it is trusted.

    `learner` is the id that everything is kept under, `name` how a person writes it, `lesson` the slug that its place
    or its name tells. `submitted_at` has a time zone; None where no time is known.
    """

    learner: str
    lesson: str
    content: bytes
    source: str
    name: str = ""
    submitted_at: dt.datetime | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class ExerciseResult:
    """How one exercise was judged: its report, and the code of the answer (empty for a stub)."""

    report: Report
    answer: str = ""

    @property
    def id(self) -> str:
        """The exercise's id."""
        return self.report.exercise_id


@dataclass(frozen=True)
class Result:
    """What became of one submission.

    `unjudged` is the reason, in a sentence, where nobody could judge it: the file is no notebook, the judge failed.
    `overdue` tells that something was ended at a deadline, so that another try, alone, may come to something else.
    `transcripts` holds what was said in each exercise, by id, as ``grading.transcript`` writes it.
    """

    lesson: str
    exercises: tuple[ExerciseResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    unjudged: str = ""
    overdue: bool = False
    seconds: float = field(default=0.0, compare=False)
    cpu_seconds: float = field(default=0.0, compare=False)
    transcripts: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def points(self) -> float:
        """The points earned."""
        return sum(exercise.report.points for exercise in self.exercises)

    @property
    def out_of(self) -> float:
        """The points that the lesson is worth."""
        return sum(exercise.report.out_of for exercise in self.exercises)


def finding_to(finding: Finding) -> Json:
    """Return the JSON of `finding`."""
    return {"kind": finding.kind, "text": finding.text, "exercise": finding.exercise}


def finding_from(record: object) -> Finding:
    """Return the Finding that `record` describes; raise RecordError if it is none."""
    match record:
        case {"kind": str(kind), "text": str(text), "exercise": str(exercise), **more} if (
            kind in get_args(FindingKind) and not more
        ):
            return Finding(kind, text, exercise)  # type: ignore[arg-type]  # a str that is one of the literals
        case _:
            raise RecordError("not a finding of the grader's")


def report_to(report: Report) -> Json:
    """Return the JSON of `report`."""
    return {
        "exercise": report.exercise_id,
        "title": report.title,
        "points": report.points,
        "out_of": report.out_of,
        "state": report.state,
        "aspects": [_aspect_to(aspect) for aspect in report.aspects],
        "mistake": [report.mistake.name, report.mistake.sentence] if report.mistake else None,
        "hint": report.hint,
        "notes": list(report.notes),
        "printed": report.printed,
        "seconds": report.seconds,
    }


def report_from(record: object) -> Report:
    """Return the Report that `record` describes; raise RecordError if it is none."""
    match record:
        case {
            "exercise": str(exercise),
            "title": str(title),
            "points": float() | int() as points,
            "out_of": float() | int() as out_of,
            "state": str(state),
            "aspects": list(aspects),
            "mistake": None | [str(), str()] as mistake,
            "hint": str(hint),
            "notes": list(notes),
            "printed": str(printed),
            "seconds": float() | int() as seconds,
            **more,
        } if (
            state in get_args(State)
            and all(isinstance(note, str) for note in notes)
            and _are_numbers(points, out_of, seconds)
            and not more
        ):
            return Report(
                exercise_id=exercise,
                title=title,
                points=float(points),
                out_of=float(out_of),
                state=state,  # type: ignore[arg-type]  # a str that is one of the literals
                aspects=tuple(map(_aspect_from, aspects)),
                mistake=Mistake(*mistake) if mistake else None,
                hint=hint,
                notes=tuple(notes),
                printed=printed,
                seconds=float(seconds),
            )
        case _:
            raise RecordError("not a report of this version of the grader")


def result_to(result: Result) -> Json:
    """Return the JSON of `result`."""
    return {
        "lesson": result.lesson,
        "exercises": [{"report": report_to(each.report), "answer": each.answer} for each in result.exercises],
        "findings": [finding_to(finding) for finding in result.findings],
        "unjudged": result.unjudged,
        "overdue": result.overdue,
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "transcripts": dict(result.transcripts),
    }


def result_from(record: object) -> Result:
    """Return the Result that `record` describes; raise RecordError if it is none."""
    match record:
        case {
            "lesson": str(lesson),
            "exercises": list(exercises),
            "findings": list(findings),
            "unjudged": str(unjudged),
            "overdue": bool(overdue),
            "seconds": float() | int() as seconds,
            "cpu_seconds": float() | int() as cpu_seconds,
            "transcripts": dict(transcripts),
            **more,
        } if (
            all(isinstance(text, str) for each in transcripts.items() for text in each)
            and _are_numbers(seconds, cpu_seconds)
            and not more
        ):
            return Result(
                lesson=lesson,
                exercises=tuple(map(_exercise_from, exercises)),
                findings=tuple(map(finding_from, findings)),
                unjudged=unjudged,
                overdue=overdue,
                seconds=float(seconds),
                cpu_seconds=float(cpu_seconds),
                transcripts=transcripts,
            )
        case _:
            raise RecordError("not a result of this version of the grader")


def _exercise_from(record: object) -> ExerciseResult:
    match record:
        case {"report": report, "answer": str(answer), **more} if not more:
            return ExerciseResult(report_from(report), answer)
        case _:
            raise RecordError("not an exercise's result of this version of the grader")


def _aspect_to(aspect: AspectReport) -> Json:
    return {
        "name": aspect.name,
        "points": aspect.points,
        "out_of": aspect.out_of,
        "passed": aspect.passed,
        "tried": aspect.tried,
        "cases": aspect.cases,
        "failing": outcome_to(aspect.failing) if aspect.failing else None,
    }


def _aspect_from(record: object) -> AspectReport:
    match record:
        case {
            "name": str(name),
            "points": float() | int() as points,
            "out_of": float() | int() as out_of,
            "passed": int(passed),
            "tried": int(tried),
            "cases": int(cases),
            "failing": None | dict() as failing,
            **more,
        } if _are_numbers(points, out_of, passed, tried, cases) and not more:
            outcome = outcome_from(failing) if failing is not None else None
            return AspectReport(name, float(points), float(out_of), passed, tried, cases, outcome)
        case _:
            raise RecordError("not an aspect's report of this version of the grader")


def _are_numbers(*values: object) -> bool:
    """Whether all are numbers that one can count with: bool is an int, NaN and the infinities are floats."""
    return all(type(value) in (int, float) and abs(value) < _MOST for value in values)  # type: ignore[arg-type]  # they are


_MOST = 1e15
_WORDS = ("tried", "expected", "got", "whole", "printed")
_TRUTHS = ("passed", "fault", "unwritten")
_NAMES = ("suspects", "cleared", "notes")


def outcome_to(outcome: Outcome) -> Json:
    """Return the JSON of `outcome`."""
    words_and_truths = {name: getattr(outcome, name) for name in (*_WORDS, *_TRUTHS)}
    return words_and_truths | {
        "suspects": sorted(outcome.suspects),
        "cleared": sorted(outcome.cleared),
        "notes": list(outcome.notes),
    }


def outcome_from(record: object) -> Outcome:
    """Return the Outcome that `record` describes; raise RecordError if it is none."""
    sound = (
        isinstance(record, dict)
        and set(record) == {*_WORDS, *_TRUTHS, *_NAMES}
        and all(isinstance(record[name], str) for name in _WORDS)
        and all(isinstance(record[name], bool) for name in _TRUTHS)
        and all(
            isinstance(record[name], list) and all(isinstance(each, str) for each in record[name]) for name in _NAMES
        )
    )
    if not sound or not isinstance(record, dict):
        raise RecordError("not an outcome of this version of the grader")
    return Outcome(
        **{name: record[name] for name in (*_WORDS, *_TRUTHS)},
        suspects=frozenset(record["suspects"]),
        cleared=frozenset(record["cleared"]),
        notes=tuple(record["notes"]),
    )
