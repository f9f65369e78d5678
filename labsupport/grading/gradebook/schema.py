"""The tables of a gradebook, version by version, and the way from one version to the next.

A gradebook names itself by SQLite's application id, and its version by the user version.

1. learners, contents, attempts, results, findings, transcripts, adjustments;
2. scores: the points of each exercise of each result in rows, so that marks are read without opening a result's JSON;
3. due dates, so that what was late stays late when it is graded again.

Ids of attempts and results grow and are never used twice: they, not any clock, tell what came last.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping

__all__ = ["APPLICATION_ID", "VERSION", "create", "migrate", "score_rows"]

APPLICATION_ID = 0x6D544C53  # "mTLS"
VERSION = 3

_FIRST = """
CREATE TABLE learners (
    learner TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
CREATE TABLE contents (
    digest TEXT PRIMARY KEY,
    content BLOB NOT NULL  -- compressed with zlib
) STRICT;
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    learner TEXT NOT NULL REFERENCES learners,
    lesson TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES contents,
    source TEXT NOT NULL,
    submitted_at TEXT
) STRICT;
CREATE INDEX attempts_by_learner ON attempts (learner, lesson, id);
CREATE INDEX attempts_by_content ON attempts (digest, lesson);
CREATE TABLE results (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    attempt INTEGER NOT NULL REFERENCES attempts,
    specs TEXT NOT NULL,
    graded_at TEXT NOT NULL,
    unjudged TEXT NOT NULL,
    result TEXT NOT NULL  -- JSON, without transcripts
) STRICT;
CREATE INDEX results_by_attempt ON results (attempt, id);
CREATE TABLE findings (
    id INTEGER PRIMARY KEY,
    attempt INTEGER NOT NULL REFERENCES attempts,
    result INTEGER REFERENCES results,  -- NULL: of the submission itself
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    exercise TEXT NOT NULL
) STRICT;
CREATE INDEX findings_by_attempt ON findings (attempt, result);
CREATE TABLE transcripts (
    result INTEGER NOT NULL REFERENCES results,
    exercise TEXT NOT NULL,
    transcript BLOB NOT NULL,  -- compressed with zlib
    PRIMARY KEY (result, exercise)
) STRICT, WITHOUT ROWID;
CREATE TABLE adjustments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    learner TEXT NOT NULL REFERENCES learners,
    lesson TEXT NOT NULL,
    exercise TEXT NOT NULL,
    title TEXT NOT NULL,
    points REAL,  -- NULL: the adjustment before is withdrawn
    out_of REAL NOT NULL,
    because TEXT NOT NULL,
    made_at TEXT NOT NULL
) STRICT;
CREATE INDEX adjustments_by_learner ON adjustments (learner, lesson, exercise, id);
CREATE VIEW counting AS  -- for each learner and lesson the latest attempt, and the newest of its results
    SELECT
        attempts.*,
        (
            SELECT results.id FROM results
            WHERE results.attempt = attempts.id
            ORDER BY results.unjudged = '' DESC, results.id DESC
            LIMIT 1
        ) AS result
    FROM attempts
    WHERE attempts.id IN (SELECT max(id) FROM attempts GROUP BY learner, lesson);
CREATE VIEW in_force AS  -- the adjustments that were neither replaced nor withdrawn
    SELECT * FROM adjustments
    WHERE points IS NOT NULL
    AND id IN (SELECT max(id) FROM adjustments GROUP BY learner, lesson, exercise);
"""

_SECOND = """
CREATE TABLE scores (
    result INTEGER NOT NULL REFERENCES results,
    position INTEGER NOT NULL,
    exercise TEXT NOT NULL,
    title TEXT NOT NULL,
    points REAL NOT NULL,
    out_of REAL NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (result, position)
) STRICT, WITHOUT ROWID;
"""

_THIRD = """
CREATE TABLE due_dates (
    lesson TEXT PRIMARY KEY,
    due TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

ScoreRow = tuple[int, int, str, str, float, float, str]


def create(connection: sqlite3.Connection, version: int = VERSION) -> None:
    """Make the tables of `version` in an empty database, within the caller's transaction."""
    _run(connection, _FIRST)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    for step in range(2, version + 1):
        _STEPS[step](connection)
        connection.execute(f"PRAGMA user_version = {step}")


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring the tables from `version` to VERSION, within the caller's transaction."""
    for step in range(version + 1, VERSION + 1):
        _STEPS[step](connection)
        connection.execute(f"PRAGMA user_version = {step}")


def score_rows(result_id: int, text: str) -> list[ScoreRow]:
    """Return the rows of ``scores`` for the result that `text` is the JSON of."""
    reports = [exercise["report"] for exercise in json.loads(text)["exercises"]]
    return [
        (
            result_id,
            position,
            report["exercise"],
            report["title"],
            float(report["points"]),
            float(report["out_of"]),
            report["state"],
        )
        for position, report in enumerate(reports)
    ]


def _to_second(connection: sqlite3.Connection) -> None:
    _run(connection, _SECOND)
    # One id at a time: a gradebook may be larger than memory.
    for (result_id,) in connection.execute("SELECT id FROM results").fetchall():
        (text,) = connection.execute("SELECT result FROM results WHERE id = ?", (result_id,)).fetchone()
        connection.executemany("INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?, ?)", score_rows(result_id, text))


def _to_third(connection: sqlite3.Connection) -> None:
    _run(connection, _THIRD)


def _run(connection: sqlite3.Connection, script: str) -> None:
    # Not executescript, which would commit the caller's transaction first.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


_STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {2: _to_second, 3: _to_third}
