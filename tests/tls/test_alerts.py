"""The race of TLS 1.3: a refused client has to see the alert, each and every time, through real sockets."""

from __future__ import annotations

import socket
import ssl
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls, client_context
from labsupport.tls.names import LOOPBACK
from labsupport.tls.servers.pair import Pair
from tests.tls.forgery import HOST

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
LARGE = 2_000_000
POST = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {LARGE}\r\n\r\n".encode() + bytes(LARGE)


def met(context: ssl.SSLContext, port: int, request: bytes) -> str:
    """Return what a client meets that sends everything it has and then reads."""
    try:
        with (
            socket.create_connection((LOOPBACK, port), timeout=30) as raw,
            context.wrap_socket(raw, server_hostname=HOST) as tls,
        ):
            tls.sendall(request)
            return tls.recv(4096).split(b"\r\n")[0].decode()
    except ssl.SSLError as error:
        return error.reason or type(error).__name__
    except OSError as error:
        return type(error).__name__


def crowd(context: ssl.SSLContext, port: int, request: bytes, times: int) -> Counter[str]:
    with ThreadPoolExecutor(8) as pool:
        return Counter(pool.map(lambda _: met(context, port, request), range(times)))


@pytest.mark.parametrize(
    ("tls", "reason"), [("1.3", "TLSV13_ALERT_CERTIFICATE_REQUIRED"), ("1.2", "SSLV3_ALERT_HANDSHAKE_FAILURE")]
)
def test_five_hundred_clients_without_a_certificate_all_see_the_alert(
    tls: Tls, reason: str, authority: Authority
) -> None:
    with Pair(authority, tls=tls) as pair:
        assert crowd(client_context(authority), pair.server2.port, GET, 500) == {reason: 500}
        assert {entry.reason for entry in pair.server2.log} == {"PEER_DID_NOT_RETURN_A_CERTIFICATE"}
        assert len(pair.server2.log) == 500


def test_clients_with_a_certificate_of_their_own_making_see_it_too(pair: Pair) -> None:
    context = client_context(pair.authority, Authority.self_signed("loner"))
    assert crowd(context, pair.server2.port, GET, 100) == {"TLSV1_ALERT_UNKNOWN_CA": 100}
    assert {entry.verify_code for entry in pair.server2.log} == {18}


def test_clients_that_are_still_sending_see_it_too(pair: Pair) -> None:
    # With two megabytes under way a server that just closed would answer with a reset, and the alert be lost.
    found = crowd(client_context(pair.authority), pair.server2.port, POST, 40)
    assert found == {"TLSV13_ALERT_CERTIFICATE_REQUIRED": 40}


def test_who_is_let_in_is_let_in_every_time(pair: Pair, client: Identity) -> None:
    context = client_context(pair.authority, client)
    assert crowd(context, pair.server2.port, GET, 200) == {"HTTP/1.1 200 OK": 200}
    assert crowd(context, pair.server2.port, POST, 10) == {"HTTP/1.1 200 OK": 10}
