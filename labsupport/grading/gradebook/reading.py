"""What comes out of a gradebook.

Nothing here keeps a cursor open between two answers: an open one would hold up the log of a grader that writes.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator

from labsupport.errors import GradebookError
from labsupport.grading.gradebook.model import Adjustment, Attempt, ExerciseMark, Graded, Mark
from labsupport.grading.gradebook.texts import clean, result_of, time_of, unpacked
from labsupport.grading.records import Finding, RecordError, Submission, finding_from

__all__ = ["adjustments", "attempts", "counting_ids", "due_dates", "graded", "marks", "submission", "transcripts"]

_Row = tuple[object, ...]


def marks(connection: sqlite3.Connection, lesson: str | None, learner: str | None) -> list[Mark]:
    """Return what counts, by learner and lesson."""
    wanted = {"lesson": _clean(lesson), "learner": _clean(learner)}
    rows = connection.execute(
        "SELECT c.learner, learners.name, c.lesson, c.id, c.result, c.submitted_at, results.specs, "
        "results.graded_at, results.unjudged, "
        "(SELECT count(*) FROM attempts WHERE attempts.learner = c.learner AND attempts.lesson = c.lesson) "
        "FROM counting AS c JOIN learners USING (learner) JOIN results ON results.id = c.result "
        "WHERE c.lesson = coalesce(:lesson, c.lesson) AND c.learner = coalesce(:learner, c.learner) "
        "ORDER BY c.learner, c.lesson",
        wanted,
    ).fetchall()
    everything = lesson is None and learner is None
    scores = _scores(connection, None if everything else [row[4] for row in rows])
    found = _findings(connection, None if everything else [row[3] for row in rows])
    corrected = _corrections(connection, wanted)
    return [
        Mark(
            learner=id_,
            name=name,
            lesson=slug,
            exercises=_with_corrections(scores.get(result, []), corrected.get((id_, slug), {})),
            attempt_id=attempt,
            attempts=count,
            result_id=result,
            specs=specs,
            submitted_at=time_of(submitted),
            graded_at=_time(graded_at),
            unjudged=unjudged,
            findings=_unique([*found.get((attempt, None), []), *found.get((attempt, result), [])]),
        )
        for id_, name, slug, attempt, result, submitted, specs, graded_at, unjudged, count in rows
    ]


def counting_ids(connection: sqlite3.Connection, lesson: str | None, learner: str | None) -> list[int]:
    """Return the ids of the results that count, by learner and lesson."""
    rows = connection.execute(
        "SELECT result FROM counting "
        "WHERE lesson = coalesce(:lesson, lesson) AND learner = coalesce(:learner, learner) ORDER BY learner, lesson",
        {"lesson": _clean(lesson), "learner": _clean(learner)},
    )
    return [row[0] for row in rows.fetchall()]


def graded(connection: sqlite3.Connection, result_id: int, *, with_transcripts: bool) -> Graded | None:
    """Return the result called `result_id` with what belongs to it, or None if there is none."""
    row = connection.execute(
        "SELECT results.attempt, learners.learner, learners.name, attempts.lesson, attempts.digest, attempts.source, "
        "attempts.submitted_at, results.graded_at, results.specs, results.result "
        "FROM results JOIN attempts ON attempts.id = results.attempt JOIN learners USING (learner) "
        "WHERE results.id = ?",
        (result_id,),
    ).fetchone()
    if row is None:
        return None
    attempt, learner, name, lesson, digest, source, submitted, graded_at, specs, text = row
    try:
        result = result_of(text, transcripts(connection, result_id) if with_transcripts else {})
    except (RecordError, ValueError) as error:
        raise GradebookError(f"result {result_id}: {error}; grade {lesson} of {learner} again") from error
    found = _findings(connection, [attempt])
    return Graded(
        result_id=result_id,
        attempt_id=attempt,
        learner=learner,
        name=name,
        lesson=lesson,
        digest=digest,
        source=source,
        submitted_at=time_of(submitted),
        graded_at=_time(graded_at),
        specs=specs,
        result=result,
        findings=_unique([*found.get((attempt, None), []), *result.findings]),
        adjustments=tuple(adjustments(connection, lesson, learner, history=False)),
    )


def submission(connection: sqlite3.Connection, result_id: int) -> Submission:
    """Return the submission that the result called `result_id` is of, as it was handed in."""
    attempt, learner, name, lesson, content, source, submitted = connection.execute(
        "SELECT attempts.id, learners.learner, learners.name, attempts.lesson, contents.content, attempts.source, "
        "attempts.submitted_at FROM results JOIN attempts ON attempts.id = results.attempt "
        "JOIN learners USING (learner) JOIN contents USING (digest) WHERE results.id = ?",
        (result_id,),
    ).fetchone()
    found = tuple(_findings(connection, [attempt]).get((attempt, None), []))
    return Submission(learner, lesson, unpacked(content), source, name, time_of(submitted), found)


def transcripts(connection: sqlite3.Connection, result_id: int) -> dict[str, str]:
    """Return what was said in each exercise of the result, by the exercise's id."""
    rows = connection.execute("SELECT exercise, transcript FROM transcripts WHERE result = ?", (result_id,))
    return {exercise: unpacked(text).decode() for exercise, text in rows.fetchall()}


