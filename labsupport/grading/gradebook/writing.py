"""What goes into a gradebook; every function here is called within one transaction of its caller's."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Mapping

from labsupport.grading.gradebook.model import Recorded
from labsupport.grading.gradebook.schema import score_rows
from labsupport.grading.gradebook.texts import clean, packed, result_json, time_text
from labsupport.grading.records import Finding, Result, Submission

__all__ = ["Parcel", "adjust", "enter", "known_id", "put_result", "reuse", "set_due_dates", "standing_id"]


class Parcel:
    """A submission made ready before the transaction begins, so that nobody waits for a compressor."""

    def __init__(self, submission: Submission, digest: str, result: Result | None = None) -> None:
        self.learner = clean(submission.learner)
        self.name = clean(submission.name)
        self.lesson = clean(submission.lesson)
        self.digest = digest
        # Without a result of its own it uses another's, and that one's content is there already.
        self.content = packed(submission.content) if result else b""
        self.source = clean(submission.source)
        self.submitted_at = time_text(submission.submitted_at)
        self.findings = submission.findings
        self.result = result
        self.text = result_json(result) if result else ""
        self.transcripts = [(clean(id_), packed(text)) for id_, text in result.transcripts.items()] if result else []


def enter(connection: sqlite3.Connection, parcel: Parcel) -> tuple[int, bool]:
    """Return the id of the attempt that `parcel` is, and whether it is a new one.

    It is the learner's latest attempt when the content is that one's; what is known of it now replaces what was known.
    """
    connection.execute(
        "INSERT INTO learners VALUES (:learner, :name) "
        "ON CONFLICT (learner) DO UPDATE SET name = excluded.name WHERE excluded.name <> ''",
        {"learner": parcel.learner, "name": parcel.name},
    )
    latest = connection.execute(
        "SELECT id, digest FROM attempts WHERE learner = ? AND lesson = ? ORDER BY id DESC LIMIT 1",
        (parcel.learner, parcel.lesson),
    ).fetchone()
    if latest is not None and latest[1] == parcel.digest:
        attempt, new = int(latest[0]), False
        connection.execute(
            "UPDATE attempts SET source = ?, submitted_at = coalesce(?, submitted_at) WHERE id = ?",
            (parcel.source, parcel.submitted_at, attempt),
        )
        connection.execute("DELETE FROM findings WHERE attempt = ? AND result IS NULL", (attempt,))
    else:
        connection.execute("INSERT OR IGNORE INTO contents VALUES (?, ?)", (parcel.digest, parcel.content))
        entered = connection.execute(
            "INSERT INTO attempts (learner, lesson, digest, source, submitted_at) VALUES (?, ?, ?, ?, ?)",
            (parcel.learner, parcel.lesson, parcel.digest, parcel.source, parcel.submitted_at),
        )
        attempt, new = _id_of(entered), True
    _put_findings(connection, attempt, None, parcel.findings)
    return attempt, new


def put_result(
    connection: sqlite3.Connection, parcel: Parcel, specs: str, graded_at: dt.datetime, *, regrade: bool
) -> Recorded:
    """Keep the submission and its result; without `regrade` a result by the same specs that is there stays the one."""
    assert parcel.result is not None
    attempt, new_attempt = enter(connection, parcel)
    standing = None if regrade else standing_id(connection, attempt, specs)
    if standing is not None:
        return Recorded(attempt, standing, new_attempt, new_result=False)
    put = connection.execute(
        "INSERT INTO results (attempt, specs, graded_at, unjudged, result) VALUES (?, ?, ?, ?, ?)",
        (attempt, clean(specs), time_text(graded_at), clean(parcel.result.unjudged), parcel.text),
    )
    result = _id_of(put)
    connection.executemany("INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?, ?)", score_rows(result, parcel.text))
    _put_findings(connection, attempt, result, parcel.result.findings)
    connection.executemany(
        "INSERT INTO transcripts VALUES (?, ?, ?)", [(result, exercise, text) for exercise, text in parcel.transcripts]
    )
    return Recorded(attempt, result, new_attempt, new_result=True)


def standing_id(connection: sqlite3.Connection, attempt: int, specs: str) -> int | None:
    """Return the newest result of `attempt` by `specs` in which it was judged."""
    found = connection.execute(
        "SELECT max(id) FROM results WHERE attempt = ? AND specs = ? AND unjudged = ''", (attempt, clean(specs))
    ).fetchone()
    return None if found[0] is None else int(found[0])


def known_id(connection: sqlite3.Connection, digest: str, lesson: str, specs: str) -> int | None:
    """Return the newest result, of whomever, in which this content was judged for `lesson` by `specs`."""
    found = connection.execute(
        "SELECT max(results.id) FROM results JOIN attempts ON attempts.id = results.attempt "
        "WHERE attempts.digest = ? AND attempts.lesson = ? AND results.specs = ? AND results.unjudged = ''",
        (digest, clean(lesson), clean(specs)),
    ).fetchone()
    return None if found[0] is None else int(found[0])


def reuse(connection: sqlite3.Connection, parcel: Parcel, known: int, specs: str) -> Recorded:
    """Keep the submission with the result called `known`, which its content has already."""
    attempt, new_attempt = enter(connection, parcel)
    standing = standing_id(connection, attempt, specs)
    if standing is not None:
        return Recorded(attempt, standing, new_attempt, new_result=False)
    copied = connection.execute(
        "INSERT INTO results (attempt, specs, graded_at, unjudged, result) "
        "SELECT ?, specs, graded_at, unjudged, result FROM results WHERE id = ?",
        (attempt, known),
    )
    result = _id_of(copied)
    connection.execute(
        "INSERT INTO scores SELECT ?, position, exercise, title, points, out_of, state FROM scores WHERE result = ?",
        (result, known),
    )
    connection.execute(
        "INSERT INTO findings (attempt, result, kind, text, exercise) "
        "SELECT ?, ?, kind, text, exercise FROM findings WHERE result = ? ORDER BY id",
        (attempt, result, known),
    )
    connection.execute(
        "INSERT INTO transcripts SELECT ?, exercise, transcript FROM transcripts WHERE result = ?", (result, known)
    )
    return Recorded(attempt, result, new_attempt, new_result=True)


def adjust(
    connection: sqlite3.Connection,
    where: tuple[str, str, str],
    title: str,
    points: float | None,
    out_of: float,
    because: str,
    made_at: dt.datetime,
) -> None:
    """Add one line to the history of corrections."""
    learner, lesson, exercise = map(clean, where)
    connection.execute(
        "INSERT INTO adjustments (learner, lesson, exercise, title, points, out_of, because, made_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (learner, lesson, exercise, clean(title), points, out_of, clean(because), time_text(made_at)),
    )


def set_due_dates(connection: sqlite3.Connection, due_dates: Mapping[str, dt.datetime | None]) -> None:
    """Replace the due dates of these lessons; None removes one."""
    for lesson, due in due_dates.items():
        if due is None:
            connection.execute("DELETE FROM due_dates WHERE lesson = ?", (clean(lesson),))
        else:
            connection.execute("INSERT OR REPLACE INTO due_dates VALUES (?, ?)", (clean(lesson), time_text(due)))


def _put_findings(
    connection: sqlite3.Connection, attempt: int, result: int | None, findings: Iterable[Finding]
) -> None:
    connection.executemany(
        "INSERT INTO findings (attempt, result, kind, text, exercise) VALUES (?, ?, ?, ?, ?)",
        [(attempt, result, each.kind, clean(each.text), clean(each.exercise)) for each in findings],
    )


def _id_of(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None
    return cursor.lastrowid
