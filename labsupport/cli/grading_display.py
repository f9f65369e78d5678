"""What an instructor sees while a batch is judged: a bar that knows when it will be done, names, and a summary."""

from __future__ import annotations

import json
import sys
import textwrap
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.cli.tables import render, terminal_width
from labsupport.notebook.look import plain

if TYPE_CHECKING:
    from labsupport.grading.batch import Done, Summary
    from labsupport.grading.gradebook.model import Mark
    from labsupport.grading.submissions.collect import Entry

__all__ = ["Display"]

_BAR = 24


class Display:
    """Progress on stderr where that is a terminal; results as text or, a line each, as JSON on stdout."""

    def __init__(self, total: int, *, as_json: bool) -> None:
        self._total = total
        self._json = as_json
        self._began = time.monotonic()
        self._done = 0
        self._live = sys.stderr.isatty() and not as_json

    def say(self, line: str) -> None:
        """Say a line on stderr, above the bar."""
        self._wipe()
        print(plain(line), file=sys.stderr)

    def done(self, done: Done) -> None:
        """Take note of one submission."""
        self._done += 1
        if self._json:
            print(json.dumps(_record(done)), flush=True)
        elif why := _why(done):
            self.say(f"{done.entry.learner}, {done.entry.lesson}: {why}")
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
        marks: Sequence[Mark],
        gradebook: Path,
        written: list[str],
        absent: Mapping[str, Sequence[str]],
    ) -> None:
        """Show the `marks` in a table, what the batch came to, who is `absent`, and where everything is."""
        self._wipe()
        if self._json:
            return
        if marks:
            print(render(("lesson", "learners", "mean", "full marks"), _rows(marks), terminal_width()))
        if corrected := sum(mark.adjusted for mark in marks):
            print(f"\nOf these, {corrected} with a person's corrections.")
        seconds = time.monotonic() - self._began
        known = f"; known already: {summary.known}" if summary.known else ""
        print(f"\nJudged {summary.judged} in {seconds:.1f} s{known}.")
        if summary.findings:
            print("Findings: " + ", ".join(f"{kind} {count}" for kind, count in summary.findings.most_common()) + ".")
        if summary.unjudged:
            print("Not judged:\n" + "\n".join(f"  {plain(line)}" for line in summary.unjudged))
        for lesson, names in absent.items():
            line = f"Nothing for {lesson} from {len(names)} in the roster: {plain(', '.join(names))}."
            print("\n".join(textwrap.wrap(line, terminal_width() or 1_000_000, subsequent_indent="  ")))
        print(f"Gradebook: {gradebook}")
        for line in written:
            print(line)

    def _draw(self) -> None:
        if not self._live:
            return
        seconds = time.monotonic() - self._began
        rate = self._done / seconds if seconds else 0.0
        left = (self._total - self._done) / rate if rate else 0.0
        full = round(_BAR * self._done / self._total) if self._total else _BAR
        bar = "█" * full + "·" * (_BAR - full)
        line = f"\r{bar}  {self._done} of {self._total}  {rate:.1f}/s  {left:.0f} s left"
        print(f"{line:<70}", end="", file=sys.stderr, flush=True)

    def _wipe(self) -> None:
        if self._live:
            print("\r" + " " * 70 + "\r", end="", file=sys.stderr, flush=True)


def _rows(marks: Sequence[Mark]) -> list[tuple[str, str, str, str]]:
    shares: dict[str, list[float]] = defaultdict(list)
    for mark in marks:
        shares[mark.lesson].append(mark.points / mark.out_of if mark.out_of else 0.0)
    return [
        (lesson, str(len(of)), f"{100 * sum(of) / len(of):.0f} %", str(sum(share >= 1 for share in of)))
        for lesson, of in sorted(shares.items())
    ]


def _why(done: Done) -> str:
    """Return why a submission needs a person's attention, empty if it does not."""
    result = done.result
    if done.trouble or result is None or result.unjudged or not result.overdue:
        return done.trouble or (result.unjudged if result else "")
    late = dict.fromkeys(finding.exercise for finding in result.findings if finding.kind == "time" and finding.exercise)
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
        "findings": [finding.text for finding in dict.fromkeys(findings)],
        "seconds": round(result.seconds, 3) if result else None,
    }
