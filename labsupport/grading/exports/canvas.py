"""The gradebook export of Canvas, with marks in the columns of the lessons.

Checked against what writes and reads such files, ``lib/gradebook_exporter.rb`` and ``lib/gradebook_importer.rb`` of
instructure/canvas-lms:

- The first line names the columns: Student (or LastName, FirstName), ID, then SIS User ID, SIS Login ID, Integration
  ID, Root Account as the institution has them, Section, columns of the instructor's own, then ``title (id)`` for each
  assignment, then totals ("Current Score", "Final Points", …).
- Before the learners may stand a line with nothing but "Manual Posting", and there is one that starts with "Points
  Possible"; what Canvas does not take back is marked "(read only)" there.
- A learner is known by ID, SIS User ID or SIS Login ID, and to Canvas at last by name. So it is here, also in the form
  in which the name stands at the front of the files of a bulk download, but only where it is one person's.
- "EX" is an excused learner and "N/A" one who does not have the assignment: a person said so, and it stays.
- Columns are parted by commas or semicolons; in points a full stop is understood whatever the language is.

Everything else in the file is left as it is, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from labsupport.errors import UsageError
from labsupport.grading.exports.placing import Filled, Keys, Placing, advice
from labsupport.grading.exports.sheet import Row, Sheet
from labsupport.grading.exports.wording import number, unmarked
from labsupport.grading.gradebook.model import Mark
from labsupport.grading.names import legible

__all__ = ["fill"]

_TOTALS = re.compile("(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
_POSTING = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.IGNORECASE)
_WITH_ID = re.compile(r"(?P<title>.*\S)\s*\((?P<id>\d+)\)\s*", re.DOTALL)
_IDS = ("ID", "SIS User ID", "SIS Login ID", "Integration ID")
_BY_PERSON = ("EX", "N/A")


def fill(path: Path, marks: Sequence[Mark], titles: Mapping[str, str], columns: Mapping[str, str]) -> Filled:
    """Return the export at `path` with `marks` filled in.

    `titles` are those of the lessons by slug; `columns` says which column is whose, by slug, as its heading, its title
    or its number. Without it a lesson's column is the one whose heading contains the slug or the title.
    """
    sheet = Sheet.read(path)
    header, possible, learners = _parts(sheet, path)
    of = _columns(path, header, possible, marks, titles, columns)
    placing = Placing(learners, _ways(header), dict.fromkeys(mark.learner for mark in marks))
    filled = Filled(b"", notes=_notes(header, possible, marks, of))
    for mark in marks:
        column = of.get(mark.lesson)
        if column is None:
            continue
        row = placing.line_of(mark.learner)
        if not mark.counts:
            filled.left_out.append(unmarked(mark))
        elif isinstance(row, str):
            filled.left_out.append(f"{row} ({mark.lesson}: {number(mark.points)})")
            filled.advice = advice("ID, SIS User ID, SIS Login ID or name", path)
        elif row[column].strip().upper() in _BY_PERSON:
            filled.left_out.append(
                f"{legible(mark.learner, 60)}: Canvas says {row[column].strip()} for {mark.lesson}, and it stays"
            )
        else:
            sheet.set(row, column, number(mark.points))
            filled.marks += 1
    filled.content = sheet.content()
    return filled


def _parts(sheet: Sheet, path: Path) -> tuple[Row, Row | None, list[Row]]:
    """Return the line of headings, that of the points possible, and those of the learners."""
    header = sheet.rows[0] if sheet.rows else Row([])
    names = [header[column].strip() for column in range(len(header))]
    if not ("ID" in names[1:3] and names[0] in ("Student", "LastName") and "Section" in names[2:]):
        raise UsageError(
            f"{path}: this is no gradebook export of Canvas, whose first line has Student, ID and Section; "
            "in Canvas: Grades, Export, Export Entire Gradebook"
        )
    possible, learners = None, []
    for row in sheet.rows[1:]:
        if "Points Possible" in row[0]:
            possible = row
        elif not all(_POSTING.fullmatch(row[column]) for column in range(len(row))):
            learners.append(row)
    return header, possible, learners


def _ways(header: Row) -> list[Keys]:
    places = {header[column].strip(): column for column in reversed(range(len(header)))}
    ids = [places[name] for name in _IDS if name in places]

    def by_id(row: Row) -> list[str]:
        return [row[column] for column in ids]

    def by_name(row: Row) -> list[str]:
        name = f"{row[0]} {row[1]}" if "LastName" in places else row[0]
        return [name, re.sub(r"\W", "", name)]

    return [by_id, by_name]


def _columns(
    path: Path,
    header: Row,
    possible: Row | None,
    marks: Sequence[Mark],
    titles: Mapping[str, str],
    wanted: Mapping[str, str],
) -> dict[str, int]:
    """Return the column of each lesson that has one; raise UsageError where nobody can tell."""
    section = [header[column].strip() for column in range(len(header))].index("Section")
    offered = {
        column: header[column].strip()
        for column in range(section + 1, len(header))
        if _WITH_ID.fullmatch(header[column])
        and not _TOTALS.search(header[column])
        and not (possible and "read only" in possible[column])
    }
    lessons = sorted({mark.lesson for mark in marks})
    strangers = sorted(set(wanted) - set(lessons))
    if strangers:
        raise UsageError(f"--column {strangers[0]}: there are no marks for it; lessons: {', '.join(lessons) or 'none'}")
    of = {}
    for lesson in lessons:
        if lesson in wanted:
            found = [column for column, heading in offered.items() if wanted[lesson] in _names(heading)]
            told = f"no column {wanted[lesson]!r}"
        else:
            words = [word.casefold() for word in (lesson, titles.get(lesson, "")) if word]
            found = [column for column, heading in offered.items() if any(word in heading.casefold() for word in words)]
            told = ""
        if len(found) > 1:
            several = ", ".join(repr(offered[column]) for column in found)
            raise UsageError(f'{path}: {lesson} could be {several}; say which: --column "{lesson}={offered[found[0]]}"')
        if not found and told:
            raise UsageError(f"{path}: it has {told} for {lesson}; it has {_listed(offered.values())}")
        if found:
            of[lesson] = found[0]
    if len(set(of.values())) < len(of):
        raise UsageError(f"{path}: two lessons cannot share a column; say which is whose with --column LESSON=HEADING")
    if lessons and not of:
        raise UsageError(
            f"{path}: no column has the name of {lessons[0]}; "
            f'say which it is: --column "{lessons[0]}=HEADING"; it has {_listed(offered.values())}'
        )
    return of


def _names(heading: str) -> tuple[str, ...]:
    match = _WITH_ID.fullmatch(heading)
    return (heading, match["title"], match["id"]) if match else ()


def _listed(headings: object) -> str:
    names = [repr(legible(heading, 60)) for heading in headings]  # type: ignore[attr-defined]  # the values of a dict
    return ", ".join(names) or "no assignments"


def _notes(header: Row, possible: Row | None, marks: Sequence[Mark], of: Mapping[str, int]) -> list[str]:
    notes = [
        f"{lesson}: no column has its name, its marks are not in the file; --column {lesson}=HEADING puts them there"
        for lesson in sorted({mark.lesson for mark in marks} - set(of))
    ]
    for lesson, column in of.items():
        worth = {number(mark.out_of) for mark in marks if mark.lesson == lesson and not mark.unjudged}
        said = possible[column].strip().replace(",", ".") if possible else ""
        if re.fullmatch(r"\d+(\.\d+)?", said) and worth and number(float(said)) not in worth:
            notes.append(
                f"{lesson}: {header[column].strip()!r} is worth {number(float(said))} points in Canvas, "
                f"the lesson {' or '.join(sorted(worth))}"
            )
    return notes
