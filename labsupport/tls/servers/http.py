"""HTTP/1.1 on one TLS connection, parsed and framed by h11: requests and responses as plain frozen records."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import h11

__all__ = ["Request", "Response", "serve_http", "text_response"]

_BODY_LIMIT = 4 * 1024 * 1024
_READ_SIZE = 65536

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """`target` is the path with its query, as sent; header names are in lower case, values as Latin-1 text."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def line(self) -> str:
        """Method and target, cut to what a log line holds."""
        return f"{self.method} {self.target}"[:80]


@dataclass(frozen=True)
class Response:
    """A status, headers (Content-Length is added when it is sent) and a body."""

    status: int
    headers: Headers = ()
    body: bytes = b""


def text_response(status: int, text: str) -> Response:
    """Return a response of plain text, closed by a line feed."""
    return Response(status, (("content-type", "text/plain; charset=utf-8"),), f"{text}\n".encode())


def serve_http(
    tls: ssl.SSLSocket, respond: Callable[[Request], Response], renew: Callable[[], None], refuse: Callable[[str], None]
) -> None:
    """Answer requests on `tls` until either side has had enough.

    `renew` is called before each request is awaited, `refuse` with one line when what came is not HTTP.
    """
    connection = h11.Connection(h11.SERVER)
    try:
        while (request := _receive(connection, tls)) is not None:
            _send(connection, tls, respond(request), head_only=request.method == "HEAD")
            if connection.our_state is h11.MUST_CLOSE:
                return
            connection.start_next_cycle()
            renew()
    except h11.RemoteProtocolError as error:
        refuse(f"not HTTP: {error}"[:120])
        if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            _send(connection, tls, text_response(error.error_status_hint, "This is not a request that HTTP/1.1 knows."))


def _receive(connection: h11.Connection, tls: ssl.SSLSocket) -> Request | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(tls.recv(_READ_SIZE))
        elif isinstance(event, h11.Request):
            head = event
            if connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=HTTPStatus.CONTINUE, headers=[])
                tls.sendall(connection.send(go_on) or b"")
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _BODY_LIMIT:
                raise h11.RemoteProtocolError(
                    f"the body is larger than {_BODY_LIMIT} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                )
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
            return Request(head.method.decode("ascii"), head.target.decode("latin-1"), headers, bytes(body))
        else:
            # The peer closed between requests, or cannot go on.
            return None


def _send(connection: h11.Connection, tls: ssl.SSLSocket, response: Response, *, head_only: bool = False) -> None:
    headers = [*response.headers, ("content-length", str(len(response.body)))]
    reason = HTTPStatus(response.status).phrase.encode("ascii")
    head = connection.send(h11.Response(status_code=response.status, headers=headers, reason=reason)) or b""
    body = b"" if head_only else connection.send(h11.Data(data=response.body)) or b""
    # One write, so that head and body share a TLS record.
    tls.sendall(head + body + (connection.send(h11.EndOfMessage()) or b""))
