"""A TLS listener on loopback that goes on serving whatever comes: silence, garbage, floods, clients that it refuses.

Each connection has a thread of its own, in which its handshake happens too, so that a silent client stalls nobody.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable

from labsupport.errors import CannotListen
from labsupport.tls.loopback import bound_socket
from labsupport.tls.names import LOOPBACK
from labsupport.tls.servers.connection import DRAIN_SECONDS, Connection, Limits
from labsupport.tls.servers.log import AccessLog

__all__ = ["Connection", "Limits", "Listener"]

_TICK_SECONDS = 0.25
_BACKLOG = 512
# What accept() says when the process, or the machine, has no room for one more socket.
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


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
        self.port: int | None = None
        """The port while listening, else None."""
        self._serve = serve
        self._log = log
        self._wanted_port = port
        self._limits = limits or Limits()
        # Guards the life: start and close may come from several threads, and from the end of the process.
        self._life = threading.Lock()
        self._accepting: tuple[threading.Thread, socket.socket] | None = None
        self._owner = os.getpid()
        # Guards what follows.
        self._lock = threading.Lock()
        self._open: dict[Connection, threading.Thread] = {}
        self._full = False

    def start(self) -> None:
        """Bind, then accept in a thread; does nothing where it listens already.

        Raises CannotListen when the port is not to be had.
        """
        with self._life:
            if self._accepting is not None:
                return
            # Bound before the thread starts: whoever connects from now on waits in the backlog, not in a retry loop.
            listening = _bind(self.name, self._wanted_port)
            listening.setblocking(False)
            waiter, waker = socket.socketpair()
            waker.setblocking(False)
            thread = threading.Thread(
                target=self._accept_loop, args=(listening, waiter), name=f"{self.name} accepts", daemon=True
            )
            port = int(listening.getsockname()[1])
            self._owner = os.getpid()
            thread.start()
            self._accepting, self.port = (thread, waker), port

    def close(self) -> None:
        """Stop accepting, cut what is open, and wait for the threads; may be called twice."""
        if self._owner != os.getpid():
            # A forked child has none of the threads, and the sockets are its parent's: cutting them would cut those.
            self.port = None
            return
        with self._life:
            if self._accepting is None:
                return
            thread, waker = self._accepting
            waker.close()
            thread.join()
            self._accepting = self.port = None
            with self._lock:
                still_open = dict(self._open)
            for connection in still_open:
                connection.abort()
            give_up = time.monotonic() + DRAIN_SECONDS
            for connection, thread in still_open.items():
                if thread is not threading.current_thread():
                    thread.join(timeout=max(0.0, give_up - time.monotonic()))
                # Cut once more: the first time may have met the moment between the bare socket and its TLS.
                connection.abort()

    def _accept_loop(self, listening: socket.socket, waiter: socket.socket) -> None:
        with listening, waiter, selectors.DefaultSelector() as selector:
            selector.register(waiter, selectors.EVENT_READ)
            watched = exhausted = False
            while True:
                with self._lock:
                    self._full = len(self._open) >= self._limits.connections
                # At the bound newcomers wait in the backlog.
                if watched == (self._full or exhausted):
                    (selector.unregister(listening) if watched else selector.register(listening, selectors.EVENT_READ))
                    watched = not watched
                exhausted = False
                ready = [key.fileobj for key, _ in selector.select(_TICK_SECONDS)]
                # A byte says that there is room again, the end that it is time to go.
                if waiter in ready and not waiter.recv(4096):
                    return
                if listening in ready:
                    exhausted = not self._accept(listening)
                self._cut_overdue()

    def _accept(self, listening: socket.socket) -> bool:
        """Take one connection out of the backlog; return False where there was no room for it."""
        try:
            raw, _ = listening.accept()
        except OSError as error:
            # Else the client has left the backlog again.
            return error.errno not in _EXHAUSTED
        connection = Connection(raw, self.context, self._limits)
        thread = threading.Thread(target=self._run, args=(connection,), name=f"{self.name} serves", daemon=True)
        with self._lock:
            self._open[connection] = thread
        try:
            thread.start()
        except RuntimeError:
            # The system grants no more threads.
            self._forget(connection)
            raw.close()
            return False
        return True

    def _cut_overdue(self) -> None:
        with self._lock:
            overdue = [connection for connection in self._open if connection.late]
        for connection in overdue:
            connection.abort()

    def _run(self, connection: Connection) -> None:
        try:
            with self._log.deciding():
                tls = self._shake_hands(connection)
                if tls is not None:
                    self._serve(tls, connection)
        except OSError:
            # The peer may cut the line at any moment; what was decided is in the log by then.
            pass
        # The last line of a thread: a fault in what it serves must be seen, and must not print into a notebook.
        except Exception as fault:
            reason = f"the server failed: {type(fault).__name__}: {fault}"[:200]
            self._log.add(admitted=False, layer="http", reason=reason)
        finally:
            connection.close()
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            del self._open[connection]
            accepting = self._accepting if self._full else None
        if accepting is not None:
            # A full pipe or a closed one wakes, or needs no waking.
            with contextlib.suppress(OSError):
                accepting[1].send(b".")

    def _shake_hands(self, connection: Connection) -> ssl.SSLSocket | None:
        try:
            return connection.handshake()
        except OSError as error:
            reason = getattr(error, "reason", None)
            # OpenSSL's reasons are names; Python itself has a sentence for a client that is gone before it begins.
            if str(reason).isupper() and not isinstance(error, ssl.SSLEOFError):
                code = getattr(error, "verify_code", None)
                self._log.add(admitted=False, layer="tls", reason=str(reason), verify_code=code)
            elif connection.late:
                self._log.add(admitted=False, layer="tcp", reason="no handshake in time")
            else:
                self._log.add(admitted=False, layer="tcp", reason="the client left in mid-handshake")
        return None


def _bind(name: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise CannotListen(f"{name} cannot listen on {LOOPBACK}:{port} (no such port): ask for port 0")
    try:
        bound = bound_socket(port)
        bound.listen(_BACKLOG)
        return bound
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        advice = "end the program that holds the port, or ask" if error.errno == errno.EADDRINUSE else "ask"
        raise CannotListen(f"{name} cannot listen on {LOOPBACK}:{port} ({why}): {advice} for port 0") from None
