"""The hard days of a TLS listener: it goes on serving, and its log tells."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import h11
import pytest

from labsupport.errors import CannotListen
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import client_context, server_context
from labsupport.tls.names import LOOPBACK
from labsupport.tls.servers.connection import Connection, Limits
from labsupport.tls.servers.listener import Listener
from labsupport.tls.servers.log import AccessLog, Verdict
from labsupport.tls.servers.protected import Server2
from tests.tls.forgery import HOST
from tests.tls.servers.clients import GET, SECONDS, ask, connect, dial, drained, statuses
from tests.tools import python

HURRIED = Limits(handshake=0.1)
Open = Callable[..., Server2]
Serve = Callable[[ssl.SSLSocket, Connection], None]


@pytest.fixture
def near(authority: Authority, client: Identity) -> ssl.SSLContext:
    return client_context(authority, client)


@pytest.fixture
def opened(authority: Authority, server: Identity) -> Iterator[Open]:
    """Return a function that starts a server2 with limits of the test's own."""
    with contextlib.ExitStack() as stack:

        def start(limits: Limits | None = None, **options: Any) -> Server2:
            context = server_context(server, authority)
            return stack.enter_context(Server2(HOST, context, identity=server, limits=limits, **options))

        yield start


@pytest.fixture
def patience_over(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Return what ends the servers' patience: no test waits for a real deadline, and none is surprised by one."""
    over = threading.Event()
    monkeypatch.setattr(Connection, "late", property(lambda _: over.is_set()))
    return over


class Heard:
    """What the servers have made of their clients so far: a handshake, and the bytes of requests."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.handshake = threading.Event()
        self._bytes = bytearray()
        self._more = threading.Condition()
        renew, receive_data = Connection.renew, h11.Connection.receive_data

        def renewed(connection: Connection) -> None:
            renew(connection)
            self.handshake.set()

        def received(connection: h11.Connection, data: bytes) -> None:
            receive_data(connection, data)
            with self._more:
                self._bytes += data
                self._more.notify_all()

        patch.setattr(Connection, "renew", renewed)
        patch.setattr(h11.Connection, "receive_data", received)

    def wait_for(self, data: bytes) -> bool:
        """Wait until `data` has been read."""
        with self._more:
            return self._more.wait_for(lambda: bytes(self._bytes) == data, SECONDS)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Return what tells a test that a server has read what was sent to it."""
    return Heard(monkeypatch)


class Doors:
    """A listener that serves with a function of the test's own."""

    def __init__(
        self, serve: Callable[[ssl.SSLSocket, Connection], None], context: ssl.SSLContext, limits: Limits
    ) -> None:
        self.log = AccessLog("doors")
        self.listener = Listener("doors", context, serve, self.log, limits=limits)

    def __enter__(self) -> Doors:
        self.listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    @property
    def port(self) -> int:
        assert self.listener.port is not None
        return self.listener.port


def verdict(log: AccessLog, count: int = 1) -> Verdict:
    """Wait for the log's `count`-th verdict and return it."""
    come = threading.Event()
    log.subscribe(lambda entry: come.set() if entry.number >= count else None)
    if len(log) < count:
        assert come.wait(SECONDS)
    return log[count - 1]


# Life


def test_starting_twice_is_starting_once(opened: Open, near: ssl.SSLContext) -> None:
    server2 = opened()
    port = server2.port
    assert server2.start().port == port
    assert statuses(ask(port, near)) == [200]


def test_closing_twice_is_closing_once_and_then_it_starts_again(opened: Open, near: ssl.SSLContext) -> None:
    server2 = opened()
    port = server2.port
    for _ in range(2):
        server2.close()
        assert not server2.running
    with pytest.raises(ConnectionRefusedError):
        dial(port)
    server2.start()
    assert statuses(ask(server2.port, near)) == [200]


def test_a_port_that_was_asked_for_is_had_again_after_a_restart(opened: Open, near: ssl.SSLContext) -> None:
    with socket.create_server((LOOPBACK, 0)) as found:
        port = found.getsockname()[1]
    server2 = opened(port=port)
    assert statuses(ask(port, near)) == [200]
    server2.close()
    server2.start()
    assert server2.port == port
    assert statuses(ask(port, near)) == [200]


def test_a_taken_port_is_one_clear_line(opened: Open) -> None:
    server2 = opened()
    with pytest.raises(CannotListen) as caught:
        opened(port=server2.port)
    assert str(caught.value) == (
        f"{HOST} cannot listen on {LOOPBACK}:{server2.port} ({os.strerror(errno.EADDRINUSE)}): "
        "end the program that holds the port, or ask for port 0"
    )


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_that_does_not_exist_is_one_clear_line(port: int, opened: Open) -> None:
    with pytest.raises(CannotListen, match=r"no such port\): ask for port 0"):
        opened(port=port)


def test_a_forbidden_port_is_one_clear_line(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", forbidden)
    with pytest.raises(CannotListen, match=r"80 \(Permission denied\): ask for port 0"):
        opened(port=80)


def test_only_this_machine_can_reach_it(opened: Open) -> None:
    with dial(opened().port) as connection:
        assert connection.getpeername()[0] == "127.0.0.1"
        assert connection.getsockname()[0] == "127.0.0.1"


def test_closing_cuts_what_is_open_and_leaves_no_thread(opened: Open, near: ssl.SSLContext) -> None:
    before = set(threading.enumerate())
    server2 = opened()
    idle, silent = connect(server2.port, near), dial(server2.port)
    with idle, silent:
        idle.sendall(GET)
        assert statuses(idle.recv(4096)) == [200]
        server2.close()
        assert drained(idle) == b""
        assert drained(silent) == b""
    # One may be on its last instruction.
    for thread in set(threading.enumerate()) - before:
        thread.join(SECONDS)
    assert set(threading.enumerate()) <= before


def test_it_may_be_closed_from_a_thread_of_its_own(server: Identity, authority: Authority) -> None:
    closed = threading.Event()

    def serve(_: ssl.SSLSocket, __: Connection) -> None:
        doors.listener.close()
        closed.set()

    with Doors(serve, server_context(server), Limits()) as doors:
        with connect(doors.port, client_context(authority)) as tls:
            assert closed.wait(SECONDS)
            assert drained(tls) == b""
        assert doors.listener.port is None


# Clients that mean no good, or do not know better


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP_REQUEST"),
        (b"CONNECT x:443 HTTP/1.1\r\n\r\n", "HTTPS_PROXY_REQUEST"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "WRONG_VERSION_NUMBER"),
        (b"\x00" * 100, "WRONG_VERSION_NUMBER"),
    ],
)
def test_what_is_not_tls_is_named(sent: bytes, reason: str, opened: Open, near: ssl.SSLContext) -> None:
    server2 = opened()
    with dial(server2.port) as connection:
        connection.sendall(sent)
        drained(connection)
    entry = server2.log[0]
    assert (entry.admitted, entry.layer, entry.reason, entry.words) == (False, "tls", reason, "refused")
    assert (entry.peer, entry.version, entry.request) == ((), None, None)
    assert statuses(ask(server2.port, near)) == [200]


