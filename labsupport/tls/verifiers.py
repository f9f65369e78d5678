"""Verifiers of server certificates, asked one by one: what each says of the same certificate on this machine.

They differ in three habits: whether they read the common name where a certificate has no SubjectAltName, whether they
are strict about extensions that RFC 5280 demands, and whether they look at version 1 certificates at all.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification

from labsupport.pki.folders import write_private
from labsupport.pki.identity import Identity
from labsupport.tls.handshake import handshake
from labsupport.tls.names import LOOPBACK

__all__ = ["VERIFIERS", "tool_verdicts", "verdicts"]

_TOOL_SECONDS = 10.0

Verifier = Callable[[Identity, x509.Certificate, str], bool]


def verdicts(identity: Identity, ca_certificate: x509.Certificate, host: str) -> dict[str, bool]:
    """Ask each of `VERIFIERS` whether `identity`, issued by `ca_certificate`, may call itself `host`."""
    return {name: accepts(identity, ca_certificate, host) for name, accepts in VERIFIERS.items()}


def tool_verdicts(
    identity: Identity, ca_certificate: x509.Certificate, client: Identity, host: str, port: int
) -> dict[str, bool | None]:
    """Ask the command-line tools too: ``openssl verify`` about the files, curl about the live server at `port`.

    None stands for a tool that is not installed.
    """
    ca_path = str(write_private("asked-ca.pem", ca_certificate.public_bytes(Encoding.PEM)))
    openssl = ["openssl", "verify", "-CAfile", ca_path, "-untrusted", identity.cert_path]
    openssl += ["-purpose", "sslserver", "-verify_hostname", host]
    curl = ["curl", "--silent", "--output", "-", "--noproxy", "*", "--resolve", f"{host}:{port}:{LOOPBACK}"]
    curl += ["--cacert", ca_path, "--cert", client.cert_path, "--key", client.key_path]
    commands = {"openssl verify": [*openssl, identity.cert_path], "curl": [*curl, f"https://{host}:{port}/"]}
    return {name: _succeeds(command) for name, command in commands.items()}


def _succeeds(command: list[str]) -> bool | None:
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TOOL_SECONDS, check=False)  # noqa: S603  # no shell
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _ssl_lenient(identity: Identity, ca_certificate: x509.Certificate, host: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return _handshake_works(context, identity, ca_certificate, host)


def _ssl_strict(identity: Identity, ca_certificate: x509.Certificate, host: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return _handshake_works(context, identity, ca_certificate, host)


def _requests(identity: Identity, ca_certificate: x509.Certificate, host: str) -> bool:
    from urllib3.util.ssl_ import create_urllib3_context  # here, because it takes 30 ms to import

    context = create_urllib3_context()
    context.check_hostname = True
    return _handshake_works(context, identity, ca_certificate, host)


def _cryptography(identity: Identity, ca_certificate: x509.Certificate, host: str) -> bool:
    policy = verification.PolicyBuilder().store(verification.Store([ca_certificate]))
    try:
        policy.build_server_verifier(x509.DNSName(host)).verify(identity.certificate, list(identity.intermediates))
    except verification.VerificationError:
        return False
    return True


def _handshake_works(context: ssl.SSLContext, identity: Identity, ca_certificate: x509.Certificate, host: str) -> bool:
    context.load_verify_locations(cadata=ca_certificate.public_bytes(Encoding.DER))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*identity.files, password=b"")
    return handshake(context, server, server_hostname=host).ok


# "ssl" is Python's module as it was up to 3.12; "ssl-strict" adds VERIFY_X509_STRICT, which create_default_context()
# sets from 3.13 on; "requests" is urllib3's context, which reads no common name and is strict from 3.13 on.
VERIFIERS: dict[str, Verifier] = {
    "ssl": _ssl_lenient,
    "ssl-strict": _ssl_strict,
    "requests": _requests,
    "cryptography": _cryptography,
}
