"""``server2_context``: a server that shows its certificate and admits only clients whose certificate it trusts.

The judge is the TLS client, in memory, with fresh certificates for every knock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from labsupport.exercises.callee import Callee, File, Handle
from labsupport.exercises.draw import Draw
from labsupport.exercises.five_requests.peers import Knock, host_name, knock
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.verdicts import answered, spoken
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls, client_context

__all__ = ["EXERCISE"]

FUNCTION = "server2_context"
NOBODY = "clients without a certificate stay outside"
STRANGERS = "certificates of strangers stay outside"

Visitor = Literal["trusted", "nobody", "other-ca", "self-signed", "server-certificate"]

_WORDS: dict[Visitor, str] = {
    "trusted": "a client with a certificate of the trusted CA",
    "nobody": "a client without a certificate",
    "other-ca": "a client with a certificate of another CA that has the same name",
    "self-signed": "a client with a certificate that it signed itself",
    "server-certificate": "a client with a certificate of the trusted CA that is for servers only",
}

MISTAKES = (
    Mistake("nobody-verified", "It asks nobody for a certificate: the mode of verification is off by default."),
    Mistake("optional", "It asks for a certificate and does not insist: a client that shows none comes in."),
    Mistake("trusts-nobody", "It insists on a certificate and trusts no CA that could have signed one."),
    Mistake("no-certificate-of-its-own", "It has no certificate of its own to show, so no handshake can begin."),
    Mistake("client-side", "It is a context for the client's side of a connection, not for the server's."),
)


@dataclass(frozen=True)
class _Scene:
    """One knock: who comes, with which version of TLS."""

    visitor: Visitor
    tls: Tls

    def run(self, draw: Draw, callee: Callee) -> Outcome:
        """Ask for a context with fresh files, knock at it, and judge."""
        host = host_name(draw)
        root = Authority.root("Course root")
        own = root.issue(host, role="server")
        tried = f"{_WORDS[self.visitor]} knocks with TLS {self.tls}"
        expected = "let in" if self.visitor == "trusted" else "refused"
        answer = callee.call(
            FUNCTION,
            File("server2.crt.pem", own.chain_pem),
            File("server2.key.pem", own.key_pem),
            File("client-ca.pem", root.certificate_pem),
        )
        if (failed := answered(answer, f"{FUNCTION}(<certificate>, <key>, <client CA>)", "an SSLContext")) is not None:
            return failed
        if not isinstance(answer.value, Handle):
            return Outcome(False, tried, "an ssl.SSLContext", f"returned {spoken(answer)}")
        met = knock(callee, answer.value, client_context(root, self._identity(root, draw), tls=self.tls), host)
        passed = met.admitted if self.visitor == "trusted" else _refused_by_server(met)
        suspects = frozenset(name for name in _NAMES if self._as_mistaken(name, met))
        return Outcome(passed, tried, expected, met.words, suspects, _NAMES - suspects)

    def _identity(self, root: Authority, draw: Draw) -> Identity | None:
        name = f"client-{draw.word()}"
        if self.visitor == "trusted":
            return root.issue(name, role="client")
        if self.visitor == "server-certificate":
            return root.issue(name, role="server")
        if self.visitor == "other-ca":
            return Authority.root(root.name).issue(name, role="client")
        return Authority.self_signed(name) if self.visitor == "self-signed" else None

    def _as_mistaken(self, mistake: str, met: Knock) -> bool:
        """Tell whether a context with `mistake` would have behaved as this one did."""
        reason = met.refusal.reason if met.refusal else ""
        if mistake == "nobody-verified":
            return met.admitted
        if mistake == "optional":
            return met.admitted == (self.visitor in ("trusted", "nobody"))
        if mistake == "trusts-nobody":
            return not met.admitted and (self.visitor == "nobody" or "UNKNOWN_CA" in reason)
        if mistake == "no-certificate-of-its-own":
            # OpenSSL finds no cipher suite it could use, and in TLS 1.3 not even the version.
            return any(alert in reason for alert in ("HANDSHAKE_FAILURE", "PROTOCOL_VERSION"))
        return not met.admitted and (met.refusal is None or met.refusal.by is None)


_NAMES = frozenset(mistake.name for mistake in MISTAKES)


def _refused_by_server(met: Knock) -> bool:
    """Tell whether the server itself refused: a dead line or our client's displeasure do not count."""
    return met.refusal is not None and met.refusal.by == "server"


def _cases(draw: Draw) -> Iterator[Case]:
    for tls in get_args(Tls):
        for visitor in get_args(Visitor):
            aspects = (NOBODY, STRANGERS) if visitor == "trusted" else (NOBODY if visitor == "nobody" else STRANGERS,)
            for aspect in aspects:
                scene, own = _Scene(visitor, tls), draw.child(f"{tls} {visitor} {aspect}")
                yield Case(aspect, partial(scene.run, own))


EXERCISE = Exercise(
    id="five-requests-server2-context",
    lesson="06_five_requests",
    title="Configure server2's side",
    points=2.0,
    functions=(FUNCTION,),
    aspects={NOBODY: 1.0, STRANGERS: 1.0},
    cases=_cases,
    mistakes=MISTAKES,
    answered_by=("labsupport.tls.contexts", "labsupport.tls.servers"),
    hint="Three questions decide: what it shows, whom it trusts, and whether it insists.",
)
