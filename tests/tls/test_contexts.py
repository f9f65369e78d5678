"""The course's contexts: whom they trust, what they speak, and that none of them ever asks on the terminal."""

from __future__ import annotations

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from labsupport.errors import UsageError
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls, client_context, limit_version, server_context
from labsupport.tls.handshake import handshake

VERSIONS: tuple[Tls, ...] = ("1.2", "1.3")


def test_a_server_with_a_client_authority_asks_and_one_without_does_not(
    authority: Authority, server: Identity, client: Identity
) -> None:
    near = client_context(authority, client)
    asked = handshake(near, server_context(server, authority))
    assert asked.client_certificate == ssl.PEM_cert_to_DER_cert(client.certificate_pem.decode())
    unasked = handshake(near, server_context(server))
    assert unasked.ok
    assert unasked.client_certificate is None


def test_a_client_without_an_authority_trusts_nobody(authority: Authority, server: Identity) -> None:
    assert handshake(client_context(authority), server_context(server)).ok
    refused = handshake(client_context(None), server_context(server))
    assert isinstance(refused.client_error, ssl.SSLCertVerificationError)


def test_a_client_checks_the_name(authority: Authority, server: Identity) -> None:
    refused = handshake(client_context(authority), server_context(server), server_hostname="server1.test")
    assert isinstance(refused.client_error, ssl.SSLCertVerificationError)
    assert refused.client_error.verify_code == 62


@pytest.mark.parametrize("near", VERSIONS)
@pytest.mark.parametrize("far", VERSIONS)
def test_versions_meet_or_part(near: Tls, far: Tls, authority: Authority, server: Identity) -> None:
    result = handshake(client_context(authority, tls=near), server_context(server, tls=far))
    assert result.ok == (near == far)
    assert result.trace.version == (f"TLSv{near}" if near == far else None)
    if near != far:
        assert result.refusal is not None
        assert (result.refusal.by, result.refusal.layer, result.refusal.phase) == ("server", "tls", "handshake")


def test_without_a_limit_the_newest_is_spoken_and_nothing_older_than_1_2(
    authority: Authority, server: Identity
) -> None:
    both = client_context(authority)
    assert both.minimum_version == ssl.TLSVersion.TLSv1_2
    assert handshake(both, server_context(server)).trace.version == "TLSv1.3"


@pytest.mark.parametrize("tls", ["1.1", "TLSv1.3", ""])
def test_an_unknown_version_is_refused(tls: Any) -> None:
    with pytest.raises(UsageError, match=r'"1\.2", "1\.3" or nothing'):
        limit_version(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), tls)


@pytest.mark.parametrize("tls", VERSIONS)
def test_a_server_that_asks_for_certificates_hands_out_no_tickets_in_tls_1_3(
    tls: Tls, authority: Authority, server: Identity, client: Identity
) -> None:
    result = handshake(client_context(authority, client, tls=tls), server_context(server, authority, tls=tls))
    tickets = [message.name for message in result.trace.messages].count("NewSessionTicket")
    assert tickets == (0 if tls == "1.3" else 1)


def test_an_encrypted_key_is_an_error_and_never_a_question(client: Identity, tmp_path: Path) -> None:
    path = tmp_path / "encrypted.key.pem"
    secret = BestAvailableEncryption(b"pass phrase")
    path.write_bytes(client.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret))
    encrypted: Any = SimpleNamespace(files=(client.cert_path, str(path)))
    with pytest.raises(ssl.SSLError):
        client_context(None, encrypted)
    with pytest.raises(ssl.SSLError):
        server_context(encrypted)
