"""The pair as notebooks use it: across cells, twice, side by side, after a violent end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest
import requests

from labsupport.errors import CannotListen, UsageError
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.names import LOOPBACK
from labsupport.tls.servers.pair import Pair
from tests.tools import ROOT, python

PLAIN: Any = socket.getaddrinfo


def get(url: str, authority: Authority, client: Identity | None = None) -> str:
    files = client.files if client else None
    return requests.get(url, verify=authority.ca_path, cert=files, timeout=30).text


def test_it_starts_in_one_cell_and_ends_in_another(authority: Authority, client: Identity) -> None:
    pair = Pair(authority)
    assert repr(pair) == "<Pair, not running: start() starts it>"
    assert pair.start() is pair
    try:
        assert repr(pair) == f"<Pair: {pair.server1.url} in front of {pair.server2.url}>"
        assert "client1" in get(pair.server2.url, authority, client)
        assert "server1.test" in get(pair.server1.url, authority)
    finally:
        pair.close()
    assert not pair.running
    assert socket.getaddrinfo is PLAIN


def test_started_twice_it_is_one_pair_and_closed_twice_it_is_closed(authority: Authority, client: Identity) -> None:
    pair = Pair(authority)
    try:
        url = pair.start().server2.url
        assert pair.start().server2.url == url
        with pair:
            assert pair.server2.url == url
        assert not pair.running
        pair.close()
        pair.start()
        assert "client1" in get(pair.server2.url, authority, client)
    finally:
        pair.close()
    assert socket.getaddrinfo is PLAIN


def test_a_server_that_is_not_running_says_so_in_one_line(authority: Authority) -> None:
    pair = Pair(authority)
    for server in (pair.server1, pair.server2):
        with pytest.raises(UsageError, match=r"is not running: call start\(\) on the pair first"):
            _ = server.url
        assert "not running" in repr(server)
    with pair:
        assert repr(pair.server2) == f"<Server2 server2.test, listening at {pair.server2.url}>"


def test_two_pairs_side_by_side_do_not_meet(authority: Authority, client: Identity) -> None:
    other_authority = Authority.root("Another course")
    other_client = other_authority.issue("client1", role="client")
    with Pair(authority) as one:
        with Pair(other_authority) as two:
            assert len({one.server1.port, one.server2.port, two.server1.port, two.server2.port}) == 4
            assert "client1" in get(one.server2.url, authority, client)
            assert "client1" in get(two.server2.url, other_authority, other_client)
            with pytest.raises(requests.exceptions.SSLError):
                get(one.server2.url, authority, other_client)
            with pytest.raises(requests.exceptions.SSLError):
                get(two.server2.url, authority, client)
        # The names stay as long as one pair needs them.
        assert "client1" in get(one.server2.url, authority, client)
    assert socket.getaddrinfo is PLAIN


def test_a_taken_port_leaves_nothing_behind(authority: Authority) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        pair = Pair(authority, ports=(port, 0))
        with pytest.raises(CannotListen, match=f"server1.test cannot listen on {LOOPBACK}:{port}"):
            pair.start()
        assert not pair.running
        assert not pair.server2.running
        assert socket.getaddrinfo is PLAIN
    with pair:
        assert pair.server1.port == port


@pytest.mark.parametrize("manner", ["tls", "", None])
def test_an_unknown_manner_is_refused(manner: Any, authority: Authority) -> None:
    with pytest.raises(UsageError, match='"alert" or "http"'):
        Pair(authority, manner=manner)


def test_an_unknown_version_is_refused(authority: Authority) -> None:
    unknown: Any = "1.1"
    with pytest.raises(UsageError, match=r'"1\.2", "1\.3" or nothing'):
        Pair(authority, tls=unknown)


def test_clients_may_have_an_authority_of_their_own(authority: Authority, client: Identity) -> None:
    clients = Authority.root("Client CA")
    inside = clients.issue("client1", role="client")
    with Pair(authority, client_authority=clients) as pair:
        assert pair.client_authority is clients
        assert "client1" in get(pair.server2.url, authority, inside)
        assert "server1.test" in get(pair.server1.url, authority)
        # A certificate of the authority that vouches for servers opens nothing.
        with pytest.raises(requests.exceptions.SSLError):
            get(pair.server2.url, authority, client)


def test_proxies_and_bundles_of_the_environment_do_not_get_in_the_way(
    authority: Authority, client: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((LOOPBACK, 0)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{LOOPBACK}:{proxy.getsockname()[1]}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
        with Pair(authority) as pair:
            assert "client1" in get(pair.server2.url, authority, client)
            with requests.Session() as session:
                session.verify = authority.ca_path  # a bundle in the environment would win over this
                assert "server1.test" in session.get(pair.server1.url, timeout=30).text
        assert os.environ["REQUESTS_CA_BUNDLE"] == "/nowhere.pem"


def test_the_article_s_pair_runs_and_its_certificates_are_looked_at(authority: Authority) -> None:
    article = Authority.root("ca.com", recipe="article")
    with Pair(article) as pair:
        assert pair.server2.identity.certificate.version.name == "v1"


LEFT_OPEN = """
import sys, threading
from labsupport.pki.authority import Authority
from labsupport.tls.contexts import client_context
from labsupport.tls.servers.pair import Pair
import socket
pair = Pair(Authority.root()).start()
open_line = client_context(pair.authority).wrap_socket(
    socket.create_connection(("127.0.0.1", pair.server1.port)), server_hostname="server1.test"
)
silent = socket.create_connection(("127.0.0.1", pair.server2.port))
print(pair.server1.port, pair.server2.port, *pair.server2.identity.files, flush=True)
"""


def test_a_kernel_that_ends_without_closing_leaves_nothing() -> None:
    done = python(LEFT_OPEN)
    assert (done.returncode, done.stderr) == (0, "")
    port1, port2, *paths = done.stdout.split()
    for port in (port1, port2):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, int(port)), timeout=30)
    assert not any(os.path.exists(path) for path in paths)  # noqa: PTH110  # paths as a learner has them


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_kernel_frees_its_ports() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LEFT_OPEN + "input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline().split()[1])
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    with Pair(Authority.root(), ports=(0, port)) as pair:
        assert pair.server2.port == port


FORKED = """
import os, socket, sys
from labsupport.pki.authority import Authority
from labsupport.tls.contexts import client_context
from labsupport.tls.servers.pair import Pair
authority = Authority.root()
with Pair(authority) as pair:
    client = client_context(authority, authority.issue("client1", role="client"))
    tls = client.wrap_socket(socket.create_connection(("127.0.0.1", pair.server2.port)), server_hostname="server2.test")
    request = b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
    tls.sendall(request)
    assert tls.recv(4096).startswith(b"HTTP/1.1 200")
    child = os.fork()
    if child == 0:
        sys.exit()  # with everything that happens at exit
    assert os.waitpid(child, 0)[1] == 0
    tls.sendall(request)
    print(tls.recv(4096)[:12].decode())
    tls.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_that_ends_cuts_nobody() -> None:
    done = run_without_fork_warnings(FORKED)
    assert (done.stdout.strip(), done.stderr) == ("HTTP/1.1 200", "")


def run_without_fork_warnings(source: str) -> subprocess.CompletedProcess[str]:
    # Python 3.12 on warns of forks beside threads, which is what is tested here.
    return python("import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n" + source)
