"""Moodle's offline grading worksheet with marks in it, or a CSV file for its gradebook's import.

Checked against ``mod/assign/feedback/offline/importgradeslib.php`` and ``locallib.php`` of moodle/moodle: an import
needs the columns Identifier, Grade and "Last modified (grade)"; the identifier is a word and the number of the learner
in this assignment ("Participant 123"), which is also in the names of the files of a bulk download; a grade beyond the
maximum is passed over without a word, and so is one that somebody changed since the worksheet was made, which Moodle
tells by a column that stays as it is. Feedback comments are HTML.

The other form is for *Grades, Import, CSV file* (https://docs.moodle.org/en/Grade_import): map Learner to what the ids
are in your Moodle (username, ID number or email address) and each lesson to its grade item.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from labsupport.errors import UsageError
from labsupport.grading.exports.placing import Filled, Keys, Placing, advice
from labsupport.grading.exports.sheet import Row, Sheet
from labsupport.grading.exports.wording import number, unmarked
from labsupport.grading.gradebook.model import Mark
from labsupport.grading.names import legible, spreadsheet_safe
from labsupport.notebook.look import escape

__all__ = ["fill", "import_text"]

_NEEDED = ("Identifier", "Grade", "Last modified (grade)")
_IDS = ("Identifier", "ID number", "Username", "Email address")
_COMMENTS = "Feedback comments"


def fill(path: Path, marks: Sequence[Mark]) -> Filled:
    """Return the worksheet at `path`, which is of one assignment, with the `marks` of one lesson filled in."""
    lessons = sorted({mark.lesson for mark in marks})
    if len(lessons) > 1:
        raise UsageError(f"a worksheet of Moodle is of one assignment; say which: --lesson {lessons[0]}")
    sheet = Sheet.read(path)
    header = sheet.rows[0] if sheet.rows else Row([])
    places = {header[column].strip(): column for column in reversed(range(len(header)))}
    missing = [name for name in _NEEDED if name not in places]
    if missing:
        raise UsageError(
            f"{path}: this is no grading worksheet of Moodle in English, it has no column {missing[0]!r}; "
            "set Moodle to English, then in the assignment: Submissions, Actions, Download grading worksheet"
        )
    placing = Placing(sheet.rows[1:], _ways(places), dict.fromkeys(mark.learner for mark in marks))
    filled = Filled(b"")
    for mark in marks:
        row = placing.line_of(mark.learner)
        if not mark.counts:
            filled.left_out.append(unmarked(mark))
        elif isinstance(row, str):
            filled.left_out.append(f"{row} ({mark.lesson}: {number(mark.points)})")
            filled.advice = advice("the participant's number, ID number, username, email address or name", path)
        elif reason := _refusal(row, places, mark):
            filled.left_out.append(f"{legible(mark.learner, 60)}: {reason}")
        else:
            sheet.set(row, places["Grade"], number(mark.points))
            # What a person wrote there already is worth more.
            if _COMMENTS in places and not row[places[_COMMENTS]].strip():
                sheet.set(row, places[_COMMENTS], spreadsheet_safe(_comment(mark)))
            filled.marks += 1
    filled.content = sheet.content()
    return filled


def import_text(marks: Sequence[Mark]) -> str:
    """Return a CSV file of one line a learner and one column a lesson; what nobody could judge is an empty cell."""
    lessons = sorted({mark.lesson for mark in marks})
    of = {(mark.learner, mark.lesson): mark for mark in marks}
    names = {mark.learner: mark.name for mark in marks}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["Learner", "Full name", *lessons])
    for learner, name in names.items():
        found = (of.get((learner, lesson)) for lesson in lessons)
        points = [number(mark.points) if mark and mark.counts else "" for mark in found]
        writer.writerow([spreadsheet_safe(learner), spreadsheet_safe(name), *points])
    return out.getvalue()


def _ways(places: dict[str, int]) -> list[Keys]:
    ids = [places[name] for name in _IDS if name in places]
    email, name = places.get("Email address"), places.get("Full name")

    def by_id(row: Row) -> list[str]:
        participant = re.search(r"\d*$", row[places["Identifier"]].strip())
        return [*(row[column] for column in ids), participant[0] if participant else ""]

    def by_mailbox(row: Row) -> list[str]:
        return [] if email is None else [row[email].partition("@")[0]]

    def by_name(row: Row) -> list[str]:
        return [] if name is None else [row[name]]

    return [by_id, by_mailbox, by_name]


def _refusal(row: Row, places: dict[str, int], mark: Mark) -> str:
    """Return why Moodle would pass this grade over; empty if it would not."""
    if "Grade can be changed" in places and row[places["Grade can be changed"]].strip() == "No":
        return f"Moodle says that the grade of {mark.lesson} cannot be changed ({number(mark.points)})"
    limit = row[places["Maximum Grade"]].strip().replace(",", ".") if "Maximum Grade" in places else ""
    if re.fullmatch(r"\d+(\.\d+)?", limit) and mark.points > float(limit):
        return (
            f"{number(mark.points)} for {mark.lesson} is more than Moodle's maximum of {number(float(limit))}; "
            "raise it in the assignment's settings and download the worksheet anew"
        )
    return ""


def _comment(mark: Mark) -> str:
    """Return the points of each exercise, and a person's reasons."""
    parts = []
    for exercise in mark.exercises:
        reason = f" ({exercise.because})" if exercise.because else ""
        parts.append(escape(f"{exercise.title}: {number(exercise.points)} of {number(exercise.out_of)}{reason}"))
    return "<br>".join(parts)
