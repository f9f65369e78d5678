"""A certificate authority that is as careful as a real one, small enough to read in one sitting.

Everything comes from one object: ``Authority.root() → issue(...) → Identity``.  What a CA signs is the DER of the
TBSCertificate that the CA itself composes (RFC 5280 section 4.1.1.3); of a request it uses the public key, after the
request's own signature has proven that the requester holds the private half (RFC 2986).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from labsupport.errors import CertificateRefused
from labsupport.pki.article import article_authority_extensions, as_version_1
from labsupport.pki.certificates import compose, distinguished_name, now
from labsupport.pki.folders import write_private
from labsupport.pki.identity import Identity, common_name, file_stem
from labsupport.pki.keys import Algorithm, PrivateKey, acceptable, generate
from labsupport.pki.profile import BACKDATE, Extension, Profile, Role, authority_extensions, leaf_extensions

__all__ = ["Authority", "Recipe"]

Recipe = Literal["course", "article"]


@dataclass(frozen=True)
class Authority:
    """A root or intermediate CA: immutable once made.

    `issuers` are the CA certificates from this one's issuer up to, not including, the root.
    `recipe` ``"article"`` makes certificates with the faults of a widely copied script (see `pki.article`).
    """

    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...] = ()
    recipe: Recipe = "course"
    key: PrivateKey = field(kw_only=True, repr=False)

    @classmethod
    def root(
        cls,
        name: str = "Course root",
        *,
        algorithm: Algorithm = "ec",
        path_length: int | None = None,
        valid_for: dt.timedelta = dt.timedelta(days=365),
        recipe: Recipe = "course",
    ) -> Authority:
        """Make a self-signed root; `path_length` bounds how many CAs may stand below it (None: any number)."""
        key = generate(algorithm)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        if recipe == "article":
            extensions = article_authority_extensions(identifier)
        else:
            extensions = authority_extensions(path_length, identifier, identifier)
        today = now()
        subject = distinguished_name(name)
        certificate = compose(
            subject,
            key.public_key(),
            issuer=subject,
            issuer_key=key,
            extensions=extensions,
            start=today - BACKDATE,
            end=_later(today, valid_for),
        )
        return cls(certificate, recipe=recipe, key=key)

    @classmethod
    def load(cls, certificate_pem: str | bytes, key_pem: str | bytes) -> Authority:
        """Take up a root that somebody else has made: its certificate and its private key, both PEM.

        Raises CertificateRefused where one of them cannot be read, the key is another one's, or it is no CA's.
        """
        certificate_pem, key_pem = (pem.encode() if isinstance(pem, str) else pem for pem in (certificate_pem, key_pem))
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem)
            key = serialization.load_pem_private_key(key_pem, None)
        except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm) as error:
            raise CertificateRefused(f"the authority cannot be read: {str(error).partition('. ')[0]}") from None
        if not isinstance(key, PrivateKey) or key.public_key() != certificate.public_key():
            raise CertificateRefused("the private key does not belong to the authority's certificate")
        try:
            is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
            certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound as missing:
            raise CertificateRefused(f"the authority's certificate is incomplete: {missing}") from None
        if not is_ca:
            raise CertificateRefused("the certificate is not one of a CA: its basicConstraints do not say so")
        return cls(certificate, key=key)

    @staticmethod
    def self_signed(name: str, *, role: Role = "client", dns: Sequence[str] = (), uri: Sequence[str] = ()) -> Identity:
        """Make an identity that vouches for itself: right in form, and issued by nobody that anyone trusts."""
        profile = Profile(role, dns=dns or (() if uri else (name,)), uri=uri)
        key = generate()
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        start, end = _life(profile)
        subject = distinguished_name(name)
        extensions = leaf_extensions(profile, own, own)
        return Identity(
            compose(
                subject, key.public_key(), issuer=subject, issuer_key=key, extensions=extensions, start=start, end=end
            ),
            key=key,
        )

    @property
    def name(self) -> str:
        """The CA's common name."""
        return common_name(self.certificate)

    @property
    def certificate_pem(self) -> bytes:
        """The CA's own certificate: what those who trust it load."""
        return self.certificate.public_bytes(Encoding.PEM)

    @cached_property
    def ca_path(self) -> str:
        """Path of a file with the CA's certificate: what ``requests`` takes as ``verify=``."""
        return str(write_private(f"{file_stem(self.name)}.ca.pem", self.certificate_pem))

    @property
    def path_length(self) -> int | None:
        """How many CAs may stand below this one; None is any number (RFC 5280 section 4.2.1.9)."""
        return self.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length

    def intermediate(
        self, name: str, *, path_length: int = 0, algorithm: Algorithm = "ec", valid_for: dt.timedelta | None = None
    ) -> Authority:
        """Make a CA below this one, always of the course profile; it lives as long as this CA, or for `valid_for`.

        Raises CertificateRefused when this CA's path length leaves no room for it.
        """
        if self.path_length == 0:
            raise CertificateRefused(
                f"{self.name} has path length 0: it may issue to servers and clients, not to another CA"
            )
        if self.path_length is not None and path_length >= self.path_length:
            raise CertificateRefused(
                f"{self.name} has path length {self.path_length}: "
                f"a CA below it may have at most {self.path_length - 1}, not {path_length}"
            )
        key = generate(algorithm)
        today = now()
        end = self._end_within(_later(today, valid_for) if valid_for else self.certificate.not_valid_after_utc)
        extensions = authority_extensions(
            path_length, x509.SubjectKeyIdentifier.from_public_key(key.public_key()), self._identifier
        )
        certificate = self._compose(name, key.public_key(), extensions, today - BACKDATE, end)
        above = () if self._is_root else (self.certificate, *self.issuers)
        return Authority(certificate, above, key=key)

    def issue(
        self,
        name: str,
        *,
        role: Role,
        dns: Sequence[str] = (),
        ip: Sequence[str] = (),
        uri: Sequence[str] = (),
        valid_for: dt.timedelta = dt.timedelta(days=30),
        not_before: dt.datetime | None = None,
        algorithm: Algorithm = "ec",
    ) -> Identity:
        """Make a key and certify it in one step, as a lab may and a CA in life must not (it would know the key).

        `name` becomes the subject's common name, which people read and no verifier should; where neither `dns`, `ip`
        nor `uri` is given it is also the one DNS name.
        """
        profile = Profile(role, dns or (() if ip or uri else (name,)), ip, uri, valid_for, not_before)
        key = generate(algorithm)
        return Identity(self._certify(name, key.public_key(), profile), self._chain, key=key)

    def sign(self, csr_pem: bytes, profile: Profile) -> bytes:
        """Certify the public key of a request (PKCS #10, RFC 2986) under `profile`; return the leaf's PEM.

        The profile is the CA's decision: neither the subject nor the extensions that the request asks for are looked
        at, and the first name of the profile becomes the common name.  Raises CertificateRefused for a request that
        cannot be read, whose own signature does not verify, or whose key is weak.
        """
        try:
            request = x509.load_pem_x509_csr(csr_pem)
            proven = request.is_signature_valid
            key = request.public_key()
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise CertificateRefused(f"the request cannot be read: {str(error).partition('. ')[0]}") from None
        if not proven:
            raise CertificateRefused(
                "the request's own signature does not verify: its sender has not shown the private key"
            )
        acceptable(key)
        # Not the request's common name: some verifiers still read it, and its sender could put any name there.
        return self._certify(str(next(profile.names()).value), key, profile).public_bytes(Encoding.PEM)

    def certify(
        self, csr_pem: bytes, *, role: Role, dns: Sequence[str] = (), ip: Sequence[str] = (), uri: Sequence[str] = ()
    ) -> x509.Certificate:
        """Certify the public key of a request for these names, which are the CA's decision; see `sign`."""
        return x509.load_pem_x509_certificate(self.sign(csr_pem, Profile(role, dns, ip, uri)))

    def _certify(self, name: str, key: CertificatePublicKeyTypes, profile: Profile) -> x509.Certificate:
        start, end = _life(profile)
        extensions: Iterable[Extension] = ()
        if self.recipe == "course":
            own = x509.SubjectKeyIdentifier.from_public_key(key)
            extensions = leaf_extensions(profile, own, self._identifier)
        certificate = self._compose(name, key, extensions, start, self._end_within(end))
        return as_version_1(certificate, self.key) if self.recipe == "article" else certificate

    def _compose(
        self,
        name: str,
        key: CertificatePublicKeyTypes,
        extensions: Iterable[Extension],
        start: dt.datetime,
        end: dt.datetime,
    ) -> x509.Certificate:
        subject, issuer = distinguished_name(name), self.certificate.subject
        return compose(subject, key, issuer=issuer, issuer_key=self.key, extensions=extensions, start=start, end=end)

    def _end_within(self, end: dt.datetime) -> dt.datetime:
        """Return the earlier of `end` and this CA's own end: no certificate should outlive its issuer."""
        return min(end, self.certificate.not_valid_after_utc)

    @property
    def _identifier(self) -> x509.SubjectKeyIdentifier:
        return self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value

    @property
    def _is_root(self) -> bool:
        return self.certificate.subject == self.certificate.issuer

    @property
    def _chain(self) -> tuple[x509.Certificate, ...]:
        return () if self._is_root else (self.certificate, *self.issuers)


def _life(profile: Profile) -> tuple[dt.datetime, dt.datetime]:
    today = now()
    return profile.not_before or today - BACKDATE, _later(profile.not_before or today, profile.valid_for)


def _later(moment: dt.datetime, span: dt.timedelta) -> dt.datetime:
    try:
        return moment + span
    except OverflowError:
        raise CertificateRefused(f"a life of {span.days} days goes beyond the calendar") from None
