"""Looking over certificates: faults in words, and what strict verifiers say of them in a handshake."""

from __future__ import annotations

import datetime as dt
import functools
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from labsupport.exercises.journal import observe
from labsupport.exercises.model import Outcome
from labsupport.pki.authority import Authority
from labsupport.pki.certificates import certificate_text, now
from labsupport.pki.identity import Identity
from labsupport.pki.keys import PrivateKey
from labsupport.tls.contexts import client_context, server_context
from labsupport.tls.handshake import handshake

__all__ = [
    "DEADLINE",
    "Fault",
    "code_as_client",
    "code_as_server",
    "extension",
    "judged",
    "key_faults",
    "life_faults",
    "refusal_words",
    "same_key",
    "signed_by",
]

HOST = "judge.test"
# Seconds for one call; right answers need a small part of it. A missed deadline ends one aspect, and a check of two of
# them must answer within two seconds.
DEADLINE = 0.9


# What OpenSSL's verify codes say (X509_V_ERR_…), those that certificates made by hand meet.
_CODES = {
    9: "not valid yet",
    10: "expired",
    18: "signed by itself",
    19: "a root that nobody trusts",
    20: "the certificate of whoever signed it was not found",
    25: "more CAs below than a path length allows",
    26: "not for this purpose",
    34: "a critical extension that OpenSSL does not know",
    62: "another host name",
    66: "its key is too short",
    67: "the key of its CA is too short",
    79: "whoever signed it is no CA",
    82: "a keyUsage for signing, and no CA",
    85: "no AuthorityKeyIdentifier",
    92: "the CA has no keyUsage",
}
_BEGUN = dt.timedelta(minutes=2)


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it should be, and the known mistake that explains it, if there is one."""

    sentence: str
    mistake: str | None = None


def judged(tried: str, expected: str, faults: Sequence[Fault]) -> Outcome:
    """Return the outcome of what was looked over."""
    if not faults:
        return Outcome(True, tried, expected, "just that")
    got = "; ".join(fault.sentence for fault in faults[:3])
    return Outcome(False, tried, expected, got, frozenset(fault.mistake for fault in faults if fault.mistake))


def extension(
    certificate: x509.Certificate, kind: type[x509.ExtensionType]
) -> x509.Extension[x509.ExtensionType] | None:
    """Return an extension of a certificate, or None."""
    return next((found for found in certificate.extensions if type(found.value) is kind), None)


def same_key(left: object, right: object) -> bool:
    """Tell whether two public keys are the same."""
    forms = [key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in (left, right)]  # type: ignore[attr-defined]  # public keys of cryptography all have it
    return bool(forms[0] == forms[1])


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether the issuer's name and signature are on a certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def key_faults(certificate: x509.Certificate, key: PrivateKey) -> Iterator[Fault]:
    """Yield what is wrong between a certificate and the private key that came with it."""
    if not same_key(certificate.public_key(), key.public_key()):
        yield Fault("the private key belongs to another certificate", "another-key")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < 2048:
        yield Fault(f"the RSA key has {key.key_size} bits", "weak-key")


def life_faults(certificate: x509.Certificate) -> Iterator[Fault]:
    """Yield what is wrong with the beginning of a certificate's life, which is to be five minutes ago."""
    today, start, end = now(), certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if today < start:
        yield Fault(f"it begins {start:%Y-%m-%d %H:%M} UTC, and now it is {today:%Y-%m-%d %H:%M}", "not-valid-now")
    elif end <= today:
        yield Fault(f"it ended {end:%Y-%m-%d %H:%M} UTC, and now it is {today:%Y-%m-%d %H:%M}", "not-valid-now")
    elif today - start < _BEGUN:
        yield Fault("it begins this moment, and not five minutes ago", "begins-now")


def refusal_words(code: int) -> str:
    """Say a verify code with what it means: ``verify code 26 (not for this purpose)``."""
    return f"verify code {code}" + (f" ({_CODES[code]})" if code in _CODES else "")


@functools.cache
def _judges_own() -> tuple[Authority, Identity, Identity]:
    root = Authority.root("The judge's root")
    return root, root.issue(HOST, role="server"), root.issue("judge", role="client")


def code_as_client(chain: Sequence[x509.Certificate], key: PrivateKey, anchor: x509.Certificate) -> int:
    """Return the verify code of a strict server that trusts `anchor` for a client: 0 is let in, -1 is no code."""

    def look() -> int:
        root, own, _ = _judges_own()
        server = server_context(own)
        server.load_verify_locations(cadata=certificate_text(anchor))
        server.verify_mode = ssl.CERT_REQUIRED
        server.verify_flags |= ssl.VERIFY_X509_STRICT
        client = client_context(root, Identity(chain[0], tuple(chain[1:]), key=key))
        result = handshake(client, server, server_hostname=HOST)
        return 0 if result.ok else getattr(result.server_error, "verify_code", -1)

    return observe("verify code of a strict server", look, *map(certificate_text, (*chain, anchor)))


def code_as_server(chain: Sequence[x509.Certificate], key: PrivateKey, anchor: x509.Certificate, host: str) -> int:
    """Return the verify code of a strict client that trusts `anchor` for a server: 0 is accepted, -1 is no code."""

    def look() -> int:
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.load_verify_locations(cadata=certificate_text(anchor))
        client.verify_flags |= ssl.VERIFY_X509_STRICT
        client.hostname_checks_common_name = False
        server = server_context(Identity(chain[0], tuple(chain[1:]), key=key))
        result = handshake(client, server, server_hostname=host)
        return 0 if result.ok else getattr(result.client_error, "verify_code", -1)

    return observe("verify code of a strict client", look, host, *map(certificate_text, (*chain, anchor)))
