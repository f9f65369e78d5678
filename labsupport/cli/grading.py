"""``labsupport grade``: from submissions to marks in a gradebook, and a stored judgement judged again."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.cli.parser import Commands
from labsupport.errors import LabError, UsageError

if TYPE_CHECKING:
    from labsupport.grading.batch import Summary
    from labsupport.grading.gradebook.book import Gradebook
    from labsupport.grading.gradebook.model import Mark
    from labsupport.grading.jobs import Judges
    from labsupport.grading.settings import Settings
    from labsupport.grading.submissions.collect import Collected
    from labsupport.grading.submissions.roster import Roster

__all__ = ["add"]

_DETAILS = """
SUBMISSIONS is a folder (LEARNER/LESSON.ipynb, nbgrader's submitted/, or files named by learner) or the zip of a bulk
download from Canvas or Moodle. Learners' code runs in a sandbox, the judge outside; each result is in the gradebook as
soon as it is there, so a batch that was stopped goes on where it was. Exit code 1 when something could not be judged.
"""
_EXAMPLES = """\
  labsupport grade submissions/
  labsupport grade bulk.zip --lesson 01_rsa --roster roster.csv --due 2026-12-01T23:59
  labsupport grade --replay 17 --exercise rsa-factor"""

_INTERRUPTED = 130


def add(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add("grade", _run, "judge submissions and keep the marks in a gradebook", _DETAILS, _EXAMPLES)
    parser.add_argument("submissions", nargs="?", type=Path, metavar="SUBMISSIONS", help="a folder or a zip")
    parser.add_argument("--lesson", metavar="LESSON", help="judge this lesson only; the lesson of files that name none")
    parser.add_argument("--gradebook", type=Path, default=Path("gradebook.db"), metavar="FILE", help="gradebook.db")
    parser.add_argument("--jobs", type=_count, metavar="N", help="how many are judged at once (one for each processor)")
    parser.add_argument("--feedback", type=Path, metavar="DIR", help="write the feedback and class pages into DIR too")
    parser.add_argument("--isolation", choices=("bwrap", "none"), default="bwrap", help="how code is locked up (bwrap)")
    parser.add_argument("--time", type=_count, default=300, metavar="SECONDS", help="for one submission (300)")
    parser.add_argument("--memory", type=_count, default=512, metavar="MIB", help="for one submission (512)")
    parser.add_argument("--roster", type=Path, metavar="CSV", help="who is in the class; Canvas's own export will do")
    parser.add_argument("--due", metavar="TIME", help="such as 2026-12-01T23:59 (as last time), or none")
    parser.add_argument("--cluster", metavar="ADDRESS", help="judge on a Dask cluster: tcp://HOST:8786 or tls://…")
    parser.add_argument("--cluster-ca", type=Path, metavar="PEM", help="for tls: who vouches for the cluster")
    parser.add_argument("--cluster-cert", type=Path, metavar="PEM", help="for tls: your certificate")
    parser.add_argument("--cluster-key", type=Path, metavar="PEM", help="for tls: its key")
    parser.add_argument("--regrade", action="store_true", help="judge again what the gradebook knows")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each submission, no progress bar")
    parser.add_argument("--replay", type=_count, metavar="RESULT", help="judge a stored transcript again, and show it")
    parser.add_argument("--exercise", metavar="EXERCISE", help="with --replay: this exercise only")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.replay is not None:
        return _replay(arguments)
    if arguments.exercise is not None:
        raise UsageError("--exercise belongs to --replay: a submission is judged as a whole")
    if arguments.feedback is not None and arguments.feedback.exists() and not arguments.feedback.is_dir():
        raise UsageError(f"{arguments.feedback} is no folder; give --feedback a folder, or a name for a new one")
    if arguments.submissions is None:
        raise UsageError("name a folder or a zip of submissions, or --replay RESULT")
    if sys.platform != "linux":
        raise LabError("learners' code is locked up with means of Linux: grade there, or in WSL 2 on Windows")
    return _grade(arguments)


def _grade(arguments: argparse.Namespace) -> int:
    from labsupport.cli.grading_display import Display
    from labsupport.grading.batch import grade
    from labsupport.grading.gradebook.book import Gradebook
    from labsupport.grading.settings import Settings, lessons
    from labsupport.grading.submissions.collect import collect
    from labsupport.grading.submissions.identity import under_two_ids
    from labsupport.grading.submissions.roster import read_roster
    from labsupport.grading.submissions.times import in_words

    roster = read_roster(arguments.roster) if arguments.roster else None
    due_dates = _due_dates(arguments)
    settings = Settings(arguments.isolation, float(arguments.time), arguments.memory)
    with ExitStack() as stack:
        found = stack.enter_context(
            collect(
                arguments.submissions,
                lessons=lessons(),
                lesson=arguments.lesson,
                roster=roster,
                due_dates=due_dates,
            )
        )
        display = Display(len(found), as_json=arguments.json)
        here = sorted({entry.lesson for entry in found})
        remembered = [] if arguments.due else [lesson for lesson in here if lesson in due_dates]
        due = [f"{lesson}: due {in_words(due_dates[lesson])}, as --due said before" for lesson in remembered]
        for line in (*found.problems, *found.notes, *due):
            display.say(line)
        book = stack.enter_context(Gradebook.open(arguments.gradebook))
        book.set_due_dates({lesson: due_dates.get(lesson) for lesson in here})
        judges = stack.enter_context(_judges(arguments, settings))
        try:
            summary = grade(found, book, judges, regrade=arguments.regrade, tell=display.done, tell_again=display.again)
        except KeyboardInterrupt:
            display.stopped(regrade=arguments.regrade)
            return _INTERRUPTED
        summary.unjudged += found.problems
        written = _pages(arguments, book)
        if twice := under_two_ids((each.id, each.name) for each in book.learners()):
            display.say(twice)
        display.summary(summary, _corrected(found, book), arguments.gradebook, written, _absent(found, roster))
    return _code(summary)


def _due_dates(arguments: argparse.Namespace) -> Mapping[str, dt.datetime]:
    """Return by lesson when it is due: as --due says, or as it said when this gradebook was used before."""
    from labsupport.grading.gradebook.book import Gradebook
    from labsupport.grading.settings import lessons
    from labsupport.grading.submissions.times import parse_due

    if arguments.due and arguments.due != "none":
        return dict.fromkeys(lessons(), parse_due(arguments.due))
    if arguments.due or not arguments.gradebook.exists():
        return {}
    with Gradebook.open(arguments.gradebook) as book:
        return book.due_dates()


def _corrected(found: Collected, book: Gradebook) -> list[Mark]:
    """Return the marks of this batch in which a person's corrections count."""
    corrected = {(each.lesson, each.learner) for each in book.adjustments()}
    here = corrected and corrected & {(entry.lesson, entry.learner) for entry in found}
    return [mark for lesson, learner in sorted(here) for mark in book.marks(lesson, learner)]


def _absent(found: Collected, roster: Roster | None) -> dict[str, list[str]]:
    """Return by lesson the names of those in the roster who have handed in nothing for it."""
    here: dict[str, set[str]] = {}
    for entry in found:
        here.setdefault(entry.lesson, set()).add(entry.learner)
    people = roster.people.values() if roster else ()
    return {
        lesson: absent
        for lesson, learners in sorted(here.items())
        if (absent := sorted(person.name or person.id for person in people if person.id not in learners))
    }


def _judges(arguments: argparse.Namespace, settings: Settings) -> AbstractContextManager[Judges]:
    from labsupport.grading.cluster import Certificates, Cluster
    from labsupport.grading.pool import Pool

    files = [arguments.cluster_ca, arguments.cluster_cert, arguments.cluster_key]
    if any(files) and not (all(files) and arguments.cluster):
        raise UsageError("--cluster-ca, --cluster-cert and --cluster-key belong together, and to --cluster tls://…")
    if arguments.cluster:
        return Cluster(arguments.cluster, settings, arguments.jobs, Certificates(*files) if all(files) else None)
    return Pool(settings, arguments.jobs or len(os.sched_getaffinity(0)))


def _code(summary: Summary) -> int:
    return 1 if summary.unjudged else 0


def _pages(arguments: argparse.Namespace, book: Gradebook) -> list[str]:
    if arguments.feedback is None:
        return []
    from labsupport.grading.pages.report import write_lesson

    written = [str(write_lesson(arguments.feedback, lesson, book.results(lesson))) for lesson in book.lessons()]
    return [*written, f"Feedback, a folder for each learner: {arguments.feedback / 'feedback'}"]


def _replay(arguments: argparse.Namespace) -> int:
    from labsupport.cli.tables import terminal_width
    from labsupport.grading.gradebook.book import Gradebook
    from labsupport.grading.replay_words import in_words
    from labsupport.grading.transcript import replay

    with Gradebook.open(arguments.gradebook, create=False) as book:
        result = book.result(arguments.replay).result
    if not result.transcripts:
        raise LabError(f"result {arguments.replay} has no transcript: {result.unjudged or 'nothing was asked'}")
    wanted = [exercise.id for exercise in result.exercises if exercise.id in result.transcripts]
    if arguments.exercise is not None:
        if arguments.exercise not in wanted:
            raise UsageError(f"result {arguments.replay} is not about {arguments.exercise}, but {', '.join(wanted)}")
        wanted = [arguments.exercise]
    agrees = True
    for exercise in wanted:
        again = replay(result.transcripts[exercise])
        agrees = agrees and again.agrees
        print(in_words(again, min(terminal_width() or 80, 100)), end="\n\n")
    print("The verdicts are the same as then." if agrees else "Not every verdict is the same as then.")
    return 0 if agrees else 1
