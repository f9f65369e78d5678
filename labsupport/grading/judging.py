"""One submission, judged: the specs that the notebook's checks run, in this process, on functions in a sandbox."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from labsupport.errors import NotebookError
from labsupport.exercises import catalogue
from labsupport.exercises.model import AspectReport, Exercise, Report
from labsupport.grading.callee import Gone, Learner, SandboxedCallee
from labsupport.grading.program import Program, program_of
from labsupport.grading.records import ExerciseResult, Finding, Result, Submission
from labsupport.grading.sandbox.sandbox import NoSandbox, Sandbox
from labsupport.grading.transcript import record
from labsupport.tls.loopback import sockets_from

__all__ = ["exercises_of", "judge_submission"]

# How calls end that come to nothing (``grading.callee``); no value and no exception is worded like this.
_LATE = ("did not answer", "was not asked")
_ENDED = ("ended its process", "used more than")


def exercises_of(lesson: str) -> tuple[Exercise, ...]:
    """Return the exercises of a lesson, in its order."""
    return tuple(exercise for exercise in catalogue().values() if exercise.lesson == lesson)


def judge_submission(
    submission: Submission, master: Mapping[str, Any], sandbox: Sandbox, *, seconds: float = 600.0
) -> Result:
    """Judge every exercise of the submission's lesson; `seconds` is the time after which no further one is begun.

    `master` is the lesson's learner notebook as built. Raises NoSandbox where learners' code cannot be locked up.
    """
    began, worked = time.monotonic(), time.process_time()
    try:
        program = program_of(submission.content, master, submission.lesson)
    except NotebookError as error:
        return Result(submission.lesson, unjudged=str(error).removeprefix("the file: "), findings=submission.findings)
    learner = Learner(sandbox, program.steps, until=began + seconds)
    results: list[ExerciseResult] = []
    transcripts: dict[str, str] = {}
    troubles: list[str] = []
    try:
        for exercise in exercises_of(submission.lesson):
            answer = program.answers.get(exercise.id, "")
            results.append(ExerciseResult(_judged(exercise, learner, transcripts, troubles), answer))
    finally:
        learner.lose()
    return Result(
        lesson=submission.lesson,
        exercises=tuple(results),
        findings=(*submission.findings, *program.findings, *_findings(learner, program, results)),
        unjudged="; ".join(troubles),
        transcripts=transcripts,
        overdue=learner.overdue,
        seconds=time.monotonic() - began,
        cpu_seconds=time.process_time() - worked,
    )


def _judged(exercise: Exercise, learner: Learner, transcripts: dict[str, str], troubles: list[str]) -> Report:
    try:
        learner.check_time()
        with closing(SandboxedCallee(learner, f"exercise-{exercise.id}")) as callee, sockets_from(learner.bound_socket):
            report, transcripts[exercise.id] = record(exercise, callee)
            return report
    except NoSandbox:
        raise
    except Gone as gone:
        return _nothing(exercise, f"was not judged: {gone}")
    except Exception as error:  # a fault of the judge's own: it is said, and the other exercises are judged
        troubles.append(f"{exercise.id}: the judge failed: {type(error).__name__}: {error}"[:300])
        return _nothing(exercise, "could not be judged, which is no fault of the answer")


def _nothing(exercise: Exercise, why: str) -> Report:
    """Return a report of no points that says why nothing was tried."""
    aspects = tuple(AspectReport(name, 0.0, share, 0, 0, 1) for name, share in exercise.aspects.items())
    return Report(exercise.id, exercise.title, 0.0, exercise.points, "wrong", aspects, notes=(f"It {why}.",))


def _findings(learner: Learner, program: Program, results: list[ExerciseResult]) -> Iterator[Finding]:
    for step in program.steps:
        raised = learner.raised.get(step.name)
        if raised is not None and step.origin == "added":
            left_out = "" if raised.startswith("raised") else ", and was left out"
            yield Finding("added-cell", f"A cell of your own (“{step.first_line}”) {raised}{left_out}.")
        elif raised is not None and step.origin == "answer":
            yield Finding("process" if "process" in raised else "time", f"Its cell {raised}.", step.exercise)
    for result in results:
        yield from {finding.kind: finding for finding in _troubles(result)}.values()


def _troubles(result: ExerciseResult) -> Iterator[Finding]:
    for aspect in result.report.aspects:
        # What a known mistake explains is no fault of the call's, and ended so all the same.
        got = aspect.failing.got if aspect.failing is not None else ""
        if got.startswith(_LATE):
            yield Finding("time", f"The function {got}.", result.id)
        elif got.startswith(_ENDED):
            yield Finding("process", f"The function {got}.", result.id)
