"""server2, the protected one: it answers only clients whose certificate it trusts, and writes down every verdict."""

from __future__ import annotations

import json
import ssl
from typing import Any, Literal

from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Version
from labsupport.tls.servers.connection import Connection, Limits
from labsupport.tls.servers.http import Request, Response, not_allowed, text_response
from labsupport.tls.servers.listener import Listener
from labsupport.tls.servers.log import AccessLog
from labsupport.tls.servers.server import Server

__all__ = ["Manner", "Server2", "peer_names"]

Manner = Literal["alert", "http"]

_METHODS = ("GET", "HEAD", "POST")
_TRUSTED = "certificate trusted"
_NO_CERTIFICATE = "no client certificate was presented"


class Server2(Server):
    """The protected server.

    `manner` says how it turns away a client without a certificate: ``"alert"`` ends the connection inside TLS,
    ``"http"`` lets TLS finish and answers 400, as nginx does.  A certificate that does not verify is refused by an
    alert in either manner: Python's ssl module has no way to let it pass and look at it later.
    """

    def __init__(
        self,
        name: str,
        context: ssl.SSLContext,
        *,
        identity: Identity,
        manner: Manner = "alert",
        port: int = 0,
        limits: Limits | None = None,
    ) -> None:
        self.identity = identity
        self.manner = manner
        log = AccessLog(f"{name}: verdicts")
        super().__init__(name, Listener(name, context, self._serve, log, port=port, limits=limits), log)

    def _serve(self, tls: ssl.SSLSocket, connection: Connection) -> None:
        peer, version = peer_names(tls), tls.version()

        def answer(request: Request) -> tuple[Response, str]:
            if not peer:
                return text_response(400, f"400: {_NO_CERTIFICATE}."), _NO_CERTIFICATE
            return _answer(request, peer, version)

        self._converse(tls, connection, answer, peer)


def peer_names(tls: ssl.SSLSocket) -> tuple[str, ...]:
    """Return the SubjectAltNames of the peer's verified certificate, without any its common name; empty without one."""
    certificate: dict[str, Any] = tls.getpeercert() or {}
    if not certificate:
        return ()
    alternative = [value for _, value in certificate.get("subjectAltName", ())]
    common = [value for rdn in certificate.get("subject", ()) for kind, value in rdn if kind == "commonName"]
    return tuple(map(str, alternative or common)) or ("(no name)",)


def _answer(request: Request, peer: tuple[str, ...], version: Version) -> tuple[Response, str]:
    if request.method not in _METHODS:
        return not_allowed("server2 answers", _METHODS), "method not allowed"
    if request.path == "/":
        return text_response(200, f"Hello {peer[0]}, this is server2: mutual TLS works."), _TRUSTED
    if request.path == "/whoami":
        facts = {
            "peer": list(peer),
            "tls": version,
            "method": request.method,
            "headers": [list(header) for header in request.headers],
        }
        return Response(200, (("content-type", "application/json"),), json.dumps(facts).encode()), _TRUSTED
    if request.path == "/ledger":
        return text_response(200, "The ledger: not meant for the outside, and server1 does not forward it."), _TRUSTED
    return text_response(404, "404: server2 has nothing at this path."), "nothing at this path"
