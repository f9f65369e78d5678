"""Handshakes in memory, between any two contexts: no sockets, no threads, no races.

Both ends exchange application data afterwards, because in TLS 1.3 a client learns of its refusal only at its first
read (RFC 8446 section 4.4.2.4 names the alert; the server judges after the client's handshake is over).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from labsupport.tls.refusal import CUT_INSIDE, Refusal, refusal_of
from labsupport.tls.trace import Recorder, Trace

__all__ = ["End", "Handshake", "handshake"]

_ROUNDS = 20
_GREETING = b"hello"


@dataclass(frozen=True)
class Handshake:
    """What came of one handshake.

    `client_error` and `server_error` are what each end raised, or None; `trace` is the client's view, `refusal` the
    client's reading of it.  `client_certificate` is the DER that the server accepted, or None; `exchanged` tells
    whether each end received the other's application data.
    """

    trace: Trace
    client_error: ssl.SSLError | None
    server_error: ssl.SSLError | None
    client_certificate: bytes | None
    exchanged: bool = True

    @property
    def ok(self) -> bool:
        """Whether both ends finished and each received the other's application data."""
        return self.exchanged and self.client_error is None and self.server_error is None

    @property
    def refusal(self) -> Refusal | None:
        """Who refused; None for a handshake that worked, or that came to a halt with no error on either side."""
        if self.client_error is not None:
            return refusal_of(self.client_error, self.trace)
        if self.server_error is not None:
            # The client never heard of it: what stopped the server is all there is to tell.
            code = getattr(self.server_error, "verify_code", None)
            reason = getattr(self.server_error, "reason", None) or CUT_INSIDE
            return Refusal("server", "tls", "first read" if self.trace.complete else "handshake", reason, code)
        return None


class End:
    """One end in memory: steps through handshake, one write (``b"hello"``) and one read.

    `error` is the first that it met, `received` what it read, `done` whether all steps are behind it.
    """

    def __init__(self, connection: ssl.SSLObject) -> None:
        self.connection = connection
        self.error: ssl.SSLError | None = None
        self.received = b""
        self.done = False
        self._steps: list[Callable[[], object]] = [
            connection.do_handshake,
            partial(connection.write, _GREETING),
            self._read,
        ]

    def _read(self) -> None:
        self.received = self.connection.read(64)

    def advance(self) -> None:
        """Go on until it waits for the other end, is done, or has failed."""
        while self._steps and self.error is None:
            try:
                self._steps[0]()
            except ssl.SSLWantReadError:
                return
            except ssl.SSLError as error:
                self.error = error
                return
            self._steps.pop(0)
        self.done = not self._steps


def handshake(
    client: ssl.SSLContext, server: ssl.SSLContext, *, server_hostname: str | None = "server2.test"
) -> Handshake:
    """Run one handshake and one exchange of data between two contexts, and return the record."""
    recorder = Recorder("client")
    # Before the connection is made: it takes its callback from the context at that moment.
    recorder.attach(client)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = End(client.wrap_bio(to_client, to_server, server_hostname=server_hostname))
    recorder.follow(near.connection)
    far = End(server.wrap_bio(to_server, to_client, server_side=True))
    for _ in range(_ROUNDS):
        near.advance()
        far.advance()
        if (near.done or near.error) and (far.done or far.error):
            break
    accepted = far.connection.getpeercert(binary_form=True) if far.error is None else None
    exchanged = near.received == far.received == _GREETING
    return Handshake(recorder.trace, near.error, far.error, accepted, exchanged)
