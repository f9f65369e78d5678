"""The judge as the other end of the connection: a client that knocks, and servers that witness.

What these ends see is all that counts; nothing that the callee says about a connection is believed.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Self

from labsupport.exercises.callee import WELCOME, Callee, File, Handle, Url
from labsupport.exercises.draw import Draw
from labsupport.exercises.journal import observe
from labsupport.exercises.plain import Plain
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.handshake import End
from labsupport.tls.refusal import Refusal, refusal_of
from labsupport.tls.servers.http import Request, Response, serve_http, text_response
from labsupport.tls.servers.listener import Connection, Listener
from labsupport.tls.servers.log import AccessLog
from labsupport.tls.servers.protected import peer_names
from labsupport.tls.servers.server import Server
from labsupport.tls.trace import Recorder

__all__ = ["Knock", "Seen", "Witness", "client_files", "host_name", "knock"]

_ROUNDS = 20
# A record has room for so many requests and reasons; right answers make one request.
_KEPT = 5
_REASONS = 50


@dataclass(frozen=True)
class Knock:
    """What a client met at a door: let in, or a refusal as the client can know it."""

    admitted: bool
    refusal: Refusal | None

    @property
    def words(self) -> str:
        """The result for a card."""
        if self.admitted:
            return "let in"
        if self.refusal is None:
            return "the connection came to nothing"
        who = {"client": "the judge's client refused", "server": "refused"}.get(self.refusal.by or "", "no handshake")
        return f"{who} ({self.refusal.reason})"


def knock(callee: Callee, handle: Handle, context: ssl.SSLContext, host: str) -> Knock:
    """Connect once, as a client with `context`, to the server context behind `handle`, all in memory."""
    return observe(
        "what a client met", partial(_knock, callee, handle, context, host), host, to=_told, back=_knock_from
    )


def _told(met: Knock) -> Plain:
    return {"admitted": met.admitted, "refusal": None if met.refusal is None else asdict(met.refusal)}


def _knock_from(told: Any) -> Knock:
    return Knock(told["admitted"], None if told["refusal"] is None else Refusal(**told["refusal"]))


def _knock(callee: Callee, handle: Handle, context: ssl.SSLContext, host: str) -> Knock:
    recorder = Recorder("client")
    recorder.attach(context)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    end = End(context.wrap_bio(incoming, outgoing, server_hostname=host))
    wire = callee.accept(handle)
    try:
        for _ in range(_ROUNDS):
            end.advance()
            if end.error is not None or end.done:
                break
            answer = wire.exchange(outgoing.read())
            if answer:
                incoming.write(answer)
            else:
                incoming.write_eof()
    finally:
        wire.close()
    refusal = None if end.error is None else refusal_of(end.error, recorder.trace)
    return Knock(end.done and end.received == WELCOME, refusal)


@dataclass(frozen=True)
class Seen:
    """What a server saw: how many requests, the first of them with the names in the client's certificate.

    `verdicts` counts the lines of its log, `reasons` are the different reasons there.
    """

    count: int
    requests: tuple[tuple[Request, tuple[str, ...]], ...]
    verdicts: int
    reasons: tuple[str, ...]

    @property
    def without_certificate(self) -> bool:
        """Whether a client that was asked for a certificate showed none."""
        return "PEER_DID_NOT_RETURN_A_CERTIFICATE" in self.reasons


def _seen_to(seen: Seen) -> Plain:
    # Without the bodies, which no verdict depends on.
    requests = [(request.method, request.target, peer, request.headers) for request, peer in seen.requests]
    return {"count": seen.count, "verdicts": seen.verdicts, "reasons": seen.reasons, "requests": requests}


def _seen_from(told: Any) -> Seen:
    requests = tuple((Request(method, target, headers), peer) for method, target, peer, headers in told["requests"])
    return Seen(told["count"], requests, told["verdicts"], told["reasons"])


class Witness(Server):
    """An HTTPS server of the judge's that remembers who asked for what; `body` is what it answers.

    On a replay it never starts: its port and what it saw come from the record.
    """

    def __init__(
        self,
        host: str,
        context: ssl.SSLContext,
        *,
        body: str = "",
        respond: Callable[[Request], Response] | None = None,
        certificate_required: bool = False,
    ) -> None:
        self._requests: list[tuple[Request, tuple[str, ...]]] = []  # the first ones; nobody looks at more
        self._count = 0
        self._counting = threading.Lock()
        self._port = 0
        self._respond = respond or (lambda _: text_response(200, body))
        self._certificate_required = certificate_required
        log = AccessLog(host)
        super().__init__(host, Listener(host, context, self._serve, log), log)

    def _serve(self, tls: ssl.SSLSocket, connection: Connection) -> None:
        peer = peer_names(tls)

        def respond(request: Request) -> Response:
            with self._counting:
                self._count += 1
                if len(self._requests) < _KEPT:
                    # A client may send as many bodies as it likes; nobody looks at them.
                    self._requests.append((replace(request, body=b""), peer))
            if self._certificate_required and not peer:
                response = text_response(400, "no client certificate was presented")
            else:
                response = self._respond(request)
            self.log.add(peer=peer, admitted=response.status < 400, layer="http", request=request.line)
            return response

        def refuse(reason: str) -> None:
            self.log.add(peer=peer, admitted=False, layer="http", reason=reason)

        serve_http(tls, respond, connection.renew, refuse)

    def address(self, path: str = "/") -> Url:
        """Return the server's address as an argument for a callee."""
        return Url(self.name, self.port, path)

    def seen(self) -> Seen:
        """Return what came so far."""
        return observe("what the judge's server saw", self._look, self.name, to=_seen_to, back=_seen_from)

    def _look(self) -> Seen:
        verdicts = self.log.entries()
        reasons = sorted({verdict.reason for verdict in verdicts})[:_REASONS]
        with self._counting:
            return Seen(self._count, tuple(self._requests), len(verdicts), tuple(reasons))

    @property
    def port(self) -> int:
        """The port, also of a server that is only remembered."""
        return self._port

    def _begin(self) -> int:
        self.start()
        return super().port

    def __enter__(self) -> Self:
        self._port = observe("port of the judge's server", self._begin, self.name)
        return self


def host_name(draw: Draw) -> str:
    """Draw a host name that no earlier case had."""
    return f"{draw.word()}.test"


def client_files(authority: Authority, identity: Identity) -> tuple[File, File, File]:
    """Return CA, certificate and key as the three path arguments of a client."""
    return (
        File("ca.pem", authority.certificate_pem),
        File("client.crt.pem", identity.chain_pem),
        File("client.key.pem", identity.key_pem),
    )
