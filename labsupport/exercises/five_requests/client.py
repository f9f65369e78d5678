"""``fetch``: a client that shows its certificate, and speaks with the genuine server only.

The judge runs the genuine server and its impostors. An impostor must never get as far as reading a request.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.five_requests.peers import Witness, client_files, host_name
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.verdicts import answered, spoken
from labsupport.pki.authority import Authority
from labsupport.pki.zoo import Flaw, specimen
from labsupport.tls.contexts import Tls, limit_version, server_context

__all__ = ["EXERCISE"]

FUNCTION = "fetch"
GENUINE = "the genuine server, and no impostor"
STRICT = "sound certificates, and no flawed ones"

Impostor = Literal["other-ca", "self-signed", "other-name"]

_IMPOSTORS: dict[Impostor, str] = {
    "other-ca": "an impostor with a certificate of another CA",
    "self-signed": "an impostor with a certificate that it signed itself",
    "other-name": "a server of the same CA under another name",
}
_FLAWS: dict[Flaw, str] = {
    "no-san": "a server whose certificate has a common name and no SubjectAltName",
    "no-authority-key-identifier": "a server whose certificate has no AuthorityKeyIdentifier",
    "ca-without-key-usage": "a server whose CA certificate has no keyUsage",
}

MISTAKES = (
    Mistake("not-verified", "It speaks with anybody: the server's certificate is not verified."),
    Mistake("name-not-checked", "It accepts any certificate of the CA, whatever name is in it."),
    Mistake("certificate-not-shown", "It does not show its own certificate, so server2 refuses it."),
    Mistake("not-strict", "It forgives certificates what a strict verifier refuses: no flag asks for strictness."),
)


def _genuine(tls: Tls | None, draw: Draw, callee: Callee) -> Outcome:
    """Let it fetch from the genuine server, which knows what it sent and whom it saw."""
    host, body, name = host_name(draw), draw.word(), f"client-{draw.word()}"
    root = Authority.root()
    identity = root.issue(name, role="client")
    context = server_context(root.issue(host, role="server"), root, tls=tls)
    tried = f"the genuine server{f', TLS {tls} only' if tls else ''}"
    with Witness(host, context, body=body) as server:
        address = server.address(f"/{draw.word()}")
        answer = callee.call(FUNCTION, address, *client_files(root, identity))
        saw = server.seen()
    expected = f"(200, {body!r}), asked by {name}"
    seen = [(request.line, names) for request, names in saw.requests]
    suspects = frozenset({"certificate-not-shown"} if saw.without_certificate else ())
    if (failed := answered(answer, tried, expected)) is not None and not suspects:
        return failed
    value = answer.value
    right = type(value) is tuple and len(value) == 2 and value[0] == 200 and str(value[1]).strip() == body
    if right and seen != [(f"GET {address.path}", (name,))]:
        told = "; ".join(f"{line} by {', '.join(names) or 'nobody known'}" for line, names in seen) or "nothing"
        return Outcome(False, f"{tried}, GET {address.path}", expected, f"the server saw: {told}")
    return Outcome(right, tried, expected, spoken(answer), suspects, frozenset({"certificate-not-shown"} - suspects))


@dataclass(frozen=True)
class _Door:
    """A server that must not be spoken with, and the mistakes that would let a client speak with it."""

    words: str
    mistakes: frozenset[str]

    def run(
        self, context: ssl.SSLContext, host: str, root: Authority, ca: bytes, draw: Draw, callee: Callee
    ) -> Outcome:
        """Let it fetch from here; right is an exception, and no request at the server."""
        files = client_files(root, root.issue(f"client-{draw.word()}", role="client"))
        trusted = type(files[0])("ca.pem", ca)
        with Witness(host, context, body=draw.word()) as server:
            answer = callee.call(FUNCTION, server.address(), trusted, *files[1:])
            reached = server.seen().count > 0
        expected = "an exception, before any request is sent"
        if answer.fault is not None or answer.unwritten:
            return answered(answer, self.words, expected) or Outcome(False, self.words, expected, spoken(answer))
        known = frozenset(mistake.name for mistake in MISTAKES if mistake.name != "certificate-not-shown")
        if reached:
            got = f"{spoken(answer)}, and the request had reached that server"
            return Outcome(False, self.words, expected, got, self.mistakes, known - self.mistakes)
        return Outcome(answer.error is not None, self.words, expected, spoken(answer), cleared=self.mistakes)


def _impostor(kind: Impostor, draw: Draw, callee: Callee) -> Outcome:
    host = host_name(draw)
    root = Authority.root()
    identity = {
        "other-ca": lambda: Authority.root().issue(host, role="server"),
        "self-signed": lambda: Authority.self_signed(host, role="server"),
        "other-name": lambda: root.issue(host_name(draw), role="server"),
    }[kind]()
    mistakes = frozenset({"not-verified", "name-not-checked"} if kind == "other-name" else {"not-verified"})
    door = _Door(_IMPOSTORS[kind], mistakes)
    return door.run(server_context(identity), host, root, root.certificate_pem, draw, callee)


def _flawed(flaw: Flaw, draw: Draw, callee: Callee) -> Outcome:
    host = host_name(draw)
    found = specimen(flaw, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    limit_version(context, None)
    context.load_cert_chain(*found.identity.files, password=b"")
    # A missing SubjectAltName is a matter of names, the others are a matter of strictness.
    mistakes = frozenset({"not-verified", "name-not-checked"} if flaw == "no-san" else {"not-verified", "not-strict"})
    door = _Door(_FLAWS[flaw], mistakes)
    return door.run(context, host, Authority.root(), found.ca_pem, draw, callee)


def _cases(draw: Draw) -> Iterator[Case]:
    for tls in (*get_args(Tls), None):
        for aspect in (GENUINE, STRICT):
            yield Case(aspect, partial(_genuine, tls, draw.child(f"{aspect} {tls}")))
    for kind in get_args(Impostor):
        yield Case(GENUINE, partial(_impostor, kind, draw.child(kind)))
    for flaw in _FLAWS:
        yield Case(STRICT, partial(_flawed, flaw, draw.child(flaw)))


EXERCISE = Exercise(
    id="five-requests-client",
    lesson="06_five_requests",
    title="A client with a context of its own",
    points=2.0,
    functions=(FUNCTION,),
    aspects={GENUINE: 1.0, STRICT: 1.0},
    cases=_cases,
    mistakes=MISTAKES,
    answered_by=("labsupport.tls.contexts", "labsupport.tls.servers"),
    hint="Everything that is checked or shown in TLS is a property of the SSLContext that the adapter hands over.",
)
