"""What both servers of the pair have in common: a name, an address, a log, and a life with a beginning and an end."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Self

from labsupport.errors import UsageError
from labsupport.tls.servers.connection import Connection
from labsupport.tls.servers.http import Moment, Request, Response, serve_http, text_response
from labsupport.tls.servers.listener import Listener
from labsupport.tls.servers.log import AccessLog

__all__ = ["Answer", "Server"]

# What a server makes of a request: the response, and a line for the log.
Answer = Callable[[Request], tuple[Response, str]]


class Server:
    """A named HTTPS server on loopback; a context manager, restartable."""

    def __init__(self, name: str, listener: Listener, log: AccessLog) -> None:
        self.name = name
        self.log = log
        self._listener = listener

    @property
    def running(self) -> bool:
        """Whether the server listens."""
        return self._listener.port is not None

    @property
    def port(self) -> int:
        """The port; raises UsageError while the server is not running."""
        if self._listener.port is None:
            raise UsageError(f"{self.name} is not running: call start() on the pair first")
        return self._listener.port

    @property
    def url(self) -> str:
        """``https://NAME:PORT/``, with the name that the server's certificate carries."""
        return f"https://{self.name}:{self.port}/"

    @property
    def context(self) -> ssl.SSLContext:
        """The TLS context that the next connection will meet; assign another to change it without losing anyone."""
        return self._listener.context

    @context.setter
    def context(self, context: ssl.SSLContext) -> None:
        self._listener.context = context

    def start(self) -> Self:
        """Begin to listen; nothing happens where it listens already."""
        self._listener.start()
        return self

    def close(self) -> None:
        """Stop; may be called twice."""
        self._listener.close()

    def _converse(self, tls: ssl.SSLSocket, connection: Connection, answer: Answer, peer: tuple[str, ...] = ()) -> None:
        """Serve HTTP on an admitted connection: a verdict for each request, and for a line that broke off."""
        version = tls.version()

        def respond(request: Request) -> Response:
            try:
                response, reason = answer(request)
            # A fault of the server's own must reach the client as an answer, and the log as a line.
            except Exception as fault:
                response = text_response(500, f"500: {self.name} failed.")
                reason = f"the server failed: {type(fault).__name__}: {fault}"[:200]
            self.log.add(
                peer=peer,
                version=version,
                admitted=response.status < 400,
                layer="http",
                reason=reason,
                request=request.line,
                status=response.status,
            )
            return response

        def refuse(reason: str) -> None:
            self.log.add(peer=peer, version=version, admitted=False, layer="http", reason=reason)

        def broke_off(moment: Moment) -> None:
            reason = f"{'out of time' if connection.late else 'the client left'} {moment}"
            self.log.add(peer=peer, version=version, admitted=False, layer="tcp", reason=reason)

        serve_http(tls, respond, connection.renew, refuse, broke_off)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = f"listening at {self.url}" if self.running else "not running"
        return f"<{type(self).__name__} {self.name}, {where}>"
