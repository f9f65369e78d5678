"""The hook that watches a thread's TLS clients: what it sees, what it leaves alone, and that it goes away."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any

import pytest
import requests

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import client_context
from labsupport.tls.servers.pair import Pair
from labsupport.tls.trace import Recorder, observed
from tests.tls.forgery import HOST

# The class's own, whatever hooks come and go.
PLAIN: Any = ssl.SSLContext.wrap_socket


def fetch(pair: Pair, client: Identity | None) -> requests.Response:
    files = client.files if client else None
    return requests.get(pair.server2.url, verify=pair.authority.ca_path, cert=files, timeout=10)


def connect(context: ssl.SSLContext, pair: Pair, **options: Any) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", pair.server2.port), timeout=10)
    return context.wrap_socket(raw, server_hostname=HOST, **options)


def test_each_connection_of_requests_is_recorded_in_order(pair: Pair, client: Identity) -> None:
    with observed() as recorders:
        assert fetch(pair, client).status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            fetch(pair, None)
        with requests.Session() as session:
            session.verify, session.cert = pair.authority.ca_path, client.files
            for _ in range(3):
                session.get(pair.server2.url, timeout=10)
    traces = [recorder.trace for recorder in recorders]
    # Three requests on one kept connection are one.
    assert [len(trace.mutual) for trace in traces] == [3, 2, 3]
    assert [trace.complete for trace in traces] == [True, True, True]
    assert [trace.alert.name if trace.alert else None for trace in traces] == [None, "certificate_required", None]


def test_nothing_is_recorded_before_and_after(pair: Pair, client: Identity) -> None:
    with observed() as recorders:
        pass
    fetch(pair, client)
    assert recorders == []
    assert ssl.SSLContext.wrap_socket is PLAIN


def test_an_inner_block_takes_what_happens_inside(pair: Pair, client: Identity) -> None:
    with observed() as outer:
        with observed() as inner:
            fetch(pair, client)
        assert ssl.SSLContext.wrap_socket is not PLAIN
        fetch(pair, client)
    assert (len(outer), len(inner)) == (1, 1)
    assert ssl.SSLContext.wrap_socket is PLAIN


def test_the_hook_goes_when_the_block_fails() -> None:
    with pytest.raises(RuntimeError, match="in the block"), observed():
        raise RuntimeError("in the block")
    assert ssl.SSLContext.wrap_socket is PLAIN


def test_a_hook_that_somebody_laid_above_stays(pair: Pair, client: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", PLAIN)  # so that it is this that comes back in the end
    with observed() as recorders:
        beneath: Any = ssl.SSLContext.wrap_socket

        def theirs(self: ssl.SSLContext, *args: Any, **options: Any) -> Any:
            seen.append("theirs")
            return beneath(self, *args, **options)

        monkeypatch.setattr(ssl.SSLContext, "wrap_socket", theirs)
        fetch(pair, client)
    assert ssl.SSLContext.wrap_socket is theirs
    # And a second block on top of that neither loses it nor runs in circles.
    with observed() as more:
        fetch(pair, client)
    assert ssl.SSLContext.wrap_socket is theirs
    assert (len(recorders), len(more)) == (1, 1)
    assert seen


def test_other_threads_are_left_alone(pair: Pair, client: Identity) -> None:
    def elsewhere() -> None:
        fetch(pair, client)

    with observed() as recorders:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert recorders == []
        fetch(pair, client)
    assert len(recorders) == 1


def test_threads_that_share_a_context_do_not_share_records(pair: Pair, client: Identity) -> None:
    context = client_context(pair.authority, client)
    barrier = threading.Barrier(4)
    lengths: list[list[int]] = []

    def watch() -> None:
        barrier.wait()
        with observed() as recorders:
            for _ in range(5):
                with connect(context, pair) as tls:
                    tls.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
                    while tls.recv(4096):
                        pass
        lengths.append([sum(not m.alert for m in recorder.trace.messages) for recorder in recorders])

    def blind() -> None:
        barrier.wait()
        for _ in range(5):
            connect(context, pair).close()

    threads = [threading.Thread(target=target) for target in (watch, watch, watch, blind)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == [[10] * 5] * 3


def test_a_handshake_that_comes_later_is_recorded_too(pair: Pair, client: Identity) -> None:
    context = client_context(pair.authority, client)
    with observed() as recorders:
        tls = connect(context, pair, do_handshake_on_connect=False)
        assert recorders[0].trace.messages == ()
    with tls:
        tls.do_handshake()
    assert recorders[0].trace.complete


def test_a_connection_that_never_comes_about_leaves_an_empty_record(pair: Pair) -> None:
    context = client_context(None)
    raw = socket.create_connection(("127.0.0.1", pair.server2.port), timeout=10)
    with raw, observed() as recorders, pytest.raises(ValueError, match="check_hostname"):
        context.wrap_socket(raw)
    assert [recorder.trace.messages for recorder in recorders] == [()]


def test_servers_are_left_alone(pair: Pair, client: Identity, authority: Authority) -> None:
    near, far = socket.socketpair()
    with observed() as recorders, near, far:
        tls = pair.server2.context.wrap_socket(far, server_side=True, do_handshake_on_connect=False)
        tls.close()
    assert recorders == []


@pytest.mark.parametrize(
    "garbage",
    [
        (None, None, None, None, None, None),
        (object(), "read", 1, 2, 3, b""),
        ([], "", "", ssl, ssl.TLSVersion, 7),
        ({}, b"write", None, _unnameable := type("Odd", (), {"name": property(lambda self: 1 / 0)})(), None, b"\xff"),
    ],
)
def test_nothing_escapes_the_callback(garbage: tuple[Any, ...], pair: Pair) -> None:
    # An exception in there would leak the connection's memory.
    context = client_context(pair.authority)
    Recorder("client").attach(context)
    callback: Any = context._msg_callback  # type: ignore[attr-defined]  # the hook itself is what is tested
    assert callback(*garbage) is None


def test_unknown_messages_are_kept_by_the_name_they_have() -> None:
    kind, alert = type("Kind", (), {"name": "HANDSHAKE"})(), type("Kind", (), {"name": "ALERT"})()
    recorder = Recorder("client")
    recorder.note("write", kind, 99, b"12345")
    recorder.note("read", alert, type("Alert", (), {"name": "BAD_CERTIFICATE"})(), b"12")
    recorder.note("read", type("Kind", (), {"name": "INNER_CONTENT_TYPE"})(), 22, b"1")
    assert [(m.sender, m.name, m.size, m.alert) for m in recorder.trace.messages] == [
        ("client", "99", 5, False),
        ("server", "bad_certificate", 2, True),
    ]
