"""One authority, one client and two pairs for the wing, and an environment without surprises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from labsupport.notebook import predict
from labsupport.notebook.attempt import Attempt, attempt
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls
from labsupport.tls.servers.pair import Pair
from tests.notebook.drawn import Five

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
MORE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "LABSUPPORT_PROGRESS")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES, *MORE_VARIABLES):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


@pytest.fixture(autouse=True)
def _no_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "_made", {})


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority.root()


@pytest.fixture(scope="session")
def client(authority: Authority) -> Identity:
    return authority.issue("client1", role="client")


@pytest.fixture(scope="session")
def stranger() -> Identity:
    return Authority.self_signed("client1")


@pytest.fixture(scope="module")
def pairs(authority: Authority) -> Iterator[dict[Tls, Pair]]:
    """Return the pair by the version of TLS that server2 speaks."""
    with Pair(authority, tls="1.2") as older, Pair(authority, tls="1.3") as newer:
        yield {"1.2": older, "1.3": newer}


@pytest.fixture(scope="module")
def pair(pairs: dict[Tls, Pair]) -> Pair:
    return pairs["1.3"]


@pytest.fixture(scope="module")
def polite(authority: Authority) -> Iterator[Pair]:
    """Return a pair whose server2 refuses in HTTP."""
    with Pair(authority, manner="http") as running:
        yield running


@pytest.fixture(scope="session")
def five(authority: Authority, client: Identity, stranger: Identity) -> Five:
    """Return the lesson's five requests to an address."""

    def requested(url: str) -> dict[str, Attempt]:
        ca = authority.ca_path
        return {
            "no-ca": attempt(requests.get, url),
            "ca-no-certificate": attempt(requests.get, url, verify=ca),
            "insecure-no-certificate": attempt(requests.get, url, verify=False),
            "self-signed-certificate": attempt(requests.get, url, verify=ca, cert=stranger.files),
            "ca-signed-certificate": attempt(requests.get, url, verify=ca, cert=client.files),
        }

    return requested
