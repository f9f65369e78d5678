"""Who the learner is that a file claims: the roster's word if there is a roster, else what the file says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from labsupport.grading.names import legible
from labsupport.grading.records import Finding
from labsupport.grading.submissions.claims import Claim
from labsupport.grading.submissions.roster import Person, Roster, squeezed

__all__ = ["Identities", "Identity", "under_two_ids"]

_MOST = 3


@dataclass(frozen=True)
class Identity:
    """The id that a learner's work is kept under, the name, what is to be found strange, and a note for the instructor.

    Without a roster the id is what the layout has: the folder's or file's name; Canvas's user id, which is one in all
    assignments, where the squeezed name may be two people's; Moodle's participant number, which is another in every
    assignment, where the name may again be two people's. A roster of Canvas's keeps Canvas's user ids, so that nobody
    gets a new id when the roster is used only the second time.
    """

    id: str
    name: str
    findings: tuple[Finding, ...] = ()
    note: str = ""


class Identities:
    """Knows who each of the learners is that the files of one place claim.

    Two numbers of a learning system are two people. So a name, where the number says nothing, tells who somebody is
    only if no other number in the same place comes to the same person.
    """

    def __init__(self, claims: Iterable[Claim], roster: Roster | None) -> None:
        self._roster = roster
        self._numbers: dict[str, set[str]] = defaultdict(set)
        for claim in claims:
            person = _person(claim, roster) if roster and claim.kind in ("canvas", "moodle") else None
            if person:
                self._numbers[person.id].add(claim.learner)

    def of(self, claim: Claim) -> Identity:
        """Return who the learner is that `claim` names."""
        roster = self._roster
        if roster is None:
            return Identity(claim.learner, claim.name)
        person = _person(claim, roster)
        if person and len(self._numbers[person.id]) > 1 and _numbered(claim, roster) is None:
            person = None
        if person is None:
            named = f"{claim.learner} ({claim.name})" if claim.name not in ("", claim.learner) else claim.learner
            # A number of Canvas's or Moodle's must not be taken for somebody else's in the roster.
            id_ = f"{claim.kind} {claim.learner}" if claim.learner in roster.people else claim.learner
            text = f"The roster does not tell who {legible(named, 80)} is."
            return Identity(id_, claim.name, (Finding("stranger", text),))
        note = ""
        if claim.name and not roster.is_called(person, claim.name):
            note = f"says {legible(claim.name, 60)}, and the roster {legible(person.name, 60)}; make sure who it is"
        return Identity(person.id, person.name or claim.name, note=note)


def _person(claim: Claim, roster: Roster) -> Person | None:
    return _numbered(claim, roster) or roster.named(claim.name or claim.learner)


def _numbered(claim: Claim, roster: Roster) -> Person | None:
    """Return the person whose id the claim has, and not only the name."""
    if claim.kind == "canvas":
        # Whatever the numbers of another roster are, they are not Canvas's: somebody else may have this one.
        return roster.find(claim.learner, ("id",)) if roster.canvas else None
    return roster.find(claim.learner, ("participant",)) if claim.kind == "moodle" else roster.find(claim.learner)


def under_two_ids(people: Iterable[tuple[str, str]]) -> str:
    """Return a line about those of `people`, each an id and a name, who have one name under several ids; or nothing.

    So it comes out when a class of Moodle's is graded without a roster, or with one only from the second time on.
    """
    ids: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for id_, name in people:
        if words := tuple(sorted(filter(None, map(squeezed, name.replace(",", " ").split())))):
            ids[words][id_] = name
    twice = [
        f"{legible(next(iter(found.values())), 60)} ({' and '.join(legible(id_, 40) for id_ in found)})"
        for found in ids.values()
        if len(found) > 1
    ]
    if not twice:
        return ""
    more = f", and {len(twice) - _MOST} more" if len(twice) > _MOST else ""
    return (
        f"one name under several ids: {', '.join(twice[:_MOST])}{more}; if each is one person, "
        "grade everything into a new gradebook, with one --roster from the start"
    )
