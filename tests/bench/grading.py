"""``labsupport grade`` beside ``nbgrader autograde`` on the same submissions, and beside the bare work.

nbgrader works in an environment of its own (``.venv-nbgrader``, which ``make bench`` sets up), on the learners'
notebooks as its assignments. CPU time is that of whole process trees: the learners' processes in their sandbox, and
nbgrader's kernels. Run as ``python -m tests.bench.grading``.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from labsupport.grading.gradebook.book import Gradebook
from labsupport.grading.records import Submission
from tests.bench.measuring import Cost, Row, cost_of, interleaved, report
from tests.bench.pupils import LESSONS, hand_in
from tests.nbgrader_course import Course, nbgrader_program
from tests.tools import ROOT

__all__ = ["measure"]

_PEERS, _PEER_ROUNDS = 20, 2
_CLASS, _ROUNDS = 24, 3
_SMALL, _LARGE = 100, 1000
_CHEAP = ("00_start",)
_WRITES = 300

_WALL, _CPU, _BARE, _LINEAR, _FLAT, _JOBS, _BOOKS = 10.0, 5.0, 1.3, 10.5, 1.1, 1.7, 10.0

# The process that hands out the work, with its own peak in the end: what time(1) tells is that of its largest child.
_WATCHED = """import sys
from labsupport.cli import main
code = main(sys.argv[2:])
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:"))
open(sys.argv[1], "w").write(peak)
sys.exit(code)
"""


@dataclass(frozen=True)
class _Grader:
    """Our grader, which begins with an empty gradebook each time."""

    folder: Path
    numbers: Iterator[int]

    def cost(self, submissions: Path, jobs: int, before: Sequence[str] = ("-m", "labsupport")) -> Cost:
        """Grade a folder and return what it costs."""
        book = self.folder / f"{next(self.numbers)}.db"
        options = ["--jobs", str(jobs), "--gradebook", str(book), "--json"]
        return cost_of([[sys.executable, *before, "grade", str(submissions), *options]], ROOT)

    def watched(self, submissions: Path) -> tuple[Cost, float]:
        """Grade with two jobs; return what it costs, and the peak memory in MiB of the process that hands out."""
        peak = self.folder / "peak"
        cost = self.cost(submissions, 2, ("-c", _WATCHED, str(peak)))
        return cost, int(peak.read_text()) / 1024

    def last(self) -> Path:
        """Return the gradebook that was written last."""
        return max(self.folder.glob("*.db"), key=lambda path: int(path.stem))


def measure(tell: Callable[[Row], None] = lambda _: None) -> list[Row]:
    """Measure and return the rows of the table; `tell` hears of each as soon as it is there."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        grader = _Grader(folder, itertools.count(1))
        for part in (_beside_nbgrader, _beside_bare_work, _scaled):
            for row in part(grader, folder):
                tell(row)
                rows.append(row)
    return rows


def _beside_nbgrader(grader: _Grader, folder: Path) -> Iterator[Row]:
    paths = hand_in(folder / "peers", _PEERS)
    course = Course(folder / "course", nbgrader_program())
    course.release(LESSONS)
    course.hand_in(paths)
    theirs = [course.command("autograde", lesson, "--create", "--force") for lesson in LESSONS]
    costs = interleaved(
        {
            "labsupport": partial(grader.cost, folder / "peers", 2),
            "nbgrader": partial(cost_of, theirs, course.root),
        },
        _PEER_ROUNDS,
    )
    here, there = costs["labsupport"], costs["nbgrader"]
    marks = course.marks()
    with Gradebook.open(grader.last()) as book:
        alike = sum(
            marks.get((graded.learner, graded.lesson)) == graded.result.points
            for lesson in book.lessons()
            for graded in book.results(lesson)
        )
    yield Row(f"nbgrader autograde, {_PEERS} notebooks of lessons 01, 04, 06", _shown(there))
    yield Row("labsupport grade --jobs 2, the same", _shown(here))
    yield _at_least("how much faster, by the wall clock", there.wall / here.wall, _WALL)
    yield _at_least("how much less CPU", there.cpu / here.cpu, _CPU)
    yield Row("marks that both give alike", f"{alike} of {_PEERS}", f"{_PEERS}", alike == _PEERS)


def _beside_bare_work(grader: _Grader, folder: Path) -> Iterator[Row]:
    half, whole = folder / "half", folder / "whole"
    hand_in(half, _CLASS // 2)
    paths = hand_in(whole, _CLASS)
    costs = interleaved(
        {
            "half": partial(grader.cost, half, 1),
            "whole": partial(grader.cost, whole, 1),
            "two jobs": partial(grader.cost, whole, 2),
            "bare": partial(_bare, paths[_CLASS // 2 :]),
        },
        _ROUNDS,
    )
    # What is paid once, for two processes to start and import, is in both and goes out.
    more = _CLASS - _CLASS // 2
    each, bare = (costs["whole"].cpu - costs["half"].cpu) / more, costs["bare"].cpu / more
    yield Row("CPU for each submission, bare: one warm process", f"{1000 * bare:.0f} ms")
    yield Row("CPU for each submission, labsupport grade", f"{1000 * each:.0f} ms")
    yield _at_most("how much more", each / bare, _BARE)
    yield _at_least("--jobs 2 to --jobs 1, by the wall clock", costs["whole"].wall / costs["two jobs"].wall, _JOBS)


def _scaled(grader: _Grader, folder: Path) -> Iterator[Row]:
    found: dict[int, tuple[Cost, float]] = {}
    for size in (_SMALL, _LARGE):
        hand_in(folder / str(size), size, _CHEAP)
        found[size] = grader.watched(folder / str(size))
        cost, peak = found[size]
        yield Row(f"{size:,} submissions of lesson 00, --jobs 2", f"{cost.wall:.1f} s wall, peak {peak:.1f} MiB")
    (small, low), (large, high) = found.values()
    yield _at_most(f"time for {_LARGE:,} to time for {_SMALL}", large.wall / small.wall, _LINEAR)
    yield _at_most(f"own memory at {_LARGE:,} to that at {_SMALL}", high / low, _FLAT)
    written = _writes_per_second(grader.last(), folder)
    yield Row("gradebook: results written", f"{written:.0f} a second")
    yield _at_least("as often as they are judged", written / (_LARGE / large.wall), _BOOKS)


def _writes_per_second(source: Path, folder: Path) -> float:
    """Write results that were judged, transcripts and all, into a new gradebook, each in a transaction."""
    with Gradebook.open(source) as book:
        found = [book.result(number) for number in range(1, _WRITES + 1)]
    with Gradebook.open(folder / "writes.db") as book:
        begin = time.perf_counter()
        for graded in found:
            content = graded.digest.encode() * 100
            book.record(Submission(graded.learner, graded.lesson, content, graded.source), graded.result, graded.specs)
        return len(found) / (time.perf_counter() - begin)


def _bare(paths: Sequence[Path]) -> Cost:
    command = [sys.executable, "-m", "tests.bench.bare", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return Cost(0.0, float(done.stdout))


def _shown(cost: Cost) -> str:
    return f"{cost.wall:.1f} s wall, {cost.cpu:.1f} s CPU"


def _at_least(what: str, ratio: float, wanted: float) -> Row:
    return Row(what, f"{ratio:.2f}", f">= {wanted:g}", ratio >= wanted)


def _at_most(what: str, ratio: float, wanted: float) -> Row:
    return Row(what, f"{ratio:.2f}", f"<= {wanted:g}", ratio <= wanted)


if __name__ == "__main__":
    print(report(measure(lambda row: print(f"{row.what}: {row.came}", flush=True))))
