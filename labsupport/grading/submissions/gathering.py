"""Whose each file of a place is, of which lesson and from when; what cannot be told is said in a line each."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labsupport.grading.names import is_usable_id, legible
from labsupport.grading.submissions.claims import Claim, claim_of, without_wrapper
from labsupport.grading.submissions.found import Found, Place, SubmissionError
from labsupport.grading.submissions.identity import Identities, Identity
from labsupport.grading.submissions.lessons import lesson_in
from labsupport.grading.submissions.roster import Roster
from labsupport.grading.submissions.times import in_words, stamp_time

__all__ = ["Claimed", "Gathering"]

_STAMP_BYTES = 1000
_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Claimed:
    """A file with what is known of it."""

    found: Found
    claim: Claim
    who: Identity
    lesson: str
    time: dt.datetime | None
    clock: str

    @property
    def order(self) -> tuple[object, ...]:
        """The place among attempts: by time; Canvas's number; a copy's number; the lesson's own name last; the path."""
        time = self.time.timestamp() if self.time else float("-inf")
        return time, self.claim.upload, self.claim.version, self.claim.exact, self.found.where, self.found.position


class Gathering:
    """Works through the files of a place once: `claimed` in the order of lesson, learner and attempt.

    `left_out` counts notebooks of other lessons, `nobodys` those of which nobody can tell whose they are.
    """

    def __init__(
        self,
        place: Place,
        lessons: Sequence[str],
        lesson: str | None,
        roster: Roster | None,
        due_dates: Mapping[str, dt.datetime],
    ) -> None:
        self.claimed: list[Claimed] = []
        self.left_out = 0
        self.nobodys = 0
        self.notes: list[str] = []
        self._place = place
        self._lessons = lessons
        self._lesson = lesson
        self._roster = roster
        self._identities = Identities((), roster)
        self._due_dates = due_dates

    @property
    def problems(self) -> list[str]:
        """What should be graded and cannot be, a line each."""
        return self._place.trouble.lines

    def gather(self, zip_stem: str) -> None:
        """Find out of each file whose it is, of which lesson and from when."""
        files, nbgrader = self._place.files, self._place.nbgrader
        levels = 0 if nbgrader else without_wrapper([found.parts for found in files], self._lessons, zip_stem)
        if levels:
            self.notes.append(
                f"{self._place.label}: everything lies in {legible(files[0].parts[0])}, read as no learner's"
            )
        stamps = {found.parts[levels:-1]: found for found in self._place.stamps}
        claims = [claim_of(found.parts[levels:], self._lessons, nbgrader=nbgrader) for found in files]
        self._identities = Identities(claims, self._roster)
        packed = _packing_time(list(zip(files, claims, strict=True)))
        for found, claim in zip(files, claims, strict=True):
            time, clock = (None, "") if packed and claim.kind in ("canvas", "moodle") else (found.time, found.clock)
            stamp = stamps.get(found.parts[levels:-1][:2]) if claim.kind == "nbgrader" else None
            if stamp is not None:
                time, clock = self._stamped(stamp, time, clock)
            self._take(found, claim, time, clock)
        self.claimed.sort(key=lambda each: (each.lesson, each.who.id, each.order))
        self._remark(packed)

    def _take(self, found: Found, claim: Claim, time: dt.datetime | None, clock: str) -> None:
        path = found.where
        if not claim.learner:
            self.nobodys += 1
            self._say(path, "nobody can tell whose it is; put it into a folder with the learner's name")
            return
        if not is_usable_id(claim.learner):
            self._say(path, "no learner's id: too long, or with signs that cannot be seen; rename it")
            return
        lesson = claim.lesson or self._lesson
        if lesson is None:
            try:
                lesson = lesson_in(found.read(), self._lessons)
            except SubmissionError as error:
                self.problems.append(str(error))
                return
        if lesson is None:
            self._say(path, "nobody can tell which lesson it is; name it <lesson>.ipynb, or give --lesson")
        elif self._lesson not in (None, lesson):
            self.left_out += 1
        else:
            who = self._identities.of(claim)
            if who.note:
                self.notes.append(f"{legible(f'{self._place.label}/{path}')}: {who.note}")
            self.claimed.append(Claimed(found, claim, who, lesson, time, clock))

    def _say(self, path: str, what: str) -> None:
        self._place.trouble.say(path, what)

    def _stamped(self, stamp: Found, time: dt.datetime | None, clock: str) -> tuple[dt.datetime | None, str]:
        """Return the time in nbgrader's timestamp file, or else what the file itself tells."""
        path = legible(f"{self._place.label}/{stamp.where}")
        if stamp.size > _STAMP_BYTES:
            self.notes.append(f"{path}: too long for a time; the file's own date is taken")
            return time, clock
        try:
            return stamp_time(stamp.read().decode("utf-8", "replace")), "nbgrader's timestamp"
        except SubmissionError as error:
            self.notes.append(f"{error}; the file's own date is taken")
        except ValueError as error:
            self.notes.append(f"{path}: {error}; the file's own date is taken")
        return time, clock

    def _remark(self, packed: dt.datetime | None) -> None:
        """Say once what holds for many files."""
        if self.left_out:
            self.notes.append(
                f"{self.left_out} notebooks of other lessons are left out, as --lesson {self._lesson} says"
            )
        kinds = Counter(each.claim.kind for each in self.claimed)
        dues = [self._due_dates[lesson] for lesson in {each.lesson for each in self.claimed} & self._due_dates.keys()]
        if packed and dues and packed > min(dues):
            mark = ", other than by Canvas's LATE" if kinds["canvas"] else ""
            self.notes.append(
                f"{self._place.label}: tells only when it was packed ({in_words(packed)}), not when each file was "
                f"handed in: nothing is compared with the due date{mark}"
            )
        if kinds["moodle"] and self._roster is None:
            self.notes.append(
                "Moodle numbers learners anew in every assignment: give --roster with a table of their names, "
                "so that one learner's lessons come together"
            )
        spellings: dict[str, set[str]] = defaultdict(set)
        for each in self.claimed:
            spellings[each.who.id.casefold()].add(each.who.id)
        for ids in spellings.values():
            if len(ids) > 1:
                named = " and ".join(legible(id_, 60) for id_ in sorted(ids))
                self.notes.append(f"{named} differ only in capitals; if it is one learner, rename the files")


def _packing_time(files: Sequence[tuple[Found, Claim]]) -> dt.datetime | None:
    """Return when the files of a learning system were packed, if that is all that their times tell.

    Canvas and Moodle write the zip's entries with the time of the download (Canvas through rubyzip's output stream,
    Moodle through ZipStream, neither of which is given any other time). Times that lie within an hour are that; where
    they do not, somebody has kept the real ones.
    """
    times = [found.time for found, claim in files if claim.kind in ("canvas", "moodle") and found.time]
    return max(times) if times and max(times) - min(times) < _HOUR else None
