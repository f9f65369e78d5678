"""A batch: everything that was found goes to the judges, unless the gradebook knows it already, and into the gradebook.

Each result is kept as soon as it is there, so that a batch that was ended anywhere goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from labsupport.errors import LabError
from labsupport.grading.gradebook.book import Gradebook
from labsupport.grading.gradebook.model import digest_of
from labsupport.grading.jobs import Judges
from labsupport.grading.records import Result, Submission
from labsupport.grading.settings import specs_version
from labsupport.grading.submissions.collect import Collected, Entry

__all__ = ["Done", "Summary", "grade"]


@dataclass(frozen=True)
class Done:
    """What became of one entry. `known` tells that the gradebook had it; `result_id` is 0 where nothing was kept."""

    entry: Entry
    result: Result | None
    result_id: int = 0
    known: bool = False
    trouble: str = ""  # why it could not even be read


@dataclass
class Summary:
    """A batch in numbers: how many were judged, known, and not to be judged (with the reasons, a line each)."""

    judged: int = 0
    known: int = 0
    earlier: int = 0
    unjudged: list[str] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Job:
    """An entry on its way to a judge, with the bytes that will be judged and kept."""

    entry: Entry
    submission: Submission

    @property
    def again(self) -> bool:
        """Only what counts is worth a second try."""
        return self.entry.latest

    @property
    def key(self) -> object:
        """One learner's attempts at one lesson keep their order."""
        return self.entry.learner, self.entry.lesson


def grade(
    collected: Collected,
    gradebook: Gradebook,
    judges: Judges,
    *,
    regrade: bool = False,
    tell: Callable[[Done], None] = lambda _: None,
    tell_again: Callable[[Entry], None] = lambda _: None,
) -> Summary:
    """Judge what was collected and keep the results; `tell` hears of each entry when it is done.

    `tell_again` hears of each that was overdue, and will be judged once more when the others are done.

    Raises NoSandbox where learners' code cannot be locked up, GradebookError when nothing can be kept; what was kept
    before stays.
    """
    summary = Summary()
    specs = specs_version()
    pending: Counter[object] = Counter()

    def done(what: Done) -> None:
        _count(what, summary)
        tell(what)

    jobs = _unknown(collected, gradebook, specs, regrade, pending, done)
    for job, result in judges.judged(jobs, lambda job: tell_again(job.entry)):
        pending[job.key] -= 1
        recorded = gradebook.record(job.submission, result, specs, regrade=regrade)
        done(Done(job.entry, result, recorded.result_id))
    return summary


def _unknown(
    collected: Collected,
    gradebook: Gradebook,
    specs: str,
    regrade: bool,
    pending: Counter[object],
    done: Callable[[Done], None],
) -> Iterator[_Job]:
    """Yield what has to be judged; what is known, or cannot be read, is done at once.

    `pending` counts the jobs on their way: an attempt that follows one of them goes the same way, known or not, since
    the one that is recorded last is the one that counts.
    """
    for entry in collected:
        try:
            submission = entry.read()
        except LabError as error:
            done(Done(entry, None, trouble=str(error)))
            continue
        job = _Job(entry, submission)
        if not entry.latest and _kept_before(submission, gradebook):
            done(Done(entry, None, known=True))
            continue
        known = None if regrade or pending[job.key] else gradebook.reuse(submission, specs)
        if known is not None:
            graded = gradebook.result(known.result_id, transcripts=False)
            done(Done(entry, graded.result, known.result_id, known=True))
        else:
            pending[job.key] += 1
            yield job


def _kept_before(submission: Submission, gradebook: Gradebook) -> bool:
    """Whether an earlier file of a learner's is among the attempts; only the last file can be handed in once more."""
    digest = digest_of(submission.content)
    return any(attempt.digest == digest for attempt in gradebook.attempts(submission.learner, submission.lesson))


def _count(done: Done, summary: Summary) -> None:
    if done.trouble:
        summary.unjudged.append(f"{done.entry.learner}, {done.entry.lesson}: {done.trouble}")
        return
    if done.known:
        summary.known += 1
    elif done.result is not None and not done.result.unjudged:
        summary.judged += 1
    if not done.entry.latest:
        summary.earlier += 1
    elif done.result is not None:
        summary.findings.update(finding.kind for finding in {*done.entry.findings, *done.result.findings})
        if done.result.unjudged:
            summary.unjudged.append(f"{done.entry.learner}, {done.entry.lesson}: {done.result.unjudged}")