def attempts(connection: sqlite3.Connection, learner: str, lesson: str) -> list[Attempt]:
    """Return every attempt of a learner at a lesson, the first first."""
    rows = connection.execute(
        "SELECT id, learner, lesson, digest, source, submitted_at FROM attempts "
        "WHERE learner = ? AND lesson = ? ORDER BY id",
        (clean(learner), clean(lesson)),
    ).fetchall()
    return [
        Attempt(id_, learner_, lesson_, digest, source, time_of(submitted), _results_of(connection, id_))
        for id_, learner_, lesson_, digest, source, submitted in rows
    ]


def adjustments(
    connection: sqlite3.Connection, lesson: str | None, learner: str | None, *, history: bool
) -> list[Adjustment]:
    """Return the corrections in force, or with `history` every one that was ever made, the first first."""
    query = (
        "SELECT learner, lesson, exercise, points, because, made_at FROM adjustments "
        "WHERE lesson = coalesce(:lesson, lesson) AND learner = coalesce(:learner, learner) "
        "AND (:history OR id IN (SELECT id FROM in_force)) ORDER BY id"
    )
    wanted = {"lesson": _clean(lesson), "learner": _clean(learner), "history": history}
    rows = connection.execute(query, wanted)
    return [
        Adjustment(learner_, lesson_, exercise, points, because, _time(made_at))
        for learner_, lesson_, exercise, points, because, made_at in rows.fetchall()
    ]


def due_dates(connection: sqlite3.Connection) -> dict[str, dt.datetime]:
    """Return when each lesson is due that has a date, with the offset that the date was given in."""
    rows = connection.execute("SELECT lesson, due FROM due_dates ORDER BY lesson").fetchall()
    return {lesson: _with_zone(_time(due)) for lesson, due in rows}


def _with_zone(time: dt.datetime) -> dt.datetime:
    """Return the same moment, with the name of the zone here where its offset is that zone's: CET, not UTC+01:00."""
    here = time.astimezone()
    return here if here.utcoffset() == time.utcoffset() else time


def _results_of(connection: sqlite3.Connection, attempt: int) -> tuple[int, ...]:
    rows = connection.execute("SELECT id FROM results WHERE attempt = ? ORDER BY id", (attempt,))
    return tuple(row[0] for row in rows.fetchall())


def _clean(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _chosen(connection: sqlite3.Connection, query: str, column: str, ids: list[int] | None) -> Iterator[_Row]:
    """Yield the rows of `query` in which `column` is one of `ids`; None: all, read in one go."""
    if ids is None:
        yield from connection.execute(query).fetchall()
        return
    for id_ in ids:
        yield from connection.execute(f"{query} WHERE {column} = ?", (id_,)).fetchall()


def _scores(connection: sqlite3.Connection, results: list[int] | None) -> dict[object, list[ExerciseMark]]:
    query = "SELECT result, exercise, title, points, out_of, state FROM scores"
    found: dict[object, list[ExerciseMark]] = {}
    # The primary key gives the rows of one result in the order of their position.
    for result, id_, title, points, out_of, state in _chosen(connection, query, "result", results):
        mark = ExerciseMark(str(id_), str(title), points, out_of, points, str(state))  # type: ignore[arg-type]  # REAL columns
        found.setdefault(result, []).append(mark)
    return found


def _findings(connection: sqlite3.Connection, of: list[int] | None) -> dict[tuple[object, object], list[Finding]]:
    query = "SELECT attempt, result, kind, text, exercise FROM findings"
    found: dict[tuple[object, object], list[Finding]] = {}
    for attempt, result, kind, text, exercise in _chosen(connection, query, "attempt", of):
        record = {"kind": kind, "text": text, "exercise": exercise}
        found.setdefault((attempt, result), []).append(finding_from(record))
    return found


def _corrections(
    connection: sqlite3.Connection, wanted: dict[str, str | None]
) -> dict[tuple[str, str], dict[str, ExerciseMark]]:
    rows = connection.execute(
        "SELECT learner, lesson, exercise, title, points, out_of, because FROM in_force "
        "WHERE lesson = coalesce(:lesson, lesson) AND learner = coalesce(:learner, learner) ORDER BY id",
        wanted,
    )
    found: dict[tuple[str, str], dict[str, ExerciseMark]] = {}
    for learner, lesson, exercise, title, points, out_of, because in rows.fetchall():
        mark = ExerciseMark(exercise, title, points, out_of, None, because=because)
        found.setdefault((learner, lesson), {})[exercise] = mark
    return found


def _with_corrections(judged: Iterable[ExerciseMark], corrected: dict[str, ExerciseMark]) -> tuple[ExerciseMark, ...]:
    """Return the marks with the corrections; one of an exercise that was not judged comes last."""
    out = []
    left = dict(corrected)
    for mark in judged:
        by_person = left.pop(mark.id, None)
        if by_person is not None:
            points, because = by_person.points, by_person.because
            mark = ExerciseMark(mark.id, mark.title, points, mark.out_of, mark.points, mark.state, because)
        out.append(mark)
    return (*out, *left.values())


def _time(text: str) -> dt.datetime:
    time = time_of(text)
    assert time is not None
    return time


def _unique(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))
