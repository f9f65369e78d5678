"""server1, the exposed one: an HTTPS proxy that forwards a few paths to server2 under its own client certificate.

To the outside it is an ordinary HTTPS server.  To server2 it is a client with a name.  What the outside claims about
identities is dropped on the way: only server1 may say who server1 is.
"""

from __future__ import annotations

import ssl

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.refusal import refusal_of
from labsupport.tls.servers.http import Headers, Request, Response, serve_http, text_response
from labsupport.tls.servers.listener import Connection, Limits, Listener
from labsupport.tls.servers.log import AccessLog
from labsupport.tls.servers.protected import Server2
from labsupport.tls.servers.server import Server

__all__ = ["ALLOWED_PATHS", "Server1", "forwardable"]

ALLOWED_PATHS = ("/", "/whoami")
_UPSTREAM_SECONDS = 5.0

# RFC 9110 section 7.6.1: these speak about one connection and end with it.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "host", "content-length", "expect"}
)
# Ways in which proxies tell the server behind them who the client was; from outside they are only claims.  The first
# two: RFC 9440; forwarded: RFC 7239.
_IDENTITY = frozenset({"client-cert", "client-cert-chain", "forwarded", "x-real-ip", "x-remote-user"})
_IDENTITY_PREFIXES = ("x-forwarded-", "x-ssl-", "x-client-")


class Server1(Server):
    """The exposed proxy.

    `identity` is its server certificate for the outside, `client_identity` what it shows to `upstream`, whose
    certificate it checks against `upstream_ca`.
    """

    def __init__(
        self,
        name: str,
        context: ssl.SSLContext,
        *,
        identity: Identity,
        client_identity: Identity,
        upstream: Server2,
        upstream_ca: Authority,
        port: int = 0,
        limits: Limits | None = None,
    ) -> None:
        self.identity = identity
        self.client_identity = client_identity
        self.upstream = upstream
        self.upstream_ca = upstream_ca
        log = AccessLog(f"{name}: requests from outside")
        super().__init__(name, Listener(name, context, self._serve, log, port=port, limits=limits), log)

    def _serve(self, tls: ssl.SSLSocket, connection: Connection) -> None:
        version = tls.version()

        def respond(request: Request) -> Response:
            response, reason = self._forward(request)
            self.log.add(
                version=version,
                admitted=response.status < 400,
                layer="http",
                reason=reason,
                request=request.line,
                status=response.status,
            )
            return response

        def refuse(reason: str) -> None:
            self.log.add(version=version, admitted=False, layer="http", reason=reason)

        serve_http(tls, respond, connection.renew, refuse)

    def _forward(self, request: Request) -> tuple[Response, str]:
        """Return the response for the outside and a line for the log."""
        if request.method not in ("GET", "HEAD"):
            return text_response(405, "405: server1 forwards GET and HEAD."), "method not allowed"
        if request.path not in ALLOWED_PATHS:
            return text_response(403, "403: server1 does not forward this path."), "path not allowed"
        return self._ask_server2(request)

    def _ask_server2(self, request: Request) -> tuple[Response, str]:
        import requests  # here, because it costs 60 ms to import and most users of this package never come by

        with requests.Session() as session:
            # Proxies, .netrc and CA bundles of the environment are nobody's business here.
            session.trust_env = False
            session.headers.clear()
            try:
                answer = session.request(
                    request.method,
                    self.upstream.url.rstrip("/") + request.target,
                    headers=dict(forwardable(request.headers)),
                    verify=self.upstream_ca.ca_path,
                    cert=self.client_identity.files,
                    timeout=_UPSTREAM_SECONDS,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                why = refusal_of(error)
                words = f"{why.by or 'the line'} {'refused' if why.by else 'failed'} ({why.reason})"
                if why.by:
                    words = f"{'server1' if why.by == 'client' else 'server2'} refused the other ({why.reason})"
                return text_response(502, f"502: server1 could not speak with server2: {words}."), words
        kept = tuple((name.lower(), value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP)
        return Response(answer.status_code, kept, answer.content), "forwarded to server2"


def forwardable(headers: Headers) -> Headers:
    """Return the request headers that may pass: none about the connection, none that claims an identity."""
    named = {token.strip().lower() for name, value in headers if name == "connection" for token in value.split(",")}
    return tuple(
        (name, value)
        for name, value in headers
        if name not in _HOP_BY_HOP | _IDENTITY | named and not name.startswith(_IDENTITY_PREFIXES)
    )
