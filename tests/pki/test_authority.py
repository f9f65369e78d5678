"""What a CA issues, and what it refuses: each success stands beside its refusal."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from labsupport.errors import CertificateRefused, UsageError
from labsupport.pki.authority import Authority
from labsupport.pki.keys import key_pem
from labsupport.pki.profile import BACKDATE, Profile

_UNCOMPRESSED = PublicFormat.UncompressedPoint
CLIENT = Profile("client", dns=["client1"])
DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)


def request(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | None = None,
    *,
    subject: str | None = "client1",
    extensions: tuple[x509.ExtensionType, ...] = (),
) -> bytes:
    attributes = [] if subject is None else [x509.NameAttribute(NameOID.COMMON_NAME, subject)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    key = key or ec.generate_private_key(ec.SECP256R1())
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(Encoding.PEM)


def loaded(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


# The root


def test_a_root_signs_itself_and_may_sign_certificates_and_crls() -> None:
    certificate = Authority.root("Some root").certificate
    certificate.verify_directly_issued_by(certificate)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value.ca
    assert constraints.value.path_length is None


def test_a_root_lives_from_a_little_while_ago_for_as_long_as_it_is_told() -> None:
    before = dt.datetime.now(dt.UTC)
    certificate = Authority.root(valid_for=2 * DAY).certificate
    after = dt.datetime.now(dt.UTC)
    assert before - BACKDATE - SECOND <= certificate.not_valid_before_utc <= after - BACKDATE
    assert before + 2 * DAY - SECOND <= certificate.not_valid_after_utc <= after + 2 * DAY


@pytest.mark.parametrize("valid_for", [-DAY, dt.timedelta.max])
def test_a_root_without_a_life_is_refused(valid_for: dt.timedelta) -> None:
    with pytest.raises(CertificateRefused, match=r"before it starts|beyond the calendar"):
        Authority.root(valid_for=valid_for)


@pytest.mark.parametrize("name", ["", "x" * 65, "half a surrogate \ud800"])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(CertificateRefused, match="does not fit into a certificate"):
        Authority.root(name)
    assert Authority.root("x" * 64).name == "x" * 64


@pytest.mark.parametrize("length", [-1, 1.5, "1"])
def test_a_path_length_that_is_no_count_is_refused(length: int) -> None:
    with pytest.raises(CertificateRefused, match="not a whole number from 0 up"):
        Authority.root(path_length=length)


def test_an_authority_cannot_be_changed(root: Authority) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        root.recipe = "article"  # type: ignore[misc]


def test_the_algorithm_is_chosen_and_an_unknown_one_refused(root: Authority, rsa_root: Authority) -> None:
    assert isinstance(root.certificate.public_key(), ec.EllipticCurvePublicKey)
    assert isinstance(rsa_root.certificate.public_key(), rsa.RSAPublicKey)
    with pytest.raises(UsageError, match="ec, rsa"):
        Authority.root(algorithm="dsa")  # type: ignore[arg-type]


# Intermediates and their path length


def test_path_length_leaves_room_for_so_many_authorities() -> None:
    two = Authority.root(path_length=2)
    one = two.intermediate("one", path_length=1)
    none = one.intermediate("none")
    assert (two.path_length, one.path_length, none.path_length) == (2, 1, 0)
    assert [link.subject for link in none.issuers] == [one.certificate.subject]
    assert none.issue("leaf", role="client").name == "leaf"


def test_path_length_refuses_one_authority_too_many() -> None:
    one = Authority.root(path_length=1)
    with pytest.raises(CertificateRefused, match="at most 0, not 1"):
        one.intermediate("as long", path_length=1)
    with pytest.raises(CertificateRefused, match="may issue to servers and clients, not to another CA"):
        one.intermediate("none").intermediate("too many")


def test_an_unlimited_root_allows_any_chain_and_no_senseless_length(root: Authority) -> None:
    assert root.intermediate("long", path_length=7).path_length == 7
    with pytest.raises(CertificateRefused, match="not a whole number"):
        root.intermediate("senseless", path_length=-1)


def test_an_intermediate_does_not_outlive_its_issuer() -> None:
    root = Authority.root(valid_for=2 * DAY)
    end = root.certificate.not_valid_after_utc
    assert root.intermediate("unsaid").certificate.not_valid_after_utc == end
    assert root.intermediate("longer", valid_for=9 * DAY).certificate.not_valid_after_utc == end
    assert root.intermediate("shorter", valid_for=DAY).certificate.not_valid_after_utc < end


# Leaves


def test_the_chain_goes_from_the_leaf_up_and_leaves_out_the_root(root: Authority) -> None:
    upper = root.intermediate("upper", path_length=1)
    leaf = upper.intermediate("lower").issue("leaf", role="server")
    chain = x509.load_pem_x509_certificates(leaf.chain_pem)
    assert [link.subject.rfc4514_string() for link in chain] == ["CN=leaf", "CN=lower", "CN=upper"]
    for link, issuer in zip(chain, [*chain[1:], root.certificate], strict=True):
        link.verify_directly_issued_by(issuer)
    assert root.issue("leaf", role="server").chain_pem.count(b"BEGIN CERTIFICATE") == 1


@pytest.mark.parametrize(
    ("role", "purposes"),
    [
        ("client", [ExtendedKeyUsageOID.CLIENT_AUTH]),
        ("server", [ExtendedKeyUsageOID.SERVER_AUTH]),
        ("both", [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
    ],
)
def test_the_role_is_the_only_purpose(root: Authority, role: str, purposes: list[x509.ObjectIdentifier]) -> None:
    certificate = root.issue("leaf", role=role).certificate  # type: ignore[arg-type]  # parametrized text
    assert list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == purposes
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)


def test_an_unknown_role_is_refused(root: Authority) -> None:
    with pytest.raises(CertificateRefused, match="client, server, both"):
        root.issue("leaf", role="admin")  # type: ignore[arg-type]


def test_names_stand_in_the_alternative_name_and_not_only_in_the_subject(root: Authority) -> None:
    certificate = root.issue(
        "leaf", role="client", dns=["a.test", "*.b.test"], ip=["192.0.2.1", "2001:db8::1"], uri=["spiffe://course/a"]
    ).certificate
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not names.critical
    assert [str(name.value) for name in names.value] == [
        "a.test",
        "*.b.test",
        "192.0.2.1",
        "2001:db8::1",
        "spiffe://course/a",
    ]


def test_the_common_name_is_the_dns_name_only_where_no_other_name_is_given(root: Authority) -> None:
    def names(**given: list[str]) -> list[str]:
        certificate = root.issue("leaf.test", role="client", **given).certificate  # type: ignore[arg-type]
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(name.value) for name in found]

    assert names() == ["leaf.test"]
    assert names(ip=["192.0.2.1"]) == ["192.0.2.1"]
    assert names(uri=["spiffe://course/a"]) == ["spiffe://course/a"]


def test_a_leaf_does_not_outlive_its_issuer_nor_end_before_it_begins() -> None:
    root = Authority.root(valid_for=DAY)
    end = root.certificate.not_valid_after_utc
    assert root.issue("leaf", role="client", valid_for=30 * DAY).certificate.not_valid_after_utc == end
    with pytest.raises(CertificateRefused, match="before it starts"):
        root.issue("leaf", role="client", not_before=end + DAY)


def test_a_leaf_of_another_time_keeps_its_own_dates(root: Authority) -> None:
    start = dt.datetime(2020, 2, 29, 12, tzinfo=dt.UTC)
    certificate = root.issue("leaf", role="client", not_before=start, valid_for=DAY).certificate
    assert (certificate.not_valid_before_utc, certificate.not_valid_after_utc) == (start, start + DAY)


def test_serial_numbers_are_long_and_never_the_same(root: Authority) -> None:
    serials = {root.issue("leaf", role="client").certificate.serial_number for _ in range(50)}
    assert len(serials) == 50
    assert max(serials).bit_length() > 64


def test_a_self_signed_identity_is_right_in_form_and_vouched_for_by_itself() -> None:
    identity = Authority.self_signed("loner", uri=["spiffe://course/loner"])
    identity.certificate.verify_directly_issued_by(identity.certificate)
    assert not identity.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = identity.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["spiffe://course/loner"]
    assert identity.intermediates == ()


# Requests


def test_a_request_is_signed_and_keeps_its_key(root: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = loaded(root.sign(request(key), CLIENT))
    certificate.verify_directly_issued_by(root.certificate)
    assert certificate.public_key() == key.public_key()


@pytest.mark.parametrize("make", [ed25519.Ed25519PrivateKey.generate, lambda: ec.generate_private_key(ec.SECP384R1())])
def test_other_good_keys_are_signed_too(root: Authority, make: Callable[[], ed25519.Ed25519PrivateKey]) -> None:
    key = make()
    assert loaded(root.sign(request(key), CLIENT)).public_key() == key.public_key()


def test_a_request_for_more_gets_the_profile_and_nothing_else(root: Authority) -> None:
    wish = request(
        subject="admin",
        extensions=(
            x509.BasicConstraints(ca=True, path_length=None),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CODE_SIGNING]),
            x509.SubjectAlternativeName([x509.DNSName("admin.test")]),
        ),
    )
    certificate = loaded(root.sign(wish, CLIENT))
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["client1"]
    assert certificate.subject.rfc4514_string() == "CN=client1"


def test_a_subject_that_no_certificate_could_hold_does_no_harm(root: Authority) -> None:
    # The name is longer than X.520 allows; it is in the request, and nothing reads it.
    with pytest.warns(UserWarning, match="length"):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x" * 70, _validate=False)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    pem = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM)
    assert loaded(root.sign(pem, CLIENT)).subject.rfc4514_string() == "CN=client1"


def test_a_request_signed_by_another_key_is_refused(root: Authority) -> None:
    good = x509.load_pem_x509_csr(request())
    der = bytearray(good.public_bytes(Encoding.DER))
    assert root.sign(good.public_bytes(Encoding.PEM), CLIENT)
    for place in (-1, -40):
        bad = bytes(der[:place]) + bytes([der[place] ^ 1]) + bytes(der[len(der) + place + 1 :])
        pem = x509.load_der_x509_csr(bad).public_bytes(Encoding.PEM)
        with pytest.raises(CertificateRefused, match=r"does not verify|cannot be read"):
            root.sign(pem, CLIENT)


def test_a_request_with_a_swapped_key_is_refused(root: Authority) -> None:
    mine, theirs = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    der = x509.load_pem_x509_csr(request(mine)).public_bytes(Encoding.DER)
    old, new = (key.public_key().public_bytes(Encoding.X962, _UNCOMPRESSED) for key in (mine, theirs))
    swapped = x509.load_der_x509_csr(der.replace(old, new)).public_bytes(Encoding.PEM)
    with pytest.raises(CertificateRefused, match="has not shown the private key"):
        root.sign(swapped, CLIENT)


@pytest.mark.parametrize(
    "pem",
    [b"", b"no PEM", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "text", None],
)
def test_what_is_no_request_is_refused_in_one_line(root: Authority, pem: bytes) -> None:
    with pytest.raises(CertificateRefused, match="cannot be read") as caught:
        root.sign(pem, CLIENT)
    assert "\n" not in str(caught.value)
    assert "https://" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "1024 bits"),
        (lambda: rsa.generate_private_key(3, 2048), "exponent is 3"),
        (lambda: ec.generate_private_key(ec.SECP224R1()), "secp224r1"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
        (ed448.Ed448PrivateKey.generate, "Ed448"),
        (lambda: dsa.generate_private_key(2048), "DSA"),
    ],
)
def test_weak_and_strange_keys_are_refused(
    root: Authority, make: Callable[[], CertificateIssuerPrivateKeyTypes], fault: str
) -> None:
    key = make()
    digest = None if isinstance(key, ed448.Ed448PrivateKey) else hashes.SHA256()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client1")])
    pem = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, digest).public_bytes(Encoding.PEM)
    with pytest.raises(CertificateRefused, match=fault):
        root.sign(pem, CLIENT)


def test_a_request_without_a_name_gets_the_first_of_the_profile(root: Authority) -> None:
    profile = Profile("client", uri=["spiffe://course/nameless"])
    assert loaded(root.sign(request(subject=None), profile)).subject.rfc4514_string() == "CN=spiffe://course/nameless"
    too_long = Profile("client", uri=["spiffe://course/" + "x" * 64])
    with pytest.raises(CertificateRefused, match="does not fit"):
        root.sign(request(subject=None), too_long)


class TestLoad:
    def test_takes_up_a_root_as_text_or_bytes(self) -> None:
        root = Authority.root("Somebody's root")
        for pems in (
            (root.certificate_pem, key_pem(root.key)),
            (root.certificate_pem.decode(), key_pem(root.key).decode()),
        ):
            again = Authority.load(*pems)
            assert again.name == "Somebody's root"
            again.issue("a.test", role="client").certificate.verify_directly_issued_by(root.certificate)

    def test_refuses_what_is_no_authority(self) -> None:
        root, other = Authority.root("One"), Authority.root("Other")
        leaf = root.issue("a.test", role="client")
        for certificate, key, words in (
            (root.certificate_pem, key_pem(other.key), "does not belong"),
            (leaf.certificate_pem, leaf.key_pem, "not one of a CA"),
            (b"", key_pem(root.key), "cannot be read"),
            (root.certificate_pem, b"no key", "cannot be read"),
        ):
            with pytest.raises(CertificateRefused, match=words):
                Authority.load(certificate, key)

    def test_refuses_a_root_without_an_identifier(self) -> None:
        article = Authority.root("ca.com", recipe="article").issue("server2", role="server")
        with pytest.raises(CertificateRefused, match="incomplete"):
            Authority.load(article.certificate_pem, article.key_pem)
