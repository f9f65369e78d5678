"""One message of a handshake: who sent it, what it is called, how large it was, whether the wire showed it in clear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["MUTUAL", "NAMES", "Message", "Side", "negotiated_version"]

Side = Literal["client", "server"]

# Python's enum spells these as OpenSSL does; the names here are those of RFC 8446 section 4 and RFC 5246 section 7.4.
NAMES = {
    "CLIENT_HELLO": "ClientHello",
    "SERVER_HELLO": "ServerHello",
    "ENCRYPTED_EXTENSIONS": "EncryptedExtensions",
    "CERTIFICATE_REQUEST": "CertificateRequest",
    "CERTIFICATE": "Certificate",
    "CERTIFICATE_VERIFY": "CertificateVerify",
    "SERVER_KEY_EXCHANGE": "ServerKeyExchange",
    "CLIENT_KEY_EXCHANGE": "ClientKeyExchange",
    "SERVER_DONE": "ServerHelloDone",
    "FINISHED": "Finished",
    "NEWSESSION_TICKET": "NewSessionTicket",
    "KEY_UPDATE": "KeyUpdate",
}

# (sender, message) of what mutual TLS adds to a handshake in which only the server shows a certificate.
MUTUAL: frozenset[tuple[Side, str]] = frozenset(
    {("server", "CertificateRequest"), ("client", "Certificate"), ("client", "CertificateVerify")}
)
# Message bytes of a Certificate message with an empty list: 7 in TLS 1.2, 8 in TLS 1.3.
_EMPTY_CERTIFICATE = 8
_SUPPORTED_VERSIONS = 43


@dataclass(frozen=True)
class Message:
    """One handshake message or alert; `size` is in bytes, with its own header and without the record around it."""

    sender: Side
    name: str
    size: int
    encrypted: bool
    alert: bool = False

    @property
    def mutual(self) -> bool:
        """Whether this message is there only because the server asks for a client certificate."""
        return (self.sender, self.name) in MUTUAL

    @property
    def label(self) -> str:
        """What a figure writes: the name, marked where a Certificate carries no certificate."""
        if self.alert:
            return f"Alert: {self.name}"
        return f"{self.name} (empty)" if self.name == "Certificate" and self.size <= _EMPTY_CERTIFICATE else self.name


def negotiated_version(server_hello: bytes) -> str:
    """Return the version that a ServerHello settles: TLS 1.3 is told by an extension (RFC 8446 section 4.2.1).

    OpenSSL tells the callback the version only after this message, when it was not alone in the offer.
    """
    # Type and length (4 bytes), legacy_version (2), random (32), session id, cipher suite (2), compression (1).
    position = 38
    position += 1 + int.from_bytes(server_hello[position : position + 1], "big") + 3 + 2
    while position + 4 <= len(server_hello):
        kind = int.from_bytes(server_hello[position : position + 2], "big")
        size = int.from_bytes(server_hello[position + 2 : position + 4], "big")
        if kind == _SUPPORTED_VERSIONS and server_hello[position + 4 : position + 6] == b"\x03\x04":
            return "TLSv1.3"
        position += 4 + size
    return "TLSv1.2"
