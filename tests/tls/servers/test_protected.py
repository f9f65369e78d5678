"""server2: it answers whom it trusts, in either manner of saying no."""

from __future__ import annotations

import json
import ssl

import pytest
import requests

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls, client_context, server_context
from labsupport.tls.refusal import refusal_of
from labsupport.tls.servers.pair import Pair
from labsupport.tls.servers.protected import Manner, Server2
from tests.tls.forgery import HOST
from tests.tls.servers.clients import ask, connect, statuses

versions = pytest.mark.parametrize("tls", ["1.2", "1.3"])
manners = pytest.mark.parametrize("manner", ["alert", "http"])


def get(pair: Pair, path: str = "", client: Identity | None = None, method: str = "GET") -> requests.Response:
    files = client.files if client else None
    return requests.request(
        method, pair.server2.url + path, verify=pair.authority.ca_path, cert=files, timeout=30, data=b"x" * 10
    )


@versions
@manners
def test_a_trusted_client_is_greeted_by_name(tls: Tls, manner: Manner, authority: Authority, client: Identity) -> None:
    with Pair(authority, tls=tls, manner=manner) as pair:
        answer = get(pair, client=client)
        assert (answer.status_code, answer.text) == (200, "Hello client1, this is server2: mutual TLS works.\n")
        (entry,) = pair.server2.log
    assert entry.peer == ("client1", "spiffe://course/client1")
    assert (entry.version, entry.admitted, entry.layer) == (f"TLSv{tls}", True, "http")
    assert (entry.reason, entry.request, entry.status) == ("certificate trusted", "GET /", 200)


@versions
def test_a_client_without_a_certificate_meets_an_alert(tls: Tls, authority: Authority) -> None:
    with Pair(authority, tls=tls) as pair:
        with pytest.raises(requests.exceptions.SSLError) as caught:
            get(pair)
        (entry,) = pair.server2.log
    refusal = refusal_of(caught.value)
    assert (refusal.by, refusal.layer) == ("server", "tls")
    assert (entry.layer, entry.reason, entry.words) == ("tls", "PEER_DID_NOT_RETURN_A_CERTIFICATE", "refused")


@versions
def test_or_a_status_where_the_manner_is_http(tls: Tls, authority: Authority) -> None:
    with Pair(authority, tls=tls, manner="http") as pair:
        answer = get(pair)
        (entry,) = pair.server2.log
    assert (answer.status_code, answer.text) == (400, "400: no client certificate was presented.\n")
    assert (entry.admitted, entry.layer, entry.status, entry.peer) == (False, "http", 400, ())
    assert entry.reason == "no client certificate was presented"


@versions
@manners
def test_a_certificate_that_does_not_verify_meets_an_alert_in_either_manner(
    tls: Tls, manner: Manner, authority: Authority
) -> None:
    with Pair(authority, tls=tls, manner=manner) as pair:
        with pytest.raises(requests.exceptions.SSLError):
            get(pair, client=Authority.self_signed("loner"))
        (entry,) = pair.server2.log
    assert (entry.layer, entry.reason, entry.verify_code) == ("tls", "CERTIFICATE_VERIFY_FAILED", 18)
    assert entry.peer == ()


def test_a_client_that_does_not_trust_the_server_is_on_record_too(pair: Pair) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(pair.server2.url, timeout=30)
    (entry,) = pair.server2.log
    assert (entry.layer, entry.admitted) == ("tls", False)
    assert entry.reason.endswith("ALERT_UNKNOWN_CA")


def test_a_server_certificate_is_no_clients_certificate(pair: Pair) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        get(pair, client=pair.server2.identity)
    assert pair.server2.log[0].verify_code == 26


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "", 200, "certificate trusted"),
        ("POST", "", 200, "certificate trusted"),
        ("HEAD", "", 200, "certificate trusted"),
        ("GET", "ledger", 200, "certificate trusted"),
        ("GET", "ledger?page=2", 200, "certificate trusted"),
        ("GET", "nothing", 404, "nothing at this path"),
        ("DELETE", "", 405, "method not allowed"),
        ("OPTIONS", "", 405, "method not allowed"),
    ],
)
def test_what_it_answers(method: str, path: str, status: int, reason: str, pair: Pair, client: Identity) -> None:
    answer = get(pair, path, client, method)
    assert answer.status_code == status
    if status == 405:
        assert answer.headers["allow"] == "GET, HEAD, POST"
    (entry,) = pair.server2.log
    assert (entry.reason, entry.status, entry.admitted) == (reason, status, status == 200)


def test_it_tells_what_it_saw(pair: Pair, client: Identity) -> None:
    seen = json.loads(get(pair, "whoami", client).text)
    assert seen["peer"] == ["client1", "spiffe://course/client1"]
    assert (seen["tls"], seen["method"]) == ("TLSv1.3", "GET")
    assert ["host", f"{HOST}:{pair.server2.port}"] in seen["headers"]


def test_names_come_from_the_alternative_name_else_from_the_subject(authority: Authority) -> None:
    article = Authority.root("ca.com", recipe="article")
    identity = authority.issue(HOST, role="server")
    with Server2(HOST, server_context(identity, article), identity=identity) as server2:
        near = client_context(authority, article.issue("old-client", role="client"))
        assert b"Hello old-client" in ask(server2.port, near)
        assert server2.log[0].peer == ("old-client",)


def test_a_certificate_without_any_name_has_that_for_a_name(authority: Authority) -> None:
    from cryptography import x509

    from labsupport.pki.certificates import compose, now
    from labsupport.pki.keys import generate
    from labsupport.pki.profile import BACKDATE

    key, identity = generate(), authority.issue(HOST, role="server")
    bare = compose(
        x509.Name([]),
        key.public_key(),
        issuer=authority.certificate.subject,
        issuer_key=authority.key,
        extensions=[],
        end=now() + BACKDATE,
    )
    with Server2(HOST, server_context(identity, authority), identity=identity) as server2:
        assert b"Hello (no name)" in ask(server2.port, client_context(authority, Identity(bare, key=key)))


def test_without_verification_nobody_is_known_and_nobody_answered(authority: Authority, client: Identity) -> None:
    identity = authority.issue(HOST, role="server")
    with Server2(HOST, server_context(identity), identity=identity) as server2:
        assert statuses(ask(server2.port, client_context(authority, client))) == [400]
        assert server2.log[0].peer == ()


def test_a_request_that_fails_inside_is_answered_and_on_record(
    pair: Pair, client: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("labsupport.tls.servers.protected._answer", broken)
    answer = get(pair, client=client)
    assert (answer.status_code, answer.text) == (500, f"500: {HOST} failed.\n")
    assert pair.server2.log[0].reason == "the server failed: OSError: disk full"
    monkeypatch.undo()
    assert get(pair, client=client).status_code == 200


def test_peers_of_one_connection_stay_who_they_are(pair: Pair, client: Identity, authority: Authority) -> None:
    other = authority.issue("client2", role="client")
    with connect(pair.server2.port, client_context(authority, client)) as one:
        with connect(pair.server2.port, client_context(authority, other)) as two:
            for tls, name in ((one, b"client1"), (two, b"client2"), (one, b"client1")):
                tls.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
                assert b"Hello " + name in tls.recv(4096)
        assert isinstance(one, ssl.SSLSocket)
    assert [entry.peer[0] for entry in pair.server2.log] == ["client1", "client2", "client1"]
