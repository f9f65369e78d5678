"""The widely copied recipe: what comes out of it, and who accepts that."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cryptography import x509

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from tests.pki.judges import JUDGES, openssl_verify
from tests.tools import need, run

HOST = "server2.test"
OF_A_VERSION_3 = (x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier, x509.BasicConstraints)


@pytest.fixture(scope="module", params=["ec", "rsa"])
def authority(request: pytest.FixtureRequest) -> Authority:
    return Authority.root("ca.com", recipe="article", algorithm=request.param)


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Identity:
    return authority.issue(HOST, role="server")


def test_leaves_are_version_1_without_any_extension(authority: Authority, leaf: Identity) -> None:
    assert leaf.certificate.version is x509.Version.v1
    assert len(leaf.certificate.extensions) == 0
    leaf.certificate.verify_directly_issued_by(authority.certificate)
    assert leaf.certificate.subject.rfc4514_string() == f"CN={HOST}"
    # Beside it, the course's own.
    assert Authority.root().issue(HOST, role="server").certificate.version is x509.Version.v3


def test_the_authority_has_no_key_usage(authority: Authority) -> None:
    assert [type(extension.value) for extension in authority.certificate.extensions] == list(OF_A_VERSION_3)
    with pytest.raises(x509.ExtensionNotFound):
        authority.certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert Authority.root().certificate.extensions.get_extension_for_class(x509.KeyUsage)


def test_requests_are_signed_in_the_same_manner(authority: Authority) -> None:
    below = authority.intermediate("below")
    assert below.recipe == "course"
    assert below.issue(HOST, role="server").certificate.version is x509.Version.v3


def test_who_accepts_the_server(leaf: Identity, authority: Authority) -> None:
    verdicts = {name: judge(leaf, authority, "server", HOST) is None for name, judge in JUDGES.items()}
    assert verdicts == {
        "ssl": sys.version_info < (3, 13),
        "ssl-lenient": True,
        "ssl-strict": False,
        "cryptography": False,
    }


def test_who_accepts_it_as_a_client_too(leaf: Identity, authority: Authority) -> None:
    # No purpose is every purpose: the server's own certificate opens doors that ask for clients.
    verdicts = {name: judge(leaf, authority, "client", HOST) is None for name, judge in JUDGES.items()}
    assert verdicts["ssl-lenient"]
    assert not verdicts["ssl-strict"]
    assert not verdicts["cryptography"]


@pytest.mark.tool
def test_openssl_verify_accepts_it_unless_it_is_strict(leaf: Identity, authority: Authority, tmp_path: Path) -> None:
    assert openssl_verify(leaf, authority, "server", HOST, tmp_path, strict=False) is None
    assert openssl_verify(leaf, authority, "server", HOST, tmp_path) is not None


@pytest.mark.tool
def test_the_openssl_of_this_machine_makes_the_same(authority: Authority, leaf: Identity, tmp_path: Path) -> None:
    openssl = need("openssl")
    version = run([openssl, "version"]).stdout.split()[1]
    key, certificate, csr, signed = (str(tmp_path / name) for name in ("ca.key", "ca.crt", "leaf.csr", "leaf.crt"))
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365", "-subj", "/CN=ca.com"]
    made = run([*request, "-keyout", key, "-out", certificate])
    assert made.returncode == 0, made.stderr
    run([openssl, "req", "-new", "-key", leaf.key_path, "-out", csr, "-subj", f"/CN={HOST}"])
    run([openssl, "x509", "-req", "-in", csr, "-CA", certificate, "-CAkey", key, "-out", signed, "-days", "365"])
    theirs = x509.load_pem_x509_certificate(Path(certificate).read_bytes())
    if version < "3.2":
        assert [e.oid for e in theirs.extensions] == [e.oid for e in authority.certificate.extensions]
        assert x509.load_pem_x509_certificate(Path(signed).read_bytes()).version is x509.Version.v1
    else:
        assert x509.load_pem_x509_certificate(Path(signed).read_bytes()).version is x509.Version.v3
