"""server1, the exposed one: an HTTPS proxy that forwards a few paths to server2 under its own client certificate.

To the outside it is an ordinary HTTPS server.  To server2 it is a client with a name.  What the outside claims about
identities is dropped on the way: only server1 may say who server1 is.
"""

from __future__ import annotations

import ssl
from contextlib import closing
from http.client import HTTPException, HTTPSConnection

from labsupport.errors import UsageError
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import client_context
from labsupport.tls.refusal import Refusal, refusal_of
from labsupport.tls.servers.connection import Connection, Limits
from labsupport.tls.servers.http import Headers, Request, Response, not_allowed, text_response
from labsupport.tls.servers.listener import Listener
from labsupport.tls.servers.log import AccessLog
from labsupport.tls.servers.protected import Server2
from labsupport.tls.servers.server import Server

__all__ = ["ALLOWED_PATHS", "Server1", "forwardable"]

ALLOWED_PATHS = ("/", "/whoami")
_METHODS = ("GET", "HEAD")

# RFC 9110 section 7.6.1: these speak about one connection and end with it.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "host", "content-length", "expect"}
)
# Ways in which proxies tell the server behind them who the client was; from outside they are only claims.  The first
# two: RFC 9440; forwarded: RFC 7239; the others are habits of nginx, Envoy, Traefik and the cloud providers' proxies.
_IDENTITY = frozenset(
    {"client-cert", "client-cert-chain", "forwarded", "x-real-ip", "remote-user", "x-remote-user", "x-arr-clientcert"}
)
_IDENTITY_PREFIXES = ("x-forwarded-", "x-ssl-", "ssl-client-", "x-client-", "x-amzn-mtls-")


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
        self._patience = (limits or Limits()).upstream
        log = AccessLog(f"{name}: requests from outside")
        super().__init__(name, Listener(name, context, self._serve, log, port=port, limits=limits), log)

    def _serve(self, tls: ssl.SSLSocket, connection: Connection) -> None:
        self._converse(tls, connection, self._forward)

    def _forward(self, request: Request) -> tuple[Response, str]:
        """Return the response for the outside and a line for the log."""
        if request.method not in _METHODS:
            return not_allowed("server1 forwards", _METHODS), "method not allowed"
        # Compared as it came: whoever decodes or tidies a path before judging it judges another one.
        if request.path not in ALLOWED_PATHS:
            return text_response(403, "403: server1 does not forward this path."), "path not allowed"
        try:
            return self._ask_server2(request), "forwarded to server2"
        except (OSError, HTTPException) as error:
            why = _blame(refusal_of(error))
        except UsageError:
            why = "server2 is not running"
        return text_response(502, f"502: server1 could not speak with server2: {why}."), why

    def _ask_server2(self, request: Request) -> Response:
        # The standard library's plain client: it follows no redirects, reads no proxies from the environment, and sends
        # the target as it came.  A context a request, so that a certificate that was changed is a certificate in use.
        context = client_context(self.upstream_ca, self.client_identity)
        line = HTTPSConnection(self.upstream.name, self.upstream.port, timeout=self._patience, context=context)
        with closing(line):
            line.putrequest(request.method, request.target, skip_accept_encoding=True)
            for name, value in forwardable(request.headers):
                line.putheader(name, value)
            line.endheaders()
            answer = line.getresponse()
            body = answer.read()
        # The answer to HEAD has the length of a body that is not there.
        dropped = _HOP_BY_HOP - {"content-length"} if request.method == "HEAD" else _HOP_BY_HOP
        pairs = [(name.lower(), value) for name, value in answer.getheaders()]
        return Response(answer.status, tuple(pair for pair in pairs if pair[0] not in dropped), body)


def forwardable(headers: Headers) -> Headers:
    """Return the request headers that may pass: none about the connection, none that claims an identity."""
    named = {token.strip().lower() for name, value in headers if name == "connection" for token in value.split(",")}
    dropped = _HOP_BY_HOP | named
    return tuple((name, value) for name, value in headers if name not in dropped and not _claims_identity(name))


def _claims_identity(name: str) -> bool:
    # Some servers take "_" for "-", and so would be told by either spelling.
    plain = name.replace("_", "-")
    return plain in _IDENTITY or plain.startswith(_IDENTITY_PREFIXES)


def _blame(why: Refusal) -> str:
    if why.by == "client":
        return f"server1 refused server2's certificate ({why.reason})"
    if why.by == "server":
        return f"server2 refused server1 ({why.reason})"
    return f"the line failed ({why.reason})"
