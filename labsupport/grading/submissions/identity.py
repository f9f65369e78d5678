"""Who the learner is that a file claims: the roster's word if there is a roster, else what the file says."""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.grading.names import legible
from labsupport.grading.records import Finding
from labsupport.grading.submissions.claims import Claim
from labsupport.grading.submissions.roster import Person, Roster

__all__ = ["Identity", "identify"]


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


def identify(claim: Claim, roster: Roster | None) -> Identity:
    """Return who the learner is that `claim` names."""
    if roster is None:
        return Identity(claim.learner, claim.name)
    person = _person(claim, roster)
    if person is None:
        who = legible(f"{claim.learner} ({claim.name})" if claim.name not in ("", claim.learner) else claim.learner, 80)
        # A number of Canvas's or Moodle's must not be taken for somebody else's in the roster.
        id_ = f"{claim.kind} {claim.learner}" if claim.learner in roster.people else claim.learner
        return Identity(id_, claim.name, (Finding("stranger", f"The roster does not know {who}."),))
    note = ""
    if claim.name and not roster.is_called(person, claim.name):
        note = f"says {legible(claim.name, 60)}, and the roster {legible(person.name, 60)}; make sure who it is"
    return Identity(person.id, person.name or claim.name, note=note)


def _person(claim: Claim, roster: Roster) -> Person | None:
    if claim.kind == "canvas":
        if roster.canvas:
            return roster.find(claim.learner, ("id",)) or roster.named(claim.name)
        # Whatever the numbers of such a roster are, they are not Canvas's: somebody else may have this one.
        return roster.named(claim.name)
    if claim.kind == "moodle":
        return roster.find(claim.learner, ("participant",)) or roster.named(claim.name)
    return roster.find(claim.learner) or roster.named(claim.learner)
