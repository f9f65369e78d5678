"""Frozen records of handshakes: which message went which way, how large it was, whether the wire showed it in clear.

Table, figure and alt text of a handshake all come from one `Trace`.  The messages are taken from OpenSSL through
``SSLContext._msg_callback``; it is private, so this module is the only place that touches it.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labsupport.tls.message import MUTUAL, NAMES, Message, Side, negotiated_version

__all__ = ["MUTUAL", "Message", "Recorder", "Side", "Trace", "negotiated_version", "observed"]


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
    """Collects the messages of one connection; `trace` freezes what came so far."""

    def __init__(self, seen_by: Side) -> None:
        self._seen_by: Side = seen_by
        self._messages: list[Message] = []
        self._version: str | None = None

    def attach(self, context: ssl.SSLContext) -> None:
        """Record the next connection of `context` that exchanges messages in this thread.

        `context` keeps the hook, which costs nothing to connections that nobody records.
        """
        _hook(context)
        _watch.expected = self

    def follow(self, connection: ssl.SSLObject | ssl.SSLSocket) -> None:
        """Record `connection`, made from a context that was attached before, whichever thread it is used in."""
        _recorders[connection] = self
        if _watch.expected is self:
            _watch.expected = None

    def note(self, direction: str, content: Any, message: Any, data: bytes) -> None:
        """Take down one message as OpenSSL reports it; other kinds of content are passed over."""
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
                name=name.lower() if alert else NAMES.get(name, name),
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


class _Watch(threading.local):
    """What this thread waits for: the lists it is filling, innermost last, and the recorder of the next connection."""

    def __init__(self) -> None:
        self.stack: list[list[Recorder]] = []
        self.expected: Recorder | None = None


_watch = _Watch()
# A context may serve many connections, in several threads: messages are told apart by their connection.
_recorders: weakref.WeakKeyDictionary[Any, Recorder] = weakref.WeakKeyDictionary()
_lock = threading.Lock()
_watchers = 0
# Our wrap_socket while it is in place, and the one beneath it.
_laid: tuple[Any, Any] | None = None


def _hook(context: ssl.SSLContext) -> None:
    context._msg_callback = _on_message  # type: ignore[attr-defined]  # private, and the only way without keys


def _on_message(connection: Any, direction: str, _version: Any, content: Any, message: Any, data: bytes) -> None:
    # Whatever goes wrong here stays here: an exception inside this callback leaks the connection's memory.
    with contextlib.suppress(Exception):
        recorder = _recorders.get(connection)
        if recorder is None and _watch.expected is not None:
            recorder, _watch.expected = _watch.expected, None
            _recorders[connection] = recorder
        if recorder is not None:
            recorder.note(direction, content, message, data)


@contextlib.contextmanager
def observed() -> Iterator[list[Recorder]]:
    """Record every TLS client connection that this thread opens inside the block, one Recorder each, in order.

    Libraries such as requests make their contexts out of sight; the moment at which they wrap a socket is the one that
    all share.  Server connections and other threads are left alone.
    """
    global _watchers
    recorders: list[Recorder] = []
    with _lock:
        _watchers += 1
        if _watchers == 1:
            _lay_wrap_socket()
    _watch.stack.append(recorders)
    try:
        yield recorders
    finally:
        _watch.stack.pop()
        with _lock:
            _watchers -= 1
            if not _watchers:
                _lift_wrap_socket()


def _lay_wrap_socket() -> None:
    global _laid
    beneath: Any = ssl.SSLContext.wrap_socket

    def wrap_socket(self: ssl.SSLContext, sock: Any, server_side: bool = False, *args: Any, **options: Any) -> Any:
        # One that was left behind beneath somebody else's hook has nothing more to say.
        in_force = _laid is not None and _laid[0] is wrap_socket
        if not in_force or not _watch.stack or server_side:
            return beneath(self, sock, server_side, *args, **options)
        recorder = Recorder("client")
        _watch.stack[-1].append(recorder)
        recorder.attach(self)
        try:
            connection = beneath(self, sock, server_side, *args, **options)
        finally:
            _watch.expected = None
        # Where the handshake is still to come, this is the first moment at which the connection is known.
        recorder.follow(connection)
        return connection

    ssl.SSLContext.wrap_socket = wrap_socket  # type: ignore[method-assign]  # there is no public way in
    _laid = wrap_socket, beneath


def _lift_wrap_socket() -> None:
    global _laid
    # A hook that somebody laid over this one stays; ours then only passes calls on.
    if _laid is not None and ssl.SSLContext.wrap_socket is _laid[0]:
        ssl.SSLContext.wrap_socket = _laid[1]  # type: ignore[method-assign]  # back as it was
    _laid = None
