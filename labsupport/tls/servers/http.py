"""HTTP/1.1 on one TLS connection, parsed and framed by h11: requests and responses as plain frozen records."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Literal

import h11

__all__ = ["Headers", "Moment", "Request", "Response", "not_allowed", "serve_http", "text_response"]

_BODY_LIMIT = 4 * 1024 * 1024
_READ_SIZE = 65536

Headers = tuple[tuple[str, str], ...]
# Where in the exchange a connection broke off.
Moment = Literal["before a request", "in mid-request", "in mid-answer"]


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
    """A status, headers and a body; Content-Length is added when it is sent, where the headers have none."""

    status: int
    headers: Headers = ()
    body: bytes = b""


def text_response(status: int, text: str) -> Response:
    """Return a response of plain text, closed by a line feed."""
    return Response(status, (("content-type", "text/plain; charset=utf-8"),), f"{text}\n".encode())


def not_allowed(who: str, methods: tuple[str, ...]) -> Response:
    """Return a 405 with the Allow header that RFC 9110 section 15.5.6 asks for; `who` begins its sentence."""
    listed = ", ".join(methods)
    response = text_response(405, f"405: {who} {listed}, no other method.")
    return replace(response, headers=(*response.headers, ("allow", listed)))


def serve_http(
    tls: ssl.SSLSocket,
    respond: Callable[[Request], Response],
    renew: Callable[[], None],
    refuse: Callable[[str], None],
    broke_off: Callable[[Moment], None] | None = None,
) -> None:
    """Answer requests on `tls` until either side has had enough.

    `renew` is called before each request but the first is awaited, `refuse` with one line when what came is not HTTP,
    `broke_off` when the line was cut or time ran out; a client that leaves after an answer has every right to.
    """
    connection = h11.Connection(h11.SERVER)
    moment: Moment | None = "before a request"
    try:
        while True:
            request = _receive(connection, tls)
            response = respond(request)
            moment = "in mid-answer"
            _send(connection, tls, response, head_only=request.method == "HEAD")
            if connection.our_state is h11.MUST_CLOSE:
                return
            connection.start_next_cycle()
            moment = None
            renew()
    except h11.RemoteProtocolError as error:
        refuse(f"not HTTP: {error}"[:120])
        if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            status = HTTPStatus(error.error_status_hint)
            _send(connection, tls, text_response(status, f"{status}: this server cannot read the request."))
    except (EOFError, OSError):
        if moment != "in mid-answer" and (connection.their_state is not h11.IDLE or connection.trailing_data[0]):
            moment = "in mid-request"
        if moment is not None and broke_off is not None:
            broke_off(moment)


def _receive(connection: h11.Connection, tls: ssl.SSLSocket) -> Request:
    """Return the next request; raises EOFError where the line ends, h11.RemoteProtocolError for what is not HTTP."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = tls.recv(_READ_SIZE)
            if not data:
                raise EOFError
            connection.receive_data(data)
        elif isinstance(event, h11.Request):
            head = event
            _check_head(head)
            if connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=HTTPStatus.CONTINUE, headers=[])
                tls.sendall(connection.send(go_on) or b"")
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _BODY_LIMIT:
                raise h11.RemoteProtocolError(
                    f"the body is larger than {_BODY_LIMIT} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                )
        else:
            assert head is not None, "h11 ends no message that has not begun"
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
            return Request(head.method.decode("ascii"), head.target.decode("latin-1"), headers, bytes(body))


def _check_head(head: h11.Request) -> None:
    if not head.http_version.startswith(b"1."):
        raise h11.RemoteProtocolError("another version of HTTP", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    if head.method == b"CONNECT":
        raise h11.RemoteProtocolError("a wish for a tunnel", HTTPStatus.NOT_IMPLEMENTED)
    # Two servers in a row may read such a request differently, one of them a second request inside the first: RFC 9112
    # section 6.1 lets a server refuse it.
    if {b"content-length", b"transfer-encoding"} <= {name for name, _ in head.headers}:
        raise h11.RemoteProtocolError("both Content-Length and Transfer-Encoding")


def _send(connection: h11.Connection, tls: ssl.SSLSocket, response: Response, *, head_only: bool = False) -> None:
    headers = list(response.headers)
    if not any(name == "content-length" for name, _ in headers):
        headers.append(("content-length", str(len(response.body))))
    known = response.status in HTTPStatus._value2member_map_
    reason = HTTPStatus(response.status).phrase.encode("ascii") if known else b""
    head = connection.send(h11.Response(status_code=response.status, headers=headers, reason=reason)) or b""
    body = b"" if head_only else connection.send(h11.Data(data=response.body)) or b""
    # One write, so that head and body share a TLS record.
    tls.sendall(head + body + (connection.send(h11.EndOfMessage()) or b""))
