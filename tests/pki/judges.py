"""Independent verifiers, each asked whether it accepts an identity of a CA in a role."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.handshake import handshake
from tests.tools import need, run

__all__ = ["JUDGES", "Judge", "Role", "openssl_verify"]

Role = Literal["client", "server"]
# Returns None for yes, else the reason.
Judge = Callable[[Identity, Authority, Role, str], str | None]


def _ssl(strict: bool | None) -> Judge:
    def judge(identity: Identity, authority: Authority, role: Role, name: str) -> str | None:
        trust = authority.certificate_pem.decode()
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        client = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=trust)
        # The judged end shows the identity; the other end needs a certificate only where it is the server.
        other = Authority.root("Other root")
        door = other.issue(name, role="server", dns=[name])
        judging = client if role == "server" else server
        server.load_cert_chain(*(identity if role == "server" else door).files)
        if role == "client":
            client.load_cert_chain(*identity.files)
            server.verify_mode = ssl.CERT_REQUIRED
            client.load_verify_locations(cadata=other.certificate_pem.decode())
            server.load_verify_locations(cadata=trust)
        if strict is not None:
            flags = judging.verify_flags | ssl.VERIFY_X509_STRICT
            judging.verify_flags = flags if strict else flags ^ ssl.VERIFY_X509_STRICT
        result = handshake(client, server, server_hostname=name)
        error = result.client_error if role == "server" else result.server_error
        return None if result.ok else f"{type(error).__name__} {getattr(error, 'verify_code', '')}"

    return judge


def _cryptography(identity: Identity, authority: Authority, role: Role, name: str) -> str | None:
    builder = verification.PolicyBuilder().store(verification.Store([authority.certificate]))
    links = list(identity.intermediates)
    try:
        if role == "client":
            builder.build_client_verifier().verify(identity.certificate, links)
        else:
            builder.build_server_verifier(x509.DNSName(name)).verify(identity.certificate, links)
    except verification.VerificationError as error:
        return str(error)
    return None


# "ssl" is as this Python has it by default (strict from 3.13 on), the others are the same on every version.
JUDGES: dict[str, Judge] = {
    "ssl": _ssl(None),
    "ssl-lenient": _ssl(False),
    "ssl-strict": _ssl(True),
    "cryptography": _cryptography,
}


def openssl_verify(
    identity: Identity, authority: Authority, role: Role, name: str, folder: Path, *, strict: bool = True
) -> str | None:
    """Ask ``openssl verify``; the folder is for its files."""
    program = need("openssl")
    links = folder / "links.pem"
    links.write_bytes(b"".join(link.public_bytes(Encoding.PEM) for link in identity.intermediates))
    command = [program, "verify", "-CAfile", authority.ca_path, "-no-CApath", "-no-CAstore", "-purpose", f"ssl{role}"]
    if strict:
        command.append("-x509_strict")
    if links.stat().st_size:
        command += ["-untrusted", str(links)]
    if role == "server":
        command += ["-verify_hostname", name]
    done = run([*command, identity.cert_path])
    return None if done.returncode == 0 else done.stderr
