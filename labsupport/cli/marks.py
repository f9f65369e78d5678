"""``labsupport marks`` and ``labsupport adjust``: what counts, on the screen or for a learning system; corrections."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.cli.parser import Commands, nearest
from labsupport.errors import UsageError

if TYPE_CHECKING:
    from labsupport.exercises.model import Exercise
    from labsupport.grading.exports.placing import Filled
    from labsupport.grading.gradebook import Gradebook
    from labsupport.grading.gradebook.model import Mark

__all__ = ["add"]

_FORMATS = ("table", "csv", "canvas", "moodle", "gradescope")


def add(commands: Commands) -> None:
    """Register the two commands."""
    parser = commands.add(
        "marks",
        _marks,
        "show the marks, or write them for a learning system",
        "What counts is each learner's latest attempt and the corrections that people made. csv is a line for each "
        "learner and lesson. canvas fills the columns of the gradebook export that Canvas gave you, moodle a grading "
        "worksheet or, without one, a file for the gradebook's import; nothing else in either file changes. gradescope "
        "writes a results.json for each learner into a folder. Exit code 1 when some mark is left out.",
        "  labsupport marks --lesson 01_rsa\n"
        "  labsupport marks --format csv --out marks.csv\n"
        "  labsupport marks --format canvas --export Grades.csv --out upload.csv\n"
        "  labsupport marks --format canvas --export Grades.csv --out upload.csv --column 01_rsa=4711\n"
        "  labsupport marks --format moodle --lesson 01_rsa --export worksheet.csv --out upload.csv\n"
        "  labsupport marks --format gradescope --out results",
    )
    _gradebook(parser)
    parser.add_argument("--lesson", metavar="LESSON", help="marks of one lesson alone, such as 01_rsa (all)")
    parser.add_argument("--format", choices=_FORMATS, default="table", help="what to write (table)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there; for gradescope a folder (the screen)")
    parser.add_argument("--export", type=Path, metavar="FILE", help="the file that Canvas or Moodle gave you")
    parser.add_argument(
        "--column",
        action="append",
        type=_column,
        default=[],
        metavar="LESSON=COLUMN",
        help="Canvas's column of a lesson: heading, title or number; may be given several times (by its name)",
    )
    parser = commands.add(
        "adjust",
        _adjust,
        "correct the points of one exercise by hand",
        "The correction replaces the judge's points, however often the submission is graded again, and the learner "
        "sees the reason. Nothing is forgotten: a later correction replaces an earlier one, and --withdraw brings the "
        "judge's points back.",
        '  labsupport adjust ada 01_rsa rsa-sign 1.5 --because "right idea, slip in the last line"\n'
        '  labsupport adjust ada 01_rsa rsa-sign --withdraw --because "looked again"',
    )
    parser.add_argument("learner", metavar="LEARNER", help="the learner's id, as `labsupport marks` shows it")
    parser.add_argument("lesson", metavar="LESSON", help="the lesson's name, such as 01_rsa")
    parser.add_argument("exercise", metavar="EXERCISE", help="the exercise's id, such as rsa-sign")
    parser.add_argument("points", metavar="POINTS", type=_points, nargs="?", help="the points that the answer is worth")
    parser.add_argument("--because", required=True, metavar="TEXT", help="the reason; the learner reads it")
    parser.add_argument("--extra", action="store_true", help="more points than the exercise has are meant")
    parser.add_argument("--withdraw", action="store_true", help="take the correction back; without POINTS")
    _gradebook(parser)


def _gradebook(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gradebook", type=Path, default=Path("gradebook.db"), metavar="FILE", help="gradebook.db")


# --- marks ----------------------------------------------------------------------------------------------------------


def _marks(arguments: argparse.Namespace) -> int:
    from labsupport.grading.gradebook import Gradebook

    if arguments.export is not None and arguments.format not in ("canvas", "moodle"):
        raise UsageError(f"--export is for --format canvas and moodle, not for {arguments.format}")
    if arguments.column and arguments.format != "canvas":
        raise UsageError(f"--column is for --format canvas, not for {arguments.format}")
    if arguments.export is not None and arguments.out is not None and _same(arguments.export, arguments.out):
        raise UsageError(f"{arguments.out} would replace the file that the marks go into; give --out another name")
    with Gradebook.open(arguments.gradebook, create=False) as book:
        lessons = book.lessons()
        if arguments.lesson is not None and arguments.lesson not in lessons:
            raise UsageError(_unknown("there are no marks of lesson", arguments.lesson, lessons))
        marks = book.marks(arguments.lesson)
        if arguments.format == "gradescope":
            return _gradescope(book, marks, arguments.out)
    if arguments.format == "canvas":
        return _canvas(arguments, marks)
    if arguments.format == "moodle" and arguments.export is not None:
        from labsupport.grading.exports import moodle

        return _filled(moodle.fill(arguments.export, marks), arguments.out)
    return _texts(arguments, marks)


def _texts(arguments: argparse.Namespace, marks: Sequence[Mark]) -> int:
    from labsupport.cli.tables import terminal_width
    from labsupport.grading.exports import flat, moodle
    from labsupport.grading.exports.wording import unmarked

    if arguments.format == "csv":
        text = flat.csv_text(marks)
    elif arguments.format == "moodle":
        text = moodle.import_text(marks)
    else:
        text = _table(marks, terminal_width() if arguments.out is None else None)
    without = [unmarked(mark) for mark in marks if not mark.counts]
    # Table and CSV say in a line of its own why there is no mark; Moodle's file has an empty cell.
    silent = arguments.format == "moodle"
    _write(text.encode(), arguments.out, len(marks) - len(without), 0 if silent else len(without))
    return _tell([], without if silent else [], arguments.out)


def _table(marks: Sequence[Mark], width: int | None) -> str:
    from labsupport.cli.tables import render, wrapped
    from labsupport.exercises.course import LESSONS
    from labsupport.grading.exports import flat
    from labsupport.grading.submissions.identity import under_two_ids

    if not marks:
        return "There are no marks yet.\n"
    parts = []
    for lesson in sorted({mark.lesson for mark in marks}):
        rows = flat.table_rows([mark for mark in marks if mark.lesson == lesson])
        title = f"{lesson}  {LESSONS[lesson]}" if lesson in LESSONS else lesson
        parts.append(f"{title}\n\n{render(flat.HEADINGS, rows, width)}\n")
    twice = under_two_ids((mark.learner, mark.name) for mark in marks)
    note = f"{wrapped(f'note: {twice}', width)}\n" if twice else ""
    return "\n".join([*parts, f"{flat.summary(marks)}\n{note}"])


def _canvas(arguments: argparse.Namespace, marks: Sequence[Mark]) -> int:
    from labsupport.exercises.course import LESSONS
    from labsupport.grading.exports import canvas

    if arguments.export is None:
        raise UsageError("canvas needs --export FILE; in Canvas: Grades, Export, Export Entire Gradebook")
    return _filled(canvas.fill(arguments.export, marks, LESSONS, dict(arguments.column)), arguments.out)


def _filled(filled: Filled, out: Path | None) -> int:
    _write(filled.content, out, filled.marks)
    return _tell(filled.notes, filled.left_out, out, filled.advice)


def _gradescope(book: Gradebook, marks: Sequence[Mark], out: Path | None) -> int:
    from labsupport.authoring.notebook_file import write_atomically
    from labsupport.grading.exports.gradescope import results_json
    from labsupport.grading.exports.wording import unmarked
    from labsupport.grading.names import file_stem

    if out is None:
        raise UsageError("--format gradescope writes a file for each learner: give --out a folder")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is no folder; --format gradescope writes a file for each learner: give --out a folder")
    left_out: list[str] = []
    # One result in memory at a time.
    for mark in marks:
        if mark.counts:
            text = results_json(mark, book.result(mark.result_id, transcripts=False))
            write_atomically(out / mark.lesson / f"{file_stem(mark.learner)}.json", text.encode())
        else:
            left_out.append(unmarked(mark))
    print(f"wrote  {_marks_text(len(marks) - len(left_out))} to {out}")
    return _tell([], left_out, out)


def _tell(notes: Sequence[str], left_out: Sequence[str], out: Path | None, advice: str = "") -> int:
    """Say what to look at and what is not in a file; the exit code says whether anything is not."""
    from labsupport.cli.tables import terminal_width, wrapped

    # What is said must not end up in the file.
    stream = sys.stderr if out is None else sys.stdout
    lines = [*(f"note: {line}" for line in notes), *(f"left out: {line}" for line in left_out)]
    for line in [*lines, f"hint: {advice}"] if advice else lines:
        print(wrapped(line, terminal_width(stream)), file=stream)
    return 1 if left_out else 0


def _write(content: bytes, out: Path | None, marks: int, unjudged: int = 0) -> None:
    from labsupport.authoring.notebook_file import write_atomically

    if out is not None:
        write_atomically(out, content)
        print(f"wrote  {_marks_text(marks)} to {out}" + (f", {unjudged} not judged" if unjudged else ""))
    elif hasattr(sys.stdout, "buffer"):
        # As bytes: a file from elsewhere may be in any encoding, and goes on as it came.
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        sys.stdout.write(content.decode("utf-8", "replace"))


def _marks_text(count: int) -> str:
    return f"{count} mark{'' if count == 1 else 's'}"


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _column(text: str) -> tuple[str, str]:
    lesson, equals, column = (part.strip() for part in text.partition("="))
    if not (lesson and equals and column):
        raise argparse.ArgumentTypeError(f'{text!r} is not of the form LESSON=COLUMN, such as "01_rsa=RSA lab (4711)"')
    return lesson, column


# --- adjust ---------------------------------------------------------------------------------------------------------


def _adjust(arguments: argparse.Namespace) -> int:
    from labsupport.grading.exports.wording import number
    from labsupport.grading.gradebook import Gradebook
    from labsupport.grading.names import legible

    points, because = arguments.points, arguments.because.strip()
    if arguments.withdraw == (points is not None):
        raise UsageError("give either POINTS or --withdraw" + ("" if points is None else ", not both"))
    if not because:
        raise UsageError("--because needs a reason: the learner reads it")
    with Gradebook.open(arguments.gradebook, create=False) as book:
        _check_learner(book, arguments.learner, arguments.lesson)
        exercise = _exercise(arguments.lesson, arguments.exercise)
        where = (arguments.learner, arguments.lesson, exercise.id)
        if points is not None and points > exercise.points and not arguments.extra:
            most = number(exercise.points)
            raise UsageError(f"{exercise.id} is worth {most}, not {number(points)}; --extra says that more is meant")
        if points is None and not any(
            each.exercise == exercise.id for each in book.adjustments(arguments.lesson, arguments.learner)
        ):
            raise UsageError(f"there is no correction of {exercise.id} for {legible(arguments.learner)} to withdraw")
        change = book.adjust(*where, points, because, out_of=exercise.points, title=exercise.title)
    before, after = ("no points" if value is None else number(value) for value in (change.before, change.after))
    print(
        f"{legible(arguments.learner)}, {arguments.lesson}, {exercise.id}: from {before} to {after} "
        f"of {number(change.out_of)}, {'withdrawn ' if points is None else ''}because: {legible(because)}"
    )
    return 0


def _check_learner(book: Gradebook, learner: str, lesson: str) -> None:
    from labsupport.grading.exports.flat import shown_id
    from labsupport.grading.names import legible

    learners = {each.id: each.name for each in book.learners()}
    if learner not in learners:
        called = (id_ for id_, name in learners.items() if learner in (name, shown_id(id_)))
        hint = next(called, None) or nearest(learner, list(learners))
        if hint is None:
            shown = legible(learner)
            raise UsageError(f"{shown!r} has handed in nothing; `labsupport marks` shows who has, and under which id")
        raise UsageError(_unknown("there is no learner", learner, [], meant=shlex.quote(hint)))
    if not book.attempts(learner, lesson):
        lessons = sorted({mark.lesson for mark in book.marks(learner=learner)})
        raise UsageError(_unknown(f"{legible(learner)} has handed in nothing for", lesson, lessons))


def _exercise(lesson: str, exercise_id: str) -> Exercise:
    from labsupport.exercises import catalogue

    of_lesson = {exercise.id: exercise for exercise in catalogue().values() if exercise.lesson == lesson}
    if exercise_id not in of_lesson:
        raise UsageError(_unknown(f"{lesson} has no exercise", exercise_id, list(of_lesson)))
    return of_lesson[exercise_id]


def _points(text: str) -> float:
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not (math.isfinite(points) and points >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of points: use 0 or more, such as 1.5")
    return points


def _unknown(problem: str, word: str, known: Sequence[str], meant: str | None = None) -> str:
    from labsupport.grading.names import legible

    hint = meant or nearest(word, list(known))
    advice = f"did you mean {hint}?" if hint else f"there are: {', '.join(known)}" if known else ""
    return f"{problem} {legible(word)!r}" + (f"; {advice}" if advice else "")