def test_a_client_that_leaves_at_once(opened: Open, near: ssl.SSLContext) -> None:
    server2 = opened()
    dial(server2.port).close()
    entry = verdict(server2.log)
    assert (entry.layer, entry.reason, entry.words) == ("tcp", "the client left in mid-handshake", "broke off")
    assert statuses(ask(server2.port, near)) == [200]


def test_a_client_that_resets_the_line_in_mid_handshake(opened: Open, near: ssl.SSLContext) -> None:
    server2 = opened()
    with dial(server2.port) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    entry = verdict(server2.log)
    assert (entry.layer, entry.reason) == ("tcp", "the client left in mid-handshake")
    assert statuses(ask(server2.port, near)) == [200]


def test_a_silent_client_is_cut_and_stalls_nobody(
    opened: Open, near: ssl.SSLContext, patience_over: threading.Event
) -> None:
    server2 = opened()
    with dial(server2.port) as silent:
        assert statuses(ask(server2.port, near)) == [200]
        patience_over.set()
        assert drained(silent) == b""
    assert {entry.reason for entry in server2.log} == {"no handshake in time", "certificate trusted"}


def test_patience_has_an_end(opened: Open, near: ssl.SSLContext) -> None:
    with dial(opened(Limits(handshake=0.01)).port) as silent:
        assert drained(silent) == b""
    with connect(opened(Limits(request=0.01)).port, near) as silent:
        assert drained(silent) == b""


