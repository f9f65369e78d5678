"""Lesson 04: what comes in place of PEM is said in clear words, and the judge's requests are what they claim."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from labsupport.errors import UsageError
from labsupport.exercises import find
from labsupport.exercises.authority.examination import code_as_client, code_as_server, refusal_words
from labsupport.exercises.authority.hostile import GREEDY, KEYS, NAMES, NO_CERTIFICATES, SOUND, UNREADABLE, Maker
from labsupport.exercises.authority.pem import (
    NotThat,
    certificate_and_key_in,
    certificate_in,
    certificates_in,
    private_key_in,
    request_in,
)
from labsupport.exercises.authority.shared import key_element
from labsupport.exercises.draw import Draw
from labsupport.pki.authority import Authority
from labsupport.pki.defects import Defect, afflicted
from labsupport.pki.keys import generate, key_pem
from tests.exercises.adversaries import judged
from tests.exercises.answers.authority import SOLUTIONS, WRONG
from tests.exercises.answers.lesson import changed

ROOT = Authority.root("Test root")
LEAF = ROOT.issue("leaf.test", role="client")
CERTIFICATE = ROOT.certificate_pem.decode()
KEY = key_pem(ROOT.key).decode()
CSR = str(SOUND[0](Draw(b"csr")).pem)
ENCRYPTED = generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()


class TestWhatCameInPlaceOfPem:
    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ("", "an empty text where a certificate belongs"),
            (" \n", "an empty text"),
            (None, "None where the PEM text"),
            (7, "an int where the PEM text"),
            (ROOT.certificate_pem, "bytes where PEM text belongs: decode"),
            (ROOT.certificate.public_bytes(Encoding.DER), "DER where PEM text belongs"),
            ("hello", "a text without a line -----BEGIN"),
            (CERTIFICATE[:200], "cut off"),
            (KEY, "a private key where a certificate belongs"),
            (CSR, "a request where a certificate belongs"),
            (CERTIFICATE * 2, "2 PEM blocks"),
            (CERTIFICATE.replace("MII", "AAA", 1), "holds no certificate"),
            ("-----BEGIN LETTER-----\nAA\n-----END LETTER-----", "a block called LETTER"),
        ],
    )
    def test_for_a_certificate(self, value: object, words: str) -> None:
        with pytest.raises(NotThat, match=words):
            certificate_in(value)

    def test_for_a_key(self) -> None:
        for value, words in (
            (CERTIFICATE, "a certificate where a private key belongs"),
            (ENCRYPTED, "under a pass phrase"),
            (KEY.replace("MIG", "AAA", 1), "holds no private key"),
        ):
            with pytest.raises(NotThat, match=words):
                private_key_in(value)

    def test_for_a_request(self) -> None:
        with pytest.raises(NotThat, match="a certificate where a request belongs"):
            request_in(CERTIFICATE)
        # The older label for the same thing
        assert request_in(CSR.replace(" CERTIFICATE REQ", " NEW CERTIFICATE REQ")).is_signature_valid

    def test_what_is_right_is_read(self) -> None:
        assert certificate_in(CERTIFICATE) == ROOT.certificate
        assert private_key_in(KEY).public_key() == ROOT.key.public_key()
        assert certificates_in(LEAF.certificate_pem.decode() + CERTIFICATE) == [LEAF.certificate, ROOT.certificate]

    @pytest.mark.parametrize(
        ("mistake", "words"),
        [
            ("bytes instead of text", "bytes where PEM text belongs"),
            ("key before certificate", "a private key where a cert"),
        ],
    )
    def test_the_card_says_so(self, mistake: str, words: str) -> None:
        assert words in str(judged(find("authority-root"), WRONG["authority-root"][mistake]))

    def test_one_text_in_place_of_two(self) -> None:
        for value, came in (
            (CERTIFICATE, "a str"),
            ([CERTIFICATE, KEY], "a list"),
            ((CERTIFICATE,), "a tuple of 1"),
            (None, "None"),
        ):
            with pytest.raises(NotThat, match=f"^{came} where a tuple of two texts belongs"):
                certificate_and_key_in(value)

    def test_a_solution_that_returns_der_hears_of_pem(self) -> None:
        report = judged(find("authority-request"), WRONG["authority-request"]["DER instead of PEM"])
        assert "DER where PEM text belongs" in str(report)


class TestStrictVerifiers:
    def test_let_in_what_is_sound(self) -> None:
        assert code_as_client([LEAF.certificate], LEAF.key, ROOT.certificate) == 0
        server = ROOT.issue("a.test", role="server")
        assert code_as_server([server.certificate], server.key, ROOT.certificate, "a.test") == 0

    def test_say_why_not(self) -> None:
        server = ROOT.issue("a.test", role="server")
        assert code_as_client([server.certificate], server.key, ROOT.certificate) == 26
        assert code_as_server([server.certificate], server.key, ROOT.certificate, "b.test") == 62
        other = Authority.root("Another root")
        assert code_as_client([LEAF.certificate], LEAF.key, other.certificate) in (18, 19, 20)


@pytest.mark.parametrize("make", [*SOUND, *GREEDY, *NAMES, *KEYS, *UNREADABLE])
def test_a_request_is_what_its_words_say(make: Maker) -> None:
    sent = make(Draw(b"requests"))
    assert sent.refused == (make in (*NAMES, *UNREADABLE) or (make in KEYS and sent.mistake is not None))
    if sent.text is None:
        broken = sent.mistake == "self-signature-unchecked"
        assert x509.load_pem_x509_csr(str(sent.pem).encode()).is_signature_valid is not broken
    if not sent.refused:
        assert set(sent.names) <= set(sent.allowed)


@pytest.mark.parametrize("make", UNREADABLE)
def test_what_is_no_request_cannot_be_read(make: Maker) -> None:
    sent = make(Draw(b"requests"))
    with pytest.raises((ValueError, AttributeError)):
        x509.load_pem_x509_csr(sent.pem.encode())  # type: ignore[union-attr]  # bytes have no encode


@pytest.mark.parametrize("what", NO_CERTIFICATES)
def test_what_is_no_certificate_cannot_be_read(what: str) -> None:
    broken = NO_CERTIFICATES[what](CERTIFICATE)
    with pytest.raises((ValueError, AttributeError)):
        x509.load_pem_x509_certificate(broken.encode())  # type: ignore[union-attr]  # the same


class TestCards:
    """What is said of an answer that takes whatever comes."""

    @pytest.mark.parametrize(
        ("exercise", "mistake", "words"),
        [
            ("authority-issue", "answers whatever comes", ("expected  an exception: nothing is signed",)),
            ("authority-autopsy", "finds nothing in what it cannot read", ("where ", " is ", "raises an exception")),
            ("authority-shared", "None for what it cannot read", ("where the request is ", "raises an exception")),
            ("authority-intermediate", "an empty chain of what it cannot read", ("where other is ", "raises an exc")),
        ],
    )
    def test_name_what_was_handed_in(self, exercise: str, mistake: str, words: tuple[str, ...]) -> None:
        card = str(judged(find(exercise), WRONG[exercise][mistake]))
        assert all(word in card for word in words), card

    def test_name_each_kind_of_request_that_is_none(self) -> None:
        makers = {make(Draw(b"requests")).words for make in UNREADABLE}
        assert {"an empty text", "a request cut short", "a request in DER"} <= makers
        assert {"a private key in place of a request", "a certificate in place of a request"} <= makers
        assert any("base64" in words for words in makers)

    def test_show_no_private_key(self) -> None:
        card = str(judged(find("authority-intermediate"), WRONG["authority-intermediate"]["no-path-length"]))
        assert "its path length is None, not 0" in card
        assert "PRIVATE KEY" not in card

    def test_say_which_extension_is_missing_or_not_critical(self) -> None:
        wrong = WRONG["authority-issue"]
        for mistake, words in (
            ("names-not-critical", "its subject is empty, and its SubjectAltName not critical"),
            ("names-left-out", "came      a certificate for "),
            ("wrong-identifiers", "its AuthorityKeyIdentifier is not the CA's SubjectKeyIdentifier"),
            ("critical-purpose", "its extendedKeyUsage is critical"),
            ("no identifier of its own", "it has no SubjectKeyIdentifier"),
            ("hands out its own certificate", "it is for another key than the requester's"),
        ):
            assert words in str(judged(find("authority-issue"), wrong[mistake]))

    def test_say_what_a_verify_code_means(self) -> None:
        for mistake, words in (
            ("a critical identifier", "refused with verify code 34 (a critical extension that OpenSSL does not know)"),
            ("a curve that is too small", "refused with verify code 67 (the key of its CA is too short)"),
        ):
            assert words in str(judged(find("authority-root"), WRONG["authority-root"][mistake]))
        assert refusal_words(20) == "verify code 20 (the certificate of whoever signed it was not found)"
        assert refusal_words(12345) == "verify code 12345"

    def test_say_when_a_life_begins_that_has_not_begun(self) -> None:
        for exercise in ("authority-root", "authority-issue"):
            card = str(judged(find(exercise), WRONG[exercise]["not-valid-now"]))
            assert "UTC, and now it is 20" in card
            assert "certificates count in UTC" in card

    @pytest.mark.parametrize(
        ("exercise", "first_line"),
        [
            ("authority-root", "key = ec.generate_private_key(ec.SECP256R1())\n    if not name:"),
            ("authority-request", "key = ec.generate_private_key(ec.SECP256R1())\n    if not dns + ip + uri:"),
        ],
    )
    def test_show_no_private_key_where_nothing_should_have_come(self, exercise: str, first_line: str) -> None:
        docstring = '."""\n'
        careless = (docstring, f"{docstring}    {first_line}\n        return key_text(key), ''\n")
        card = str(judged(find(exercise), changed(SOLUTIONS[exercise], careless)))
        assert "came      no exception" in card
        assert "BEGIN" not in card


