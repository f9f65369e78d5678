"""attempt: every way in which a call can end comes back as a value that says who, where, when and why."""

from __future__ import annotations

import dataclasses
import errno
import functools
import http.client
import os
import signal
import socket
import ssl
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests

from labsupport.errors import CertificateRefused
from labsupport.exercises.guard import guarded
from labsupport.notebook.attempt import Attempt, attempt
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls
from labsupport.tls.names import LOOPBACK
from labsupport.tls.servers.pair import Pair
from tests.notebook.drawn import Five

VERSIONS: tuple[Tls, ...] = ("1.2", "1.3")


def html(made: Attempt) -> str:
    return made._repr_mimebundle_()["text/html"]


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve one plain TCP connection with `answer`; yield the port."""
    with socket.create_server((LOOPBACK, 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


class TestAnswers:
    @pytest.mark.parametrize("version", VERSIONS)
    def test_let_in(self, pairs: dict[Tls, Pair], authority: Authority, client: Identity, version: Tls) -> None:
        url = pairs[version].server2.url
        made = attempt(requests.get, url, verify=authority.ca_path, cert=client.files)
        assert (made.ok, made.status, made.by, made.layer, made.phase, made.reason) == (True, 200, *[None] * 4)
        assert made.text.startswith("Hello client1")
        assert made.value.status_code == 200
        assert made.trace.version == f"TLSv{version}"
        assert made.trace.complete
        assert len(made.trace.mutual) == 3
        assert made.seconds > 0
        assert "let in" in html(made)
        assert "answered with status 200" in str(made)

    def test_http_400_is_a_refusal_by_the_server(self, polite: Pair, authority: Authority) -> None:
        made = attempt(requests.get, polite.server2.url, verify=authority.ca_path)
        assert (made.ok, made.status) == (False, 400)
        assert (made.by, made.layer, made.phase) == ("server", "http", "response")
        assert made.reason == "400: no client certificate was presented."
        assert made.trace.complete
        assert "in the HTTP response" in str(made)

    def test_http_502_is_a_refusal_by_the_server(self, authority: Authority) -> None:
        with Pair(authority, client_authority=Authority.root("Another root")) as pair:
            pair.server2.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # shows no certificate: no handshake works
            made = attempt(requests.get, pair.server1.url, verify=authority.ca_path)
        assert (made.status, made.by, made.layer, made.phase) == (502, "server", "http", "response")

    def test_a_page_gives_its_title_as_reason(self) -> None:
        page = b"<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n<body></body></html>"

        def answer(connection: socket.socket) -> None:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(page), page))

        with listening(answer) as port:
            made = attempt(requests.get, f"http://{LOOPBACK}:{port}/")
        assert made.reason == "400 No required SSL certificate was sent"
        assert made.trace.messages == ()

    @pytest.mark.parametrize(("status", "text", "reason"), [(403, "", "status 403"), (404, "\n no \nmore", "no")])
    def test_the_reason_is_the_first_line(self, status: int, text: str, reason: str) -> None:
        made = attempt(Response, status, text)
        assert (made.ok, made.status, made.reason) == (False, status, reason)

    def test_raise_for_status_is_the_servers_refusal_too(
        self, pair: Pair, authority: Authority, client: Identity
    ) -> None:
        def strict() -> None:
            url = f"{pair.server2.url}nothing"
            requests.get(url, verify=authority.ca_path, cert=client.files, timeout=5).raise_for_status()

        made = attempt(strict)
        assert (made.status, made.by, made.layer, made.phase) == (404, "server", "http", "response")
        assert made.reason == "404: server2 has nothing at this path."

    def test_long_answers_are_cut(self) -> None:
        made = attempt(Response, 200, "x" * 1000)
        assert len(made.text) == 300
        assert made.text.endswith("…")
        assert made.value.text == "x" * 1000


class TestRefusals:
    @pytest.mark.parametrize("version", VERSIONS)
    def test_the_client_refuses(self, pairs: dict[Tls, Pair], version: Tls) -> None:
        made = attempt(requests.get, pairs[version].server2.url)
        assert (made.ok, made.by, made.layer, made.phase) == (False, "client", "tls", "handshake")
        assert made.refusal is not None
        assert made.refusal.verify_code in (19, 20)
        assert made.trace.alert is not None
        assert made.trace.alert.sender == "client"
        assert "verify code" in str(made)
        assert "refused by the client" in str(made)

    @pytest.mark.parametrize(("version", "phase"), [("1.2", "handshake"), ("1.3", "first read")])
    @pytest.mark.parametrize("shown", ["nothing", "self-signed"])
    def test_the_server_refuses(
        self, pairs: dict[Tls, Pair], authority: Authority, stranger: Identity, version: Tls, phase: str, shown: str
    ) -> None:
        cert = stranger.files if shown == "self-signed" else None
        made = attempt(requests.get, pairs[version].server2.url, verify=authority.ca_path, cert=cert)
        assert (made.ok, made.by, made.layer, made.phase) == (False, "server", "tls", phase)
        assert "_ALERT_" in (made.reason or "")
        assert made.trace.complete == (version == "1.3")
        assert made.status is None
        assert "Refused by the server" in html(made)

    def test_a_warning_is_kept_and_not_printed(
        self, pair: Pair, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
    ) -> None:
        made = attempt(requests.get, pair.server2.url, verify=False)
        assert made.by == "server"
        expected = "InsecureRequestWarning: Unverified HTTPS request is being made to host 'server2.test'"
        assert made.warnings == (expected,)
        assert expected in str(made)
        assert "InsecureRequestWarning" in html(made)
        assert not recwarn.list
        assert capsys.readouterr() == ("", "")

    def test_the_last_connection_decides(self, pair: Pair, authority: Authority, client: Identity) -> None:
        def twice() -> None:
            requests.get(pair.server2.url, verify=authority.ca_path, cert=client.files, timeout=5)
            requests.get(pair.server2.url, timeout=5)

        made = attempt(twice)
        assert (made.by, made.layer, made.phase) == ("client", "tls", "handshake")
        assert not made.trace.complete

    def test_in_another_thread_nothing_is_recorded_and_the_verdict_is_the_same(self, pair: Pair) -> None:
        def elsewhere() -> None:
            errors: list[Exception] = []

            def ask() -> None:
                try:
                    requests.get(pair.server2.url, timeout=5)
                except requests.RequestException as error:
                    errors.append(error)

            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
            raise errors[0]

        made = attempt(elsewhere)
        assert (made.by, made.layer, made.trace.messages) == ("client", "tls", ())


class TestNobodyAnswers:
    def test_nobody_listens(self) -> None:
        with socket.create_server((LOOPBACK, 0)) as listener:
            port = listener.getsockname()[1]
        made = attempt(requests.get, f"https://{LOOPBACK}:{port}/")
        assert (made.by, made.layer, made.phase, made.reason) == (None, "tcp", "connect", "nobody listens there")
        assert "no answer" in html(made)
        assert "came to nothing" in str(made)

    def test_nobody_listens_any_more(self, pair: Pair, authority: Authority) -> None:
        with socket.create_server((LOOPBACK, 0)) as listener:
            port = listener.getsockname()[1]

        def twice() -> None:
            requests.get(pair.server1.url, verify=authority.ca_path, timeout=5)
            requests.get(f"https://{LOOPBACK}:{port}/", timeout=5)

        made = attempt(twice)
        assert (made.layer, made.phase, made.reason) == ("tcp", "connect", "nobody listens there")
        assert made.trace.messages == ()

    def test_an_unknown_host(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", raising(socket.gaierror(socket.EAI_NONAME, "Name not known")))
        made = attempt(requests.get, "https://nobody.invalid/")
        assert (made.by, made.layer, made.phase, made.reason) == (None, "tcp", "connect", "no such host name")

    def test_silence(self) -> None:
        release = threading.Event()

        def hold(_: socket.socket) -> None:
            release.wait(10)

        with listening(hold) as port:
            made = attempt(requests.get, f"https://{LOOPBACK}:{port}/", timeout=0.2)
            release.set()
        assert (made.by, made.layer, made.phase, made.reason) == (None, "tls", "handshake", "no answer in time")

    def test_plain_http_at_a_tls_port_is_cut(self, pair: Pair) -> None:
        made = attempt(requests.get, f"http://{LOOPBACK}:{pair.server2.port}/")
        assert (made.by, made.layer, made.phase) == (None, "tcp", "connect")
        assert made.reason == "the connection was cut"

    def test_tls_at_a_plain_port(self) -> None:
        with listening(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
            made = attempt(requests.get, f"https://{LOOPBACK}:{port}/")
        assert (made.by, made.layer, made.phase) == (None, "tls", "handshake")
        assert made.fault is None

    def test_an_unreachable_network(self) -> None:
        def unreachable() -> NoReturn:
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

        made = attempt(unreachable)
        assert made.fault is None
        assert (made.by, made.layer, made.phase) == (None, "tcp", "connect")

    def test_what_is_handled_around_the_call_is_none_of_its_story(self) -> None:
        def unreachable() -> NoReturn:
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

        try:
            raise KeyError("earlier")
        except KeyError:
            made = attempt(unreachable)
        assert made.fault is None
        assert (made.by, made.layer, made.phase) == (None, "tcp", "connect")

    def test_an_answer_that_breaks_off(self, pair: Pair, authority: Authority) -> None:
        def broken() -> NoReturn:
            requests.get(pair.server1.url, verify=authority.ca_path, timeout=5)
            raise http.client.IncompleteRead(b"", 10)

        made = attempt(broken)
        assert made.fault is None
        assert made.by is None


class TestFaults:
    def test_a_function_that_raises_names_its_line(self) -> None:
        def careless(answers: dict[str, int]) -> int:
            return answers["status"]

        made = attempt(careless, {})
        assert (made.ok, made.by, made.fault) == (False, None, "KeyError: 'status'")
        assert made.verdict == "failed: KeyError: 'status'"
        assert made.where is not None
        assert made.where.endswith('in careless: return answers["status"]')
        assert made.where in str(made)
        assert "<b>Failed: KeyError: &#x27;status&#x27;</b>" in html(made)

    def test_a_fault_after_a_good_request_is_no_refusal(self, pair: Pair, authority: Authority) -> None:
        def careless() -> Any:
            return requests.get(pair.server1.url, verify=authority.ca_path, timeout=5).json()["x"]

        made = attempt(careless)
        assert made.refusal is None
        assert made.fault is not None
        assert made.fault.startswith("JSONDecodeError: ")
        assert made.where is not None
        assert "in careless: return requests.get(" in made.where

    def test_a_fault_of_the_library(self) -> None:
        made = attempt(Authority.root("Course root", path_length=0).intermediate, "Below")
        assert made.fault is not None
        assert made.fault.startswith(f"{CertificateRefused.__name__}: Course root has path length 0")

    @pytest.mark.parametrize("url", ["foo", "ftp://server2.test/", "https://"])
    def test_a_url_that_is_none(self, url: str) -> None:
        made = attempt(requests.get, url)
        assert made.refusal is None
        assert made.fault is not None
        assert made.where is None

    def test_missing_files(self, pair: Pair, authority: Authority, client: Identity, tmp_path: Path) -> None:
        gone = str(tmp_path / "gone.pem")
        trusted = attempt(requests.get, pair.server2.url, verify=gone)
        assert trusted.fault == "OSError: Could not find a suitable TLS CA certificate bundle, invalid path: gone.pem"
        shown = attempt(requests.get, pair.server2.url, verify=authority.ca_path, cert=(gone, client.key_path))
        assert shown.fault == "OSError: Could not find the TLS certificate file, invalid path: gone.pem"

        def own_context() -> None:
            ssl.create_default_context().load_cert_chain(gone)

        # OpenSSL's error has no file name in it; it still is no refusal.
        assert (attempt(own_context).fault or "").startswith("FileNotFoundError: ")

    def test_files_that_are_not_what_they_should_be(
        self, pair: Pair, authority: Authority, client: Identity, stranger: Identity, tmp_path: Path
    ) -> None:
        url, ca = pair.server2.url, authority.ca_path
        mixed = attempt(requests.get, url, verify=ca, cert=(client.cert_path, stranger.key_path))
        assert mixed.fault == "SSLError: the certificate and the key do not belong together (KEY_VALUES_MISMATCH)"
        no_certificate = attempt(requests.get, url, verify=client.key_path)
        assert no_certificate.fault == "SSLError: there is no certificate in the file (NO_CERTIFICATE_OR_CRL_FOUND)"
        no_pem = attempt(requests.get, url, verify=ca, cert=(client.key_path, client.key_path))
        assert no_pem.fault == "SSLError: a file is not the PEM that it should be"
        made_up = attempt(raising(ssl.SSLCertVerificationError("made up")))
        assert (made_up.by, made_up.fault) == (None, "SSLCertVerificationError: ('made up',)")

    def test_not_a_function(self) -> None:
        made = attempt(Response(200, "hello"), "more")  # type: ignore[arg-type]  # what learners do
        assert made.fault == "attempt() takes the function itself, then its arguments: attempt(requests.get, url)"
        assert made.call == "attempt(<Response>, 'more')"

    def test_an_async_function(self, recwarn: pytest.WarningsRecorder) -> None:
        async def later() -> int:
            return 1

        assert attempt(later).fault == "it is an async function, which attempt() cannot wait for"
        assert not recwarn.list

    def test_sys_exit_does_not_end_the_notebook(self) -> None:
        assert attempt(sys.exit, 3).fault == "SystemExit: 3"

    def test_an_endless_loop_is_ended(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def endless() -> None:
            print("begun")
            while True:
                pass

        monkeypatch.setattr("labsupport.notebook.attempt._PATIENCE", 0.1)
        tried = attempt(endless)
        assert (tried.fault, tried.refusal, tried.value) == ("did not end in 0.1 s", None, None)
        assert capsys.readouterr().out == "begun\n"

    def test_within_guarded_work_its_deadline_holds(self) -> None:
        def endless() -> None:
            while True:
                pass

        ended = guarded(lambda: attempt(endless), 0.1)
        assert (ended.value, ended.late) == (None, True)

    def test_endless_recursion(self) -> None:
        def again() -> None:
            again()

        assert (attempt(again).fault or "").startswith("RecursionError")

    def test_an_exception_that_cannot_speak(self) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise ValueError

        assert attempt(raising(Mute())).fault == "Mute"
        assert attempt(raising(ValueError())).fault == "ValueError"

    def test_a_response_that_lies_or_fails(self) -> None:
        class Liar:
            @property
            def status_code(self) -> int:
                raise RuntimeError

        made = attempt(Liar)
        assert made.ok
        assert made.status is None
        assert attempt(Response, True, "").status is None
        assert attempt(Response, HTTPStatus.OK, 5).text == ""


class TestStubs:
    def test_not_written_yet(self) -> None:
        def stub() -> NoReturn:
            raise NotImplementedError("your answer goes here")

        for made in (attempt(stub), attempt(lambda: ...)):
            assert (made.unwritten, made.ok, made.by, made.fault) == (True, False, None, None)
            assert made.verdict == "not written yet"
            assert "not written yet" in html(made)
            assert "Refused" not in html(made)


class TestValues:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [(None, "None"), (0, "0"), ((200, "Hello"), "(200, 'Hello')"), ("a\nb", r"'a\nb'"), (b"\0", r"b'\x00'")],
    )
    def test_what_was_returned(self, value: object, shown: str) -> None:
        made = attempt(lambda: value)
        assert made.ok
        assert made.value == value
        assert str(made).splitlines()[1] == f"  returned: {shown}"

    def test_a_value_that_cannot_be_shown(self) -> None:
        class Silent:
            def __repr__(self) -> str:
                raise ValueError

        assert "returned: <Silent" in str(attempt(Silent))

    def test_huge_values_are_cut(self) -> None:
        assert len(str(attempt(lambda: 10**5000))) < 500
        assert len(str(attempt(lambda: list(range(10**6))))) < 500

    def test_frozen(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            attempt(dict).status = 200  # type: ignore[misc]  # the point of the test


class TestArguments:
    def test_a_request_is_given_a_timeout(self) -> None:
        seen: list[object] = []

        class Session(requests.Session):
            def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
                seen.append(options["timeout"])
                return super().send(request, **options)

        session = Session()
        for call in (functools.partial(attempt, session.get), functools.partial(attempt, session.get, timeout=3)):
            call("http://nobody.invalid:1/")
        assert seen == [10, 3]

    @pytest.mark.parametrize("function", [requests.get, requests.head, requests.delete, requests.Session().post])
    def test_all_of_requests_verbs(self, function: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        seen: dict[str, Any] = {}
        monkeypatch.setattr(requests.Session, "request", lambda self, *args, **options: seen.update(options))
        assert attempt(function, "http://nobody.invalid/").fault is None
        assert seen["timeout"] == 10

    def test_other_callables_get_what_was_given(self) -> None:
        def mine(*args: object, **kwargs: object) -> tuple[object, object]:
            return args, kwargs

        assert attempt(mine, 1, x=2).value == ((1,), {"x": 2})
        assert attempt(functools.partial(mine, 0), 1).value == ((0, 1), {})
        session = requests.Session()
        assert attempt(session.mount, "https://", requests.adapters.HTTPAdapter()).ok

    def test_a_real_ctrl_c_passes_through(self) -> None:
        def interrupted() -> None:
            signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            attempt(interrupted)
        # Nothing of the failed attempt stays behind: warnings reach their readers again.
        with pytest.warns(UserWarning, match="heard"):
            warnings.warn("heard", stacklevel=1)


class TestSecrets:
    def test_paths_and_keys_stay_out_of_the_card(self, pair: Pair, authority: Authority, client: Identity) -> None:
        folder = str(Path(client.key_path).parent)
        body = client.key_pem.decode().splitlines()[1]
        tried = [
            attempt(requests.get, pair.server2.url, verify=authority.ca_path, cert=client.files),
            attempt(lambda *_: client.files, client.key_path, Path(client.key_path), [client.key_path]),
            attempt(lambda *_: client.key_pem, client.key_pem, client.key_pem.decode()),
            attempt(lambda **_: client.key_pem.decode(), key=client.key_pem.decode(), where=client.key_path),
            attempt(lambda _: client, client),
            attempt(Path(folder, "missing.pem").read_text),
            attempt(raising(ValueError(f"{client.key_path} holds {client.key_pem.decode()}"))),
            attempt(warning(f"{client.key_path} is readable by all")),
        ]
        for made in tried:
            for shown in (str(made), html(made), repr(made)):
                assert folder not in shown
                assert body[:20] not in shown
                assert "PRIVATE KEY" not in shown
        assert Path(client.key_path).name in str(tried[0])

    def test_hostile_text_is_escaped(self) -> None:
        hostile = '<script>alert(1)</script>\x1b[2J\u202e"'
        made = attempt(Response, 200, hostile)
        refused = attempt(Response, 400, hostile)
        for shown in (html(made), html(refused), html(attempt(raising(ValueError(hostile))))):
            assert "<script" not in shown
            assert "\x1b" not in shown
            assert "\u202e" not in shown
        assert "\x1b" not in str(made) + str(refused)
        assert "\u202e" not in str(made)

    def test_answers_of_several_lines_stay_indented(self) -> None:
        assert str(attempt(Response, 200, "one\ntwo")).splitlines()[1:] == ["  answer: one", "    two"]


class TestCard:
    def test_the_handshake_is_folded_into_it(self, five: Five, pair: Pair) -> None:
        for made in five(pair.server2.url).values():
            card = html(made)
            assert f"the handshake, {len(made.trace.messages)} messages" in card
            assert card.count("<tr") == 1 + len(made.trace.messages)

    def test_nothing_is_said_twice(self) -> None:
        assert html(attempt(dict)).lower().count("worked") == 1

    def test_without_tls_there_is_none(self) -> None:
        assert "<table" not in html(attempt(Response, 200, "hello"))


class Response:
    """What looks like a response."""

    def __init__(self, status_code: object, text: object) -> None:
        self.status_code = status_code
        self.text = text


def raising(error: BaseException) -> Callable[..., NoReturn]:
    def function(*_: object, **__: object) -> NoReturn:
        raise error

    return function


def warning(text: str) -> Callable[[], None]:
    def function() -> None:
        warnings.warn(text, stacklevel=1)

    return function
