"""The gradebook: one SQLite file that a killed grader, a full disk or a second grader cannot spoil.

    with Gradebook.open(Path("gradebook.db")) as book:
        if book.reuse(submission, specs) is None:
            book.record(submission, judge(submission), specs)
        for mark in book.marks("01_rsa"):
            print(mark.learner, mark.points, mark.out_of)

What counts for a learner in a lesson is the latest attempt, in the order in which attempts were recorded and not by any
clock; of that attempt the newest result in which it was judged; and over that the corrections that people made. Nothing
is ever taken back: earlier attempts, results and corrections stay.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

from labsupport.errors import GradebookError
from labsupport.grading.gradebook import reading, writing
from labsupport.grading.gradebook.connection import connect, told, transaction
from labsupport.grading.gradebook.model import (
    Adjustment,
    Attempt,
    Change,
    Graded,
    Learner,
    Mark,
    Recorded,
    digest_of,
)
from labsupport.grading.gradebook.texts import unpacked
from labsupport.grading.records import Result, Submission

__all__ = ["Gradebook"]


class Gradebook:
    """An open gradebook; a context manager, to be used in the thread that opened it.

    Every method raises GradebookError, in one line, when the file cannot be read or written.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Gradebook:
        """Open the gradebook at `path`; without `create` it must be there."""
        return cls(path, connect(path, make=create))

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    # --- what graders write ------------------------------------------------------------------------------------------

    def record(
        self,
        submission: Submission,
        result: Result,
        specs: str,
        *,
        graded_at: dt.datetime | None = None,
        regrade: bool = False,
    ) -> Recorded:
        """Keep a submission and its result, wholly or not at all; when this returns, both are on the disk.

        A submission with the content of the learner's latest attempt at the lesson is that attempt. A result by the
        same `specs` that the attempt has already stays the one, unless this is a `regrade` or nobody could judge it.
        """
        parcel = writing.Parcel(submission, digest_of(submission.content), result)
        with told(self.path), transaction(self._connection):
            return writing.put_result(self._connection, parcel, specs, graded_at or _now(), regrade=regrade)

    def reuse(self, submission: Submission, specs: str) -> Recorded | None:
        """Keep a submission with the result that its content has by `specs` already; None, and nothing, if none."""
        digest = digest_of(submission.content)
        with told(self.path):
            known = writing.known_id(self._connection, digest, submission.lesson, specs)
            if known is None:
                return None
            parcel = writing.Parcel(submission, digest)
            with transaction(self._connection):
                return writing.reuse(self._connection, parcel, known, specs)

    def set_due_dates(self, due_dates: Mapping[str, dt.datetime | None]) -> None:
        """Remember when lessons are due; None forgets it."""
        with told(self.path), transaction(self._connection):
            writing.set_due_dates(self._connection, due_dates)

    def adjust(
        self,
        learner: str,
        lesson: str,
        exercise: str,
        points: float | None,
        because: str,
        *,
        out_of: float,
        title: str = "",
        made_at: dt.datetime | None = None,
    ) -> Change:
        """Set the points of one exercise to a person's, whatever judges say from now on; None withdraws that.

        `out_of` and `title` stand for the exercise where no judge came to one.
        """
        with told(self.path), transaction(self._connection):
            before = self._standing(learner, lesson, exercise)
            where = (learner, lesson, exercise)
            writing.adjust(self._connection, where, title or exercise, points, out_of, because, made_at or _now())
            after = self._standing(learner, lesson, exercise)
        return Change(before, after, out_of)

    def _standing(self, learner: str, lesson: str, exercise: str) -> float | None:
        found = reading.marks(self._connection, lesson, learner)
        if not found:
            raise GradebookError(f"{self.path}: {learner} has handed in nothing for {lesson}")
        return next((mark.points for mark in found[0].exercises if mark.id == exercise), None)

    # --- what people and pages read ----------------------------------------------------------------------------------

    def marks(self, lesson: str | None = None, learner: str | None = None) -> list[Mark]:
        """Return what counts, by learner and lesson."""
        with told(self.path), transaction(self._connection, "DEFERRED"):
            return reading.marks(self._connection, lesson, learner)

    def results(
        self, lesson: str | None = None, learner: str | None = None, *, transcripts: bool = False
    ) -> Iterator[Graded]:
        """Yield the results that count, by learner and lesson, one in memory at a time."""
        with told(self.path):
            ids = reading.counting_ids(self._connection, lesson, learner)
        for result_id in ids:
            yield self.result(result_id, transcripts=transcripts)

    def result(self, result_id: int, *, transcripts: bool = True) -> Graded:
        """Return one result, whether it counts or not."""
        with told(self.path), transaction(self._connection, "DEFERRED"):
            found = reading.graded(self._connection, result_id, with_transcripts=transcripts)
        if found is None:
            raise GradebookError(f"{self.path}: there is no result {result_id}; `labsupport marks` shows their numbers")
        return found

    def attempts(self, learner: str, lesson: str) -> list[Attempt]:
        """Return every attempt of a learner at a lesson, the first first."""
        with told(self.path), transaction(self._connection, "DEFERRED"):
            return reading.attempts(self._connection, learner, lesson)

    def adjustments(
        self, lesson: str | None = None, learner: str | None = None, *, history: bool = False
    ) -> list[Adjustment]:
        """Return the corrections in force, or with `history` every one that was ever made, the first first."""
        with told(self.path):
            return reading.adjustments(self._connection, lesson, learner, history=history)

    def content(self, digest: str) -> bytes:
        """Return the bytes that were handed in."""
        with told(self.path):
            row = self._connection.execute("SELECT content FROM contents WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            raise GradebookError(f"{self.path}: it holds no content {digest}")
        return unpacked(row[0])

    def submissions(self, lesson: str | None = None, learner: str | None = None) -> Iterator[Submission]:
        """Yield the submissions that count as they were handed in, one in memory at a time: for grading them again."""
        with told(self.path):
            ids = reading.counting_ids(self._connection, lesson, learner)
        for result_id in ids:
            yield self._submission(result_id)

    def _submission(self, result_id: int) -> Submission:
        with told(self.path), transaction(self._connection, "DEFERRED"):
            return reading.submission(self._connection, result_id)

    def learners(self) -> Iterator[Learner]:
        """Yield everybody who handed something in, by id."""
        with told(self.path):
            rows = self._connection.execute("SELECT learner, name FROM learners ORDER BY learner").fetchall()
        yield from (Learner(*row) for row in rows)

    def due_dates(self) -> dict[str, dt.datetime]:
        """Return when each lesson is due, as `set_due_dates` was told."""
        with told(self.path):
            return reading.due_dates(self._connection)

    def lessons(self) -> list[str]:
        """Return the slugs of the lessons that something was handed in for."""
        with told(self.path):
            rows = self._connection.execute("SELECT DISTINCT lesson FROM attempts ORDER BY lesson").fetchall()
        return [row[0] for row in rows]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