CHAIN_FROM_THE_LEAF = """
def chain(certificates, root_pem):
    pile = [x509.load_pem_x509_certificate(pem.encode()) for pem in certificates]
    top = x509.load_pem_x509_certificate(root_pem.encode())
    def signed(child, parent):
        try:
            child.verify_directly_issued_by(parent)
        except Exception:
            return False
        return True
    constraints = [each.extensions.get_extension_for_class(x509.BasicConstraints).value for each in pile]
    line = [next(each for each, found in zip(pile, constraints) if not found.ca)]
    while not signed(line[-1], top):
        line.append(next(each for each in pile if each not in line and signed(line[-1], each)))
    return "\\n".join("# " + str(each.serial_number) + "\\n" + text(each).strip() for each in line)
def text(certificate):
    return certificate.public_bytes(Encoding.PEM).decode()
"""
CURVE = ("SECP256R1", "SECP384R1"), ("hashes.SHA256", "hashes.SHA384")
NAMED = "x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])"
NAMED_AT_LENGTH = NAMED.replace("Name([", "Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'Mine'), ")
OLD_FORM = (
    "key_text(key)\n",
    "key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()\n",
)
LISTS = (
    "x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier('http://crl.test/')], "
    "None, None, None)])"
)

# Other certificates than the lesson's, of which the tasks say nothing; each is made by changes to the solution.
RIGHT: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "a root on another curve": ("authority-root", CURVE),
    "a root with a name of two parts": ("authority-root", ((NAMED, NAMED_AT_LENGTH),)),
    "a root that limits its CAs": ("authority-root", (("path_length=None", "path_length=2"),)),
    "a root that may sign data too": (
        "authority-root",
        (("usage(key_cert", "usage(digital_signature=True, key_cert"),),
    ),
    "a root with its key in the older form": ("authority-root", (OLD_FORM,)),
    "a root with an identifier of its own making": (
        "authority-root",
        (("SubjectKeyIdentifier.from_public_key(key.public_key())", "SubjectKeyIdentifier(name.encode())"),),
    ),
    "a root with 20 bytes of serial number": (
        "authority-root",
        (("x509.random_serial_number()", "(1 << 158) + (x509.random_serial_number() >> 2)"),),
    ),
    "a root in naive UTC": (
        "authority-root",
        (("dt.datetime.now(dt.UTC)", "dt.datetime.now(dt.UTC).replace(tzinfo=None)"),),
    ),
    "a root for a leap year": ("authority-root", (("days=365", "days=366"),)),
    "a request with a subject": (
        "authority-request",
        (("x509.Name([])", "x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (dns or ip or uri)[0])])"),),
    ),
    "a request with critical names": ("authority-request", (("critical=False", "critical=True"),)),
    "a request with another digest": ("authority-request", (("hashes.SHA256", "hashes.SHA512"),)),
    "a serial number of 64 bits": (
        "authority-issue",
        (("x509.random_serial_number()", "(x509.random_serial_number() >> 95) + 1"),),
    ),
    "an end just before the CA's": (
        "authority-issue",
        (("ca.not_valid_after_utc)", "ca.not_valid_after_utc - dt.timedelta(hours=1))"),),
    ),
    "a place for revocation lists": (
        "authority-issue",
        (("        .sign(key_of", f"        .add_extension({LISTS}, critical=False)\n        .sign(key_of"),),
    ),
    "an identifier made of the CA's key": (
        "authority-issue",
        (("from_issuer_subject_key_identifier(identifier)", "from_issuer_public_key(ca.public_key())"),),
    ),
    "keys compared, not bytes": (
        "authority-shared",
        (
            (
                "info not in certificate_der",
                "x509.load_der_x509_certificate(certificate_der).public_key() != public",
            ),
        ),
    ),
    "a version by its name": ("authority-autopsy", (("leaf.version is x509.Version.v1", "leaf.version.name == 'v1'"),)),
    "an intermediate on another curve": ("authority-intermediate", CURVE),
    "an intermediate with a name of two parts": ("authority-intermediate", ((NAMED, NAMED_AT_LENGTH),)),
    "an intermediate for 30 days": (
        "authority-intermediate",
        (("top.not_valid_after_utc)", "dt.datetime.now(dt.UTC) + dt.timedelta(days=30))"),),
    ),
    "an intermediate with a critical purpose": (
        "authority-intermediate",
        (("[ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False", "[ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True"),),
    ),
    "a chain from the leaf up, with remarks": ("authority-intermediate", (("def chain(", "def lesson_chain("),)),
}


