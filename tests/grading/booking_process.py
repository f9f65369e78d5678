"""A grader that does nothing but write: ``python -m tests.grading.booking_process GRADEBOOK FIRST LAST [rollback]``.

For each number it says on its output that a submission was recorded, after it was. With ``rollback`` it takes its disk
for one that other machines reach.
"""

from __future__ import annotations

import sys
from pathlib import Path

from labsupport.grading.gradebook import Gradebook, places
from labsupport.grading.records import Finding
from tests.grading.booking import SPECS, result, submission

__all__ = ["main", "written"]


def written(book: Gradebook, number: int) -> None:
    """Record the submission of learner `number`: the same one whenever it is called with that number."""
    found = Finding("added-cell", "A cell raised.")
    said = {"rsa-inverse": f"{number} " * 3_000, "rsa-sign": f"-{number} " * 3_000}
    judged = result({"rsa-inverse": 2.0, "rsa-sign": 1.0}, findings=[found], transcripts=said)
    book.record(submission(f"l{number}", f"{number} " * 5_000, findings=[found]), judged, SPECS)


def main(path: str, first: str, last: str, journal: str = "") -> None:
    if journal == "rollback":
        places.kind_of = lambda *_: "nfs"
    with Gradebook.open(Path(path)) as book:
        print("open", flush=True)
        for number in range(int(first), int(last)):
            written(book, number)
            print(number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
