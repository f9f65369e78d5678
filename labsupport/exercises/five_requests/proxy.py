"""``forward``: server1 in a function: two paths, no borrowed identities, and 502 when server2 will not talk.

The judge is server2, and knows what reached it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from labsupport.exercises.callee import Answer, Callee, Url
from labsupport.exercises.draw import Draw
from labsupport.exercises.five_requests.peers import Witness, client_files, host_name
from labsupport.exercises.journal import observe
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome
from labsupport.exercises.verdicts import answered, spoken
from labsupport.pki.authority import Authority
from labsupport.tls.contexts import server_context
from labsupport.tls.loopback import bound_socket

__all__ = ["EXERCISE"]

FUNCTION = "forward"
PATHS = "two paths pass, and no others"
HEADERS = "claims of identity stay outside, other headers pass"
TROUBLE = "502 when server2 cannot be reached or trusted"

ALLOWED = ("/", "/whoami")
# A path that is allowed only to a careless eye, and the carelessness.
_FORBIDDEN = (
    ("/ledger", None),
    ("/whoami/ledger", "prefix-compared"),
    ("/whoamis", "prefix-compared"),
    ("//ledger", None),
    ("/whoami/../ledger", "prefix-compared"),
    ("/ledger/whoami", None),
)
_CLAIMS = (
    "Client-Cert",
    "Client-Cert-Chain",
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Client-Cert",
    "X-Client-Cert",
)

Trouble = Literal["impostor", "refuses-us", "down"]

_TROUBLES: dict[Trouble, str] = {
    "impostor": "an impostor sits at server2's address",
    "refuses-us": "server2 does not trust the proxy's certificate",
    "down": "nobody listens at server2's address",
}

MISTAKES = (
    Mistake("forwards-everything", "It forwards every path, also those that were not meant for the outside."),
    Mistake("prefix-compared", "It compares how a path begins; what follows an allowed beginning is let through too."),
    Mistake("identity-passed-on", "It passes on what the outside claims about identities."),
    Mistake(
        "case-sensitive", "It looks for header names in one spelling; HTTP does not care about upper and lower case."
    ),
    Mistake("drops-everything", "It drops every header, also those that claim nothing."),
    Mistake("lets-the-exception-out", "It lets the exception out: whoever asked gets no HTTP answer at all."),
    Mistake("server2-not-verified", "It does not verify server2, and hands the request to an impostor."),
    Mistake("certificate-not-shown", "It does not show server1's certificate to server2."),
)


_UNSHOWN = frozenset({"certificate-not-shown"})


@dataclass
class _Stage:
    """A server2 for one call, and how to call the proxy in front of it."""

    draw: Draw
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.host = host_name(self.draw)
        self.body = self.draw.word()
        self.root = Authority.root()
        self.identity = self.root.issue(f"proxy-{self.draw.word()}", role="client")

    def server2(self, *, impostor: bool = False, refuses_us: bool = False) -> Witness:
        """Return server2 as the case wants it, not started yet."""
        issuer = Authority.root() if impostor else self.root
        client_ca = Authority.root() if refuses_us else self.root
        # An impostor takes anybody's certificate, or it would give itself away.
        context = server_context(issuer.issue(self.host, role="server"), None if impostor else client_ca)
        return Witness(self.host, context, body=self.body)

    def ask(self, callee: Callee, port: int) -> Answer:
        """Call the proxy once."""
        address = Url(self.host, port, "")
        return callee.call(FUNCTION, self.path, dict(self.headers), address, *client_files(self.root, self.identity))


def _path(path: str, careless: str | None, draw: Draw, callee: Callee) -> Outcome:
    stage = _Stage(draw, path, {"Accept": "text/plain"})
    with stage.server2() as server2:
        answer = stage.ask(callee, server2.port)
        saw = server2.seen()
    seen = [request.path for request, _ in saw.requests]
    tried = f"GET {path}"
    if path in ALLOWED:
        return _passes(answer, tried, stage.body, seen == [path], saw.without_certificate)
    expected = "(403, …), and nothing reaches server2"
    if (failed := answered(answer, tried, expected)) is not None and not seen:
        return failed
    suspects = frozenset({"forwards-everything", *([careless] if careless else [])})
    if seen:
        got = f"{spoken(answer)}, and server2 was asked for {seen[0]}"
        return Outcome(False, tried, expected, got, suspects, frozenset({"prefix-compared"} - suspects))
    return Outcome(_status(answer) == 403, tried, expected, spoken(answer), cleared=suspects)


def _passes(answer: Answer, tried: str, body: str, reached: bool, anonymous: bool) -> Outcome:
    expected = f"(200, {body!r}) from server2"
    suspects = _UNSHOWN if anonymous else frozenset[str]()
    if (failed := answered(answer, tried, expected)) is not None and not suspects:
        return failed
    passed = _status(answer) == 200 and _text(answer).strip() == body
    if passed and not reached:
        return Outcome(False, tried, expected, "that answer, but server2 was not asked for this path")
    return Outcome(passed, tried, expected, spoken(answer), suspects, _UNSHOWN - suspects)


def _header(name: str, claim: bool, draw: Draw, callee: Callee) -> Outcome:
    value = draw.word()
    stage = _Stage(draw, "/whoami", {name: value})
    with stage.server2() as server2:
        answer = stage.ask(callee, server2.port)
        saw = server2.seen()
    seen = [dict(request.headers) for request, _ in saw.requests]
    anonymous = saw.without_certificate
    tried = f"GET /whoami with {name}: {value}"
    expected = "forwarded without that header" if claim else "forwarded with that header"
    suspects = _UNSHOWN if anonymous else frozenset[str]()
    if (failed := answered(answer, tried, expected)) is not None and not anonymous:
        return failed
    if len(seen) != 1 or _status(answer) != 200:
        return Outcome(False, tried, expected, f"{spoken(answer)}; server2 saw {saw.count} requests", suspects)
    arrived = seen[0].get(name.lower()) == value
    if not claim:
        dropped = frozenset({"drops-everything"})
        got = "server2 saw it" if arrived else "server2 did not see it"
        return Outcome(
            arrived, tried, expected, got, frozenset() if arrived else dropped, dropped if arrived else frozenset()
        )
    unusual = name not in _CLAIMS
    suspects = frozenset({"identity-passed-on", *(["case-sensitive"] if unusual else [])})
    if arrived:
        return Outcome(False, tried, expected, "server2 saw it", suspects, frozenset({"case-sensitive"} - suspects))
    return Outcome(True, tried, expected, "server2 did not see it", cleared=frozenset({"identity-passed-on"}))


def _trouble(kind: Trouble, draw: Draw, callee: Callee) -> Outcome:
    stage = _Stage(draw)
    reached = False
    if kind == "down":
        # Bound and not listening: nobody answers here, and nobody else can take the port meanwhile.
        with ExitStack() as stack:

            def bind() -> int:
                return int(stack.enter_context(bound_socket()).getsockname()[1])

            answer = stage.ask(callee, observe("a port where nobody listens", bind))
    else:
        with stage.server2(impostor=kind == "impostor", refuses_us=kind == "refuses-us") as server2:
            answer = stage.ask(callee, server2.port)
            reached = server2.seen().count > 0
    tried, expected = _TROUBLES[kind], "(502, …)"
    if answer.fault is not None or answer.unwritten:
        return answered(answer, tried, expected) or Outcome(False, tried, expected, spoken(answer))
    if reached:
        got = f"{spoken(answer)}, and the impostor had the request"
        return Outcome(False, tried, expected, got, frozenset({"server2-not-verified"}))
    out = frozenset({"lets-the-exception-out"})
    if answer.error is not None:
        return Outcome(False, tried, expected, spoken(answer), out)
    return Outcome(_status(answer) == 502, tried, expected, spoken(answer), cleared=out)


def _status(answer: Answer) -> int | None:
    value = answer.value
    return value[0] if type(value) is tuple and len(value) == 2 and type(value[0]) is int else None


def _text(answer: Answer) -> str:
    value = answer.value
    return value[1] if type(value) is tuple and len(value) == 2 and type(value[1]) is str else ""


def _cases(draw: Draw) -> Iterator[Case]:
    for path in ALLOWED:
        for aspect in (PATHS, TROUBLE):
            # An answer of 502 to everything earns nothing: the good case counts with the bad ones.
            yield Case(aspect, partial(_path, path, None, draw.child(f"{aspect} {path}")))
    for path, careless in _FORBIDDEN:
        yield Case(PATHS, partial(_path, path, careless, draw.child(path)))
    for name in _CLAIMS:
        yield Case(HEADERS, partial(_header, name, True, draw.child(name)))
    for name in (_CLAIMS[0].lower(), _CLAIMS[3].upper()):
        yield Case(HEADERS, partial(_header, name, True, draw.child(name)))
    for name in ("X-Request-Id", "Accept-Language"):
        yield Case(HEADERS, partial(_header, name, False, draw.child(name)))
    for kind in get_args(Trouble):
        yield Case(TROUBLE, partial(_trouble, kind, draw.child(kind)))


EXERCISE = Exercise(
    id="five-requests-proxy",
    lesson="06_five_requests",
    title="server1 in one function",
    points=3.0,
    functions=(FUNCTION,),
    aspects={PATHS: 1.0, HEADERS: 1.0, TROUBLE: 1.0},
    cases=_cases,
    mistakes=MISTAKES,
    answered_by=("labsupport.tls.servers",),
    hint="Decide before you forward: is the path exactly one of the two, and what may travel with it?",
)
