"""The pair: server1, exposed, in front of server2, protected, with certificates made on the spot."""

from __future__ import annotations

import atexit
import ssl
from contextlib import ExitStack
from typing import Self

from labsupport.errors import UsageError
from labsupport.pki.authority import Authority
from labsupport.tls.contexts import Tls, server_context
from labsupport.tls.names import lab_names
from labsupport.tls.servers.connection import Limits
from labsupport.tls.servers.exposed import Server1
from labsupport.tls.servers.protected import Manner, Server2
from labsupport.tls.verifiers import tool_verdicts, verdicts

__all__ = ["Pair"]

SERVER1, SERVER2 = "server1.test", "server2.test"
TRUST_DOMAIN = "spiffe://course"


class Pair:
    """server1 and server2, certified by one `authority`; works as a context manager or with start() and close().

    While it runs, ``https://server1.test:PORT/`` and ``https://server2.test:PORT/`` lead to loopback in this process.
    `tls` limits server2 to one version; `manner` is how server2 turns away clients without a certificate (see Server2).
    server2 trusts client certificates of `client_authority`, by default the same `authority`.
    """

    def __init__(
        self,
        authority: Authority,
        *,
        tls: Tls | None = None,
        manner: Manner = "alert",
        client_authority: Authority | None = None,
        ports: tuple[int, int] = (0, 0),
        limits: Limits | None = None,
    ) -> None:
        if manner not in ("alert", "http"):
            raise UsageError(f'manner={manner!r} is not known: use "alert" or "http"')
        self.authority = authority
        self.tls = tls
        self.client_authority = client_ca = client_authority or authority
        own = authority.issue(SERVER2, role="server")
        verify = ssl.CERT_REQUIRED if manner == "alert" else ssl.CERT_OPTIONAL
        self.server2 = Server2(
            SERVER2,
            server_context(own, client_ca, verify=verify, tls=tls),
            identity=own,
            manner=manner,
            port=ports[1],
            limits=limits,
        )
        exposed = authority.issue(SERVER1, role="server")
        self.server1 = Server1(
            SERVER1,
            server_context(exposed),
            identity=exposed,
            # Two roles, two certificates: the one that anyone on the internet can ask for opens no door inside.
            client_identity=client_ca.issue(SERVER1, role="client", dns=[SERVER1], uri=[f"{TRUST_DOMAIN}/server1"]),
            upstream=self.server2,
            upstream_ca=authority,
            port=ports[0],
            limits=limits,
        )
        self._life: ExitStack | None = None

    @property
    def running(self) -> bool:
        """Whether both servers listen."""
        return self._life is not None

    def start(self) -> Self:
        """Start both servers; nothing happens where they run already.  Raises CannotListen when a port is taken."""
        if self._life is None:
            with ExitStack() as stack:
                stack.enter_context(lab_names(SERVER1, SERVER2))
                stack.enter_context(self.server2)
                stack.enter_context(self.server1)
                # A kernel that ends without close() still leaves no server and no hook behind.
                atexit.register(self.close)
                self._life = stack.pop_all()
        return self

    def close(self) -> None:
        """Stop both servers and take the names back; may be called twice, and started again."""
        if self._life is not None:
            life, self._life = self._life, None
            atexit.unregister(self.close)
            life.close()

    def verdicts(self) -> dict[str, bool | None]:
        """Ask every verifier on this machine whether server2's certificate is right for its name.

        Python's ssl module (lenient and strict), requests, cryptography, ``openssl verify`` and curl; None where a tool
        is not installed.  The pair must be running.
        """
        identity, root = self.server2.identity, self.authority.certificate
        client = self.server1.client_identity
        asked = tool_verdicts(identity, root, client, self.server2.name, self.server2.port)
        return {**verdicts(identity, root, self.server2.name), **asked}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if not self.running:
            return "<Pair, not running: start() starts it>"
        return f"<Pair: {self.server1.url} in front of {self.server2.url}>"
