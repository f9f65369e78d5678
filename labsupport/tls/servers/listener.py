"""A TLS listener on loopback that goes on serving whatever comes: silence, garbage, floods, clients that it refuses.

Each connection has a thread of its own, in which its handshake happens too, so that a silent client stalls nobody.  A
refused client is let down gently: the alert is sent, the write side closed, and what the client still sends is drained.
Closing at once would make the kernel answer that data with a reset, which in TLS 1.3 overtakes the alert about one time
in two.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable

from labsupport.errors import CannotListen
from labsupport.tls.names import LOOPBACK
from labsupport.tls.servers.log import AccessLog

__all__ = ["Connection", "Limits", "Listener"]

_TICK_SECONDS = 0.25
_DRAIN_SECONDS = 2.0
_BACKLOG = 512


class Limits:
    """Deadlines in seconds (for a whole handshake, for a whole request, idle time included) and connections at once."""

    def __init__(self, *, handshake: float = 5.0, request: float = 10.0, connections: int = 256) -> None:
        self.handshake = handshake
        self.request = request
        self.connections = connections


class Connection:
    """One accepted connection: its TLS socket, and the moment at which patience ends."""

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, limits: Limits) -> None:
        self._limits = limits
        self._socket = raw
        self._context = context
        self.deadline = time.monotonic() + limits.handshake

    def handshake(self) -> ssl.SSLSocket:
        """Shake hands; raises what the ssl module raises."""
        # A total deadline, watched by the listener: per-read time-outs are no defence against one byte a second.
        self._socket.settimeout(self._limits.handshake)
        tls = self._context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
        self._socket = tls
        tls.do_handshake()
        self.renew()
        return tls

    def renew(self) -> None:
        """Grant the time of one more request."""
        self.deadline = time.monotonic() + self._limits.request
        self._socket.settimeout(self._limits.request)

    def abort(self) -> None:
        """Cut the line from another thread; the connection's own thread notices at its next read or write."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Say goodbye and close, draining what is still under way so that it arrives."""
        with contextlib.suppress(OSError, ValueError):
            if isinstance(self._socket, ssl.SSLSocket):
                # Without blocking, unwrap sends close_notify and does not wait for the peer's.
                self._socket.setblocking(False)
                with contextlib.suppress(OSError, ValueError):
                    self._socket.unwrap()
                self._socket = socket.socket(fileno=self._socket.detach())
            self._socket.settimeout(_DRAIN_SECONDS)
            self.deadline = time.monotonic() + _DRAIN_SECONDS
            self._socket.shutdown(socket.SHUT_WR)
            while self._socket.recv(65536):
                pass
        self._socket.close()


class Listener:
    """Accepts on 127.0.0.1 and serves each connection in a thread; `serve` gets the TLS socket after its handshake.

    The context is read at each accept: assigning `context` changes what the next connection meets, with no connection
    lost.  ``port=0`` lets the system choose.
    """

    def __init__(
        self,
        name: str,
        context: ssl.SSLContext,
        serve: Callable[[ssl.SSLSocket, Connection], None],
        log: AccessLog,
        *,
        port: int = 0,
        limits: Limits | None = None,
    ) -> None:
        self.name = name
        self.context = context
        self._serve = serve
        self._log = log
        self._wanted_port = port
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._open: dict[Connection, threading.Thread] = {}
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._waker: socket.socket | None = None

    @property
    def port(self) -> int | None:
        """The port while listening, else None."""
        return None if self._socket is None else int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Bind, then accept in a thread; does nothing where it listens already.

        Raises CannotListen when the port is taken.
        """
        if self._socket is not None:
            return
        try:
            # Bound before the thread starts: whoever connects from now on waits in the backlog, not in a retry loop.
            self._socket = socket.create_server((LOOPBACK, self._wanted_port), backlog=_BACKLOG)
        except OSError as error:
            raise CannotListen(
                f"{self.name} cannot listen on {LOOPBACK}:{self._wanted_port} ({error.strerror or error}): "
                "end the program that holds the port, or ask for port 0"
            ) from None
        self._socket.setblocking(False)
        waiter, self._waker = socket.socketpair()
        self._thread = threading.Thread(
            target=self._accept_loop, args=(self._socket, waiter), name=f"{self.name} accepts", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop accepting, cut what is open, and wait for the threads; may be called twice."""
        if self._socket is None or self._waker is None or self._thread is None:
            return
        self._waker.close()
        self._thread.join()
        self._socket.close()
        self._socket = self._waker = self._thread = None
        with self._lock:
            still_open = dict(self._open)
        for connection, thread in still_open.items():
            connection.abort()
            thread.join(timeout=_DRAIN_SECONDS)

    def _accept_loop(self, listening: socket.socket, waiter: socket.socket) -> None:
        with waiter, selectors.DefaultSelector() as selector:
            selector.register(waiter, selectors.EVENT_READ)
            accepting = False
            while True:
                room = len(self._open) < self._limits.connections
                if room != accepting:
                    # At the bound newcomers wait in the backlog; a finished connection makes room within a tick.
                    (selector.register(listening, selectors.EVENT_READ) if room else selector.unregister(listening))
                    accepting = room
                ready = [key.fileobj for key, _ in selector.select(_TICK_SECONDS)]
                if waiter in ready:
                    return
                if listening in ready:
                    self._accept(listening)
                self._cut_overdue()

    def _accept(self, listening: socket.socket) -> None:
        try:
            raw, _ = listening.accept()
        except OSError:
            # The client left the backlog again, or the process is out of descriptors: the next round will tell.
            return
        connection = Connection(raw, self.context, self._limits)
        thread = threading.Thread(target=self._run, args=(connection,), name=f"{self.name} serves", daemon=True)
        with self._lock:
            self._open[connection] = thread
        thread.start()

    def _cut_overdue(self) -> None:
        now = time.monotonic()
        with self._lock:
            overdue = [connection for connection in self._open if connection.deadline < now]
        for connection in overdue:
            connection.abort()

    def _run(self, connection: Connection) -> None:
        try:
            tls = self._shake_hands(connection)
            if tls is not None:
                # The peer may cut the line at any moment; what was decided is in the log by then.
                with contextlib.suppress(OSError):
                    self._serve(tls, connection)
        finally:
            connection.close()
            with self._lock:
                del self._open[connection]

    def _shake_hands(self, connection: Connection) -> ssl.SSLSocket | None:
        with self._log.deciding():
            try:
                return connection.handshake()
            except ssl.SSLError as error:
                code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else None
                late = time.monotonic() > connection.deadline
                reason = "silent for too long" if late else error.reason or "the client left in mid-handshake"
                self._log.add(admitted=False, layer="tls", reason=reason, verify_code=code)
            except (TimeoutError, OSError) as error:
                late = isinstance(error, TimeoutError) or time.monotonic() > connection.deadline
                reason = "silent for too long" if late else "the client left in mid-handshake"
                self._log.add(admitted=False, layer="tcp", reason=reason)
        return None
