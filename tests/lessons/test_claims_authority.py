"""What lesson 04 claims holds, under the rules of Python 3.11 and of 3.13; each test quotes its sentence."""

from __future__ import annotations

import math
import shlex
import subprocess
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from labsupport.exercises.authority.shared import key_element
from labsupport.notebook.attempt import attempt
from labsupport.notebook.figures.authority_verdicts import verdicts_by_defect
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.servers.pair import Pair
from tests.lessons.quoted import lesson, said
from tests.tools import need

AUTHORITY = "04_authority"


@pytest.fixture(scope="module")
def course() -> Authority:
    return Authority.root("Course root")


class TestTheRecipe:
    def carried_out(self, name: str, folder: Path, without: str = "", **files: str) -> dict[str, x509.Certificate]:
        """Run the lines that the lesson calls `name`, leaving out a part of them."""
        need("openssl")
        (cell,) = (
            cell for cell in lesson(AUTHORITY).cells if cell.kind == "code" and cell.text.startswith(f"{name} =")
        )
        for file, content in files.items():
            (folder / file).write_text(content)
        for line in cell.text.replace(without, "").split('"""')[1].strip().splitlines():
            subprocess.run(shlex.split(line), cwd=folder, check=True, capture_output=True)
        return {path.stem: x509.load_pem_x509_certificate(path.read_bytes()) for path in folder.glob("*.crt")}

    @pytest.mark.tool
    def test_gives_what_the_lesson_says_with_any_openssl(self, tmp_path: Path) -> None:
        said(AUTHORITY, "With OpenSSL 3.0 and 3.1 it is version 1")
        said(AUTHORITY, "From 3.2 on it is version 3, and still without the two that matter")
        made = self.carried_out("recipe", tmp_path)
        present = {type(each.value) for each in made["server2"].extensions}
        assert not present & {x509.SubjectAlternativeName, x509.ExtendedKeyUsage}
        said(AUTHORITY, "There is no KeyUsage: it does not say that its key may sign certificates.")
        assert x509.KeyUsage not in {type(each.value) for each in made["ca"].extensions}

    def test_has_four_kinds_of_lines(self) -> None:
        said(AUTHORITY, "with four kinds of `openssl` lines: keys, a certificate for the CA, requests, and the signing")
        (cell,) = (cell for cell in lesson(AUTHORITY).cells if cell.text.startswith("recipe ="))
        lines = cell.text.split('"""')[1].strip().splitlines()
        kinds = {" ".join(word for word in line.split()[1:4] if word.startswith(("-", *"grx"))) for line in lines}
        assert kinds == {"genrsa -out", "req -x509 -new", "req -new -key", "x509 -req -in"}

    def test_is_the_articles_to_the_letter(self) -> None:
        (cell,) = (cell for cell in lesson(AUTHORITY).cells if cell.text.startswith("recipe ="))
        subject = "/C=ES/ST=Spain/L=Spain/O=ORG/OU=TEST/CN="
        lines = cell.text.split('"""')[1].strip().splitlines()
        assert lines[1] == (f'openssl req -x509 -new -key ca.key -out ca.crt -nodes -days 365 -subj "{subject}ca.com"')
        assert lines[3] == f'openssl req -new -key server2.key -out server2.csr -nodes -subj "{subject}server2"'
        assert lines[4] == "openssl x509 -req -in server2.csr -CA ca.crt -CAkey ca.key -out server2.crt -days 365"

    @pytest.mark.tool
    def test_openssl_minds_it_only_when_it_is_strict(self, tmp_path: Path) -> None:
        said(AUTHORITY, "`openssl verify` forgives the recipe, as long as it is not asked to be strict.")
        self.carried_out("recipe", tmp_path)
        verify = ["openssl", "verify", "-purpose", "sslserver", "-CAfile", "ca.crt", "server2.crt"]
        assert subprocess.run(verify, cwd=tmp_path, capture_output=True, check=False).returncode == 0
        verify.insert(2, "-x509_strict")
        said(AUTHORITY, "With `-x509_strict` it minds the CA without KeyUsage.")
        refused = subprocess.run(verify, cwd=tmp_path, capture_output=True, check=False)
        assert refused.returncode != 0
        assert b"error 92 " in refused.stderr

    @pytest.mark.tool
    def test_repaired_it_passes_openssl_strictly(self, tmp_path: Path) -> None:
        said(AUTHORITY, "Its last line is OpenSSL's strictest verifier; had it objected, the cell would have failed.")
        extensions = "subjectAltName=DNS:server2\nauthorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\n"
        made = self.carried_out("repaired", tmp_path, server=extensions)
        assert made["server2"].version is x509.Version.v3

    @pytest.mark.tool
    def test_without_the_repair_openssl_objects(self, tmp_path: Path) -> None:
        extensions = "subjectAltName=DNS:server2\nauthorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\n"
        with pytest.raises(subprocess.CalledProcessError, match="openssl"):
            self.carried_out("repaired", tmp_path, " -addext keyUsage=critical,keyCertSign,cRLSign", server=extensions)
        with pytest.raises(subprocess.CalledProcessError, match="openssl"):
            self.carried_out("repaired", tmp_path, server=extensions.replace("server2", "server1"))

    def test_the_verdicts(self, course: Authority) -> None:
        said(AUTHORITY, "`ssl` reads common names and forgives, as Python does up to 3.12; `ssl-strict` has the rules")
        with Pair(Authority.root("ca.com", recipe="article")) as copied, Pair(course) as sound:
            by_article, by_course = copied.verdicts(), sound.verdicts()
        assert by_article["ssl"]
        assert not any(by_article[name] for name in ("ssl-strict", "requests", "cryptography"))
        assert all(accepted in (True, None) for accepted in by_course.values())


