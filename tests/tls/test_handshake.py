"""Pinned truths of TLS, in memory and so without races: by reason, verify code and alert, never by a message's text."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.pki.profile import Role
from labsupport.tls.contexts import Tls, client_context, limit_version, server_context
from labsupport.tls.handshake import End, Handshake, handshake
from labsupport.tls.refusal import Refusal
from labsupport.tls.trace import Trace
from tests.tls.forgery import FORGERIES, HOST, crl_pem, forge

versions = pytest.mark.parametrize("tls", ["1.2", "1.3"])
LATE = {"1.2": "handshake", "1.3": "first read"}


def ends_with(error: ssl.SSLError | None, alert: str) -> bool:
    """Tell whether `error` is that alert, however this version of OpenSSL prefixes it."""
    return error is not None and str(error.reason).endswith(f"ALERT_{alert.upper()}")


def code(error: ssl.SSLError | None) -> int | None:
    return getattr(error, "verify_code", None)


# The five requests of the article, at a server of the ssl module (tls-facts, section 2)


@versions
def test_e1_a_client_that_does_not_know_the_authority_refuses(tls: Tls, authority: Authority, server: Identity) -> None:
    result = handshake(client_context(None, tls=tls), server_context(server, authority, tls=tls))
    # The server loaded the root, and so sends it along: 19. One that did not would have made it 20.
    assert code(result.client_error) == 19
    assert ends_with(result.server_error, "unknown_ca")
    assert result.refusal == Refusal("client", "tls", "handshake", "CERTIFICATE_VERIFY_FAILED", 19)
    alone = handshake(client_context(None, tls=tls), server_context(server, tls=tls))
    assert code(alone.client_error) == 20


@versions
def test_e2_no_certificate_is_refused_in_the_handshake_or_at_the_first_read(
    tls: Tls, authority: Authority, server: Identity
) -> None:
    result = handshake(client_context(authority, tls=tls), server_context(server, authority, tls=tls))
    assert result.server_error is not None
    assert result.server_error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    assert ends_with(result.client_error, {"1.2": "handshake_failure", "1.3": "certificate_required"}[tls])
    assert result.trace.complete == (tls == "1.3")
    assert result.refusal is not None
    assert (result.refusal.by, result.refusal.phase) == ("server", LATE[tls])
    assert not result.ok
    assert result.client_certificate is None


@versions
def test_e3_verification_off_changes_nothing_for_the_server(tls: Tls, authority: Authority, server: Identity) -> None:
    blind = client_context(None, tls=tls)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    result = handshake(blind, server_context(server, authority, tls=tls))
    assert result.server_error is not None
    assert result.server_error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    assert handshake(blind, server_context(server, tls=tls)).ok


@versions
@pytest.mark.parametrize("verify", [ssl.CERT_REQUIRED, ssl.CERT_OPTIONAL])
def test_e4_a_self_signed_certificate_is_refused_even_where_none_is_needed(
    tls: Tls, verify: ssl.VerifyMode, authority: Authority, server: Identity
) -> None:
    far = server_context(server, authority, verify=verify, tls=tls)
    result = handshake(client_context(authority, Authority.self_signed("loner"), tls=tls), far)
    assert code(result.server_error) == 18
    assert ends_with(result.client_error, "unknown_ca")
    assert result.refusal is not None
    assert (result.refusal.by, result.refusal.phase, result.refusal.verify_code) == ("server", LATE[tls], None)
    # The same server lets in who shows nothing, if it does not insist.
    assert handshake(client_context(authority, tls=tls), far).ok == (verify == ssl.CERT_OPTIONAL)


@versions
def test_e5_a_certificate_of_the_authority_is_let_in(
    tls: Tls, authority: Authority, server: Identity, client: Identity
) -> None:
    result = handshake(client_context(authority, client, tls=tls), server_context(server, authority, tls=tls))
    assert result.ok
    assert result.refusal is None
    assert result.exchanged
    assert result.trace.version == f"TLSv{tls}"
    assert result.client_certificate == ssl.PEM_cert_to_DER_cert(client.certificate_pem.decode())


# What goes wrong, exactly (tls-facts, section 5), whichever side verifies


def show(identity: Identity, tls: Tls, side: Role, authority: Authority, other: Identity) -> Handshake:
    """Let the `side` show `identity`, weak as it may be, to a peer that trusts `authority`."""
    protocol = ssl.PROTOCOL_TLS_CLIENT if side == "client" else ssl.PROTOCOL_TLS_SERVER
    shows = ssl.SSLContext(protocol)
    shows.set_ciphers("DEFAULT:@SECLEVEL=0")
    shows.load_cert_chain(*identity.files)
    limit_version(shows, tls)
    if side == "client":
        shows.load_verify_locations(cadata=authority.certificate_pem.decode())
        return handshake(shows, server_context(other, authority, tls=tls))
    return handshake(client_context(authority, tls=tls), shows)


@versions
@pytest.mark.parametrize("side", ["client", "server"])
@pytest.mark.parametrize(("fault", "make", "verify_code", "alert"), [(n, *f) for n, f in FORGERIES.items()])
def test_one_fault_one_code_one_alert(
    fault: str, make: Any, verify_code: int, alert: str, side: Role, tls: Tls, authority: Authority, server: Identity
) -> None:
    result = show(make(authority, side), tls, side, authority, server)
    verifier, other = result.server_error, result.client_error
    if side == "server":
        verifier, other = other, verifier
    assert isinstance(verifier, ssl.SSLCertVerificationError)
    assert code(verifier) == verify_code
    assert result.trace.alert is not None
    assert result.trace.alert.name == alert
    assert result.trace.alert.sender != side
    assert ends_with(other, alert)
    assert result.refusal is not None
    assert result.refusal.by == ("server" if side == "client" else "client")


@versions
@pytest.mark.parametrize("side", ["client", "server"])
def test_the_same_without_a_fault_is_accepted(tls: Tls, side: Role, authority: Authority, server: Identity) -> None:
    assert show(forge(authority, side), tls, side, authority, server).ok


@versions
def test_no_purpose_at_all_is_every_purpose(tls: Tls, authority: Authority, server: Identity) -> None:
    from cryptography.x509 import ExtendedKeyUsage

    assert show(forge(authority, "server", without=ExtendedKeyUsage), tls, "client", authority, server).ok


@versions
@pytest.mark.parametrize(("asked", "verify_code"), [("server1.test", 62), ("192.0.2.1", 64)])
def test_a_name_or_an_address_that_is_not_in_the_certificate(
    asked: str, verify_code: int, tls: Tls, authority: Authority, server: Identity
) -> None:
    result = handshake(client_context(authority, tls=tls), server_context(server, tls=tls), server_hostname=asked)
    assert code(result.client_error) == verify_code
    assert result.trace.alert is not None
    assert (result.trace.alert.name, result.trace.alert.sender) == ("bad_certificate", "client")


def with_crl(server: Identity, authority: Authority, tls: Tls, crl: bytes | None, folder: Any) -> ssl.SSLContext:
    context = server_context(server, authority, tls=tls)
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    if crl is not None:
        path = folder / "list.crl.pem"
        path.write_bytes(crl)
        context.load_verify_locations(cafile=path)
    return context


@versions
def test_revocation(tls: Tls, authority: Authority, server: Identity, client: Identity, tmp_path: Any) -> None:
    import datetime as dt

    def outcome(crl: bytes | None) -> tuple[int | None, str | None]:
        far = with_crl(server, authority, tls, crl, tmp_path)
        result = handshake(client_context(authority, client, tls=tls), far)
        return code(result.server_error), result.trace.alert.name if result.trace.alert else None

    other = authority.issue("client2", role="client")
    stale = dt.datetime.now(dt.UTC) - dt.timedelta(days=9)
    assert outcome(crl_pem(authority, [other])) == (None, None)
    assert outcome(crl_pem(authority, [client, other])) == (23, "certificate_revoked")
    assert outcome(None) == (3, "unknown_ca")
    assert outcome(crl_pem(authority, last=stale)) == (12, "certificate_expired")


def test_a_key_that_is_too_small_does_not_even_load(authority: Authority) -> None:
    weak = forge(authority, "client", key=rsa.generate_private_key(65537, 1024))
    with pytest.raises(ssl.SSLError) as caught:
        client_context(authority, weak)
    assert caught.value.reason == "EE_KEY_TOO_SMALL"


# The record itself


def test_a_handshake_leaves_the_contexts_fit_for_another(
    authority: Authority, server: Identity, client: Identity
) -> None:
    near, far = client_context(authority, client), server_context(server, authority)
    first, second = handshake(near, far), handshake(near, far)
    assert first.ok
    assert second.ok
    assert first.trace.rows()[1:] == second.trace.rows()[1:] or len(first.trace.messages) == len(second.trace.messages)
    assert len(first.trace.messages) == 10


def test_a_server_that_fails_alone_is_the_one_that_refused() -> None:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.reason, error.verify_code = "CERTIFICATE_VERIFY_FAILED", 18
    result = Handshake(Trace("client", "TLSv1.3", ()), None, error, None)
    assert result.refusal == Refusal("server", "tls", "handshake", "CERTIFICATE_VERIFY_FAILED", 18)
    assert Handshake(Trace("client", None, ()), None, ssl.SSLEOFError(8, "EOF"), None).refusal is not None


def test_an_exchange_that_came_to_a_halt_is_not_called_good(authority: Authority, server: Identity) -> None:
    # Ends that nobody carries bytes between.
    near = client_context(authority).wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=HOST)
    end = End(near)
    end.advance()
    assert (end.done, end.error, end.received) == (False, None, b"")
    halted = Handshake(Trace("client", None, ()), None, None, None, exchanged=False)
    assert not halted.ok
    assert halted.refusal is None
