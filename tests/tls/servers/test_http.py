"""HTTP on one connection: what is answered, what is refused, and what is told of a line that breaks off."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import h11
import pytest

from labsupport.tls.servers.http import Request, Response, not_allowed, serve_http, text_response


@dataclass
class Exchange:
    """A connection whose other end this test holds, and what the server's side was told."""

    near: socket.socket
    far: socket.socket
    requests: list[Request] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    broke_off: list[str] = field(default_factory=list)
    renewed: int = 0
    respond: Callable[[Request], Response] | None = None
    fault: BaseException | None = None

    def _respond(self, request: Request) -> Response:
        self.requests.append(request)
        return self.respond(request) if self.respond else text_response(200, f"you asked for {request.target}")

    def _renew(self) -> None:
        self.renewed += 1

    def serve(self) -> None:
        # A plain socket has all that is asked of a TLS one here.
        far: Any = self.far
        try:
            serve_http(far, self._respond, self._renew, self.refused.append, self.broke_off.append)
        except BaseException as fault:
            self.fault = fault
        finally:
            # What is still under way would otherwise be answered with a reset.
            with contextlib.suppress(OSError):
                self.far.shutdown(socket.SHUT_WR)
                while self.far.recv(65536):
                    pass
            self.far.close()

    def run(self, *sent: bytes) -> bytes:
        """Send, say that nothing more will come, and return all that came back."""
        thread = threading.Thread(target=self.serve)
        thread.start()
        for data in sent:
            self.near.sendall(data)
        self.near.shutdown(socket.SHUT_WR)
        received = bytearray()
        while data := self.near.recv(65536):
            received += data
        thread.join()
        assert self.fault is None
        return bytes(received)


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(30)
        yield Exchange(near, far)


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CLOSE = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def test_a_request_as_it_came_and_its_answer(exchange: Exchange) -> None:
    received = exchange.run(b"GET /a%20b?c=d HTTP/1.1\r\nHost: x\r\nX-Odd:  \xe4 \r\n\r\n")
    assert exchange.requests == [Request("GET", "/a%20b?c=d", (("host", "x"), ("x-odd", "ä")), b"")]
    head, _, body = received.partition(b"\r\n\r\n")
    assert body == b"you asked for /a%20b?c=d\n"
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK",
        b"content-type: text/plain; charset=utf-8",
        b"content-length: 25",
    ]
    assert exchange.requests[0].path == "/a%20b"
    assert exchange.requests[0].line == "GET /a%20b?c=d"


def test_a_log_line_is_short_whatever_was_asked() -> None:
    assert len(Request("GET", "/" + "x" * 999).line) == 80


def test_requests_one_after_the_other(exchange: Exchange) -> None:
    assert statuses(exchange.run(GET, GET, CLOSE)) == [200, 200, 200]
    assert exchange.renewed == 2
    assert exchange.broke_off == []


