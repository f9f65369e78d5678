"""What strangers send: sound requests, greedy ones, ones to be refused, and what is no request or certificate."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from labsupport.exercises.draw import Draw
from labsupport.pki.authority import Authority
from labsupport.pki.certificates import distinguished_name, signed_request
from labsupport.pki.keys import PrivateKey, generate, key_pem, rsa_key

__all__ = ["GREEDY", "KEYS", "NAMES", "NO_CERTIFICATES", "SOUND", "UNREADABLE", "Maker", "Sent"]


@dataclass(frozen=True)
class Sent:
    """A request with what its sender may have, and what the CA knows of other keys.

    `mistake` names the fault of a CA that signs it all the same, None where signing is right; `text` takes the place
    of the request's PEM where that is not what was sent.
    """

    words: str
    key: PrivateKey
    csr: x509.CertificateSigningRequest
    allowed: tuple[str, ...]
    known: tuple[int, ...] = ()
    mistake: str | None = None
    refused: bool = False
    text: str | bytes | None = None
    ca_days: int = 0  # how long the CA lives yet, where that matters

    @property
    def pem(self) -> str | bytes:
        """What the CA reads."""
        return self.csr.public_bytes(Encoding.PEM).decode() if self.text is None else self.text

    @property
    def names(self) -> list[str]:
        """The DNS names that it asks for."""
        found = next(each.value for each in self.csr.extensions if isinstance(each.value, x509.SubjectAlternativeName))
        return list(found.get_values_for_type(x509.DNSName))


def _csr(
    names: Sequence[x509.GeneralName],
    key: PrivateKey | None = None,
    *,
    subject: str = "",
    extras: Sequence[x509.ExtensionType] = (),
) -> tuple[PrivateKey, x509.CertificateSigningRequest]:
    key = key or generate()
    builder = x509.CertificateSigningRequestBuilder()
    builder = builder.subject_name(distinguished_name(subject) if subject else x509.Name([]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
    for extra in extras:
        builder = builder.add_extension(extra, critical=True)
    return key, signed_request(builder, key)


def _dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(name) for name in names]


def _host(draw: Draw) -> str:
    return f"{draw.word()}.test"


def _one_name(draw: Draw) -> Sent:
    name = _host(draw)
    return Sent("a request for one name", *_csr(_dns(name)), (name, _host(draw)))


def _near_the_end(draw: Draw) -> Sent:
    name, days = _host(draw), draw.between(5, 25)
    return Sent(f"a request for one name, to a CA that ends in {days} days", *_csr(_dns(name)), (name,), ca_days=days)


def _two_names(draw: Draw) -> Sent:
    names = (_host(draw), _host(draw))
    return Sent("a request for two names", *_csr(_dns(*names)), (*names, _host(draw)))


def _wants_to_be_a_ca(draw: Draw) -> Sent:
    name = _host(draw)
    extras = [x509.BasicConstraints(ca=True, path_length=5)]
    return Sent("a request that also asks to be a CA", *_csr(_dns(name), extras=extras), (name,))


def _wants_to_be_a_server(draw: Draw) -> Sent:
    name = _host(draw)
    extras = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CODE_SIGNING])]
    return Sent("a request that also asks to be a server", *_csr(_dns(name), extras=extras), (name,))


def _wants_to_sign(draw: Draw) -> Sent:
    name = _host(draw)
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    no = dict.fromkeys((*others, "encipher_only", "decipher_only"), False)
    extras = [x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **no)]
    return Sent("a request that also asks for a keyUsage for signing", *_csr(_dns(name), extras=extras), (name,))


def _wants_a_policy(draw: Draw) -> Sent:
    name = _host(draw)
    policy = x509.PolicyInformation(x509.ObjectIdentifier(f"1.3.6.1.4.1.{draw.between(40000, 59999)}.1"), None)
    extras = [x509.CertificatePolicies([policy])]
    return Sent("a request that also asks for a certificate policy", *_csr(_dns(name), extras=extras), (name,))


def _foreign_subject(draw: Draw) -> Sent:
    name, foreign = _host(draw), _host(draw)
    words = "a request whose common name is somebody else's"
    return Sent(words, *_csr(_dns(name), subject=foreign), (name,))


def _foreign_name(draw: Draw) -> Sent:
    own = _host(draw)
    made = _csr(_dns(own, _host(draw)))
    return Sent(
        "a request for its own name and somebody else's", *made, (own,), mistake="names-not-compared", refused=True
    )


def _suffix(draw: Draw) -> Sent:
    own = _host(draw)
    made = _csr(_dns(f"{own}.{_host(draw)}"))
    return Sent(
        "a request for a name that begins like its own", *made, (own,), mistake="names-not-compared", refused=True
    )


def _part(draw: Draw) -> Sent:
    own = _host(draw)
    made = _csr(_dns(own[2:]))
    return Sent("a request for a part of its own name", *made, (own,), mistake="names-not-compared", refused=True)


def _below(draw: Draw) -> Sent:
    own = _host(draw)
    made = _csr(_dns(f"{draw.word()}.{own}"))
    return Sent("a request for a name below its own", *made, (own,), mistake="names-not-compared", refused=True)


def _wildcard(draw: Draw) -> Sent:
    own = _host(draw)
    return Sent(
        "a request for *. and its name", *_csr(_dns(f"*.{own}")), (own,), mistake="names-not-compared", refused=True
    )


def _common_name_only(draw: Draw) -> Sent:
    own = _host(draw)
    words = "a request with a common name and no SubjectAltName"
    return Sent(words, *_csr([], subject=own), (own,), mistake="no-names-accepted", refused=True)


def _address(draw: Draw) -> Sent:
    own = _host(draw)
    names = [*_dns(own), x509.IPAddress(ipaddress.ip_address(f"10.0.0.{draw.between(1, 254)}"))]
    words = "a request for its name and an IP address"
    return Sent(words, *_csr(names), (own,), mistake="other-kinds-overlooked", refused=True)


def _tampered(draw: Draw) -> Sent:
    own = _host(draw)
    key, csr = _csr(_dns(own))
    encoded = bytearray(csr.public_bytes(Encoding.DER))
    # The name was changed on the way, by one letter: the signature is not of this request any more.
    place = encoded.find(own.encode())
    encoded[place] = ord("x") if encoded[place] != ord("x") else ord("y")
    csr = x509.load_der_x509_csr(bytes(encoded))
    changed = chr(encoded[place]) + own[1:]
    words = "a request that was changed after it was signed"
    return Sent(words, key, csr, (changed, own), mistake="self-signature-unchecked", refused=True)


def _modulus(key: rsa.RSAPrivateKey) -> int:
    return key.private_numbers().public_numbers.n


def _odd(draw: Draw) -> int:
    """Draw a number that looks like a modulus among the known ones, and shares no large factor with any."""
    return draw.bits(2048) | 1 << 2047 | 1


def _sound_rsa(draw: Draw) -> Sent:
    name, other = _host(draw), rsa_key(2048)
    known = (_odd(draw), _modulus(other))
    return Sent("a request with an RSA key", *_csr(_dns(name), rsa_key(2048)), (name,), known)


def _short(draw: Draw) -> Sent:
    name = _host(draw)
    words = "a request with an RSA key of 1024 bits"
    return Sent(words, *_csr(_dns(name), rsa_key(1024)), (name,), mistake="short-key-accepted", refused=True)


def _sharing_a_prime(one: rsa.RSAPrivateKey, other: rsa.RSAPrivateKey) -> rsa.RSAPrivateKey:
    """Return a key of one prime of each."""
    p, q, e = one.private_numbers().p, other.private_numbers().q, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def _shared_prime(draw: Draw) -> Sent:
    name, one, other = _host(draw), rsa_key(2048), rsa_key(2048)
    key = _sharing_a_prime(one, other)
    words = "a request whose RSA key shares a prime with a known one"
    known = (_odd(draw), _modulus(one), _odd(draw))
    return Sent(words, *_csr(_dns(name), key), (name,), known, "shared-prime-accepted", refused=True)


def _known_key(draw: Draw) -> Sent:
    name, key = _host(draw), rsa_key(2048)
    words = "a request with an RSA key that is known already"
    known = (_odd(draw), _modulus(key))
    return Sent(words, *_csr(_dns(name), key), (name,), known, "shared-prime-accepted", refused=True)


def _lines(csr: x509.CertificateSigningRequest) -> list[str]:
    return csr.public_bytes(Encoding.PEM).decode().splitlines()


# What comes in place of a request, made of the request and its key.
_OTHER: dict[str, Callable[[x509.CertificateSigningRequest, PrivateKey], str | bytes]] = {
    "an empty text": lambda *_: "",
    "a text that is no PEM": lambda *_: "please sign",
    "a request cut short": lambda csr, _: "\n".join(_lines(csr)[:3]),
    "a request with a line missing": lambda csr, _: "\n".join([*_lines(csr)[:2], *_lines(csr)[3:]]),
    "a request in base64, without the lines BEGIN and END": lambda csr, _: "\n".join(_lines(csr)[1:-1]),
    "a request in DER": lambda csr, _: csr.public_bytes(Encoding.DER),
    "a private key in place of a request": lambda _, key: key_pem(key).decode(),
    "a certificate in place of a request": lambda *_: Authority.root("nobody").certificate_pem.decode(),
}


# What comes in place of a certificate, made of its PEM: "where the leaf is ..."
NO_CERTIFICATES: dict[str, Callable[[str], str | bytes]] = {
    "an empty text": lambda _: "",
    "cut short": lambda pem: pem[: len(pem) // 2],
    "in DER": lambda pem: x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER),
    "a private key": lambda _: key_pem(generate()).decode(),
}


def _unreadable(kind: str) -> Callable[[Draw], Sent]:
    def made(draw: Draw) -> Sent:
        name = _host(draw)
        key, csr = _csr(_dns(name))
        return Sent(kind, key, csr, (name,), refused=True, text=_OTHER[kind](csr, key))

    return made


Maker = Callable[[Draw], Sent]
SOUND: tuple[Maker, ...] = (_one_name, _two_names, _near_the_end)
NAMES: tuple[Maker, ...] = (_foreign_name, _suffix, _part, _below, _wildcard, _common_name_only, _address)
GREEDY: tuple[Maker, ...] = (
    _wants_to_be_a_ca,
    _wants_to_be_a_server,
    _wants_to_sign,
    _wants_a_policy,
    _foreign_subject,
)
KEYS: tuple[Maker, ...] = (_tampered, _short, _shared_prime, _known_key, _sound_rsa)
UNREADABLE: tuple[Maker, ...] = tuple(map(_unreadable, _OTHER))
