"""Reading exceptions: who refused, at which layer, when and why, through every wrapping that clients use."""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import urllib3

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import client_context
from labsupport.tls.message import Message
from labsupport.tls.names import LOOPBACK, lab_names
from labsupport.tls.refusal import Refusal, innermost, refusal_of
from labsupport.tls.servers.pair import Pair
from labsupport.tls.trace import Trace, observed
from tests.tls.forgery import HOST

NO_CERTIFICATE = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
Get = Callable[[str, Authority | None, Identity | None, float], object]
PATIENT, IMPATIENT = 30.0, 0.2


# Clients, each with wrappings of its own


def by_requests(url: str, trust: Authority | None, identity: Identity | None, seconds: float) -> object:
    files = identity.files if identity else None
    return requests.get(url, verify=trust.ca_path if trust else True, cert=files, timeout=seconds)


def by_urllib3(url: str, trust: Authority | None, identity: Identity | None, seconds: float) -> object:
    with urllib3.PoolManager(ssl_context=client_context(trust, identity), retries=False, timeout=seconds) as pool:
        return pool.request("GET", url)


def by_urllib3_with_retries(url: str, trust: Authority | None, identity: Identity | None, seconds: float) -> object:
    with urllib3.PoolManager(ssl_context=client_context(trust, identity), retries=1, timeout=seconds) as pool:
        return pool.request("GET", url)


def by_urllib(url: str, trust: Authority | None, identity: Identity | None, seconds: float) -> object:
    with urllib.request.urlopen(url, context=client_context(trust, identity), timeout=seconds) as response:
        return response


def by_http_client(url: str, trust: Authority | None, identity: Identity | None, seconds: float) -> object:
    where = urllib3.util.parse_url(url)
    context = client_context(trust, identity)
    connection = http.client.HTTPSConnection(where.host or "", where.port, context=context, timeout=seconds)
    try:
        connection.request("GET", "/")
        return connection.getresponse()
    finally:
        connection.close()


CLIENTS = [by_requests, by_urllib3, by_urllib3_with_retries, by_urllib, by_http_client]
clients = pytest.mark.parametrize("get", CLIENTS)


def refused(get: Get, url: str, trust: Authority | None, seconds: float = PATIENT) -> Refusal:
    with observed() as recorders:
        try:
            get(url, trust, None, seconds)
        except Exception as error:  # whatever this client raises is what is to be read
            return refusal_of(error, recorders[0].trace if recorders else None)
    pytest.fail("nobody refused")