def test_requests_sent_at_once_are_answered_in_order(exchange: Exchange) -> None:
    received = exchange.run(GET + b"POST /two HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + CLOSE + GET)
    assert [request.target for request in exchange.requests] == ["/", "/two", "/last"]
    assert exchange.requests[1].body == b"abc"
    # What comes after the goodbye is not looked at.
    assert statuses(received) == [200, 200, 200]


def test_one_byte_at_a_time(exchange: Exchange) -> None:
    assert statuses(exchange.run(*(bytes([byte]) for byte in CLOSE))) == [200]


def test_head_has_the_length_and_no_body(exchange: Exchange) -> None:
    received = exchange.run(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + CLOSE)
    first, _, rest = received.partition(b"\r\n\r\n")
    assert b"content-length: 16" in first
    assert rest.startswith(b"HTTP/1.1 200")


def test_the_old_version_gets_its_answer_and_the_door(exchange: Exchange) -> None:
    received = exchange.run(b"GET / HTTP/1.0\r\n\r\n", GET)
    assert statuses(received) == [200]
    assert b"connection: close" in received.lower()
    assert exchange.broke_off == []


def test_a_chunked_body_is_put_together(exchange: Exchange) -> None:
    exchange.run(
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert exchange.requests[0].body == b"abcde"


def test_who_asks_before_sending_is_told_to_go_on(exchange: Exchange) -> None:
    received = exchange.run(
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n", b"ab"
    )
    assert statuses(received) == [100, 200]
    assert exchange.requests[0].body == b"ab"


def test_a_wish_to_switch_protocols_is_passed_over(exchange: Exchange) -> None:
    wish = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert statuses(exchange.run(wish + CLOSE)) == [200, 200]


# What is not HTTP, or too much of it


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03garbage\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", 431),
        (b"G" * 200_000, 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n", 400),
    ],
)
def test_what_is_not_http_is_refused_in_words(sent: bytes, status: int, exchange: Exchange) -> None:
    received = exchange.run(sent + GET)
    assert statuses(received) == [status]
    assert f"{status}: this server cannot read the request.".encode() in received
    assert exchange.requests == []
    assert len(exchange.refused) == 1
    assert exchange.refused[0].startswith("not HTTP: ")
    assert len(exchange.refused[0]) <= 120
    assert exchange.broke_off == []


def test_a_body_beyond_the_limit_is_refused(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labsupport.tls.servers.http._BODY_LIMIT", 1000)
    received = exchange.run(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" + bytes(1001))
    assert statuses(received) == [413]
    assert "larger than 1000 bytes" in exchange.refused[0]


def test_a_body_at_the_limit_is_taken(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labsupport.tls.servers.http._BODY_LIMIT", 1000)
    assert statuses(exchange.run(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + bytes(1000))) == [200]
    assert len(exchange.requests[0].body) == 1000


def test_garbage_after_a_good_request_is_refused_after_its_answer(exchange: Exchange) -> None:
    assert statuses(exchange.run(GET + b"\0\0\0\r\n\r\n")) == [200, 400]
    assert len(exchange.refused) == 1


# Lines that break off


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", ["before a request"]),
        (b"GET", ["in mid-request"]),
        (GET[:-2], ["in mid-request"]),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab", ["in mid-request"]),
        (GET, []),
        (GET + b"GET", ["in mid-request"]),
    ],
)
def test_a_line_that_ends_early_is_told(sent: bytes, told: list[str], exchange: Exchange) -> None:
    exchange.run(sent)
    assert exchange.broke_off == told
    assert exchange.refused == []


def test_a_client_that_leaves_in_mid_answer_is_told(exchange: Exchange) -> None:
    answered = threading.Event()

    def large(_: Request) -> Response:
        answered.set()
        return Response(200, (), bytes(50_000_000))

    exchange.respond = large
    thread = threading.Thread(target=exchange.serve)
    thread.start()
    exchange.near.sendall(GET)
    answered.wait(30)
    exchange.near.recv(10)
    exchange.near.close()
    thread.join()
    assert exchange.fault is None
    assert exchange.broke_off == ["in mid-answer"]


def test_nobody_needs_to_be_told(exchange: Exchange) -> None:
    exchange.near.close()
    far: Any = exchange.far
    serve_http(far, exchange._respond, exchange._renew, exchange.refused.append)
    assert exchange.requests == []


# Responses


def test_a_status_without_a_name_and_a_length_of_its_own(exchange: Exchange) -> None:
    exchange.respond = lambda _: Response(299, (("content-length", "2"),), b"ab")
    assert exchange.run(GET).split(b"\r\n") == [b"HTTP/1.1 299 ", b"content-length: 2", b"", b"ab"]


def test_a_response_that_is_not_http_is_the_servers_own_fault(exchange: Exchange) -> None:
    exchange.respond = lambda _: Response(200, (("bad name", "x"),))
    far: Any = exchange.far
    exchange.near.sendall(GET)
    with pytest.raises(h11.LocalProtocolError):
        serve_http(far, exchange._respond, exchange._renew, exchange.refused.append)


def test_a_method_that_is_not_allowed_comes_with_those_that_are() -> None:
    response = not_allowed("server2 answers", ("GET", "HEAD"))
    assert response.status == 405
    assert ("allow", "GET, HEAD") in response.headers
    assert response.body == b"405: server2 answers GET, HEAD, no other method.\n"
