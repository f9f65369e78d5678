"""What both servers of the pair have in common: a name, an address, a log, and a life with a beginning and an end."""

from __future__ import annotations

import ssl
from typing import Self

from labsupport.errors import UsageError
from labsupport.tls.servers.listener import Listener
from labsupport.tls.servers.log import AccessLog

__all__ = ["Server"]


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

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = f"listening at {self.url}" if self.running else "not running"
        return f"<{type(self).__name__} {self.name}, {where}>"
