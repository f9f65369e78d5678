"""One authority with a server and a client for all tests of the wing, and an environment without surprises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.servers.pair import Pair
from tests.tls.forgery import HOST

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
MORE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES, *MORE_VARIABLES):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority.root()


@pytest.fixture(scope="session")
def server(authority: Authority) -> Identity:
    return authority.issue(HOST, role="server")


@pytest.fixture(scope="session")
def client(authority: Authority) -> Identity:
    return authority.issue("client1", role="client", dns=["client1"], uri=["spiffe://course/client1"])


@pytest.fixture
def pair(authority: Authority) -> Iterator[Pair]:
    with Pair(authority) as running:
        yield running
