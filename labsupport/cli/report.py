"""``labsupport report``: the class page of each lesson and every learner's feedback page, from the gradebook."""

from __future__ import annotations

import argparse
from pathlib import Path

from labsupport.cli.parser import Commands
from labsupport.errors import UsageError

__all__ = ["add"]

_DETAILS = """
Writes one page for each learner and lesson, and one for each lesson and the whole class, as HTML files that need
nothing else: no script, no network. Feedback lies in a folder for each learner and says nothing about others; class
pages name learners, and are for you alone. What was there before is replaced.
"""
_EXAMPLES = """\
  labsupport report --out pages
  labsupport report --gradebook autumn.db --out pages"""


def add(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add("report", _run, "write feedback pages and class pages", _DETAILS, _EXAMPLES)
    parser.add_argument("--gradebook", type=Path, default=Path("gradebook.db"), metavar="FILE", help="gradebook.db")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder for the pages")


def _run(arguments: argparse.Namespace) -> int:
    # Here, so that help does not wait for SQLite.
    from labsupport.grading.gradebook import Gradebook
    from labsupport.grading.pages.report import write_lesson

    if arguments.out.exists() and not arguments.out.is_dir():
        raise UsageError(f"{arguments.out} is no folder; give --out a folder, or a name for a new one")
    with Gradebook.open(arguments.gradebook, create=False) as book:
        lessons = book.lessons()
        if not lessons:
            print(f"{arguments.gradebook} is empty: there is nothing to write pages about.")
            return 0
        for lesson in lessons:
            print(write_lesson(arguments.out, lesson, book.results(lesson)))
    print(f"Feedback, a folder for each learner: {arguments.out / 'feedback'}")
    return 0
