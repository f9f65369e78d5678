"""The course's TLS contexts: a server that asks for client certificates, and a client that checks and shows its own."""

from __future__ import annotations

import ssl
from typing import Literal, TypeAlias

from labsupport.errors import UsageError
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity

__all__ = ["Tls", "Version", "client_context", "limit_version", "server_context"]

Tls = Literal["1.2", "1.3"]
Version: TypeAlias = str | None

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def server_context(
    identity: Identity,
    client_ca: Authority | None = None,
    *,
    verify: ssl.VerifyMode = ssl.CERT_REQUIRED,
    tls: Tls | None = None,
) -> ssl.SSLContext:
    """Return a server's context; with `client_ca` it asks for client certificates and accepts those of that CA only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*identity.files, password=_no_password)
    if client_ca is not None:
        context.load_verify_locations(cadata=client_ca.certificate_pem.decode("ascii"))
        context.verify_mode = verify
        # A session resumed from a ticket is not judged again; without tickets every TLS 1.3 connection is.
        context.num_tickets = 0
    limit_version(context, tls)
    return context


def client_context(
    server_ca: Authority | None, identity: Identity | None = None, *, tls: Tls | None = None
) -> ssl.SSLContext:
    """Return a client's context that trusts `server_ca` alone (None: nobody) and shows `identity` when asked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if server_ca is not None:
        context.load_verify_locations(cadata=server_ca.certificate_pem.decode("ascii"))
    if identity is not None:
        context.load_cert_chain(*identity.files, password=_no_password)
    limit_version(context, tls)
    return context


def limit_version(context: ssl.SSLContext, tls: Tls | None) -> None:
    """Let `context` speak only TLS 1.2 or only TLS 1.3; None allows both and nothing older."""
    if tls is None:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    elif tls in _VERSIONS:
        context.minimum_version = context.maximum_version = _VERSIONS[tls]
    else:
        raise UsageError(f'tls={tls!r} is not known: use "1.2", "1.3" or nothing for both')


def _no_password() -> bytes:
    # Without this OpenSSL would ask on the terminal for an encrypted key, and a notebook would hang.
    return b""
