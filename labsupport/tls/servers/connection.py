"""One accepted connection: its handshake, its patience, and a way out that does not cost the client the last word.

A refused client is let down gently: the alert is sent, the write side closed, and what the client still sends is
drained.  Closing at once would make the kernel answer that data with a reset, and in TLS 1.3 the reset overtakes the
alert about one time in two.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
import time
from dataclasses import dataclass

__all__ = ["DRAIN_SECONDS", "Connection", "Limits"]

DRAIN_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a server waits, in seconds, and how many connections it holds at once.

    `handshake` is for a whole handshake, `request` for a whole request with its answer, the wait for it included;
    `upstream` is for each step that server1 takes towards server2.
    """

    handshake: float = 5.0
    request: float = 10.0
    connections: int = 256
    upstream: float = 5.0


class Connection:
    """One accepted connection: its TLS socket, and the moment at which patience ends.

    The sockets block without a time-out of their own: whoever accepts looks for connections that are `late` and cuts
    them.  A deadline for each read would be no defence against one byte a second.
    """

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, limits: Limits) -> None:
        # Some systems let an accepted socket inherit that its listener does not block.
        raw.setblocking(True)
        self._limits = limits
        self._socket = raw
        self._context = context
        # Held while the descriptor is cut or given up: it must not be cut when it is somebody else's by then.
        self._guard = threading.Lock()
        self.deadline = time.monotonic() + limits.handshake

    @property
    def late(self) -> bool:
        """Whether patience has ended."""
        return time.monotonic() >= self.deadline

    def handshake(self) -> ssl.SSLSocket:
        """Shake hands; raises what the ssl module raises."""
        # Answers are written at once and whole; there is nothing for the kernel to wait for.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = self._context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
        self._socket = tls
        tls.do_handshake()
        if sys.platform == "linux":
            # A client that does not switch Nagle's algorithm off holds its request back until its Finished has been
            # acknowledged.  Without session tickets nothing goes its way that could carry that along, and the kernel
            # would wait 40 ms for something that does.
            tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self.renew()
        return tls

    def renew(self) -> None:
        """Grant the time of one more request."""
        self.deadline = time.monotonic() + self._limits.request

    def abort(self) -> None:
        """Cut the line from another thread; the connection's own thread notices at its next read or write."""
        with self._guard, contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Say goodbye and close, draining what is still under way so that it arrives."""
        self.deadline = time.monotonic() + DRAIN_SECONDS
        with contextlib.suppress(OSError, ValueError):
            if isinstance(self._socket, ssl.SSLSocket):
                self._part_from_tls(self._socket)
            self._socket.shutdown(socket.SHUT_WR)
            while self._socket.recv(65536):
                pass
        with self._guard:
            self._socket.close()

    def _part_from_tls(self, tls: ssl.SSLSocket) -> None:
        # Without blocking, unwrap sends close_notify and does not wait for the peer's.
        tls.setblocking(False)
        with contextlib.suppress(OSError, ValueError):
            tls.unwrap()
        with self._guard:
            self._socket = socket.socket(tls.family, tls.type, tls.proto, fileno=tls.detach())
        self._socket.setblocking(True)
