"""Frozen records of handshakes: which message went which way, how large it was, whether the wire showed it in clear.

Table, figure and alt text of a handshake all come from one `Trace`.  The messages are taken from OpenSSL through
``SSLContext._msg_callback``; it is private, so this module is the only place that touches it.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["MUTUAL", "Message", "Recorder", "Side", "Trace", "negotiated_version", "observed"]

Side = Literal["client", "server"]

# Python's enum spells these as OpenSSL does; the names here are those of RFC 8446 section 4 and RFC 5246 section 7.4.
_NAMES = {
    "CLIENT_HELLO": "ClientHello",
    "SERVER_HELLO": "ServerHello",
    "ENCRYPTED_EXTENSIONS": "EncryptedExtensions",
    "CERTIFICATE_REQUEST": "CertificateRequest",
    "CERTIFICATE": "Certificate",
    "CERTIFICATE_VERIFY": "CertificateVerify",
    "SERVER_KEY_EXCHANGE": "ServerKeyExchange",
    "CLIENT_KEY_EXCHANGE": "ClientKeyExchange",
    "SERVER_DONE": "ServerHelloDone",
    "FINISHED": "Finished",
    "NEWSESSION_TICKET": "NewSessionTicket",
    "KEY_UPDATE": "KeyUpdate",
}

# (sender, message) of what mutual TLS adds to a handshake in which only the server shows a certificate.
MUTUAL: frozenset[tuple[Side, str]] = frozenset(
    {("server", "CertificateRequest"), ("client", "Certificate"), ("client", "CertificateVerify")}
)
# Message bytes of a Certificate message with an empty list: 7 in TLS 1.2, 8 in TLS 1.3.
_EMPTY_CERTIFICATE = 8
_SUPPORTED_VERSIONS = 43


@dataclass(frozen=True)
class Message:
    """One handshake message or alert; `size` is in bytes, with its own header and without the record around it."""

    sender: Side
    name: str
    size: int
    encrypted: bool
    alert: bool = False

    @property
    def mutual(self) -> bool:
        """Whether this message is there only because the server asks for a client certificate."""
        return (self.sender, self.name) in MUTUAL

    @property
    def label(self) -> str:
        """What a figure writes: the name, marked where a Certificate carries no certificate."""
        if self.alert:
            return f"Alert: {self.name}"
        return f"{self.name} (empty)" if self.name == "Certificate" and self.size <= _EMPTY_CERTIFICATE else self.name


@dataclass(frozen=True)
class Trace:
    """The messages of one connection in the order in which `seen_by` sent and received them.

    `version` is ``"TLSv1.2"`` or ``"TLSv1.3"``; None where no ServerHello came.
    """

    seen_by: Side
    version: str | None
    messages: tuple[Message, ...]

    @property
    def complete(self) -> bool:
        """Whether `seen_by` could take the handshake for done.

        TLS 1.3: the client is done once it sent Finished, before the server has judged it; the server once it received
        that Finished.  TLS 1.2: both are done when both Finished messages have passed.
        """
        finished = {message.sender for message in self.messages if message.name == "Finished"}
        if self.version == "TLSv1.3" and self.seen_by == "client":
            return "client" in finished
        return finished == {"client", "server"}

    @property
    def mutual(self) -> tuple[Message, ...]:
        """The messages that mutual TLS added."""
        return tuple(message for message in self.messages if message.mutual)

    @property
    def alert(self) -> Message | None:
        """The first alert, other than the friendly close_notify."""
        return next((message for message in self.messages if message.alert and message.name != "close_notify"), None)

    @property
    def size(self) -> int:
        """Bytes of all handshake messages together."""
        return sum(message.size for message in self.messages if not message.alert)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return the table: (sender, message, bytes, how it travels), headings not included."""
        return [
            (message.sender, message.label, str(message.size), "encrypted" if message.encrypted else "in clear")
            for message in self.messages
        ]

    @property
    def alt(self) -> str:
        """The record in words, for those who do not see the figure."""
        if not self.messages:
            return "No handshake message was exchanged."
        steps = "; ".join(f"{message.sender} sends {message.label}" for message in self.messages)
        added = len(self.mutual)
        return f"{self.version or 'TLS'} handshake as the {self.seen_by} saw it: {steps}. Added by mutual TLS: {added}."


