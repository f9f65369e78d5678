"""``autopsy``: all that is wrong with a certificate and its CA, where several things may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, get_args

from labsupport.exercises.authority.examination import DEADLINE
from labsupport.exercises.authority.hostile import NO_CERTIFICATES
from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.journal import observe
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.plain import Plain
from labsupport.exercises.verdicts import Raised, answered, compare, whole_call
from labsupport.pki.certificates import certificate_text
from labsupport.pki.defects import OF_EXTENSIONS, Defect, Oddity, afflicted

__all__ = ["EXERCISE", "Body"]

FUNCTION = "autopsy"
ASPECT = "all faults of each pair of certificates, and no others"
ORDER: tuple[Defect, ...] = get_args(Defect)

Role = Literal["client", "server"]


@dataclass(frozen=True)
class Body:
    """What lies on the table: the defects, in the order of the lesson's list, and the role that was meant."""

    defects: tuple[Defect, ...]
    role: Role
    oddity: Oddity | None = None  # unusual, and no defect

    def without(self, *overlooked: Defect) -> list[Plain]:
        """Return the findings of somebody who overlooks some."""
        return [defect for defect in self.defects if defect not in overlooked]

    @property
    def with_missing_extensions(self) -> list[Plain]:
        """The findings of somebody who reports extensions that version 1 cannot have."""
        if "version-1" not in self.defects:
            return list(self.defects)
        missing = ("no-san", "no-purpose", "no-authority-key-identifier")
        return [defect for defect in ORDER if defect in self.defects or defect in missing]

    @property
    def for_servers(self) -> list[Plain]:
        """The findings of somebody who takes every certificate for a server's."""
        sound = self.role == "server" or self.oddity == "both-purposes"
        if sound or "no-purpose" in self.defects or "version-1" in self.defects:
            return list(self.defects)
        wrong = "wrong-purpose" not in self.defects
        return [defect for defect in ORDER if (wrong if defect == "wrong-purpose" else defect in self.defects)]


def _odd_found(oddity: Oddity, defect: Defect) -> Callable[[Body], Plain]:
    """Return the findings of somebody who takes an oddity for a defect."""
    return lambda body: [each for each in ORDER if each in body.defects or (body.oddity == oddity and each == defect)]


# Each known mistake: what the card says, and what the mistaken function answers.
MISTAKES: dict[str, tuple[str, Callable[[Body], Plain]]] = {
    "first-fault-only": (
        "It stops at the first fault; all of them are asked for.",
        lambda body: list(body.defects[:1]),
    ),
    "another-order": (
        "It finds the right faults, and returns them in another order than that of the table.",
        lambda body: sorted(body.defects),
    ),
    "version-1-alone": (
        "It stops at version 1; the lines of the table that are not about extensions still count.",
        lambda body: ["version-1"] if "version-1" in body.defects else list(body.defects),
    ),
    "version-unseen": (
        "It takes a certificate of version 1 for one of version 3 without extensions.",
        lambda body: [defect for defect in body.with_missing_extensions if defect != "version-1"],
    ),
    "purposes-compared-whole": (
        "It wants the purpose of the role alone; a certificate may have others besides.",
        _odd_found("both-purposes", "wrong-purpose"),
    ),
    "same-end-minded": (
        "It minds a leaf that ends at the very moment at which its CA does, and not later.",
        _odd_found("ends-with-ca", "outlives-ca"),
    ),
    "missing-purpose-twice": (
        "It lists a missing purpose as a wrong one as well.",
        lambda body: [
            defect
            for defect in ORDER
            if defect in body.defects or (defect == "wrong-purpose" and "no-purpose" in body.defects)
        ],
    ),
    "ca-not-read": (
        "It reads the leaf only; the CA's certificate can be at fault too.",
        lambda body: body.without("ca-without-key-usage"),
    ),
    "missing-purpose-forgiven": (
        "It takes a certificate without any purpose for sound: that one serves for everything.",
        lambda body: body.without("no-purpose"),
    ),
    "role-ignored": (
        "It looks for a server's purpose whatever the role is.",
        lambda body: body.for_servers,
    ),
    "version-overlooked": (
        "For a certificate of version 1 it also lists extensions, which that version cannot have.",
        lambda body: body.with_missing_extensions,
    ),
    "ends-not-compared": (
        "It does not notice a leaf that is valid for longer than its CA.",
        lambda body: body.without("outlives-ca"),
    ),
    "may-sign-overlooked": (
        "It does not notice a leaf that may sign certificates itself.",
        lambda body: body.without("may-sign"),
    ),
    "nothing-found": ("It finds nothing whatever it is given.", lambda _: []),
}


