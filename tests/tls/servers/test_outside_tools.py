"""curl and openssl s_client against the pair: what people attack it with, and see."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls
from labsupport.tls.names import LOOPBACK
from labsupport.tls.servers.pair import Pair
from labsupport.tls.servers.server import Server
from tests.tools import need, run

pytestmark = pytest.mark.tool
versions = pytest.mark.parametrize("tls", ["1.2", "1.3"])
# curl's own words for its exit codes: could not connect securely, receiving failed, the peer's certificate.
CONNECT_FAILED, RECEIVE_FAILED, NOT_VERIFIED = 35, 56, 60


def curl(server: Server, *options: str, path: str = "") -> tuple[int, str]:
    where = f"{server.name}:{server.port}"
    command = [need("curl"), "--silent", "--noproxy", "*", "--resolve", f"{where}:{LOOPBACK}", "--max-time", "30"]
    done = run([*command, *options, f"https://{where}/{path}"])
    return done.returncode, done.stdout


def trusting(authority: Authority) -> Sequence[str]:
    return "--cacert", authority.ca_path


def showing(identity: Identity) -> Sequence[str]:
    return "--cert", identity.cert_path, "--key", identity.key_path


@versions
def test_the_five_requests_with_curl(tls: Tls, authority: Authority, client: Identity) -> None:
    refused = {CONNECT_FAILED} if tls == "1.2" else {RECEIVE_FAILED}
    with Pair(authority, tls=tls) as pair:
        assert curl(pair.server2)[0] == NOT_VERIFIED
        assert curl(pair.server2, *trusting(authority))[0] in refused
        assert curl(pair.server2, "--insecure")[0] in refused
        loner = Authority.self_signed("loner")
        assert curl(pair.server2, *trusting(authority), *showing(loner))[0] in refused
        good = curl(pair.server2, *trusting(authority), *showing(client))
        assert good == (0, "Hello client1, this is server2: mutual TLS works.\n")
        assert [entry.layer for entry in pair.server2.log] == ["tls"] * 4 + ["http"]


@versions
def test_the_five_requests_with_curl_where_the_server_answers_by_http(
    tls: Tls, authority: Authority, client: Identity
) -> None:
    with Pair(authority, tls=tls, manner="http") as pair:
        assert curl(pair.server2)[0] == NOT_VERIFIED
        for options in (trusting(authority), ["--insecure"]):
            assert curl(pair.server2, *options) == (0, "400: no client certificate was presented.\n")
            assert curl(pair.server2, *options, "--fail")[0] == 22
        assert curl(pair.server2, *trusting(authority), *showing(client), "--fail")[0] == 0


def test_through_server1_and_round_it_with_curl(pair: Pair) -> None:
    trust = trusting(pair.authority)
    assert curl(pair.server1, *trust) == (0, "Hello server1.test, this is server2: mutual TLS works.\n")
    assert curl(pair.server1, *trust, "--fail", path="ledger")[0] == 22
    assert curl(pair.server1, *trust, "--fail", "--path-as-is", path="whoami/../ledger")[0] == 22
    assert curl(pair.server2, *trust, path="ledger")[0] == RECEIVE_FAILED


def test_a_large_upload_with_curl_meets_the_alert_and_not_a_reset(pair: Pair, client: Identity) -> None:
    upload = ["--data", "x" * 100_000, "--header", "Expect:"]
    assert curl(pair.server2, *trusting(pair.authority), *upload)[0] == RECEIVE_FAILED
    assert curl(pair.server2, *trusting(pair.authority), *showing(client), *upload)[0] == 0


def test_plain_http_to_the_tls_port_with_curl(pair: Pair) -> None:
    done = run(
        [need("curl"), "--silent", "--noproxy", "*", "--max-time", "30", f"http://{LOOPBACK}:{pair.server2.port}/"]
    )
    assert done.returncode != 0
    assert pair.server2.log[0].reason == "HTTP_REQUEST"


def s_client(pair: Pair, *options: str, sent: str = "") -> str:
    server = pair.server2
    command = [need("openssl"), "s_client", "-connect", f"{LOOPBACK}:{server.port}", "-servername", server.name]
    command += ["-CAfile", pair.authority.ca_path, "-verify_return_error", "-ign_eof", *options]
    done = run(command, stdin=sent)
    return done.stdout + done.stderr


REQUEST = "GET / HTTP/1.1\r\nHost: server2.test\r\nConnection: close\r\n\r\n"


@versions
def test_s_client_with_and_without_a_certificate(tls: Tls, authority: Authority, client: Identity) -> None:
    with Pair(authority, tls=tls) as pair:
        said = s_client(pair, "-cert", client.cert_path, "-key", client.key_path, sent=REQUEST)
        assert "Hello client1, this is server2" in said
        assert "Verify return code: 0" in said or "Verification: OK" in said
        refused = s_client(pair, sent=REQUEST)
        assert "Hello" not in refused
        assert "alert number " + {"1.2": "40", "1.3": "116"}[tls] in refused
        assert [entry.admitted for entry in pair.server2.log] == [True, False]
        assert pair.server2.log[0].version == f"TLSv{tls}"


def test_s_client_is_told_which_certificates_the_server_has(pair: Pair, client: Identity) -> None:
    said = s_client(pair, "-showcerts", "-cert", client.cert_path, "-key", client.key_path, sent=REQUEST)
    # The leaf, and the root that the server loaded to judge clients by.
    assert said.count("BEGIN CERTIFICATE") - said.count("Server certificate\n-----BEGIN") == 2
    assert "No client certificate CA names sent" in said
