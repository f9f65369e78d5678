"""An `Identity`: a private key, the certificate that names its holder, and the intermediates in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from labsupport.pki.folders import write_private
from labsupport.pki.keys import PrivateKey, key_pem

__all__ = ["Identity", "common_name", "file_stem", "subject_names"]

# A file name has at most 255 bytes, a character up to four, and an ending follows.
_STEM_LENGTH = 48


@dataclass(frozen=True)
class Identity:
    """A key pair with its certificate, and the intermediates between that certificate and the root.

    PEM properties are bytes.  Paths are made at their first use, in this process's private folder, mode 0600.
    """

    certificate: x509.Certificate
    intermediates: tuple[x509.Certificate, ...] = ()
    key: PrivateKey = field(kw_only=True, repr=False)

    @property
    def name(self) -> str:
        """The subject's common name, or its first SubjectAltName."""
        return common_name(self.certificate)

    @property
    def certificate_pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def chain_pem(self) -> bytes:
        """The certificate, then the intermediates, in the order TLS sends them (RFC 8446 section 4.4.2)."""
        return b"".join(link.public_bytes(Encoding.PEM) for link in (self.certificate, *self.intermediates))

    @property
    def key_pem(self) -> bytes:
        """The private key, unencrypted: handle with care."""
        return key_pem(self.key)

    @cached_property
    def cert_path(self) -> str:
        """Path of a file with the chain."""
        return str(write_private(f"{file_stem(self.name)}.crt.pem", self.chain_pem))

    @cached_property
    def key_path(self) -> str:
        """Path of a file with the private key (mode 0600)."""
        return str(write_private(f"{file_stem(self.name)}.key.pem", self.key_pem))

    @property
    def files(self) -> tuple[str, str]:
        """``(certificate path, key path)``: what ``requests`` takes as ``cert=``."""
        return self.cert_path, self.key_path


def common_name(certificate: x509.Certificate) -> str:
    """Return the subject's common name; without one the first SubjectAltName; without either ``"(no name)"``."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if found:
        return str(found[0].value)
    return next(iter(subject_names(certificate)), "(no name)")


def subject_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the SubjectAltName entries as text, in order; empty for a certificate without the extension."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def file_stem(name: str) -> str:
    """Return `name` as a safe file name without ending, at most 48 characters long."""
    stem = "".join(char if char.isalnum() or char in "-_" else "-" for char in Path(name).name.lower())
    return stem[:_STEM_LENGTH] or "unnamed"
