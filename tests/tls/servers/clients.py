"""Clients as bare as can be, so that a test decides each byte."""

from __future__ import annotations

import re
import socket
import ssl

from labsupport.tls.names import LOOPBACK
from tests.tls.forgery import HOST

__all__ = ["GET", "SECONDS", "ask", "connect", "dial", "drained", "statuses"]

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
# Only ever reached where something hangs: no test waits this long in life.
SECONDS = 60.0


def dial(port: int) -> socket.socket:
    """Open a TCP connection and nothing more."""
    return socket.create_connection((LOOPBACK, port), timeout=SECONDS)


def connect(port: int, context: ssl.SSLContext, host: str = HOST) -> ssl.SSLSocket:
    """Open a TLS connection."""
    return context.wrap_socket(dial(port), server_hostname=host)


def drained(connection: socket.socket) -> bytes:
    """Read until the other side is done, or cuts the line."""
    received = bytearray()
    try:
        while data := connection.recv(65536):
            received += data
    except OSError:
        pass
    return bytes(received)


def ask(port: int, context: ssl.SSLContext, request: bytes = GET, host: str = HOST) -> bytes:
    """Send `request`, say that there is no more, and return all that comes back."""
    with connect(port, context, host) as tls:
        tls.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        return drained(tls)


def statuses(received: bytes) -> list[int]:
    """Return the status of each response in `received`."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]
