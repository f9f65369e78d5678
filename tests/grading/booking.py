"""Submissions and results for the tests of the gradebook and of what is made from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from labsupport.exercises.model import AspectReport, Outcome, Report, State
from labsupport.grading.records import ExerciseResult, Finding, Result, Submission

__all__ = ["SPECS", "WHEN", "exercise", "result", "submission"]

WHEN = dt.datetime(2026, 12, 1, 23, 59, tzinfo=dt.timezone(dt.timedelta(hours=1)))
SPECS = "specs-1"


def submission(
    learner: str = "ada",
    content: bytes | str = b"{}",
    lesson: str = "01_rsa",
    *,
    name: str = "",
    source: str = "",
    submitted_at: dt.datetime | None = WHEN,
    findings: Sequence[Finding] = (),
) -> Submission:
    content = content.encode() if isinstance(content, str) else content
    source = source or f"{learner}/{lesson}.ipynb"
    return Submission(learner, lesson, content, source, name, submitted_at, tuple(findings))


def exercise(id_: str, points: float, out_of: float = 2.0, title: str = "") -> ExerciseResult:
    """Return the result of an exercise of one aspect per point."""
    state: State = "solved" if points == out_of else "partly" if points else "wrong"
    failing = Outcome(False, "modinv(3, 8)", "3", "4") if points < out_of else None
    passed = int(points == out_of)
    aspects = (AspectReport("inverses", points, out_of, passed, 1, 1, failing),)
    return ExerciseResult(Report(id_, title or id_.replace("-", " ").title(), points, out_of, state, aspects), "pass")


def result(
    points: Mapping[str, float] | None = None,
    *,
    lesson: str = "01_rsa",
    findings: Sequence[Finding] = (),
    unjudged: str = "",
    transcripts: Mapping[str, str] | None = None,
    out_of: float = 2.0,
) -> Result:
    points = {"rsa-inverse": 2.0, "rsa-sign": 1.0} if points is None else points
    exercises = () if unjudged else tuple(exercise(id_, value, out_of) for id_, value in points.items())
    return Result(lesson, exercises, tuple(findings), unjudged, transcripts=transcripts or {})