class Recorder:
    """Collects the messages of one context's connections; `trace` freezes what came so far.

    A context that records should serve one connection: messages of several would run into one another.
    """

    def __init__(self, seen_by: Side) -> None:
        self._seen_by: Side = seen_by
        self._messages: list[Message] = []
        self._version: str | None = None

    def attach(self, context: ssl.SSLContext) -> None:
        """Record the connections of `context` from now on."""
        context._msg_callback = self._record  # type: ignore[attr-defined]  # private, and the only way without keys

    def _record(self, _connection: Any, direction: str, _version: Any, content: Any, message: Any, data: bytes) -> None:
        # Nothing here may raise: an exception inside this callback leaks the connection's memory.
        kind = getattr(content, "name", "")
        if kind not in ("HANDSHAKE", "ALERT"):
            return
        other: Side = "server" if self._seen_by == "client" else "client"
        name = str(getattr(message, "name", message))
        if name == "SERVER_HELLO":
            self._version = negotiated_version(data)
        alert = kind == "ALERT"
        sender = self._seen_by if direction == "write" else other
        self._messages.append(
            Message(
                sender=sender,
                name=name.lower() if alert else _NAMES.get(name, name),
                size=len(data),
                encrypted=self._in_cipher(sender, name),
                alert=alert,
            )
        )

    def _in_cipher(self, sender: Side, name: str) -> bool:
        if self._version == "TLSv1.3":
            return name not in ("CLIENT_HELLO", "SERVER_HELLO")
        # TLS 1.2 encrypts what a side sends from its ChangeCipherSpec on: its Finished, and alerts after that.
        return name == "FINISHED" or any(m.name == "Finished" and m.sender == sender for m in self._messages)

    @property
    def trace(self) -> Trace:
        """What was recorded so far."""
        return Trace(self._seen_by, self._version, tuple(self._messages))


def negotiated_version(server_hello: bytes) -> str:
    """Return the version that a ServerHello settles: TLS 1.3 is told by an extension (RFC 8446 section 4.2.1).

    OpenSSL tells the callback the version only after this message, when it was not alone in the offer.
    """
    # Type and length (4 bytes), legacy_version (2), random (32), session id, cipher suite (2), compression (1).
    position = 38
    position += 1 + int.from_bytes(server_hello[position : position + 1], "big") + 3 + 2
    while position + 4 <= len(server_hello):
        kind = int.from_bytes(server_hello[position : position + 2], "big")
        size = int.from_bytes(server_hello[position + 2 : position + 4], "big")
        if kind == _SUPPORTED_VERSIONS and server_hello[position + 4 : position + 6] == b"\x03\x04":
            return "TLSv1.3"
        position += 4 + size
    return "TLSv1.2"


class _Watch(threading.local):
    """The lists of recorders that this thread is filling, innermost last."""

    def __init__(self) -> None:
        self.stack: list[list[Recorder]] = []


_watch = _Watch()
_lock = threading.Lock()
_watchers = 0
_plain_wrap_socket = ssl.SSLContext.wrap_socket


def _wrap_socket(self: ssl.SSLContext, sock: Any, server_side: bool = False, *args: Any, **options: Any) -> Any:
    if _watch.stack and not server_side:
        recorder = Recorder("client")
        recorder.attach(self)
        _watch.stack[-1].append(recorder)
    return _plain_wrap_socket(self, sock, server_side, *args, **options)


@contextmanager
def observed() -> Iterator[list[Recorder]]:
    """Record every TLS client connection that this thread opens inside the block, one Recorder each, in order.

    Libraries such as requests make their contexts out of sight; the moment at which they wrap a socket is the one that
    all share.  Server connections and other threads are left alone.
    """
    global _watchers
    recorders: list[Recorder] = []
    with _lock:
        _watchers += 1
        ssl.SSLContext.wrap_socket = _wrap_socket  # type: ignore[method-assign]  # undone with the last watcher
    _watch.stack.append(recorders)
    try:
        yield recorders
    finally:
        _watch.stack.pop()
        with _lock:
            _watchers -= 1
            if not _watchers:
                ssl.SSLContext.wrap_socket = _plain_wrap_socket  # type: ignore[method-assign]
