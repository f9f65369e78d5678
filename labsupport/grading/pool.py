"""Several judges at work: each submission goes to one that is free, and whatever becomes of a judge, it gets a result.

What was ended at a deadline, or took its judge along, is tried once more at the end, alone, when nothing else can
have slowed it down.
"""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Generic, Self

from labsupport.exercises.messages import BrokenOff, Channel, Message, Silent, Until
from labsupport.grading.jobs import J, Job, Line, tried_twice
from labsupport.grading.names import legible
from labsupport.grading.records import RecordError, Result, result_from
from labsupport.grading.sandbox.processes import end_tree
from labsupport.grading.sandbox.sandbox import NoSandbox
from labsupport.grading.settings import Settings
from labsupport.grading.worker import job_to
from labsupport.pki.folders import sweep

__all__ = ["Pool"]

# A judge keeps the time of a submission by itself; one that does not come back at all is ended after so much more.
_PATIENCE_FACTOR, _PATIENCE_SECONDS = 3.0, 120.0
_FAREWELL_SECONDS = 1.0
_LAST_WORDS = 4096
_JUDGE = (sys.executable, "-P", "-m", "labsupport.grading.worker")


@dataclass
class _Judge(Generic[J]):
    """One worker, and what it is busy with."""

    process: subprocess.Popen[bytes]
    channel: Channel
    end: socket.socket
    complaints: IO[bytes]
    job: J | None = None
    until: float = 0.0


class Pool:
    """At most `jobs` judges; a context manager that ends them all."""

    def __init__(self, settings: Settings, jobs: int) -> None:
        self._settings = settings
        self._jobs = jobs
        self._judges: list[_Judge[Job]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for judge in self._judges:
            # First all, then each: they tidy up at the same time.
            judge.channel.close()
        for judge in self._judges:
            self._end(judge)
            judge.complaints.close()
        self._judges.clear()
        sweep()  # what those who were ended have left behind

    def judged(
        self, jobs: Iterable[J], on_second_try: Callable[[J], None] = lambda _: None
    ) -> Iterator[tuple[J, Result]]:
        """Yield each job with its result, in the order in which they are done.

        Raises NoSandbox where learners' code cannot be locked up; what `jobs` raises comes out as it is.
        """
        yield from tried_twice(jobs, self._round, self._jobs, on_second_try)

    def _round(self, jobs: Iterable[J], width: int) -> Iterator[tuple[J, Result]]:
        line = Line(jobs)
        busy: dict[object, _Judge[J]] = {}
        while True:
            while len(busy) < width and (job := line.next(busy)) is not None:
                judge = self._free(busy)
                busy[job.key] = judge
                self._hand_over(judge, job)
            if not busy:
                return
            for judge, message in self._heard(list(busy.values())):
                job = judge.job
                assert job is not None
                judge.job = None
                del busy[job.key]
                yield job, self._result(job, judge, message)

    def _free(self, busy: dict[object, _Judge[J]]) -> _Judge[J]:
        working = {id(judge) for judge in busy.values()}
        free = next((judge for judge in self._judges if id(judge) not in working), None)
        if free is None:
            free = self._started()
            self._judges.append(free)
        return free  # type: ignore[return-value]  # idle: it holds no job of any type

    def _started(self) -> _Judge[Job]:
        ours, theirs = socket.socketpair()
        complaints = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the judge
        with theirs:
            process = subprocess.Popen(  # noqa: S603  # our own module, in our own interpreter
                [*_JUDGE, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # the Ctrl-C of a terminal is the batch's alone
            )
        channel = Channel(ours)
        with suppress(BrokenOff):  # the same
            channel.send(self._settings.to_json())
        return _Judge(process, channel, ours, complaints)

    def _hand_over(self, judge: _Judge[J], job: J) -> None:
        judge.job = job
        judge.until = time.monotonic() + self._settings.seconds * _PATIENCE_FACTOR + _PATIENCE_SECONDS
        with suppress(BrokenOff, Silent):  # a judge that is gone is found out when it is listened to
            judge.channel.send(job_to(job.submission), Until(judge.until))

    def _heard(self, busy: list[_Judge[J]]) -> Iterator[tuple[_Judge[J], Message | None]]:
        """Yield the judges that have something to say; None for one that is gone, or that had to be ended."""
        with selectors.DefaultSelector() as selector:
            for judge in busy:
                selector.register(judge.end, selectors.EVENT_READ, judge)
            left = max(min(judge.until for judge in busy) - time.monotonic(), 0.0)
            ready = [key.data for key, _ in selector.select(left)]
        for judge in busy:
            if judge in ready:
                try:
                    yield judge, judge.channel.receive(Until(judge.until))
                except (BrokenOff, Silent):
                    yield judge, None
            elif time.monotonic() >= judge.until:
                yield judge, None

    def _result(self, job: J, judge: _Judge[J], message: Message | None) -> Result:
        if message is not None and "refused" in message:
            raise NoSandbox(str(message["refused"]))
        try:
            if message is not None:
                return result_from(message["result"])
        except (RecordError, KeyError):
            pass  # as good as no answer
        self._judges.remove(judge)  # type: ignore[arg-type]  # the same object, whatever its jobs are
        self._end(judge)
        why = "took too long" if time.monotonic() >= judge.until else f"ended{_last_words(judge)}"
        judge.complaints.close()
        return Result(job.submission.lesson, unjudged=f"its judge {why}", overdue=True)

    def _end(self, judge: _Judge[J] | _Judge[Job]) -> None:
        judge.channel.close()
        with suppress(subprocess.TimeoutExpired):
            # One that is idle tidies up and goes; one that is busy does not hear that it is over.
            judge.process.wait(0.0 if judge.job is not None else _FAREWELL_SECONDS)
        end_tree(judge.process.pid)
        judge.process.wait()


def _last_words(judge: _Judge[J]) -> str:
    """Return what a judge complained of in the end, to be put behind a word."""
    judge.complaints.seek(max(judge.complaints.seek(0, os.SEEK_END) - _LAST_WORDS, 0))
    lines = judge.complaints.read().decode(errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {legible(said)}" if said else ""
