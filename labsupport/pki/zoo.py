"""Server certificates with exactly one flaw each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from labsupport.errors import UsageError
from labsupport.pki.article import article_authority_extensions, as_version_1
from labsupport.pki.certificates import compose, distinguished_name, now
from labsupport.pki.identity import Identity
from labsupport.pki.keys import PrivateKey, generate
from labsupport.pki.profile import Extension, Profile, authority_extensions, leaf_extensions

__all__ = ["Flaw", "Specimen", "specimen"]

Flaw = Literal[
    "version-1", "no-san", "wrong-name", "no-authority-key-identifier", "ca-without-key-usage", "wrong-purpose"
]

_LIFE = dt.timedelta(days=7)


@dataclass(frozen=True)
class Specimen:
    """A server's identity and the certificate of the CA that issued it; `flaw` is None where both are sound."""

    flaw: Flaw | None
    identity: Identity
    ca_certificate: x509.Certificate

    @property
    def ca_pem(self) -> bytes:
        """The CA's certificate."""
        return self.ca_certificate.public_bytes(Encoding.PEM)


def specimen(
    flaw: Flaw | None, host: str, *, common_name: str | None = None, other: str = "elsewhere.test"
) -> Specimen:
    """Make a certificate for `host` that is sound but for `flaw`.

    `common_name` (default: `host`) is what people read in the subject; `other` the name it carries when the flaw is
    ``"wrong-name"``.  Raises UsageError for a flaw that is not known.
    """
    if flaw is not None and flaw not in get_args(Flaw):
        raise UsageError(f"flaw {flaw!r} is not known: use one of {', '.join(get_args(Flaw))}")
    ca_name, ca_key = distinguished_name("Specimen root"), generate()
    ca_identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca_extensions = (
        article_authority_extensions(ca_identifier)
        if flaw == "ca-without-key-usage"
        else authority_extensions(None, ca_identifier, ca_identifier)
    )
    end = now() + _LIFE
    ca = compose(ca_name, ca_key.public_key(), issuer=ca_name, issuer_key=ca_key, extensions=ca_extensions, end=end)
    key = generate()
    profile = Profile("client" if flaw == "wrong-purpose" else "server", dns=[other if flaw == "wrong-name" else host])
    leaf = compose(
        distinguished_name(common_name or host),
        key.public_key(),
        issuer=ca_name,
        issuer_key=ca_key,
        extensions=_leaf_extensions(flaw, profile, key, ca_identifier),
        end=end,
    )
    if flaw == "version-1":
        leaf = as_version_1(leaf, ca_key)
    return Specimen(flaw, Identity(leaf, key=key), ca)


def _leaf_extensions(
    flaw: Flaw | None, profile: Profile, key: PrivateKey, issuer: x509.SubjectKeyIdentifier
) -> list[Extension]:
    left_out: dict[str, type[x509.ExtensionType]] = {
        "no-san": x509.SubjectAlternativeName,
        "no-authority-key-identifier": x509.AuthorityKeyIdentifier,
    }
    omitted = left_out.get(flaw or "")
    everything = leaf_extensions(profile, x509.SubjectKeyIdentifier.from_public_key(key.public_key()), issuer)
    return [
        (extension, critical) for extension, critical in everything if omitted is None or type(extension) is not omitted
    ]