class TestWhoMindsWhat:
    def test_no_verifier_minds_every_fault_and_two_faults_nobody(self) -> None:
        said(AUTHORITY, "None minds them all, and two faults nobody minds.")
        by_fault = verdicts_by_defect("server2")
        assert all(accepted in (True, None) for accepted in by_fault.pop("nothing wrong").values())
        assert len(by_fault) == 8
        for verifier in ("ssl", "ssl-strict", "requests", "cryptography"):
            assert any(row[verifier] for row in by_fault.values())
        nobody = [fault for fault, row in by_fault.items() if False not in row.values()]
        assert nobody == ["no-purpose", "outlives-ca"]

    def test_each_fault_of_the_recipe_has_a_verifier_that_minds_it(self) -> None:
        said(AUTHORITY, "`requests` reads no common name, and `cryptography` no version 1.")
        by_fault = verdicts_by_defect("server2")
        assert not by_fault["no-san"]["requests"]
        assert not by_fault["version-1"]["cryptography"]
        said(AUTHORITY, "Python 3.13 insists on that.")
        assert (by_fault["ca-without-key-usage"]["ssl"], by_fault["ca-without-key-usage"]["ssl-strict"]) == (
            True,
            False,
        )


class TestOneKeyForEverything:
    def opened(self, authority: Authority) -> str | None:
        with Pair(authority) as pair:
            tried = attempt(requests.get, pair.server2.url, verify=False, cert=pair.server2.identity.files)
        return tried.reason

    def test_server2s_own_key_opens_the_articles_server2(self) -> None:
        said(AUTHORITY, "So server2's own certificate and key open server2.")
        assert self.opened(Authority.root("ca.com", recipe="article")) is None

    def test_and_not_the_courses(self, course: Authority) -> None:
        said(AUTHORITY, "server2 refuses its own.")
        assert "UNSUPPORTED_CERTIFICATE" in str(self.opened(course))


class TestWhatIsSigned:
    def test_the_certificate_and_not_the_request(self, course: Authority) -> None:
        said(AUTHORITY, "What it hashes and signs is that, the *TBSCertificate*")
        key = ec.generate_private_key(ec.SECP256R1())
        csr = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
        issued = course.certify(csr.public_bytes(Encoding.PEM), dns=["a.test"], role="client")
        public = course.certificate.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(issued.signature, issued.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))
        with pytest.raises(InvalidSignature):
            public.verify(issued.signature, csr.tbs_certrequest_bytes, ec.ECDSA(hashes.SHA256()))

    def test_the_places_of_the_key_in_the_figures(self, course: Authority) -> None:
        said(AUTHORITY, "For the first figure it returns about `(11, 128, 91)`, for the second `None`.")
        key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
        wanted = x509.SubjectAlternativeName([x509.DNSName("client7.test")])
        csr = builder.add_extension(wanted, critical=False).sign(key, hashes.SHA256())
        issued = course.certify(csr.public_bytes(Encoding.PEM), dns=["client7.test"], role="client")
        encoded = [each.public_bytes(Encoding.DER) for each in (csr, issued)]
        places = [key_element(each) for each in encoded]
        assert places[0].encoded == places[1].encoded
        # A serial number may begin with zeros, which are not written.
        assert (places[0].offset, len(places[0].encoded)) == (11, 91)
        assert places[1].offset in range(120, 129)

    def test_shared_primes(self) -> None:
        said(AUTHORITY, "33 and 39 share 3, and both keys are broken.")
        assert (math.gcd(33, 39), math.gcd(33, 35)) == (3, 1)


@pytest.mark.tool
def test_a_ca_that_copies_extensions_makes_another_ca(tmp_path: Path) -> None:
    need("openssl")
    said(AUTHORITY, "openssl's `-copy_extensions copyall` does) has just made another CA")
    lines = """
    openssl req -x509 -newkey rsa:2048 -noenc -keyout ca.key -out ca.crt -subj /CN=ca
    openssl req -new -newkey rsa:2048 -noenc -keyout x.key -out x.csr -subj /CN=x -addext basicConstraints=CA:TRUE
    openssl x509 -req -in x.csr -CA ca.crt -CAkey ca.key -out copied.crt -copy_extensions copyall
    openssl x509 -req -in x.csr -CA ca.crt -CAkey ca.key -out composed.crt
    """
    for line in lines.strip().splitlines():
        subprocess.run(shlex.split(line), cwd=tmp_path, check=True, capture_output=True)
    copied, composed = (
        x509.load_pem_x509_certificate((tmp_path / f"{name}.crt").read_bytes()) for name in ("copied", "composed")
    )
    assert copied.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert x509.BasicConstraints not in {type(each.value) for each in composed.extensions}


def test_a_chain_that_lacks_a_link_is_an_unknown_ca(course: Authority) -> None:
    said(AUTHORITY, "`UNKNOWN_CA`: the server cannot find who signed.")
    whole = course.intermediate("Course clients").issue("client1", role="client")
    alone = Identity(whole.certificate, key=whole.key)
    with Pair(course) as pair:
        reasons = [
            attempt(requests.get, pair.server2.url, verify=course.ca_path, cert=each.files).reason
            for each in (whole, alone)
        ]
    assert reasons[0] is None
    assert "UNKNOWN_CA" in str(reasons[1])