@pytest.mark.parametrize(("exercise", "changes"), RIGHT.values(), ids=RIGHT)
def test_another_right_answer_earns_everything(exercise: str, changes: tuple[tuple[str, str], ...]) -> None:
    source = changed(SOLUTIONS[exercise], *changes)
    if "lesson_chain" in source:
        source += CHAIN_FROM_THE_LEAF
    report = judged(find(exercise), source, b"another way")
    assert report.state == "solved", str(report)


class TestDefects:
    def test_sound_certificates_are_sound(self) -> None:
        leaf, ca = afflicted((), "a.test", "server")
        assert leaf.version is x509.Version.v3
        leaf.verify_directly_issued_by(ca)

    def test_what_is_unusual_is_no_defect(self) -> None:
        leaf, ca = afflicted((), "a.test", "client", "ends-with-ca")
        assert leaf.not_valid_after_utc == ca.not_valid_after_utc
        leaf, _ = afflicted((), "a.test", "client", "both-purposes")
        assert len(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == 2

    @pytest.mark.parametrize(
        "defects", [("version-1", "no-san"), ("no-purpose", "wrong-purpose"), ("sleepy",)], ids=" and ".join
    )
    def test_what_cannot_be_together_is_refused(self, defects: tuple[Defect, ...]) -> None:
        with pytest.raises(UsageError, match=r"defects|version 1"):
            afflicted(defects, "a.test", "server")


def test_the_judge_finds_the_key_where_the_library_does() -> None:
    encoded = LEAF.certificate.public_bytes(Encoding.DER)
    field = key_element(encoded)
    assert field.encoded in encoded
    assert x509.load_der_x509_certificate(encoded).public_key() == LEAF.key.public_key()
