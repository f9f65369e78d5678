"""Records of handshakes: the exact lists of messages, and three views of one record."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls, client_context, server_context
from labsupport.tls.handshake import handshake
from labsupport.tls.message import Message, negotiated_version
from labsupport.tls.trace import MUTUAL, Recorder, Trace

_DER = Encoding.DER

TLS_1_3 = """
> ClientHello clear
< ServerHello clear
< EncryptedExtensions encrypted
< CertificateRequest encrypted mutual
< Certificate encrypted
< CertificateVerify encrypted
< Finished encrypted
> Certificate encrypted mutual
> CertificateVerify encrypted mutual
> Finished encrypted
"""
TLS_1_2 = """
> ClientHello clear
< ServerHello clear
< Certificate clear
< ServerKeyExchange clear
< CertificateRequest clear mutual
< ServerHelloDone clear
> Certificate clear mutual
> ClientKeyExchange clear
> CertificateVerify clear mutual
> Finished encrypted
< NewSessionTicket clear
< Finished encrypted
"""
LADDERS: dict[Tls, str] = {"1.2": TLS_1_2, "1.3": TLS_1_3}
versions = pytest.mark.parametrize("tls", ["1.2", "1.3"])


def ladder(trace: Trace) -> list[str]:
    return [
        f"{'>' if message.sender == 'client' else '<'} {message.name} {'encrypted' if message.encrypted else 'clear'}"
        + (" mutual" if message.mutual else "")
        for message in trace.messages
    ]


@pytest.fixture
def mutual(request: pytest.FixtureRequest, authority: Authority, server: Identity, client: Identity) -> Trace:
    tls: Tls = request.node.callspec.params["tls"]
    return handshake(client_context(authority, client, tls=tls), server_context(server, authority, tls=tls)).trace


@pytest.fixture
def plain(request: pytest.FixtureRequest, authority: Authority, server: Identity) -> Trace:
    tls: Tls = request.node.callspec.params["tls"]
    return handshake(client_context(authority, tls=tls), server_context(server, tls=tls)).trace


@versions
def test_the_messages_of_mutual_tls(tls: Tls, mutual: Trace) -> None:
    assert ladder(mutual) == LADDERS[tls].split("\n")[1:-1]
    assert mutual.version == f"TLSv{tls}"
    assert mutual.complete


@versions
def test_without_a_client_certificate_three_messages_are_missing(tls: Tls, mutual: Trace, plain: Trace) -> None:
    expected = [line for line in LADDERS[tls].split("\n")[1:-1] if "mutual" not in line]
    if tls == "1.3":
        # A server that judges nobody hands out tickets.
        expected += ["< NewSessionTicket encrypted"] * 2
    assert ladder(plain) == expected
    assert {(message.sender, message.name) for message in mutual.mutual} == MUTUAL
    assert plain.mutual == ()


@versions
def test_sizes_are_those_of_the_messages(tls: Tls, mutual: Trace, client: Identity, authority: Authority) -> None:
    assert mutual.size == sum(message.size for message in mutual.messages)
    der = sum(len(link.public_bytes(_DER)) for link in (client.certificate, authority.certificate))
    shown = next(message for message in mutual.mutual if message.name == "Certificate")
    # The client sends its certificate and the root that it trusts, with their lengths and the message's own header.
    assert 0 < shown.size - der < 24


@versions
def test_an_empty_certificate_says_so(tls: Tls, authority: Authority, server: Identity) -> None:
    trace = handshake(client_context(authority, tls=tls), server_context(server, authority, tls=tls)).trace
    labels = [message.label for message in trace.messages]
    assert "Certificate (empty)" in labels
    assert "CertificateVerify" not in [message.label for message in trace.mutual]
    alert = trace.alert
    assert alert is not None
    assert (alert.sender, alert.encrypted) == ("server", tls == "1.3")
    assert alert.label == f"Alert: {alert.name}"
    assert trace.size == sum(message.size for message in trace.messages if not message.alert)


@versions
def test_an_alert_of_the_clients_travels_as_the_rest_does(tls: Tls, server: Identity) -> None:
    trace = handshake(client_context(None, tls=tls), server_context(server, tls=tls)).trace
    assert trace.alert is not None
    assert (trace.alert.name, trace.alert.sender) == ("unknown_ca", "client")
    assert trace.alert.encrypted == (tls == "1.3")
    assert not trace.complete


@versions
def test_table_and_words_tell_the_same_as_the_record(tls: Tls, mutual: Trace) -> None:
    assert [(sender, name) for sender, name, _, _ in mutual.rows()] == [(m.sender, m.label) for m in mutual.messages]
    assert [row[2] for row in mutual.rows()] == [str(message.size) for message in mutual.messages]
    assert {row[3] for row in mutual.rows()} == {"encrypted", "in clear"}
    steps = "; ".join(f"{sender} sends {name}" for sender, name, _, _ in mutual.rows())
    assert mutual.alt == f"TLSv{tls} handshake as the client saw it: {steps}. Added by mutual TLS: 3."
    assert Trace("client", None, ()).alt == "No handshake message was exchanged."


def test_no_common_version_leaves_a_record_without_one(authority: Authority, server: Identity) -> None:
    trace = handshake(client_context(authority, tls="1.2"), server_context(server, tls="1.3")).trace
    assert trace.version is None
    assert [message.label for message in trace.messages] == ["ClientHello", "Alert: protocol_version"]
    assert trace.alt.startswith("TLS handshake as the client saw it: client sends ClientHello")


def test_the_servers_view_is_complete_only_with_the_clients_finished() -> None:
    def message(sender: str, name: str) -> Message:
        return Message("client" if sender == "client" else "server", name, 36, True)

    half = (message("server", "Finished"),)
    whole = (*half, message("client", "Finished"))
    assert not Trace("server", "TLSv1.3", half).complete
    assert Trace("server", "TLSv1.3", whole).complete
    assert Trace("client", "TLSv1.3", (message("client", "Finished"),)).complete
    assert not Trace("client", "TLSv1.2", (message("client", "Finished"),)).complete
    assert Trace("client", "TLSv1.2", whole).complete


def test_a_friendly_goodbye_is_no_alert_to_speak_of() -> None:
    goodbye = Message("server", "close_notify", 2, True, alert=True)
    harsh = Message("server", "unknown_ca", 2, True, alert=True)
    assert Trace("client", "TLSv1.3", (goodbye,)).alert is None
    assert Trace("client", "TLSv1.3", (goodbye, harsh)).alert is harsh


@pytest.mark.parametrize("garbage", [b"", b"\x02", b"\x02\0\0\x20" + bytes(32), bytes(38) + b"\xff" * 9, bytes(500)])
def test_a_broken_server_hello_is_taken_for_the_old_version(garbage: bytes) -> None:
    assert negotiated_version(garbage) == "TLSv1.2"


def test_a_recorder_records_the_next_connection_of_its_context_and_no_other(
    authority: Authority, server: Identity
) -> None:
    near, far = client_context(authority), server_context(server)
    recorder = Recorder("client")
    recorder.attach(near)
    import ssl

    def shake() -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        left = near.wrap_bio(incoming, outgoing, server_hostname="server2.test")
        right = far.wrap_bio(outgoing, incoming, server_side=True)
        for end in (left, right, left, right):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue

    shake()
    once = recorder.trace
    assert once.complete
    shake()
    assert recorder.trace == once
