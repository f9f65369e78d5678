"""A real nginx with the course's certificates: the same five requests, refused in another manner."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.names import LOOPBACK, lab_names
from labsupport.tls.trace import Trace, observed
from tests.nginx import ANSWER, Nginx, nginx
from tests.tls.forgery import HOST
from tests.tools import need, run

pytestmark = pytest.mark.tool


@pytest.fixture(params=["TLSv1.2", "TLSv1.3"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def running(protocol: str, authority: Authority, server: Identity, tmp_path: Path) -> Iterator[Nginx]:
    with nginx(server, authority, tmp_path, protocols=protocol) as started, lab_names(HOST):
        yield started


def get(running: Nginx, trust: str | bool, identity: Identity | None = None) -> tuple[int, str, Trace]:
    url, files = f"https://{HOST}:{running.port}/", identity.files if identity else None
    with observed() as recorders:
        answer = requests.get(url, verify=trust, cert=files, timeout=30)
    return answer.status_code, answer.text, recorders[0].trace


def test_it_takes_the_courses_certificates(
    running: Nginx, protocol: str, authority: Authority, client: Identity
) -> None:
    status, text, trace = get(running, authority.ca_path, client)
    assert (status, text, trace.version) == (200, f"{ANSWER}\n", protocol)
    assert len(trace.mutual) == 3


def test_certificates_of_an_intermediate_and_of_rsa_too(running: Nginx, authority: Authority) -> None:
    middle = authority.intermediate("Client CA")
    for identity in (middle.issue("client1", role="client"), authority.issue("c", role="client", algorithm="rsa")):
        assert get(running, authority.ca_path, identity)[0] == 200


def test_no_certificate_is_answered_by_http(running: Nginx, authority: Authority) -> None:
    status, text, trace = get(running, authority.ca_path)
    assert status == 400
    assert "No required SSL certificate was sent" in text
    assert trace.complete
    assert trace.alert is None


def test_so_is_a_certificate_that_does_not_verify(running: Nginx, authority: Authority) -> None:
    status, text, _ = get(running, authority.ca_path, Authority.self_signed("loner"))
    assert status == 400
    assert "The SSL certificate error" in text
    status, _, _ = get(running, authority.ca_path, Authority.root("Elsewhere").issue("client1", role="client"))
    assert status == 400


def test_a_server_certificate_is_no_clients_certificate(running: Nginx, authority: Authority, server: Identity) -> None:
    assert get(running, authority.ca_path, server)[0] == 400


def test_a_client_that_does_not_know_the_authority_refuses(running: Nginx) -> None:
    with pytest.raises(requests.exceptions.SSLError) as caught:
        get(running, True)
    reason = caught.value.args[0].reason.args[0]
    assert isinstance(reason, ssl.SSLCertVerificationError)
    # 20, not the 19 of a Python server: nginx does not send the root along.
    assert reason.verify_code == 20


def curl(running: Nginx, *options: str) -> tuple[int, str]:
    where = f"{HOST}:{running.port}"
    plain = [need("curl"), "--silent", "--noproxy", "*", "--resolve", f"{where}:{LOOPBACK}", "--max-time", "30"]
    done = run([*plain, *options, f"https://{where}/"])
    return done.returncode, done.stdout


def showing(identity: Identity) -> tuple[str, ...]:
    return "--cert", identity.cert_path, "--key", identity.key_path


def test_the_five_requests_of_the_article_with_curl(running: Nginx, authority: Authority, client: Identity) -> None:
    trust = ["--cacert", authority.ca_path]
    assert curl(running)[0] == 60
    for options in (trust, ["--insecure"]):
        code, text = curl(running, *options)
        assert code == 0
        assert "400 No required SSL certificate was sent" in text
        assert curl(running, *options, "--fail")[0] == 22
    code, text = curl(running, *trust, *showing(Authority.self_signed("loner")))
    assert code == 0
    assert "400 The SSL certificate error" in text
    assert curl(running, *trust, *showing(client)) == (0, f"{ANSWER}\n")


def test_the_articles_own_certificates_work_with_curl_and_not_with_requests(tmp_path: Path) -> None:
    article = Authority.root("ca.com", recipe="article", algorithm="rsa")
    leaf, client = article.issue(HOST, role="server"), article.issue("server1", role="client")
    trust = ["--cacert", article.ca_path]
    with nginx(leaf, article, tmp_path) as running, lab_names(HOST):
        assert curl(running, *trust, *showing(client)) == (0, f"{ANSWER}\n")
        with pytest.raises(requests.exceptions.SSLError):
            get(running, article.ca_path, client)
        # And the server's own certificate, with no purpose in it, opens the server.
        assert curl(running, *trust, *showing(leaf)) == (0, f"{ANSWER}\n")
