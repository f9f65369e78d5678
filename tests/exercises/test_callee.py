"""Both callees, one suite: no spec can tell where a function lives."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from labsupport.exercises.callee import GREETING, WELCOME, Answer, Callee, File, Folder, Handle, Oracle, Url, Wire
from labsupport.exercises.local import LocalCallee
from labsupport.exercises.plain import NotPlain, same
from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from tests.exercises.scenes import SCENES, Scene
from tests.grading.far import Sandboxes

Make = Callable[..., Callee]


def _local(source: str, functions: tuple[str, ...]) -> LocalCallee:
    names: dict[str, object] = {"__name__": "__main__"}
    exec(source, names)
    return LocalCallee({name: function for name in functions if callable(function := names[name])})


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[Sandboxes]:
    with contextlib.closing(Sandboxes()) as those:
        yield those


@pytest.fixture(params=["local", "sandboxed"])
def make(request: pytest.FixtureRequest, sandboxes: Sandboxes) -> Iterator[Make]:
    with contextlib.ExitStack() as stack:

        def made(source: str, *functions: str) -> Callee:
            if request.param == "local":
                return stack.enter_context(contextlib.closing(_local(source, functions or ("f",))))
            return stack.enter_context(sandboxes.callee(source))

        yield made


def _as_expected(answer: Answer, expected: Answer) -> bool:
    """Compare with exact types, which == does not."""
    assert not isinstance(answer.value, Handle)
    assert not isinstance(expected.value, Handle)
    return answer == expected and same(answer.value, expected.value)


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_one_call_comes_to_the_same_everywhere(make: Make, scene: Scene) -> None:
    answer = make(scene.source).call("f", *scene.arguments, deadline=scene.deadline)
    assert answer == scene.answer
    assert _as_expected(answer, scene.answer)


def test_nan_is_a_value(make: Make) -> None:
    answer = make("def f(): return float('nan')").call("f")
    assert isinstance(answer.value, float)
    assert answer.value != answer.value


def test_several_functions_share_what_they_know(make: Make) -> None:
    callee = make("seen = []\ndef put(n): seen.append(n)\ndef count(): return len(seen)", "put", "count")
    assert [callee.call("count").value, callee.call("put", 5).value, callee.call("count").value] == [0, None, 1]


def test_an_unknown_function_is_a_mistake_of_the_spec() -> None:
    with pytest.raises(KeyError):
        _local("def f(): pass", ("f",)).call("g")


def test_a_callee_goes_on_after_a_deadline(make: Make) -> None:
    callee = make("def f(n):\n while n: pass\n return n")
    assert callee.call("f", 1, deadline=0.2).late
    assert callee.call("f", 0).value == 0


def test_time_is_measured(make: Make) -> None:
    callee = make("def f():\n while True: pass")
    assert callee.call("f", deadline=0.3).seconds >= 0.3


def test_arguments_come_fresh_to_every_call(make: Make) -> None:
    callee = make("def f(a):\n a.append(1)\n return a")
    given = [0]
    assert callee.call("f", given) == callee.call("f", given) == Answer(value=[0, 1], mutated=(0,))
    assert given == [0]


def test_files_are_gone_after_the_call(make: Make) -> None:
    callee = make("def f(path, folder): return [path, folder]")
    paths = callee.call("f", File("a", b""), Folder({"b": b""})).value
    assert isinstance(paths, list)
    assert not any(Path(str(path)).exists() for path in paths)


def test_a_spec_hands_over_plain_data_and_one_folder_at_most(make: Make) -> None:
    callee = make("def f(*a): pass")
    with pytest.raises(ValueError, match="one Folder"):
        callee.call("f", Folder(), Folder())
    with pytest.raises(NotPlain, match="a bytearray; return bytes"):
        callee.call("f", bytearray())


class TestOracles:
    def test_answer_and_are_counted_by_the_judge(self, make: Make) -> None:
        mul = Oracle(lambda a, b: a * b % 33)
        assert make("def f(mul): return mul(mul(14, 14), 14)").call("f", mul).value == 5
        assert mul.asked == 2

    def test_take_and_give_plain_data(self, make: Make) -> None:
        echo = Oracle(lambda *question: list(question))
        source = "def f(echo): return echo(b'x', (1, [2.5]), {'k': None}, 1 << 5000)"
        assert make(source).call("f", echo).value == [b"x", (1, [2.5]), {"k": None}, 1 << 5000]

    def test_say_no_as_a_value_error(self, make: Make) -> None:
        def refuse(message: int) -> int:
            raise RuntimeError(f"not {message}")

        answer = make("def f(sign): return sign(7)").call("f", Oracle(refuse))
        assert (answer.error, answer.error_text) == ("ValueError", "not 7")
        source = "def f(sign):\n try: sign(7)\n except ValueError: return 'caught'"
        assert make(source).call("f", Oracle(refuse)).value == "caught"

    def test_understand_plain_data_only(self, make: Make) -> None:
        asked: list[object] = []
        oracle = Oracle(lambda question: asked.append(question))
        answer = make("def f(ask): ask({1})").call("f", oracle)
        assert (answer.error, answer.error_text) == ("TypeError", "the question was a set; return a list")
        assert (asked, oracle.asked) == ([], 0)

    @pytest.mark.parametrize("swallow", ["pass", "return 1"])
    def test_end_the_call_over_their_quota(self, make: Make, swallow: str) -> None:
        oracle = Oracle(lambda: 1, quota=3)
        source = f"def f(ask):\n try:\n  while True: ask()\n except BaseException: {swallow}"
        assert make(source).call("f", oracle) == Answer(fault="asked more than 3 times")
        assert oracle.asked == 4

    def test_answer_as_often_as_their_quota_says(self, make: Make) -> None:
        oracle = Oracle(lambda: 1, quota=3)
        assert make("def f(ask): return ask() + ask() + ask()").call("f", oracle).value == 3

    def test_are_silent_after_their_call(self, make: Make) -> None:
        callee = make("kept = []\ndef keep(ask): kept.append(ask)\ndef use(): kept[0]()", "keep", "use")
        oracle = Oracle(lambda: 1)
        assert callee.call("keep", oracle) == Answer()
        answer = callee.call("use")
        assert (answer.error, oracle.asked) == ("RuntimeError", 0)

    def test_that_are_slow_count_for_the_deadline(self, make: Make) -> None:
        pause = threading.Event()
        callee = make("def f(ask):\n while True: ask()")
        assert callee.call("f", Oracle(lambda: pause.wait(0.05)), deadline=0.3).late
        assert callee.call("f", Oracle(lambda: None, quota=2)) == Answer(fault="asked more than 2 times")

    def test_can_be_asked_from_threads(self, make: Make) -> None:
        source = (
            "import threading\n"
            "def f(ask):\n"
            " got = []\n"
            " threads = [threading.Thread(target=lambda n=n: got.append(ask(n))) for n in range(8)]\n"
            " for thread in threads: thread.start()\n"
            " for thread in threads: thread.join()\n"
            " return sorted(got)"
        )
        assert make(source).call("f", Oracle(lambda n: n * n)).value == [n * n for n in range(8)]

    def test_are_not_cut_short_by_the_deadline(self, make: Make) -> None:
        pause = threading.Event()
        callee = make("def f(ask, loop):\n while loop:\n  try: ask()\n  except BaseException: pass\n return ask()")
        assert callee.call("f", Oracle(lambda: pause.wait(0.02)), True, deadline=0.1).late
        assert callee.call("f", Oracle(lambda: 7), False).value == 7

    def test_are_told_apart_by_position(self, make: Make) -> None:
        answer = make("def f(a, x, b): return a() + x + b()").call("f", Oracle(lambda: "a"), "x", Oracle(lambda: "b"))
        assert answer.value == "axb"


SERVER = """
import ssl
def f(cert, key, ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
"""


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root("Course root")


@pytest.fixture(scope="module")
def server2(root: Authority) -> Identity:
    return root.issue("server2.test", role="server")


def _served(make: Make, root: Authority, server2: Identity, source: str = SERVER) -> tuple[Callee, Handle]:
    callee = make(source)
    answer = callee.call(
        "f",
        File("cert.pem", server2.chain_pem),
        File("key.pem", server2.key_pem),
        File("ca.pem", root.certificate_pem),
    )
    assert isinstance(answer.value, Handle)
    assert replace(answer, value=None) == Answer()
    return callee, answer.value


def _client(root: Authority, identity: Identity | None, version: ssl.TLSVersion, tmp_path: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=root.certificate_pem.decode())
    context.minimum_version = context.maximum_version = version
    if identity is not None:
        pem = tmp_path / "client.pem"
        pem.write_bytes(identity.key_pem + identity.chain_pem)
        context.load_cert_chain(pem)
    return context


def _talk(wire: Wire, context: ssl.SSLContext) -> str:
    """Be the client: "welcome" if let in, otherwise OpenSSL's reason."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="server2.test")
    step: Callable[[], object] = tls.do_handshake
    for _ in range(20):
        try:
            result = step()
            if step == tls.do_handshake:
                tls.write(GREETING)
                step = tls.read
                raise ssl.SSLWantReadError
            return str(result)
        except ssl.SSLWantReadError:
            incoming.write(wire.exchange(outgoing.read()))
        except ssl.SSLError as error:
            return str(error.reason)
    return "nothing"


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class TestServerContexts:
    @pytest.mark.parametrize("version", VERSIONS)
    def test_let_in_and_refuse(
        self, make: Make, root: Authority, server2: Identity, version: ssl.TLSVersion, tmp_path: Path
    ) -> None:
        callee, handle = _served(make, root, server2)
        good = root.issue("client", role="client")
        other = Authority.root("Course root").issue("client", role="client")
        said = [
            _talk(callee.accept(handle), _client(root, identity, version, tmp_path))
            for identity in (good, None, other, good)
        ]
        missing = {
            ssl.TLSVersion.TLSv1_2: "SSLV3_ALERT_HANDSHAKE_FAILURE",
            ssl.TLSVersion.TLSv1_3: "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        }[version]
        assert said[0] == said[3] == str(WELCOME)
        assert said[1] == missing
        assert "ALERT" in said[2]

    def test_say_nothing_to_garbage_and_after_the_end(self, make: Make, root: Authority, server2: Identity) -> None:
        callee, handle = _served(make, root, server2)
        wire = callee.accept(handle)
        alert = b"\x15"
        assert wire.exchange(b"\x16\x03\x03\x00\x05hello").startswith(alert)
        assert wire.exchange(b"more") == b""
        wire.close()
        wire.close()
        assert callee.accept(handle).exchange(b"GET / HTTP/1.1\r\n\r\n") == b""
        closed = callee.accept(handle)
        closed.close()
        assert closed.exchange(b"\x16") == b""

    def test_with_a_callback_that_fails_or_hangs(
        self, make: Make, root: Authority, server2: Identity, tmp_path: Path
    ) -> None:
        for body in ("raise SystemExit", "while True: pass"):
            source = SERVER.replace(
                "    return context",
                f"    def choose(*_):\n        {body}\n    context.sni_callback = choose\n    return context",
            )
            callee, handle = _served(make, root, server2, source)
            said = _talk(callee.accept(handle, deadline=0.3), _client(root, None, VERSIONS[1], tmp_path))
            assert said != str(WELCOME)
            assert callee.call("f", 1).error == "TypeError"

    def test_of_a_kind_of_its_own_are_no_server_contexts(self, make: Make) -> None:
        answer = make(
            "import ssl\nclass Mine(ssl.SSLContext): pass\ndef f(): return Mine(ssl.PROTOCOL_TLS_SERVER)"
        ).call("f")
        assert answer.fault is not None
        assert answer.fault.startswith("returned a Mine; return plain data")


def test_a_url_leads_to_the_judge_for_the_length_of_the_call(make: Make) -> None:
    source = (
        "import socket\n"
        "def f(url, host):\n"
        " import urllib.parse\n"
        " asked = urllib.parse.urlsplit(url).hostname if url else host\n"
        " try: return [url, socket.getaddrinfo(asked, 443)[0][4][0]]\n"
        " except OSError: return 'unknown'"
    )
    callee = make(source)
    url = Url("kolibu.test", 8443, "/x")
    assert callee.call("f", url, None).value == ["https://kolibu.test:8443/x", "127.0.0.1"]
    assert callee.call("f", None, "kolibu.test").value == "unknown"