def test_a_refused_client_that_does_not_leave_is_cut(
    opened: Open, authority: Authority, patience_over: threading.Event
) -> None:
    server2 = opened()
    with connect(server2.port, client_context(authority)) as stubborn:
        with pytest.raises(ssl.SSLError):
            stubborn.recv(4096)
        # The alert has come, and the server listens for a while to what may still be under way.
        patience_over.set()
        server2.close()
    assert [entry.reason for entry in server2.log] == ["PEER_DID_NOT_RETURN_A_CERTIFICATE"]


def test_one_byte_after_the_other_is_no_way_to_stay(opened: Open, near: ssl.SSLContext) -> None:
    server2 = opened(HURRIED)
    hello = ssl.MemoryBIO()
    end = near.wrap_bio(ssl.MemoryBIO(), hello, server_hostname=HOST)
    with pytest.raises(ssl.SSLWantReadError):
        end.do_handshake()
    # Each byte comes in time for a deadline that begins anew with each; there are far more than fit into one for all.
    told = threading.Event()
    server2.log.subscribe(lambda _: told.set())
    with dial(server2.port) as slow, contextlib.suppress(OSError):
        for byte in hello.read():
            slow.sendall(bytes([byte]))
            if told.wait(HURRIED.handshake / 4):
                break
    assert told.wait(SECONDS)
    entry = server2.log[0]
    assert (entry.layer, entry.reason) == ("tcp", "no handshake in time")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "out of time before a request"),
        (b"GET / HT", "out of time in mid-request"),
        (GET + b"G", "out of time in mid-request"),
    ],
)
def test_a_slow_request_is_cut_and_told(
    sent: bytes, reason: str, opened: Open, near: ssl.SSLContext, patience_over: threading.Event, heard: Heard
) -> None:
    server2 = opened()
    answered = 1 if sent.startswith(GET) else 0
    with connect(server2.port, near) as slow:
        # In TLS 1.3 the client is done first: what it sent must have been read before patience may end.
        assert heard.handshake.wait(SECONDS)
        slow.sendall(sent)
        assert heard.wait_for(sent)
        if answered:
            assert statuses(slow.recv(4096)) == [200]
        patience_over.set()
        assert drained(slow) == b""
    entry = verdict(server2.log, answered + 1)
    assert (entry.admitted, entry.layer, entry.reason, entry.peer[0]) == (False, "tcp", reason, "client1")
    assert entry.version == "TLSv1.3"


def test_a_kept_connection_that_nobody_uses_is_closed_without_a_word(
    opened: Open, near: ssl.SSLContext, patience_over: threading.Event
) -> None:
    server2 = opened()
    with connect(server2.port, near) as idle:
        idle.sendall(GET)
        assert statuses(idle.recv(4096)) == [200]
        patience_over.set()
        assert drained(idle) == b""
    assert [entry.status for entry in server2.log] == [200]


def test_a_client_that_leaves_in_mid_answer(
    server: Identity, authority: Authority, monkeypatch: pytest.MonkeyPatch, opened: Open, near: ssl.SSLContext
) -> None:
    from labsupport.tls.servers import protected
    from labsupport.tls.servers.http import Response

    monkeypatch.setattr(protected, "_answer", lambda *_: (Response(200, (), bytes(50_000_000)), "a great deal"))
    server2 = opened()
    with connect(server2.port, near) as tls:
        tls.sendall(GET)
        tls.recv(10)
    entry = verdict(server2.log, 2)
    assert [found.reason for found in server2.log] == ["a great deal", "the client left in mid-answer"]
    assert (entry.layer, entry.words) == ("tcp", "broke off")
    monkeypatch.undo()
    assert statuses(ask(server2.port, near)) == [200]


def test_a_client_that_says_goodbye_without_a_request_is_on_record(opened: Open, near: ssl.SSLContext) -> None:
    server2 = opened()
    connect(server2.port, near).close()
    entry = verdict(server2.log)
    assert (entry.peer[0], entry.layer, entry.reason) == ("client1", "tcp", "the client left before a request")


