"""server1: what it lets through, what it strips, whom it tells about a failure, and that nobody goes round it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import client_context, server_context
from labsupport.tls.names import LOOPBACK
from labsupport.tls.servers.connection import Connection, Limits
from labsupport.tls.servers.exposed import ALLOWED_PATHS, forwardable
from labsupport.tls.servers.http import Headers, Response, serve_http
from labsupport.tls.servers.listener import Listener
from labsupport.tls.servers.log import AccessLog
from labsupport.tls.servers.pair import SERVER1, SERVER2, Pair
from labsupport.tls.servers.server import Server
from tests.tls.servers.clients import ask, statuses


def asked(pair: Pair, target: str, method: str = "GET", *more: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {SERVER1}", *more]
    request = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return ask(pair.server1.port, client_context(pair.authority), request, SERVER1)


def targets(log: AccessLog) -> list[str]:
    return [(entry.request or "").partition(" ")[2] for entry in log]


# What is let through


@pytest.mark.parametrize("path", ALLOWED_PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_allowed_path_is_forwarded_under_server1s_name(method: str, path: str, pair: Pair) -> None:
    assert statuses(asked(pair, path, method)) == [200]
    (entry,) = pair.server2.log
    assert entry.peer == (SERVER1, "spiffe://course/server1")
    assert entry.request == f"{method} {path}"
    (outside,) = pair.server1.log
    assert (outside.reason, outside.status, outside.peer) == ("forwarded to server2", 200, ())


def test_a_client_of_the_outside_needs_no_certificate(pair: Pair) -> None:
    answer = requests.get(pair.server1.url, verify=pair.authority.ca_path, timeout=30)
    assert answer.text == f"Hello {SERVER1}, this is server2: mutual TLS works.\n"


def test_the_query_goes_along_untouched(pair: Pair) -> None:
    odd = '/whoami?a=b&../../ledger&%zz&x=%2e%2e\\"<>{}|^`~@:?//'
    assert statuses(asked(pair, odd)) == [200]
    assert targets(pair.server2.log) == [odd]


def test_the_answer_to_head_has_the_length_of_the_answer_to_get(pair: Pair) -> None:
    by_get, by_head = (asked(pair, "/", method) for method in ("GET", "HEAD"))
    body = by_get.partition(b"\r\n\r\n")[2]
    assert f"content-length: {len(body)}\r\n".encode() in by_head
    assert by_head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "target",
    [
        "/ledger",
        "/ledger?x",
        "//",
        "//ledger",
        "//whoami",
        "/.",
        "/./",
        "/../ledger",
        "/whoami/",
        "/whoami/../ledger",
        "/whoami;/../ledger",
        "/%6cedger",
        "/%2f",
        "/%77hoami",
        "/whoami%3f",
        "/whoami%00",
        "/whoami#",
        "/#?",
        "/WHOAMI",
        "/\\ledger",
        "/ledger%3f/whoami",
        "*",
        "ledger",
        "?",
        "https://server2.test/",
        "https://server2.test/ledger",
        "http://elsewhere.test/whoami",
        "server2.test:443",
        "/:80/ledger",
        "@server2.test/",
    ],
)
def test_nothing_else_is(target: str, pair: Pair) -> None:
    assert statuses(asked(pair, target)) == [403]
    assert list(pair.server2.log) == []
    (entry,) = pair.server1.log
    assert (entry.admitted, entry.reason, entry.status) == (False, "path not allowed", 403)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(target=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40))
def test_whatever_is_asked_only_allowed_paths_arrive(target: str, running: Pair) -> None:
    running.server2.log.clear()
    status = statuses(asked(running, target))
    path = target.partition("?")[0]
    assert status == ([200] if path in ALLOWED_PATHS else [403])
    assert targets(running.server2.log) == ([target] if path in ALLOWED_PATHS else [])


@pytest.fixture(scope="module")
def running(authority: Authority) -> Iterator[Pair]:
    with Pair(authority) as pair:
        yield pair


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW", "get"])
def test_other_methods_are_refused(method: str, pair: Pair) -> None:
    received = asked(pair, "/", method)
    assert statuses(received) == [405]
    assert b"allow: GET, HEAD" in received
    assert list(pair.server2.log) == []


@pytest.mark.parametrize(
    "framing",
    [
        ("Content-Length: 6", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 0"),
        ("Content-Length: 0", "Content-Length: 9"),
        ("Transfer-Encoding: identity",),
        ("Transfer-Encoding : chunked",),
    ],
)
def test_no_request_is_smuggled_inside_another(framing: tuple[str, ...], pair: Pair) -> None:
    smuggled = "\r\n".join(
        ["GET / HTTP/1.1", f"Host: {SERVER1}", *framing, "", "0", "", "GET /ledger HTTP/1.1", "", ""]
    )
    received = ask(pair.server1.port, client_context(pair.authority), smuggled.encode(), SERVER1)
    assert statuses(received)[0] in (400, 501)
    assert list(pair.server2.log) == []


def test_a_body_is_read_and_stays_outside(pair: Pair) -> None:
    hidden = b"GET /ledger HTTP/1.1\r\nHost: x\r\n\r\n"
    head = f"GET / HTTP/1.1\r\nHost: {SERVER1}\r\nContent-Length: {len(hidden)}\r\n\r\n".encode()
    assert statuses(ask(pair.server1.port, client_context(pair.authority), head + hidden, SERVER1)) == [200]
    assert targets(pair.server2.log) == ["/"]


# What is stripped


def arrived(pair: Pair, *headers: str) -> dict[str, list[str]]:
    body = asked(pair, "/whoami", "GET", *headers).partition(b"\r\n\r\n")[2]
    found: dict[str, list[str]] = {}
    for name, value in json.loads(body)["headers"]:
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "Client-Cert",
        "CLIENT-CERT-CHAIN",
        "Forwarded",
        "X-Forwarded-For",
        "x-forwarded-client-cert",
        "X-FORWARDED-Whatever",
        "X-Real-IP",
        "X-SSL-Client-S-DN",
        "Ssl-Client-Verify",
        "X-Client-Cert",
        "X-Amzn-Mtls-Clientcert",
        "X-ARR-ClientCert",
        "Remote-User",
        "X-Remote-User",
        "X_Forwarded_For",
        "client_cert",
    ],
)
def test_what_claims_an_identity_does_not_pass(name: str, pair: Pair) -> None:
    assert set(arrived(pair, f"{name}: admin", "X-Harmless: yes")) == {"host", "x-harmless"}


def test_what_belongs_to_the_outer_connection_stays_there(pair: Pair) -> None:
    found = arrived(
        pair,
        "Connection: keep-alive, X-Private, te",
        "Connection: X-Also-Private",
        "X-Private: 1",
        "X-Also-Private: 2",
        "TE: trailers",
        "Keep-Alive: timeout=5",
        "Proxy-Authorization: Basic eDp5",
        "Expect: nothing",
        "Accept: text/plain",
    )
    assert found == {"host": [f"{SERVER2}:{pair.server2.port}"], "accept": ["text/plain"]}


def test_other_headers_pass_as_they_came_and_as_often(pair: Pair) -> None:
    found = arrived(
        pair, "Accept: a", "Accept: b", "X-Odd: \xe4", "Cookie: a=b", "User-Agent: me", "Accept-Encoding: br"
    )
    assert found["accept"] == ["a", "b"]
    assert found["x-odd"] == ["\xe4"]
    assert (found["cookie"], found["user-agent"], found["accept-encoding"]) == (["a=b"], ["me"], ["br"])


names = st.sampled_from(["accept", "connection", "client-cert", "x-forwarded-for", "x-a", "forwarded", "host", "te"])


@given(st.lists(st.tuples(names, st.sampled_from(["", "x-a", "x-a, accept", "close"])), max_size=8))
def test_stripping_only_takes_away(headers: list[tuple[str, str]]) -> None:
    given: Headers = tuple(headers)
    kept = forwardable(given)
    assert all(pair in given for pair in kept)
    assert {name for name, _ in kept} <= {"accept", "x-a"}
    assert forwardable(kept) == kept


# When it cannot


def test_an_upstream_that_is_not_running_is_a_clear_502(pair: Pair) -> None:
    pair.server2.close()
    received = asked(pair, "/")
    assert statuses(received) == [502]
    assert received.endswith(b"502: server1 could not speak with server2: server2 is not running.\n")
    assert pair.server1.log[0].reason == "server2 is not running"
    pair.server2.start()
    assert statuses(asked(pair, "/")) == [200]


def test_an_upstream_that_nobody_listens_for_is_a_clear_502(pair: Pair) -> None:
    with socket.create_server((LOOPBACK, 0)) as gone:
        port = gone.getsockname()[1]
    pair.server1.upstream = _at(port)
    assert b"the line failed (nobody listens there)" in asked(pair, "/")


def test_an_upstream_that_refuses_it_is_a_clear_502(pair: Pair) -> None:
    pair.server1.client_identity = Authority.self_signed(SERVER1)
    received = asked(pair, "/")
    assert statuses(received) == [502]
    assert b"server2 refused server1 (TLSV1_ALERT_UNKNOWN_CA)" in received
    assert pair.server2.log[0].verify_code == 18
    (entry,) = pair.server1.log
    assert (entry.admitted, entry.layer, entry.status) == (False, "http", 502)


def test_an_impostor_in_the_place_of_the_upstream_is_a_clear_502_and_is_told_nothing(pair: Pair) -> None:
    other = Authority.root("Impostors")
    pair.server2.context = server_context(other.issue(SERVER2, role="server"), other)
    received = asked(pair, "/")
    assert statuses(received) == [502]
    assert b"server1 refused server2's certificate (CERTIFICATE_VERIFY_FAILED)" in received
    assert [entry.request for entry in pair.server2.log] == [None]


def test_an_upstream_that_says_nothing_is_a_clear_502(authority: Authority) -> None:
    with (
        socket.create_server((LOOPBACK, 0)) as silent,
        Pair(authority, limits=Limits(upstream=0.05)) as pair,
    ):
        pair.server1.upstream = _at(silent.getsockname()[1])
        assert b"the line failed (no answer in time)" in asked(pair, "/")


def test_an_upstream_that_speaks_no_http_is_a_clear_502(pair: Pair, authority: Authority) -> None:
    def serve(tls: Any, _: Connection) -> None:
        tls.recv(4096)
        tls.sendall(b"garbage\r\n\r\n")

    with _upstream(serve, authority) as upstream:
        pair.server1.upstream = upstream
        assert b"502: server1 could not speak with server2: the line failed (BadStatusLine" in asked(pair, "/")


def _at(port: int) -> Any:
    """Stand in for a server2 at `port`."""
    return Server(SERVER2, _Fixed(port), AccessLog("nobody"))  # type: ignore[arg-type]  # only the port is asked for


class _Fixed:
    def __init__(self, port: int) -> None:
        self.port = port


def _upstream(serve: Any, authority: Authority) -> Any:
    """Run a server in server2's place that serves with a function of the test's own."""
    context = server_context(authority.issue(SERVER2, role="server"), authority)
    log = AccessLog("upstream")
    return Server(SERVER2, Listener(SERVER2, context, serve, log), log)


def _answering(response: Response, authority: Authority) -> Any:
    def serve(tls: Any, connection: Connection) -> None:
        serve_http(tls, lambda _: response, connection.renew, lambda _: None)

    return _upstream(serve, authority)


def test_redirects_are_passed_on_and_not_followed(pair: Pair, authority: Authority) -> None:
    with _answering(Response(302, (("location", "https://server2.test/ledger"),)), authority) as upstream:
        pair.server1.upstream = upstream
        received = asked(pair, "/")
    assert statuses(received) == [302]
    assert b"location: https://server2.test/ledger" in received
    assert list(pair.server2.log) == []


def test_what_belongs_to_the_inner_connection_stays_there(pair: Pair, authority: Authority) -> None:
    headers = (("keep-alive", "timeout=5"), ("x-kept", "yes"), ("x-kept", "twice"))
    with _answering(Response(299, headers, b"body"), authority) as upstream:
        pair.server1.upstream = upstream
        received = asked(pair, "/")
    assert statuses(received) == [299]
    assert received.count(b"x-kept") == 2
    assert b"keep-alive" not in received
    assert received.endswith(b"\r\n\r\nbody")


def test_compressed_answers_pass_as_they_are(pair: Pair, authority: Authority) -> None:
    import gzip

    packed = gzip.compress(b"hello")
    with _answering(Response(200, (("content-encoding", "gzip"),), packed), authority) as upstream:
        pair.server1.upstream = upstream
        assert asked(pair, "/").endswith(b"\r\n\r\n" + packed)


def test_the_environments_proxies_are_nobodys_business(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as proxy, Pair(authority) as pair:
        proxy.settimeout(0)
        url = f"http://{LOOPBACK}:{proxy.getsockname()[1]}"
        for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(variable, url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert statuses(asked(pair, "/")) == [200]
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_many_at_once_are_forwarded_each_with_its_own_answer(pair: Pair) -> None:
    answers: list[str] = []

    def one(number: int) -> None:
        body = asked(pair, f"/whoami?{number}", "GET", f"X-Number: {number}").partition(b"\r\n\r\n")[2]
        answers.append(dict(json.loads(body)["headers"])["x-number"])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=int) == [str(number) for number in range(20)]


# Round it


@pytest.mark.parametrize("path", ["/", "/ledger", "/whoami"])
def test_nobody_goes_round_it_without_a_certificate(path: str, pair: Pair, client: Identity) -> None:
    url = pair.server2.url.rstrip("/") + path
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, verify=pair.authority.ca_path, timeout=30)
    # Nor with the certificate that server1 shows to the outside.
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, verify=pair.authority.ca_path, cert=pair.server1.identity.files, timeout=30)
    assert requests.get(url, verify=pair.authority.ca_path, cert=client.files, timeout=30).status_code == 200
