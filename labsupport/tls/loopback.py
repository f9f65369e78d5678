"""Where listening sockets come from: this machine's loopback, or another that somebody has put in its place.

A judge whose learner lives in a network namespace of its own listens on that namespace's loopback, with a socket that
was bound there; servers need not know.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from labsupport.tls.names import LOOPBACK

__all__ = ["bound_socket", "sockets_from"]

Source = Callable[[], socket.socket]

_source: ContextVar[Source | None] = ContextVar("source of sockets", default=None)


@contextmanager
def sockets_from(source: Source) -> Iterator[None]:
    """Take the sockets of `bound_socket` from `source` until the block ends, in this thread."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


def bound_socket(port: int = 0) -> socket.socket:
    """Return a TCP socket bound to 127.0.0.1, not listening yet; port 0 lets the system choose.

    A port that is asked for by number is always this machine's own. Raises OSError when it is not to be had.
    """
    source = _source.get()
    if source is not None and port == 0:
        return source()
    bound = socket.socket()
    try:
        # As socket.create_server does: a port in TIME_WAIT may be taken again (on Windows this means something else).
        if hasattr(socket, "SO_REUSEPORT"):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((LOOPBACK, port))
    except OSError:
        bound.close()
        raise
    return bound
