"""``why``: given certificates and the verdicts of several verifiers, name the reason for a refusal.

The verdicts are probed on this machine and handed over, so no mark depends on which verifiers are installed or how
strict they are; the flaw itself is the judge's own making.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import get_args

from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.five_requests.peers import host_name
from labsupport.exercises.journal import observe
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.plain import Plain
from labsupport.exercises.verdicts import asking
from labsupport.pki.zoo import Flaw, specimen
from labsupport.tls.verifiers import verdicts

__all__ = ["EXERCISE", "Question"]

FUNCTION = "why"
ASPECT = "the reason for each refusal, and none for what was accepted"


@dataclass(frozen=True)
class Question:
    """A flaw (None: a sound certificate), the name asked for, and the common name that the certificate carries."""

    flaw: Flaw | None
    host: str
    common_name: str


# Each known mistake: what the card says, and what the mistaken function answers.
MISTAKES: dict[str, tuple[str, Callable[[Question], str | None]]] = {
    "common-name-read": (
        "It looks for the name in the subject's common name; verifiers look in SubjectAltName.",
        lambda q: "wrong-name" if q.flaw is None and q.common_name != q.host else q.flaw,
    ),
    "version-overlooked": (
        "It reports a missing extension where the certificate is of version 1, which can have none.",
        lambda q: "no-san" if q.flaw == "version-1" else q.flaw,
    ),
    "authority-not-read": (
        "It reads the leaf only; the CA's certificate can be the reason too.",
        lambda q: None if q.flaw == "ca-without-key-usage" else q.flaw,
    ),
    "purpose-not-read": (
        "It does not look at what the certificate may be used for.",
        lambda q: None if q.flaw == "wrong-purpose" else q.flaw,
    ),
    "never-a-reason": ("It says None whatever it is given.", lambda _: None),
}


def _probed(question: Question, other: str) -> tuple[str, str, list[str]]:
    """Return a leaf and its CA as PEM texts, and the verifiers that refuse the leaf."""
    found = specimen(question.flaw, question.host, common_name=question.common_name, other=other)
    told = verdicts(found.identity, found.ca_certificate, question.host)
    refused_by = [name for name, accepted in told.items() if not accepted]
    return found.identity.certificate_pem.decode("ascii"), found.ca_pem.decode("ascii"), refused_by


def _run(question: Question, other: str, callee: Callee) -> Outcome:
    # Made at the time of the call: certificates and verdicts of twenty questions take a moment.
    about = (question.flaw, question.host, question.common_name, other)
    leaf, ca, refused_by = observe("two certificates, and who refuses them", partial(_probed, question, other), *about)
    rivals: dict[str, Plain] = {name: mistaken(question) for name, (_, mistaken) in MISTAKES.items()}
    return asking(FUNCTION, [leaf, ca, question.host, refused_by], question.flaw, rivals)(callee)


def _cases(draw: Draw) -> Iterator[Case]:
    flaws: tuple[Flaw | None, ...] = (*get_args(Flaw), None, None)
    for number, flaw in enumerate(flaws * 2):
        own = draw.child(str(number))
        host = host_name(own)
        # Every second certificate carries another common name: it must not matter.
        question = Question(flaw, host, host if number % 2 else host_name(own))
        yield Case(ASPECT, partial(_run, question, host_name(own)))


EXERCISE = Exercise(
    id="five-requests-why",
    lesson="06_five_requests",
    title="Why did it refuse?",
    points=2.0,
    functions=(FUNCTION,),
    aspects={ASPECT: 2.0},
    cases=_cases,
    mistakes=tuple(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
    answered_by=("labsupport.pki.zoo", "labsupport.tls.verifiers"),
    hint="Go through the reasons in the order of the list; cryptography's x509 module shows each of them in one line.",
)
