"""``read_transcript``: from what a client saw of a connection, tell who refused, in which layer, and when.

The transcripts are records of real handshakes, made for the occasion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import get_args

from labsupport.exercises.draw import Draw
from labsupport.exercises.journal import observe
from labsupport.exercises.model import Case, Exercise, Mistake
from labsupport.exercises.plain import Plain
from labsupport.exercises.verdicts import asking
from labsupport.pki.authority import Authority
from labsupport.tls.contexts import Tls, client_context, server_context
from labsupport.tls.handshake import handshake
from labsupport.tls.trace import Trace

__all__ = ["EXERCISE", "Transcript"]

FUNCTION = "read_transcript"

Reading = tuple[str | None, str | None, str | None]
Event = dict[str, str]

LET_IN: Reading = (None, None, None)


@dataclass(frozen=True)
class Transcript:
    """Events as the client saw them, and the right reading of them."""

    events: tuple[Event, ...]
    expected: Reading

    @property
    def client_finished(self) -> bool:
        """Whether the client sent its Finished, whatever it received."""
        return any(event["from"] == "client" and event["name"] == "Finished" for event in self.events)

    def with_(self, *, by: str | None = None, layer: str | None = None, when: str | None = None) -> Reading:
        """Return the right reading with something else in its place, if it is a refusal at all."""
        if self.expected == LET_IN:
            return LET_IN
        return by or self.expected[0], layer or self.expected[1], when or self.expected[2]


def _other(side: str | None) -> str:
    return "client" if side == "server" else "server"


def _refused_in_tls(transcript: Transcript) -> bool:
    return transcript.expected[1] == "tls"


# Each known mistake: what the card says, and what the mistaken function answers.
MISTAKES: dict[str, tuple[str, Callable[[Transcript], Reading]]] = {
    "own-finished-is-enough": (
        "It takes the handshake for done once the client sent its Finished; in TLS 1.2 the server's is still to come.",
        lambda t: t.with_(when="first read") if _refused_in_tls(t) and t.client_finished else t.expected,
    ),
    "alerts-only-in-the-handshake": (
        "It puts every alert into the handshake; in TLS 1.3 one can come after the client was done.",
        lambda t: t.with_(when="handshake") if _refused_in_tls(t) else t.expected,
    ),
    "receiver-blamed": (
        "It names the side that received the alert; the side that sent it is the one that refused.",
        lambda t: t.with_(by=_other(t.expected[0])) if _refused_in_tls(t) else t.expected,
    ),
    "close-notify-is-a-refusal": (
        "It takes close_notify for a refusal; that alert is how either side says goodbye.",
        lambda t: ("server", "tls", "first read") if t.expected == LET_IN and _says_goodbye(t) else t.expected,
    ),
    "status-not-read": (
        "It takes every HTTP answer for a success; a status of 400 or more is a refusal.",
        lambda t: LET_IN if t.expected[1] == "http" else t.expected,
    ),
    "status-called-tls": (
        "It puts an HTTP status into the TLS layer; TLS carried it and had no objection.",
        lambda t: t.with_(layer="tls") if t.expected[1] == "http" else t.expected,
    ),
}


def _says_goodbye(transcript: Transcript) -> bool:
    return any(event["name"] == "close_notify" for event in transcript.events)


def _events(trace: Trace) -> tuple[Event, ...]:
    return tuple(
        {"from": message.sender, "kind": "alert" if message.alert else "handshake", "name": message.name}
        for message in trace.messages
    )


def _status(code: int) -> Event:
    return {"from": "server", "kind": "http", "name": str(code)}


_GOODBYE: Event = {"from": "server", "kind": "alert", "name": "close_notify"}


def _handshakes(tls: Tls, host: str, client: str, elsewhere: str) -> Iterator[tuple[Event, ...]]:
    """Yield what a client saw when all was well, where nothing was asked of it, and in five refusals."""
    root, other = Authority.root(), Authority.root()
    own = root.issue(host, role="server")
    server = server_context(own, root, tls=tls)
    good = root.issue(client, role="client")

    def seen(server_ca: Authority | None = root, shown: Authority | None = root, name: str = host) -> tuple[Event, ...]:
        identity = good if shown is root else shown.issue("x", role="client") if shown else None
        context = client_context(server_ca, identity, tls=tls)
        return _events(handshake(context, server, server_hostname=name).trace)

    yield seen()
    yield _events(handshake(client_context(root, tls=tls), server_context(own, tls=tls), server_hostname=host).trace)
    yield seen(shown=None)
    yield seen(shown=other)
    yield seen(server_ca=other)
    yield seen(server_ca=None)
    yield seen(name=elsewhere)


def _transcripts(draw: Draw, tls: Tls) -> Iterator[Transcript]:
    about = tls, f"{draw.word()}.test", draw.word(), f"{draw.word()}.test"
    admitted, plain, *refused = observe("seven handshakes", lambda: list(_handshakes(*about)), *about)
    by_server, by_client = refused[:2], refused[2:]
    when = "handshake" if tls == "1.2" else "first read"
    yield Transcript((*admitted, _status(200)), LET_IN)
    yield Transcript((*admitted, _status(draw.choice((200, 204, 301))), _GOODBYE), LET_IN)
    yield Transcript((*plain, _status(200), _GOODBYE), LET_IN)
    yield Transcript((*admitted, _status(draw.choice((400, 403))), _GOODBYE), ("server", "http", "response"))
    yield Transcript((*plain, _status(draw.choice((401, 502)))), ("server", "http", "response"))
    for events in by_server:
        yield Transcript(events, ("server", "tls", when))
    for events in by_client:
        yield Transcript(events, ("client", "tls", "handshake"))


def _cases(draw: Draw) -> Iterator[Case]:
    for tls in get_args(Tls):
        for transcript in _transcripts(draw.child(tls), tls):
            rivals: dict[str, Plain] = {name: mistaken(transcript) for name, (_, mistaken) in MISTAKES.items()}
            events: Plain = [dict(event) for event in transcript.events]
            yield Case(_aspect(tls), asking(FUNCTION, [events], transcript.expected, rivals))


def _aspect(tls: Tls) -> str:
    return f"transcripts of TLS {tls}"


EXERCISE = Exercise(
    id="five-requests-transcript",
    lesson="06_five_requests",
    title="Read a transcript",
    points=2.0,
    functions=(FUNCTION,),
    aspects={_aspect(tls): 1.0 for tls in get_args(Tls)},
    cases=_cases,
    mistakes=tuple(Mistake(name, sentence) for name, (sentence, _) in MISTAKES.items()),
    answered_by=("labsupport.tls.trace", "labsupport.tls.refusal"),
    hint="Lay the two ladders of the lesson side by side: which messages had the client seen when the alert came?",
)
