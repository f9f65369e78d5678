"""Lesson 04: what comes in place of PEM is said in clear words, and the judge's requests are what they claim."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from labsupport.errors import UsageError
from labsupport.exercises import find
from labsupport.exercises.authority.examination import code_as_client, code_as_server
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
from tests.exercises.answers.authority import WRONG

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
            ("a name that is not critical", "its subject is empty, and its SubjectAltName not critical"),
            ("no identifier of its own", "it has no SubjectKeyIdentifier"),
            ("hands out its own certificate", "it is for another key than the requester's"),
        ):
            assert words in str(judged(find("authority-issue"), wrong[mistake]))


class TestDefects:
    def test_sound_certificates_are_sound(self) -> None:
        leaf, ca = afflicted((), "a.test", "server")
        assert leaf.version is x509.Version.v3
        leaf.verify_directly_issued_by(ca)

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
