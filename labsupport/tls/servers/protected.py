"""server2, the protected one: it answers only clients whose certificate it trusts, and writes down every verdict."""

from __future__ import annotations

import json
import ssl
from typing import Any, Literal

from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Version
from labsupport.tls.servers.http import Request, Response, serve_http, text_response
from labsupport.tls.servers.listener import Connection, Limits, Listener
from labsupport.tls.servers.log import AccessLog
from labsupport.tls.servers.server import Server

__all__ = ["Manner", "Server2", "peer_names"]

Manner = Literal["alert", "http"]

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
        peer = peer_names(tls)
        version: Version = tls.version()

        def respond(request: Request) -> Response:
            if not peer:
                response, reason = text_response(400, f"400: {_NO_CERTIFICATE}."), _NO_CERTIFICATE
            else:
                response, reason = _answer(request, peer, version), "certificate trusted"
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

        serve_http(tls, respond, connection.renew, refuse)


def peer_names(tls: ssl.SSLSocket) -> tuple[str, ...]:
    """Return the SubjectAltNames of the peer's verified certificate, without any its common name; empty without one."""
    certificate: dict[str, Any] = tls.getpeercert() or {}
    if not certificate:
        return ()
    alternative = [value for _, value in certificate.get("subjectAltName", ())]
    common = [value for rdn in certificate.get("subject", ()) for kind, value in rdn if kind == "commonName"]
    return tuple(map(str, alternative or common)) or ("(no name)",)


def _answer(request: Request, peer: tuple[str, ...], version: Version) -> Response:
    if request.method not in ("GET", "HEAD", "POST"):
        return text_response(405, "405: server2 answers GET, HEAD and POST.")
    if request.path == "/":
        return text_response(200, f"Hello {peer[0]}, this is server2: mutual TLS works.")
    if request.path == "/whoami":
        facts = {
            "peer": list(peer),
            "tls": version,
            "method": request.method,
            "headers": [list(h) for h in request.headers],
        }
        return Response(200, (("content-type", "application/json"),), json.dumps(facts).encode())
    if request.path == "/ledger":
        return text_response(200, "The ledger: not meant for the outside, and server1 does not forward it.")
    return text_response(404, "404: server2 has nothing at this path.")