def test_garbage_inside_tls(opened: Open, near: ssl.SSLContext) -> None:
    server2 = opened()
    assert statuses(ask(server2.port, near, b"\0\x01\x02\r\n\r\n")) == [400]
    entry = server2.log[0]
    assert (entry.admitted, entry.layer) == (False, "http")
    assert entry.reason.startswith("not HTTP: ")
    assert entry.peer[0] == "client1"


def test_garbage_after_the_handshake_beneath_tls(opened: Open, near: ssl.SSLContext) -> None:
    server2 = opened()
    tls = connect(server2.port, near)
    with socket.socket(fileno=tls.detach()) as raw:
        raw.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        drained(raw)
    assert server2.log[0].reason == "the client left before a request"
    assert statuses(ask(server2.port, near)) == [200]


# Crowds


def test_two_hundred_clients_at_once(opened: Open, near: ssl.SSLContext, authority: Authority) -> None:
    server2 = opened()
    stranger = client_context(authority)
    barrier = threading.Barrier(200)

    def one(number: int) -> str:
        barrier.wait()
        return str(statuses(ask(server2.port, near if number % 2 else stranger)))

    with ThreadPoolExecutor(200) as pool:
        met = Counter(pool.map(one, range(200)))
    assert met == {"[200]": 100, "[]": 100}
    assert len(server2.log) == 200
    assert Counter(entry.admitted for entry in server2.log) == {True: 100, False: 100}


def test_at_the_bound_newcomers_wait_and_are_then_served(server: Identity, authority: Authority) -> None:
    inside, leave = threading.Semaphore(0), threading.Semaphore(0)
    present: list[int] = []
    most: list[int] = []
    guard = threading.Lock()

    def serve(tls: ssl.SSLSocket, _: Connection) -> None:
        with guard:
            present.append(1)
            most.append(len(present))
        inside.release()
        leave.acquire(timeout=SECONDS)
        tls.sendall(b"served")
        with guard:
            present.pop()

    def one(_: int) -> bytes:
        with connect(doors.port, client_context(authority)) as tls:
            return drained(tls)

    with Doors(serve, server_context(server), Limits(connections=3)) as doors, ThreadPoolExecutor(9) as pool:
        results = pool.map(one, range(9))
        for _ in range(9):
            # Whoever is let out makes room for one who waits.
            assert inside.acquire(timeout=SECONDS)
            leave.release()
        assert list(results) == [b"served"] * 9
    assert max(most) <= 3
    assert len(most) == 9


def test_room_is_made_known_at_once(server: Identity, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    # With a tick that never comes only being woken can help.
    monkeypatch.setattr("labsupport.tls.servers.listener._TICK_SECONDS", SECONDS)

    def serve(tls: ssl.SSLSocket, _: Connection) -> None:
        tls.sendall(b"served")

    with Doors(serve, server_context(server), Limits(connections=1)) as doors:
        for _ in range(20):
            with connect(doors.port, client_context(authority)) as tls:
                assert drained(tls) == b"served"


def test_a_context_swapped_under_load_costs_no_request(opened: Open, authority: Authority, client: Identity) -> None:
    server2 = opened()
    stop = threading.Event()
    seen: set[int] = set()

    def one(_: int) -> Counter[str]:
        met: Counter[str] = Counter()
        near = client_context(authority, client)
        while not stop.is_set() or not met:
            with connect(server2.port, near) as tls:
                certificate: Any = tls.getpeercert()
                seen.add(int(certificate["serialNumber"], 16))
                tls.sendall(GET)
                met[str(statuses(tls.recv(4096)))] += 1
        return met

    serials = set()
    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(one, number) for number in range(4)]
        for _ in range(30):
            identity = authority.issue(HOST, role="server")
            serials.add(identity.certificate.serial_number)
            server2.context = server_context(identity, authority)
            # The next one waits for a client to have met this one.
            for _ in range(1000):
                if identity.certificate.serial_number in seen:
                    break
                stop.wait(0.005)
        stop.set()
        met = sum((result.result() for result in results), Counter[str]())
    assert set(met) == {"[200]"}
    assert serials <= seen


