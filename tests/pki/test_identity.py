"""An identity: its texts, its files, and the names that it goes by."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from labsupport.pki.authority import Authority
from labsupport.pki.certificates import compose, now
from labsupport.pki.identity import common_name, file_stem, subject_names
from labsupport.pki.keys import generate
from labsupport.pki.profile import BACKDATE


def nameless(*extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
    key = generate()
    nobody = x509.Name([])
    return compose(nobody, key.public_key(), issuer=nobody, issuer_key=key, extensions=extensions, end=now() + BACKDATE)


def test_files_hold_the_chain_and_the_key_that_belongs_to_it(root: Authority) -> None:
    identity = root.intermediate("middle").issue("client1", role="client")
    certificate, key = (Path(path) for path in identity.files)
    assert certificate.read_bytes() == identity.chain_pem
    assert identity.chain_pem.startswith(identity.certificate_pem)
    assert load_pem_private_key(key.read_bytes(), None).public_key() == identity.certificate.public_key()
    # OpenSSL agrees, and refuses the key of another.
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    other = root.issue("client2", role="client")
    with pytest.raises(ssl.SSLError) as caught:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, other.key_path)
    assert caught.value.reason == "KEY_VALUES_MISMATCH"


def test_files_are_private(root: Authority) -> None:
    identity = root.issue("client1", role="client")
    for path in (identity.cert_path, identity.key_path, root.ca_path):
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
        assert stat.S_IMODE(Path(path).parent.stat().st_mode) == 0o700


def test_a_path_is_made_once_and_never_shared(root: Authority) -> None:
    identity, namesake = (root.issue("client1", role="client") for _ in range(2))
    assert identity.key_path == identity.key_path
    assert identity.key_path != namesake.key_path
    assert Path(identity.key_path).read_bytes() == identity.key_pem


def test_a_name_is_the_common_name_else_the_first_alternative_else_said_to_be_missing(root: Authority) -> None:
    assert root.issue("client1", role="client", dns=["a.test"]).name == "client1"
    alternative = x509.SubjectAlternativeName([x509.DNSName("a.test"), x509.DNSName("b.test")])
    assert common_name(nameless((alternative, True))) == "a.test"
    assert subject_names(nameless((alternative, True))) == ("a.test", "b.test")
    assert common_name(nameless()) == "(no name)"
    assert subject_names(nameless()) == ()


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("server2.test", "server2-test"),
        ("Course root", "course-root"),
        ("spiffe://course/Server1", "server1"),
        ("../../etc/passwd", "passwd"),
        ("..", "--"),
        ("/", "unnamed"),
        ("a\0b", "a-b"),
        ("x" * 400, "x" * 48),
    ],
)
def test_a_file_name_is_safe_whatever_the_name(name: str, stem: str) -> None:
    assert file_stem(name) == stem


def test_a_long_name_still_has_files(root: Authority) -> None:
    name = "𝔏" * 16  # four bytes each
    identity = root.issue(name, role="client", uri=["spiffe://course/" + "x" * 500])
    assert Path(identity.key_path).read_bytes() == identity.key_pem
