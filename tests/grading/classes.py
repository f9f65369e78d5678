"""Classes of any size, made and not judged: results as the gradebook hands them out, honest, wrong and hostile."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from labsupport.exercises import catalogue
from labsupport.exercises.model import AspectReport, Exercise, Mistake, Outcome, Report, State
from labsupport.grading.gradebook.model import Adjustment, Graded
from labsupport.grading.records import ExerciseResult, Finding, Result
from tests.grading.written import DRESSED, HONEST, OTHERS

__all__ = ["LESSON", "NASTY", "NIGHT", "class_of", "graded", "nasty", "report"]

LESSON = "01_rsa"
NIGHT = dt.datetime(2026, 12, 1, 23, 41, tzinfo=dt.UTC)
NASTY = (
    "<script>alert(1)</script></style></pre></title>--> \"q\" 'a' & &lt; \x00 \x07 \x1b[31mred\x1b[0m \u202eabc "
    "\u2066 \ud800 \uffff <img src=https://example.org/x onerror=alert(1)> javascript:alert(1) \u2028 {}%s"
)
_FIRST = ("Ada", "Björn", "Chiamaka", "Dmitri", "Esra", "Fátima", "Goran", "Hana", "İpek", "Jürgen", "Kenji", "Łucja")
_LAST = ("Adeyemi", "Baker", "Castro", "Demir", "Eriksson", "Fischer", "García", "Hoang", "Ivanova", "O'Neil", "李")


def exercises() -> list[Exercise]:
    return [exercise for exercise in catalogue().values() if exercise.lesson == LESSON]


def report(exercise: Exercise, share: float, chance: random.Random, mistake: Mistake | None = None) -> Report:
    """Return a report in which each aspect is earned with the probability `share`; 0 is a stub."""
    aspects = []
    for name, points in exercise.aspects.items():
        cases = chance.randint(2, 9)
        passed = cases if chance.random() < share else chance.randrange(cases)
        failing = None
        if passed < cases:
            tried = f"{exercise.functions[0]}({chance.getrandbits(40)}, {chance.getrandbits(36)})"
            failing = Outcome(False, tried, str(chance.getrandbits(30)), "0", unwritten=not share)
        earned = points if passed == cases else 0.0
        aspects.append(AspectReport(name, earned, points, passed if share else 0, cases, cases, failing))
    points = sum(aspect.points for aspect in aspects)
    state: State = "solved" if points == exercise.points else "partly" if points else "wrong" if share else "unwritten"
    known = mistake if state in ("partly", "wrong") else None
    return Report(exercise.id, exercise.title, points, exercise.points, state, tuple(aspects), known, exercise.hint)


def graded(
    result: Result, learner: str = "ada", name: str = "", number: int = 1, adjustments: tuple[Adjustment, ...] = ()
) -> Graded:
    """Return `result` as the gradebook hands it out."""
    return Graded(
        result_id=number,
        attempt_id=number,
        learner=learner,
        name=name,
        lesson=result.lesson,
        digest="0" * 64,
        source=f"{learner}/{result.lesson}.ipynb",
        submitted_at=NIGHT,
        graded_at=NIGHT + dt.timedelta(hours=9),
        specs="1",
        result=result,
        findings=result.findings,
        adjustments=adjustments,
    )


def class_of(size: int, seed: int = 1) -> Iterator[Graded]:
    """Yield the results of a class: good and bad work, some findings, some who copied, some files nobody could read."""
    for number in range(size):
        chance = random.Random(f"{seed} {number}")
        learner = f"learner{number:04}"
        name = f"{chance.choice(_FIRST)} {chance.choice(_LAST)}" + (f" {number}" if size > 60 else "")
        if number % 23 == 9:
            result = Result(LESSON, unjudged="The file is not a notebook: it is not JSON in UTF-8.")
            yield graded(result, learner, name, number + 1)
            continue
        found = []
        for exercise in exercises():
            share = chance.choice((0, 0.3, 0.7, 0.9, 0.97, 1, 1, 1))
            mistake = chance.choice(exercise.mistakes[:4]) if exercise.mistakes else None
            found.append(ExerciseResult(report(exercise, share, chance, mistake), _answer(number, chance)))
        findings = _findings(number, found[0].id)
        result = Result(LESSON, tuple(found), findings, overdue=number % 17 == 4)
        adjustments = (
            (Adjustment(learner, LESSON, found[1].id, 2.0, "The idea is right; only the sign was lost.", NIGHT),)
            if number % 19 == 5
            else ()
        )
        yield graded(result, learner, name, number + 1, adjustments)


def _answer(number: int, chance: random.Random) -> str:
    if number in (3, 11):
        return HONEST if number == 3 else DRESSED["everything at once"]
    lines = [
        f"    {chance.choice('abcdxyz')} = {chance.choice('abcdxyz')} {chance.choice('+-*%&')} "
        f"({chance.choice('abcdxyz')} {chance.choice('+-*%&')} {chance.choice('abcdxyz')})"
        for _ in range(chance.randint(3, 16))
    ]
    return "\n".join(["def answer(a, b, c):", *lines, "    return x"]) + (OTHERS[0] if number in (6, 13, 20) else "")


def _findings(number: int, exercise: str) -> tuple[Finding, ...]:
    found = []
    if number % 5 == 1:
        found.append(Finding("late", "It was handed in 3 hours and 12 minutes after the due date."))
    if number % 8 == 5:
        found.append(Finding("added-cell", "A cell that you added raised NameError; what follows it was run."))
    if number % 17 == 4:
        found.append(Finding("time", "Your answer did not come back in 5 s; the rest was judged.", exercise))
    return tuple(found)


def nasty(size: int = 1) -> Graded:
    """Return a result in which every text that can come from outside is hostile, `size` times as long."""
    text = NASTY * size
    outcome = Outcome(False, text, text, text, whole=text, printed=text)
    aspects = (AspectReport("small numbers", 0, 1, 0, 1, 1, outcome),)
    judged = Report("x", text, 0, 1, "wrong", aspects, Mistake(text, text), text, (text,) * 3, text)
    findings = (Finding("added-cell", text), Finding("process", text, "x"), Finding("copies", text, text))
    result = Result(LESSON, (ExerciseResult(judged, f"{text}\r\n{text}"),), findings, unjudged=text)
    adjustments = (
        Adjustment(text, LESSON, "x", 0.5, text, NIGHT),
        Adjustment(text, LESSON, text, 1.0, text, NIGHT),
    )
    return graded(result, text, text, 7, adjustments)