# The machine's limits, and the server's own faults

EXHAUSTED = """
import contextlib, resource, socket, ssl, sys, threading, time
from labsupport.pki.authority import Authority
from labsupport.tls.contexts import client_context, server_context
from labsupport.tls.servers.protected import Server2

authority = Authority.root()
identity, client = authority.issue("server2.test", role="server"), authority.issue("client1", role="client")
near = client_context(authority, client)
with Server2("server2.test", server_context(identity, authority), identity=identity) as server:
    waiting = socket.create_connection(("127.0.0.1", server.port))
    near.wrap_socket(waiting, server_hostname="server2.test").close()  # all that is needed is loaded
    clients = [socket.socket() for _ in range(4)]
    low = max(client.fileno() for client in clients) + 1
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (low, hard))
    for client in clients:
        client.connect(("127.0.0.1", server.port))
    before = time.process_time()
    threading.Event().wait(1.0)
    busy = time.process_time() - before
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for client in clients:
        with near.wrap_socket(client, server_hostname="server2.test") as tls:
            tls.sendall(b"GET / HTTP/1.1\\r\\nHost: server2.test\\r\\n\\r\\n")
            assert tls.recv(4096).startswith(b"HTTP/1.1 200")
print("served", "calm" if busy < 0.5 else f"busy for {busy} of 1 s")
"""


def test_without_descriptors_it_waits_calmly_and_then_serves() -> None:
    done = python(EXHAUSTED)
    assert done.stderr == ""
    assert done.stdout.strip() == "served calm"


def test_without_threads_it_waits_and_then_serves(
    opened: Open, near: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    server2 = opened(Limits(connections=1))
    refused = threading.Event()

    def start(self: threading.Thread) -> None:
        if self.name.endswith("serves") and not refused.is_set():
            refused.set()
            raise RuntimeError("can't start new thread")
        plain(self)

    plain = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", start)
    with dial(server2.port) as unlucky:
        assert drained(unlucky) == b""
    assert refused.is_set()
    assert statuses(ask(server2.port, near)) == [200]


def test_a_client_that_left_the_backlog_again(
    opened: Open, near: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    server2 = opened()
    failed = threading.Event()
    plain = socket.socket.accept

    def accept(self: socket.socket) -> Any:
        if not failed.is_set():
            failed.set()
            raise ConnectionAbortedError(errno.ECONNABORTED, "Software caused connection abort")
        return plain(self)

    monkeypatch.setattr(socket.socket, "accept", accept)
    assert statuses(ask(server2.port, near)) == [200]
    assert failed.is_set()


@pytest.mark.parametrize("fault", [ValueError("a mistake"), RecursionError("too deep")])
def test_a_fault_of_what_it_serves_is_on_record_and_on_no_terminal(
    fault: Exception, server: Identity, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    def serve(_: ssl.SSLSocket, __: Connection) -> None:
        raise fault

    with Doors(serve, server_context(server), Limits()) as doors, connect(doors.port, client_context(authority)) as tls:
        assert drained(tls) == b""
        entry = verdict(doors.log)
    assert entry.reason == f"the server failed: {type(fault).__name__}: {fault}"
    assert not entry.admitted
    assert capsys.readouterr() == ("", "")


def test_a_line_cut_in_what_it_serves_is_nobodys_fault(server: Identity, authority: Authority) -> None:
    def serve(_: ssl.SSLSocket, __: Connection) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    with Doors(serve, server_context(server), Limits()) as doors:
        with connect(doors.port, client_context(authority)) as tls:
            assert drained(tls) == b""
        assert list(doors.log) == []


def test_aborting_what_is_closed_already_does_nothing(server: Identity) -> None:
    left, right = socket.socketpair()
    with right:
        connection = Connection(left, server_context(server), Limits())
        right.close()
        connection.close()
        connection.abort()
        connection.close()


def test_with_plenty_of_time_nobody_is_late() -> None:
    left, right = socket.socketpair()
    with left, right:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        assert not Connection(left, context, Limits()).late
        assert Connection(right, context, Limits(handshake=0)).late
