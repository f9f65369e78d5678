"""What is to be judged, and in which order; by whom, a batch need not know."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from labsupport.grading.records import Result, Submission

__all__ = ["J", "Job", "Judges", "Line", "tried_twice"]


class Job(Protocol):
    """Something to judge."""

    @property
    def submission(self) -> Submission:
        """What is judged."""

    @property
    def again(self) -> bool:
        """Whether it is tried again, alone, when it was overdue."""

    @property
    def key(self) -> object:
        """Jobs with the same key are judged one after the other."""


J = TypeVar("J", bound=Job)


class Judges(Protocol):
    """Who judges: processes of this machine (``grading.pool``) or of a cluster (``grading.cluster``)."""

    def judged(
        self, jobs: Iterable[J], on_second_try: Callable[[J], None] = lambda _: None
    ) -> Iterator[tuple[J, Result]]:
        """Yield each job with its result, in the order in which they are done.

        Raises NoSandbox where learners' code cannot be locked up; what `jobs` raises comes out as it is.
        """


class Line(Generic[J]):
    """Jobs that wait; of one learner's attempts the earlier is recorded before the next is judged."""

    def __init__(self, jobs: Iterable[J]) -> None:
        self._waiting = iter(jobs)
        self._held: deque[J] = deque()

    def next(self, busy: Container[object]) -> J | None:
        """Return the next job whose key is not in `busy`; None where there is none now."""
        for position, job in enumerate(self._held):
            if job.key not in busy:
                del self._held[position]
                return job
        for job in self._waiting:
            if job.key not in busy:
                return job
            self._held.append(job)
        return None


def tried_twice(
    jobs: Iterable[J],
    each: Callable[[Iterable[J], int], Iterator[tuple[J, Result]]],
    width: int,
    on_second_try: Callable[[J], None],
) -> Iterator[tuple[J, Result]]:
    """Yield what `each` judges, `width` at a time; what is overdue is judged once more at the end, alone."""
    second: list[J] = []
    for job, result in each(jobs, width):
        if result.overdue and job.again:
            on_second_try(job)
            second.append(job)
        else:
            yield job, result
    yield from each(second, 1)
