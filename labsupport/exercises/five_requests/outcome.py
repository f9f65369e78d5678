"""``outcome``: make a request, and say who refused it and at which layer.

The judge runs the server, in either manner and version, and its log has to show that somebody came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from ssl import CERT_OPTIONAL, CERT_REQUIRED
from typing import Literal, get_args

from labsupport.exercises.callee import Argument, Callee, File
from labsupport.exercises.draw import Draw
from labsupport.exercises.five_requests.peers import Witness, host_name
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.verdicts import compare
from labsupport.pki.authority import Authority
from labsupport.tls.contexts import Tls, server_context
from labsupport.tls.servers.protected import Manner

__all__ = ["EXERCISE", "Scene"]

FUNCTION = "outcome"

Trust = Literal["the right CA", "another CA", "nothing of its own", "verification off"]
Shown = Literal["nothing", "a trusted certificate", "a self-signed certificate"]
Result = tuple[str | None, str | None]

LET_IN: Result = (None, None)
BY_CLIENT: Result = ("client", "tls")
BY_ALERT: Result = ("server", "tls")
BY_STATUS: Result = ("server", "http")


@dataclass(frozen=True)
class Scene:
    """One request: what the client trusts and shows, and the manner of the server."""

    trust: Trust
    shown: Shown
    manner: Manner = "alert"

    @property
    def expected(self) -> Result:
        """Who refuses, and where."""
        return BY_CLIENT if self.trust in ("another CA", "nothing of its own") else self.judged_by_server

    @property
    def judged_by_server(self) -> Result:
        """What the server makes of it, when the client lets it come to that."""
        if self.shown == "a trusted certificate":
            return LET_IN
        return BY_STATUS if self.shown == "nothing" and self.manner == "http" else BY_ALERT

    @property
    def without_certificate(self) -> Result:
        """What would come of it if nothing were shown."""
        return Scene(self.trust, "nothing", self.manner).expected

    @property
    def words(self) -> str:
        """The scene for a card."""
        server = "server answers 400 without a certificate" if self.manner == "http" else "server refuses by alert"
        return f"client trusts {self.trust}, shows {self.shown}; {server}"


SCENES = (
    Scene("nothing of its own", "nothing"),
    Scene("nothing of its own", "a trusted certificate"),
    Scene("another CA", "a trusted certificate"),
    Scene("the right CA", "nothing"),
    Scene("the right CA", "nothing", "http"),
    Scene("verification off", "nothing"),
    Scene("verification off", "nothing", "http"),
    Scene("the right CA", "a self-signed certificate"),
    Scene("the right CA", "a trusted certificate"),
    Scene("the right CA", "a trusted certificate", "http"),
)


def _tls_errors_as(by: str) -> Callable[[Scene], Result]:
    return lambda scene: (by, "tls") if scene.expected[1] == "tls" else scene.expected


# Each known mistake: what the card says, and what the mistaken function answers.
MISTAKES: dict[str, tuple[str, Callable[[Scene], Result]]] = {
    "every-error-is-the-servers": (
        "It blames the server for every TLS error, also when it was this side that did not trust the certificate.",
        _tls_errors_as("server"),
    ),
    "every-error-is-the-clients": (
        "It blames the client for every TLS error, also when the other side sent an alert.",
        _tls_errors_as("client"),
    ),
    "status-not-read": (
        "It takes every response for a success; a status of 400 is a refusal too.",
        lambda scene: LET_IN if scene.expected == BY_STATUS else scene.expected,
    ),
    "status-called-tls": (
        "It puts every refusal into TLS; one that arrives as an HTTP status was made above it.",
        lambda scene: BY_ALERT if scene.expected == BY_STATUS else scene.expected,
    ),
    "verification-off": (
        "It never verifies the server: what `verify` says does not reach the request.",
        lambda scene: scene.judged_by_server,
    ),
    "certificate-not-sent": (
        "It does not show the certificate that it was given.",
        lambda scene: scene.without_certificate,
    ),
}


def _run(scene: Scene, tls: Tls, draw: Draw, callee: Callee) -> Outcome:
    host = host_name(draw)
    root = Authority.root()
    verify = CERT_REQUIRED if scene.manner == "alert" else CERT_OPTIONAL
    context = server_context(root.issue(host, role="server"), root, verify=verify, tls=tls)
    with Witness(host, context, body=draw.word(), certificate_required=True) as server:
        answer = callee.call(FUNCTION, server.address(), *_arguments(scene, root, draw))
        seen = server.seen().verdicts
    rivals = {name: mistaken(scene) for name, (_, mistaken) in MISTAKES.items()}
    judged = compare(answer, scene.expected, scene.words, rivals)
    if judged.passed and not seen:
        return Outcome(False, scene.words, "a request that reaches the server", "the server saw nobody")
    return judged


def _arguments(scene: Scene, root: Authority, draw: Draw) -> tuple[Argument, Argument, Argument]:
    verify: dict[Trust, Argument] = {
        "the right CA": File("ca.pem", root.certificate_pem),
        "another CA": File("ca.pem", Authority.root().certificate_pem),
        "nothing of its own": True,
        "verification off": False,
    }
    if scene.shown == "nothing":
        return verify[scene.trust], None, None
    name = f"client-{draw.word()}"
    trusted = scene.shown == "a trusted certificate"
    identity = root.issue(name, role="client") if trusted else Authority.self_signed(name)
    certificate, key = File("client.crt.pem", identity.chain_pem), File("client.key.pem", identity.key_pem)
    return verify[scene.trust], certificate, key


def _cases(draw: Draw) -> Iterator[Case]:
    for tls in get_args(Tls):
        for number, scene in enumerate(SCENES):
            yield Case(_aspect(tls), partial(_run, scene, tls, draw.child(f"{tls} {number}")))


def _aspect(tls: Tls) -> str:
    return f"who and where, in TLS {tls}"


EXERCISE = Exercise(
    id="five-requests-outcome",
    lesson="06_five_requests",
    title="Tell who refused, and at which layer",
    points=2.0,
    functions=(FUNCTION,),
    aspects={_aspect(tls): 1.0 for tls in get_args(Tls)},
    cases=_cases,
    mistakes=tuple(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
    answered_by=("labsupport.tls.refusal", "labsupport.tls.experiments"),
    hint="Print what the failing request raised, down to the innermost exception: which attribute only one side has?",
)
