"""What an instructor sees while a batch is judged: a bar that knows when it will be done, names, and a summary."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.cli.tables import render, terminal_width, wrapped
from labsupport.notebook.look import plain

if TYPE_CHECKING:
    from labsupport.grading.batch import Done, Summary
    from labsupport.grading.gradebook.model import Mark
    from labsupport.grading.records import Finding
    from labsupport.grading.submissions.collect import Entry

__all__ = ["Display"]

_BAR = 24
_SECONDS = 100  # above it, minutes are said


class Display:
    """Progress on stderr where that is a terminal; results as text or, a line each, as JSON on stdout."""

    def __init__(self, total: int, *, as_json: bool) -> None:
        self._total = total
        self._json = as_json
        self._began = time.monotonic()
        self._done = 0
        self._live = sys.stderr.isatty() and not as_json
        self._drawn = 0  # columns of the bar that stands on the screen
        self._shares: dict[tuple[str, str], float] = {}  # of the points, by lesson and learner

    def say(self, line: str) -> None:
        """Say a line on stderr, above the bar."""
        self._wipe()
        print(wrapped(plain(line), terminal_width(sys.stderr)), file=sys.stderr)

    def done(self, done: Done) -> None:
        """Take note of one submission."""
        self._done += 1
        if self._json:
            print(json.dumps(_record(done)), flush=True)
        elif why := _why(done):
            self.say(f"{done.entry.learner}, {done.entry.lesson}: {why}")
        if done.result is not None and done.entry.latest and not done.result.unjudged:
            self._take(done.entry.lesson, done.entry.learner, done.result.points, done.result.out_of)
        self._draw()

    def again(self, entry: Entry) -> None:
        """Say why the bar will stand still for a while at the end."""
        if self._live:
            self.say(f"{entry.learner}, {entry.lesson}: out of time; judged once more, alone, when the others are done")
            self._draw()

    def stopped(self, *, regrade: bool) -> None:
        """Say that Ctrl-C was heard, and how to go on."""
        on = "begins once more" if regrade else "goes on with the rest"
        self.say(f"Stopped: {self._done} of {self._total} are done and kept. The same command {on}.")

    def summary(
        self,
        summary: Summary,
        corrected: Sequence[Mark],
        gradebook: Path,
        written: list[str],
        absent: Mapping[str, Sequence[str]],
    ) -> None:
        """Show a table of the marks, what the batch came to, who is `absent`, and where everything is.

        `corrected` are the marks of the batch that a person has changed.
        """
        self._wipe()
        if self._json:
            return
        width = terminal_width()
        for mark in corrected:
            self._take(mark.lesson, mark.learner, mark.points, mark.out_of)
        if self._shares:
            print(render(("lesson", "learners", "mean", "full marks"), self._rows(), width))
        if corrected:
            print(f"\nOf these, {len(corrected)} with a person's corrections.")
        seconds = time.monotonic() - self._began
        known = f"; known already: {summary.known}" if summary.known else ""
        print(f"\nJudged {summary.judged} in {seconds:.1f} s{known}.")
        if summary.findings:
            found = ", ".join(f"{kind} {count}" for kind, count in summary.findings.most_common())
            whose = "" if written else "; `labsupport report --out pages` says whose"
            print(wrapped(f"Findings: {found}{whose}.", width))
        if summary.unjudged:
            print(
                "\n".join(["Not judged:", *(wrapped(f"  {plain(line)}", width, "    ") for line in summary.unjudged)])
            )
        for lesson, names in absent.items():
            line = f"Nothing for {lesson} from {len(names)} in the roster: {plain(', '.join(names))}."
            print(wrapped(line, width))
        print(f"Gradebook: {gradebook}")
        for line in written:
            print(line)

    def _take(self, lesson: str, learner: str, points: float, out_of: float) -> None:
        self._shares[lesson, learner] = points / out_of if out_of else 0.0

    def _rows(self) -> list[tuple[str, str, str, str]]:
        shares: dict[str, list[float]] = defaultdict(list)
        for (lesson, _), share in self._shares.items():
            shares[lesson].append(share)
        return [
            (lesson, str(len(of)), f"{100 * sum(of) / len(of):.0f} %", str(sum(share >= 1 for share in of)))
            for lesson, of in sorted(shares.items())
        ]

    def _draw(self) -> None:
        if not self._live:
            return
        seconds = time.monotonic() - self._began
        words = f"  {self._done} of {self._total}"
        if self._done:
            words += f"  {self._done / seconds:.1f}/s  {_left(seconds / self._done * (self._total - self._done))}"
        # In the last column some terminals begin the next line.
        room = (terminal_width(sys.stderr) or 80) - 1
        size = max(min(_BAR, room - len(words)), 0)
        full = round(size * self._done / self._total) if self._total else size
        line = f"{'█' * full}{'·' * (size - full)}{words}"[:room]
        self._drawn = max(self._drawn, len(line))
        print(f"\r{line:<{self._drawn}}", end="", file=sys.stderr, flush=True)

    def _wipe(self) -> None:
        if self._drawn:
            print(f"\r{' ' * self._drawn}\r", end="", file=sys.stderr, flush=True)
            self._drawn = 0


def _left(seconds: float) -> str:
    return f"{seconds:.0f} s left" if seconds < _SECONDS else f"{seconds / 60:.0f} min left"


def _why(done: Done) -> str:
    """Return why a submission needs a person's attention, empty if it does not."""
    result = done.result
    if done.trouble or result is None or result.unjudged or not result.overdue:
        return done.trouble or (result.unjudged if result else "")
    late = dict.fromkeys(finding.exercise for finding in result.findings if finding.kind == "time" and finding.exercise)
    if not late and any(finding.kind == "added-cell" and "did not end" in finding.text for finding in result.findings):
        return "a cell of the learner's own ran out of time"
    return f"{', '.join(late) or 'something'} ran out of time"


def _record(done: Done) -> dict[str, object]:
    entry, result = done.entry, done.result
    findings = [*entry.findings, *(result.findings if result else ())]
    return {
        "learner": entry.learner,
        "lesson": entry.lesson,
        "source": entry.source,
        "counts": entry.latest,
        "known": done.known,
        "result": done.result_id,
        "points": result.points if result else None,
        "out_of": result.out_of if result else None,
        "unjudged": done.trouble or (result.unjudged if result else ""),
        "findings": [_with_exercise(finding) for finding in dict.fromkeys(findings)],
        "seconds": round(result.seconds, 3) if result else None,
    }


def _with_exercise(finding: Finding) -> str:
    return f"{finding.exercise}: {finding.text}" if finding.exercise else finding.text
