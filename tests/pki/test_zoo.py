"""Specimens have the one flaw that they are named for, and no other."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from cryptography import x509

from labsupport.errors import UsageError
from labsupport.pki.zoo import Flaw, Specimen, specimen

HOST = "server2.test"
SOUND = {"version": "v3", "san": [HOST], "aki": True, "purpose": "1.3.6.1.5.5.7.3.1", "ca usage": True}


def facts(found: Specimen) -> dict[str, Any]:
    def value(certificate: x509.Certificate, kind: type[Any]) -> Any:
        try:
            return certificate.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    leaf = found.identity.certificate
    names, purposes = value(leaf, x509.SubjectAlternativeName), value(leaf, x509.ExtendedKeyUsage)
    return {
        "version": leaf.version.name,
        "san": names and names.get_values_for_type(x509.DNSName),
        "aki": value(leaf, x509.AuthorityKeyIdentifier) is not None,
        "purpose": purposes and next(iter(purposes)).dotted_string,
        "ca usage": value(found.ca_certificate, x509.KeyUsage) is not None,
    }


@pytest.mark.parametrize(
    ("flaw", "differs"),
    [
        (None, {}),
        ("version-1", {"version": "v1", "san": None, "aki": False, "purpose": None}),
        ("no-san", {"san": None}),
        ("wrong-name", {"san": ["elsewhere.test"]}),
        ("no-authority-key-identifier", {"aki": False}),
        ("ca-without-key-usage", {"ca usage": False}),
        ("wrong-purpose", {"purpose": "1.3.6.1.5.5.7.3.2"}),
    ],
)
def test_one_flaw_and_no_other(flaw: Any, differs: dict[str, Any]) -> None:
    found = specimen(flaw, HOST)
    assert facts(found) == {**SOUND, **differs}
    assert found.flaw == flaw
    found.identity.certificate.verify_directly_issued_by(found.ca_certificate)
    assert x509.load_pem_x509_certificate(found.ca_pem) == found.ca_certificate


def test_the_list_above_is_whole() -> None:
    assert len(get_args(Flaw)) == 6


def test_names_are_what_was_asked_for() -> None:
    found = specimen("wrong-name", HOST, common_name="people read this", other="third.test")
    assert found.identity.name == "people read this"
    assert facts(found)["san"] == ["third.test"]


def test_an_unknown_flaw_is_refused() -> None:
    unknown: Any = "ugly"
    with pytest.raises(UsageError, match="version-1, no-san"):
        specimen(unknown, HOST)