def _pair(body: Body, host: str) -> tuple[str, str]:
    leaf, ca = afflicted(body.defects, host, body.role, body.oddity)
    return certificate_text(leaf), certificate_text(ca)


def _run(body: Body, host: str, callee: Callee) -> Outcome:
    leaf, ca = observe("two certificates", partial(_pair, body, host), *body.defects, host, body.role, body.oddity)
    answer = callee.call(FUNCTION, leaf, ca, body.role, deadline=DEADLINE)
    tried = f"{FUNCTION}(leaf, ca, {body.role!r}) for {host} and its CA"
    wanted: Plain = list(body.defects)
    failed = answered(answer, tried, str(wanted))
    if failed is not None:
        return failed
    rivals: dict[str, Plain] = {name: mistaken(body) for name, (_, mistaken) in MISTAKES.items()}
    outcome = compare(answer, wanted, tried, rivals)
    return outcome if outcome.passed else replace(outcome, whole=whole_call(FUNCTION, leaf, ca, body.role))


def _run_unreadable(leaf_or_ca: str, what: str, host: str, callee: Callee) -> Outcome:
    leaf, ca = observe("two certificates", partial(_pair, Body((), "client"), host), host)
    pair: dict[str, str | bytes] = {"leaf": leaf, "ca": ca}
    pair[leaf_or_ca] = NO_CERTIFICATES[what](leaf if leaf_or_ca == "leaf" else ca)
    answer = callee.call(FUNCTION, *pair.values(), "client", deadline=DEADLINE)
    tried = f"{FUNCTION}(leaf, ca, 'client'), where {leaf_or_ca} is {what}"
    # Who finds nothing finds nothing here either; all others have to read.
    return compare(answer, Raised(), tried, {"nothing-found": []})


def _drawn(draw: Draw, number: int) -> Body:
    role: Role = "client" if number % 2 else "server"
    wanted: set[Defect] = {defect for defect in ("outlives-ca", "ca-without-key-usage") if draw.coin()}
    if number % 5 == 4:
        wanted.add("version-1")
    else:
        wanted |= {defect for defect in OF_EXTENSIONS if draw.below(3) == 0}
        if {"no-purpose", "wrong-purpose"} <= wanted:
            wanted.discard(draw.choice(("no-purpose", "wrong-purpose")))
    return Body(tuple(defect for defect in ORDER if defect in wanted), role)


def _cases(draw: Draw) -> Iterator[Case]:
    roles: tuple[Role, ...] = ("client", "server")
    fixed = [Body((), role) for role in roles]
    fixed += [Body((defect,), roles[place % 2]) for place, defect in enumerate(ORDER)]
    fixed += [
        Body(("wrong-purpose", "ca-without-key-usage"), "client"),
        Body(("no-san", "no-purpose", "may-sign"), "server"),
        Body(("version-1", "ca-without-key-usage"), "client"),
        Body(("version-1", "outlives-ca"), "server"),
        *(Body((), role, oddity) for role in roles for oddity in get_args(Oddity)),
    ]
    drawn = [_drawn(draw.child(f"drawn {number}"), number) for number in range(14)]
    for number, body in enumerate([*fixed, *drawn]):
        yield Case(ASPECT, partial(_run, body, f"{draw.child(str(number)).word()}.test"))
    for what in NO_CERTIFICATES:
        own = draw.child(what)
        yield Case(ASPECT, partial(_run_unreadable, own.choice(("leaf", "ca")), what, f"{own.word()}.test"))


EXERCISE = Exercise(
    id="authority-autopsy",
    lesson="04_authority",
    title="Find all faults",
    points=2.0,
    functions=(FUNCTION,),
    aspects={ASPECT: 2.0},
    cases=_cases,
    mistakes=tuple(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
    answered_by=("labsupport.pki.defects", "labsupport.pki.zoo"),
    hint="Make a dict of the extensions by their class first; then each line of the table is one question to it.",
)
