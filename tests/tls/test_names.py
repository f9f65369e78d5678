"""Lab names on loopback: who resolves how, for how long, and that everything is as it was afterwards."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from requests.utils import get_environ_proxies

from labsupport.tls.names import LOOPBACK, lab_names

SYSTEM: Any = socket.getaddrinfo
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Stand in for the system's resolver: no test asks a real one, and each question is on record."""
    questions: list[Any] = []

    def resolver(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        questions.append(host)
        if host != LOOPBACK:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return SYSTEM(host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    yield questions
    assert socket.getaddrinfo is resolver


def resolves(host: str | bytes) -> bool:
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return False
    return {address[4] for address in found} == {(LOOPBACK, 443)}


def test_the_names_and_no_others_lead_to_loopback() -> None:
    assert not resolves("server2.test")
    with lab_names("server1.test", "server2.test"):
        assert resolves("server1.test")
        assert resolves("server2.test")
        assert not resolves("server3.test")
        assert not resolves("xserver2.test")
        assert not resolves("server2.test.example")
    assert not resolves("server2.test")


@pytest.mark.parametrize("host", ["SERVER2.test", b"server2.test", b"Server2.Test"])
def test_case_and_type_do_not_matter(host: str | bytes) -> None:
    with lab_names("Server2.TEST"):
        assert resolves(host)


@pytest.mark.parametrize("host", [None, "", b"\xff", 7])
def test_odd_hosts_go_to_the_system_unchanged(host: Any, asked: list[Any]) -> None:
    with lab_names("server2.test"), pytest.raises(socket.gaierror):
        socket.getaddrinfo(host, 443)
    assert asked == [host]


def test_arguments_pass_through_by_position_and_by_name() -> None:
    with lab_names("server2.test"):
        by_name = socket.getaddrinfo(host="server2.test", port=80, family=socket.AF_INET, type=socket.SOCK_STREAM)
        assert socket.getaddrinfo("server2.test", 80, socket.AF_INET, socket.SOCK_STREAM) == by_name


def test_a_plain_connection_uses_them() -> None:
    with socket.create_server((LOOPBACK, 0)) as server, lab_names("server2.test"):
        connection = socket.create_connection(("server2.test", server.getsockname()[1]), timeout=10)
        with connection:
            assert connection.getpeername()[0] == LOOPBACK


def test_names_are_counted() -> None:
    with lab_names("a.test", "b.test"):
        with lab_names("b.test", "b.test", "c.test"):
            assert all(map(resolves, ("a.test", "b.test", "c.test")))
        assert resolves("b.test")
        assert not resolves("c.test")
    assert not resolves("b.test")


def test_blocks_may_end_in_any_order() -> None:
    first, second = lab_names("a.test"), lab_names("a.test", "b.test")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert resolves("a.test")
    assert resolves("b.test")
    second.__exit__(None, None, None)
    assert not resolves("a.test")


def test_a_block_without_names_inside_another_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/theirs.pem")
    with lab_names(), lab_names():
        assert "SSL_CERT_FILE" not in os.environ
    assert os.environ["SSL_CERT_FILE"] == "/theirs.pem"


def test_everything_is_restored_when_the_block_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/theirs.pem")
    with pytest.raises(RuntimeError, match="in the block"), lab_names("a.test"):
        raise RuntimeError("in the block")
    assert not resolves("a.test")
    assert os.environ["REQUESTS_CA_BUNDLE"] == "/theirs.pem"
    assert "no_proxy" not in os.environ


def test_a_hook_that_was_there_stays_in_force_beneath(monkeypatch: pytest.MonkeyPatch, asked: list[Any]) -> None:
    with lab_names("a.test"):
        assert not resolves("b.test")
    assert asked == ["b.test"]


def test_a_hook_that_was_laid_above_stays_and_nothing_runs_in_circles() -> None:
    original = socket.getaddrinfo
    questions: list[Any] = []
    with lab_names("a.test"):
        beneath = socket.getaddrinfo

        def above(host: Any, *args: Any, **options: Any) -> Any:
            questions.append(host)
            return beneath(host, *args, **options)

        socket.getaddrinfo = above
    assert socket.getaddrinfo is above
    assert not resolves("a.test")
    with lab_names("a.test"):
        assert resolves("a.test")
    assert socket.getaddrinfo is above
    assert questions[0] == "a.test"
    # It is taken away again and uncovers ours, left over from the first block, which passes everything on.
    socket.getaddrinfo = beneath
    assert not resolves("a.test")
    with lab_names("a.test"):
        assert resolves("a.test")
    assert not resolves("a.test")
    socket.getaddrinfo = original


@pytest.mark.parametrize("variable", CA_VARIABLES)
def test_ca_bundles_of_the_environment_are_out_of_the_way(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "/theirs.pem")
    with lab_names("a.test"):
        assert variable not in os.environ
    assert os.environ[variable] == "/theirs.pem"


def test_what_is_set_in_the_meantime_is_theirs_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", "/before")
    for variable in ("REQUESTS_CA_BUNDLE", "NO_PROXY"):
        monkeypatch.setenv(variable, "to be undone afterwards")
        monkeypatch.delenv(variable)
    with lab_names("a.test"):
        os.environ["REQUESTS_CA_BUNDLE"] = "/new.pem"
        os.environ["NO_PROXY"] = "new.example"
        with lab_names("b.test"):
            assert os.environ["REQUESTS_CA_BUNDLE"] == "/new.pem"
            assert os.environ["NO_PROXY"].split(",") == ["new.example", LOOPBACK, "a.test", "b.test"]
    assert os.environ["REQUESTS_CA_BUNDLE"] == "/new.pem"
    assert os.environ["NO_PROXY"] == "new.example"
    assert os.environ["SSL_CERT_DIR"] == "/before"


def test_proxies_do_not_apply_to_the_names_and_still_do_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "intern.example")

    def proxied(host: str) -> bool:
        return "https" in get_environ_proxies(f"https://{host}:4433/")

    assert proxied("server2.test")
    with lab_names("server2.test"):
        assert not proxied("server2.test")
        assert not proxied(LOOPBACK)
        assert not proxied("intern.example")
        assert proxied("elsewhere.example")
        with lab_names("other.test"):
            assert not proxied("other.test")
        assert proxied("other.test")
    assert proxied("server2.test")
    assert os.environ["no_proxy"] == "intern.example"
    assert "NO_PROXY" not in os.environ


def test_a_wish_for_no_proxies_at_all_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "*")
    with lab_names("server2.test"):
        assert os.environ["no_proxy"] == "*"
        assert "https" not in get_environ_proxies("https://elsewhere.example/")
    assert os.environ["no_proxy"] == "*"