@contextmanager
def stranger(behave: Callable[[socket.socket], object]) -> Iterator[str]:
    """Run a TCP server that is no TLS server; `behave` is what it does with one connection."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                behave(connection)

    with socket.create_server((LOOPBACK, 0)) as listening, lab_names(HOST):
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://{HOST}:{listening.getsockname()[1]}/"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# Every kind of refusal, through every client


@clients
def test_the_client_refuses(get: Get, pair: Pair) -> None:
    refusal = refused(get, pair.server2.url, None)
    assert (refusal.by, refusal.layer, refusal.phase) == ("client", "tls", "handshake")
    assert refusal.reason == "CERTIFICATE_VERIFY_FAILED"
    assert refusal.verify_code in (19, 20)


@clients
def test_the_server_refuses_after_the_clients_handshake(get: Get, pair: Pair) -> None:
    assert refused(get, pair.server2.url, pair.authority) == Refusal("server", "tls", "first read", NO_CERTIFICATE)


@clients
def test_the_server_refuses_in_the_handshake(get: Get, authority: Authority) -> None:
    with Pair(authority, tls="1.2") as pair:
        refusal = refused(get, pair.server2.url, authority)
    assert refusal == Refusal("server", "tls", "handshake", "SSLV3_ALERT_HANDSHAKE_FAILURE")


@clients
def test_the_wrong_name(get: Get, pair: Pair) -> None:
    with lab_names("other.test"):
        refusal = refused(get, pair.server2.url.replace(HOST, "other.test"), pair.authority)
    assert (refusal.by, refusal.verify_code) == ("client", 62)


@clients
def test_nobody_listens(get: Get, authority: Authority) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
    with lab_names(HOST):
        refusal = refused(get, f"https://{HOST}:{port}/", authority)
    assert refusal == Refusal(None, "tcp", "connect", "nobody listens there")


@clients
def test_no_such_host(get: Get, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    refusal = refused(get, "https://nowhere.test:1/", authority)
    assert refusal == Refusal(None, "tcp", "connect", "no such host name")


@clients
def test_a_server_that_says_nothing(get: Get, authority: Authority) -> None:
    done = threading.Event()
    with stranger(lambda connection: done.wait(30)) as url:
        refusal = refused(get, url, authority, IMPATIENT)
        done.set()
    assert refusal == Refusal(None, "tls", "handshake", "no answer in time")


@clients
def test_a_line_that_is_cut(get: Get, authority: Authority) -> None:
    with stranger(reset) as url:
        refusal = refused(get, url, authority)
    assert refusal == Refusal(None, "tls", "handshake", "the connection was cut")


@clients
def test_a_line_that_ends_in_mid_handshake(get: Get, authority: Authority) -> None:
    with stranger(lambda connection: connection.recv(4096)) as url:
        refusal = refused(get, url, authority)
    assert (refusal.by, refusal.layer, refusal.phase) == (None, "tls", "handshake")
    assert refusal.reason in ("UNEXPECTED_EOF_WHILE_READING", "the connection ended inside TLS")


@clients
def test_a_server_that_does_not_speak_tls(get: Get, authority: Authority) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with stranger(speak) as url:
        refusal = refused(get, url, authority)
    assert (refusal.layer, refusal.phase, refusal.reason) == ("tls", "handshake", "WRONG_VERSION_NUMBER")


# Exceptions put together by hand


def alerted(sender: Any, *, complete: bool = False) -> Trace:
    finished = (Message("client", "Finished", 36, True),) if complete else ()
    return Trace("client", "TLSv1.3", (*finished, Message(sender, "unknown_ca", 2, True, alert=True)))


def test_the_record_knows_an_alert_that_the_client_did_not_get_to_read() -> None:
    cut = ConnectionResetError(104, "reset")
    assert refusal_of(cut, alerted("server", complete=True)) == Refusal("server", "tls", "first read", "unknown_ca")
    assert refusal_of(cut, alerted("client")) == Refusal("client", "tls", "handshake", "unknown_ca")
    assert refusal_of(cut) == Refusal(None, "tcp", "connect", "the connection was cut")


def test_who_sent_the_alert_knows_the_reason() -> None:
    error = ssl.SSLError(1, "unsupported protocol")
    error.reason = "UNSUPPORTED_PROTOCOL"
    assert refusal_of(error, alerted("client")) == Refusal("client", "tls", "handshake", "UNSUPPORTED_PROTOCOL")
    assert refusal_of(error, alerted("server")) == Refusal("server", "tls", "handshake", "unknown_ca")
    assert refusal_of(error) == Refusal(None, "tls", "handshake", "UNSUPPORTED_PROTOCOL")


def test_errors_that_openssl_did_not_raise_have_no_reason_of_its_own() -> None:
    assert refusal_of(ssl.SSLError("odd")) == Refusal(None, "tls", "handshake", "the connection ended inside TLS")
    plain = refusal_of(ssl.SSLCertVerificationError("odd"))
    assert plain == Refusal("client", "tls", "handshake", "CERTIFICATE_VERIFY_FAILED", None)


def test_other_errors_are_told_in_their_own_words_and_cut() -> None:
    assert refusal_of(ValueError("odd")) == Refusal(None, "tcp", "connect", "ValueError: odd")
    assert len(refusal_of(ValueError("x" * 999)).reason) == 200


def test_the_deepest_is_found_through_arguments_reasons_and_causes() -> None:
    bottom = ssl.SSLError(1, "bottom")
    middle = OSError("middle", bottom)
    wrapped = RuntimeError("outer")
    wrapped.__cause__ = urllib.error.URLError(middle)
    assert innermost(wrapped) is bottom
    assert innermost(bottom) is bottom


def test_a_context_counts_only_where_nothing_else_does() -> None:
    inner = TimeoutError("slow")
    outer = RuntimeError("outer")
    outer.__context__ = inner
    assert innermost(outer) is inner
    outer.__suppress_context__ = True
    assert innermost(outer) is outer


def test_what_was_being_handled_before_is_another_story(pair: Pair) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        nowhere = f"https://{HOST}:{server.getsockname()[1]}/"
    try:
        requests.get(pair.server2.url, verify=pair.authority.ca_path, timeout=10)
    except requests.exceptions.SSLError:
        # A learner tries the next thing in the except block: its failure has the first one in its context.
        second = refused(by_requests, nowhere, pair.authority)
    assert second == Refusal(None, "tcp", "connect", "nobody listens there")


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    assert innermost(first) is second
