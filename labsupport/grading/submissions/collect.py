"""From a folder or a zip to submissions: which there are is known at once, their bytes are read one by one."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType

from labsupport.errors import UsageError
from labsupport.grading.names import legible
from labsupport.grading.records import Finding, Submission
from labsupport.grading.submissions.findings import attempt_finding, late_finding
from labsupport.grading.submissions.folders import Folder, open_folder
from labsupport.grading.submissions.found import LIMITS, Limits, Place
from labsupport.grading.submissions.gathering import Claimed, Gathering
from labsupport.grading.submissions.roster import Roster
from labsupport.grading.submissions.zips import open_zip

__all__ = ["Collected", "Entry", "collect"]


@dataclass(frozen=True)
class Entry:
    """A submission that has been found and not been read.

    `attempt` counts from 1 within this learner's and lesson's files; `latest` is the one that counts. `size` is the
    number of bytes that it claims. `clock` says whose time `submitted_at` is.
    """

    learner: str
    lesson: str
    source: str
    name: str
    submitted_at: dt.datetime | None
    clock: str
    size: int
    attempt: int
    latest: bool
    findings: tuple[Finding, ...]
    _content: Callable[[], bytes] = field(repr=False, compare=False)

    def read(self) -> Submission:
        """Read the bytes. Raises SubmissionError, which says in one line what is wrong and what to do."""
        content = self._content()
        return Submission(self.learner, self.lesson, content, self.source, self.name, self.submitted_at, self.findings)


class Collected:
    """What was found, while the folder or zip is open: a context manager, and a sequence of entries.

    Entries stand by lesson and learner, the attempts of one learner at one lesson in their order, the latest last.
    `problems` are files that should be graded and cannot be, `notes` what was left out or taken for granted, one line
    each.
    """

    def __init__(self, place: Place, entries: Sequence[Entry], problems: Sequence[str], notes: Sequence[str]) -> None:
        self.entries = tuple(entries)
        self.problems = tuple(problems)
        self.notes = tuple(notes)
        self._place = place

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __enter__(self) -> Collected:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the folder or zip; entries can no longer be read."""
        self._place.close()


def collect(
    place: Path,
    *,
    lessons: Sequence[str],
    lesson: str | None = None,
    roster: Roster | None = None,
    due_dates: Mapping[str, dt.datetime] = MappingProxyType({}),
    limits: Limits = LIMITS,
) -> Collected:
    """Find the submissions in a folder or a zip; in a `with`, since it stays open.

    `lessons` are the slugs that there are; `lesson` restricts to one, and is the lesson of files that name none. What
    came after the date at which its lesson was due gets a finding.
    Raises UsageError if there is nothing to grade in `place`, or it is too much as a whole.
    """
    if lesson is not None and lesson not in lessons:
        raise UsageError(f"{legible(lesson, 60)}: not a lesson; there are {', '.join(lessons)}")
    if any(due.utcoffset() is None for due in due_dates.values()):
        raise ValueError("a due date needs its time zone")
    opened = _opened(place, limits)
    try:
        gathering = Gathering(opened, lessons, lesson, roster, due_dates)
        gathering.gather("" if place.is_dir() else place.stem)
        if not (gathering.claimed or gathering.problems or gathering.left_out):
            raise UsageError(
                f"{place}: there are no notebooks here; name a folder with <learner>/<lesson>.ipynb, or a zip"
            )
        if gathering.nobodys and isinstance(opened, Folder) and not gathering.claimed:
            raise UsageError(_nobodys(place, lessons))
        entries = tuple(_entries(opened.label, gathering.claimed, due_dates))
        return Collected(opened, entries, gathering.problems, gathering.notes)
    except BaseException:
        # Whatever it is, Ctrl-C among them: nothing stays open.
        opened.close()
        raise


def _nobodys(place: Path, lessons: Sequence[str]) -> str:
    """Return what is wrong with a place of which nobody can tell whose any notebook in it is."""
    found = place.resolve()
    folder, whose = (found, "these notebooks are") if found.is_dir() else (found.parent, "this notebook is")
    if folder.name in lessons:  # nbgrader's, within a learner's
        folder = folder.parent
    return (
        f"{place}: nobody can tell whose {whose}; put each learner's into a folder with the learner's name, "
        f"or, if {legible(folder.name, 60)} is a learner, name the folder above: {legible(str(folder.parent))}"
    )


def _opened(place: Path, limits: Limits) -> Place:
    try:
        if place.is_dir():
            return open_folder(place, limits)
        if place.is_file():
            if place.suffix.lower() == ".ipynb":
                return open_folder(place.parent, limits, only=place.name)
            return open_zip(place, limits)
    except (OSError, ValueError) as error:
        raise UsageError(f"{legible(str(place))}: cannot be read: {error}") from error
    raise UsageError(f"{place}: there is no such folder, zip or notebook")


def _entries(label: str, claimed: Sequence[Claimed], due_dates: Mapping[str, dt.datetime]) -> Iterator[Entry]:
    """Yield an entry for each file, with what is to be said about it."""
    attempts: dict[tuple[str, str], list[Claimed]] = defaultdict(list)
    for each in claimed:
        attempts[each.lesson, each.who.id].append(each)
    for (lesson, learner), files in attempts.items():
        sources = [legible(f"{label}/{each.found.where}") for each in files]
        for position, each in enumerate(files):
            late = late_finding(each.time, each.clock, due_dates.get(lesson), marked=each.claim.late)
            findings = (*each.who.findings, attempt_finding(sources, position), late)
            yield Entry(
                learner,
                lesson,
                sources[position],
                each.who.name,
                each.time,
                each.clock,
                each.found.size,
                position + 1,
                position == len(files) - 1,
                tuple(finding for finding in findings if finding),
                each.found.read,
            )
