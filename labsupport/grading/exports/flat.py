"""Marks for people and for spreadsheets: a table, and CSV.

The CSV has one line a learner and lesson. First come the columns that every line fills, then one column for each
exercise of the lessons in the file, in the order of the course; an exercise of another lesson is an empty cell, and so
is every cell of points where nobody could judge. UTF-8 without a byte order mark; each line ends with a line feed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from labsupport.grading.exports.wording import number, remarks, time_text
from labsupport.grading.gradebook.model import Mark
from labsupport.grading.names import legible, spreadsheet_safe

__all__ = ["COLUMNS", "HEADINGS", "csv_text", "shown_id", "summary", "table_rows"]

COLUMNS = ("learner", "name", "lesson", "points", "out_of", "handed_in", "graded", "attempts", "result", "remarks")
HEADINGS = ("Learner", "Name", "Points", "Of", "Result", "Remarks")
_LONGEST = 28  # letters of an id or a word of a name, so that a table fits 80 columns


def csv_text(marks: Sequence[Mark]) -> str:
    """Return `marks` as CSV."""
    exercises = _exercises(marks)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, *exercises])
    for mark in marks:
        points = {exercise.id: number(exercise.points) for exercise in mark.exercises}
        cells = [
            mark.learner,
            mark.name,
            mark.lesson,
            number(mark.points) if mark.counts else "",
            number(mark.out_of) if mark.counts else "",
            time_text(mark.submitted_at),
            time_text(mark.graded_at),
            str(mark.attempts),
            str(mark.result_id),
            remarks(mark),
            *(points.get(id_, "") for id_ in exercises),
        ]
        writer.writerow(map(spreadsheet_safe, cells))
    return out.getvalue()


def table_rows(marks: Sequence[Mark]) -> list[tuple[str, ...]]:
    """Return the cells under HEADINGS, for one lesson; what a terminal would take for a command is spelled out."""
    return [
        (
            shown_id(mark.learner),
            legible(mark.name, _LONGEST),
            (number(mark.points) if mark.counts else "–") + ("*" if mark.adjusted else ""),
            number(mark.out_of) if mark.counts else "–",
            str(mark.result_id),
            legible(remarks(mark), 200),
        )
        for mark in marks
    ]


def shown_id(learner: str) -> str:
    """Return a learner's id as the table has it: the middle of a long one is cut."""
    return legible(learner, _LONGEST)


def summary(marks: Sequence[Mark]) -> str:
    """Return the line under the tables."""
    learners, lessons = (len({each(mark) for mark in marks}) for each in (_learner, _lesson))
    line = f"{_count(learners, 'learner')}, {_count(lessons, 'lesson')}"
    unjudged = sum(not mark.counts for mark in marks)
    if unjudged:
        line += f", {unjudged} not judged"
    if any(mark.adjusted for mark in marks):
        line += "; * adjusted by a person"
    return line


def _exercises(marks: Sequence[Mark]) -> list[str]:
    """Return the ids of the exercises, by lesson, in the order in which the lessons have them."""
    by_lesson: dict[str, dict[str, None]] = {}
    # The fullest first: where a person alone set some points, the others are missing.
    for mark in sorted(marks, key=lambda mark: -len(mark.exercises)):
        by_lesson.setdefault(mark.lesson, {}).update(dict.fromkeys(exercise.id for exercise in mark.exercises))
    return [id_ for lesson in sorted(by_lesson) for id_ in by_lesson[lesson]]


def _learner(mark: Mark) -> str:
    return mark.learner


def _lesson(mark: Mark) -> str:
    return mark.lesson


def _count(amount: int, noun: str) -> str:
    return f"{amount} {noun}{'' if amount == 1 else 's'}"
