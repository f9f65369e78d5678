"""What only a process of its own can do: die, hang for good, and try to cheat the conversation."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labsupport.exercises import remote
from labsupport.exercises.callee import Answer, File, Handle, Oracle
from labsupport.exercises.remote import RemoteCallee
from labsupport.pki.folders import PREFIX


@contextmanager
def _callee(source: str, *functions: str) -> Iterator[RemoteCallee]:
    with contextlib.closing(RemoteCallee(source, functions or ("f",))) as callee:
        yield callee


DEAD = Answer(fault="ended its process")

# What a function can find out about its process.
INSIDE = """
import gc
from labsupport.exercises.messages import Channel
def channel():
    return next(thing for thing in gc.get_objects() if isinstance(thing, Channel))
"""


class TestDeath:
    @pytest.mark.parametrize("way", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.abort()"])
    def test_is_an_answer_and_the_next_call_finds_a_new_process(self, way: str) -> None:
        with _callee(f"import os\ndef f(die):\n if die: {way}\n return 5") as callee:
            assert [callee.call("f", True), callee.call("f", False)] == [DEAD, Answer(value=5)]

    def test_while_the_source_runs_is_an_answer(self) -> None:
        with _callee("import os\nos._exit(0)") as callee:
            assert callee.call("f") == DEAD

    def test_leaves_files_only_where_they_are_swept_up(self) -> None:
        source = "import os\ndef f(path, die):\n if die: os._exit(0)\n return path"
        callee = RemoteCallee(source, ["f"])
        path = Path(str(callee.call("f", File("key.pem", b"secret"), False).value))
        private = next(folder for folder in path.parents if folder.name.startswith(PREFIX))
        assert private.is_dir()
        callee.close()
        assert not private.exists()
        assert callee.call("f", File("key.pem", b"secret"), True) == DEAD  # what it leaves, the next start removes
        callee.close()

    def test_takes_the_handles_along(self) -> None:
        source = "import os, ssl\ndef f(die):\n if die: os._exit(0)\n return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)"
        with _callee(source) as callee:
            first = callee.call("f", False).value
            assert isinstance(first, Handle)
            assert callee.call("f", True) == DEAD
            second = callee.call("f", False).value
            assert isinstance(second, Handle)
            assert second.id != first.id
            lost = callee.accept(first)
            assert lost.exchange(b"x") == b""
            lost.close()
            with pytest.raises(KeyError):
                callee.accept(Handle("SSLContext", 99))


class TestSilence:
    def test_that_nothing_interrupts_ends_the_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(remote, "GRACE_SECONDS", 0.2)
        source = (
            "import signal\n"
            "def f(hang):\n"
            " while hang: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})\n"
            " return 5"
        )
        with _callee(source) as callee:
            assert callee.call("f", True, deadline=0.2) == Answer(fault="did not answer in 0.2 s", late=True)
            assert callee.call("f", False).value == 5

    def test_at_the_end_is_not_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(remote, "GRACE_SECONDS", 0.2)
        source = "import threading\ndef f(): threading.Thread(target=threading.Event().wait).start()"
        callee = RemoteCallee(source, ["f"])
        assert callee.call("f") == Answer()
        callee.close()
        callee.close()


class TestSource:
    @pytest.mark.parametrize(
        ("source", "fault"),
        [
            ("def g(): pass", "is not defined: there is no function f"),
            ("f = 5", "is not defined: there is no function f"),
            ("1 / 0\ndef f(): pass", "is not defined: its cell raised ZeroDivisionError: division by zero"),
            ("raise SystemExit('bye')", "is not defined: its cell raised SystemExit: bye"),
        ],
    )
    def test_that_defines_nothing_is_a_fault_that_says_so(self, source: str, fault: str) -> None:
        with _callee(source) as callee:
            assert callee.call("f") == Answer(fault=fault)

    def test_that_is_no_python_is_a_fault_too(self) -> None:
        for source, error in (("def f(:", "SyntaxError"), ("'\ud800'", "UnicodeEncodeError"), ("\0", "SyntaxError")):
            with _callee(source) as callee:
                assert str(callee.call("f").fault).startswith(f"is not defined: its cell raised {error}")

    def test_may_fail_after_the_function(self) -> None:
        with _callee("def f(): return 1\nraise ValueError") as callee:
            assert callee.call("f").value == 1

    def test_runs_as_a_notebook_does(self) -> None:
        source = (
            "from __future__ import annotations\n"
            "import dataclasses\n"
            "@dataclasses.dataclass\n"
            "class Point:\n x: int\n"
            "def f(): return [Point(1).x, __name__, f.__module__]"
        )
        with _callee(source) as callee:
            assert callee.call("f").value == [1, "__main__", "__main__"]


class TestCheats:
    @pytest.mark.parametrize("line", ["b'hello'", "b'{}'", "b'[]'", "b'{\"answer\": 5}'", 'b\'{"ask": "x"}\''])
    def test_lines_that_make_no_sense_end_the_process(self, line: str) -> None:
        with _callee(f"{INSIDE}\ndef f(): channel()._socket.sendall({line} + b'\\n')") as callee:
            assert callee.call("f") == DEAD

    def test_forged_questions_get_no_answer(self) -> None:
        source = f"""{INSIDE}
def f(secret, n):
    here = channel()
    said = []
    for message in ({{"ask": 1, "call": 1, "question": []}}, {{"ask": 9, "call": 1, "question": []}},
                    {{"ask": 0, "call": 7, "question": []}}):
        here.send(message)
        said.append(list(here.receive()))
    return said
"""
        secret = Oracle(lambda: 1)
        with _callee(source) as callee:
            assert callee.call("f", secret, 5).value == [["closed"]] * 3
        assert secret.asked == 0

    def test_the_quota_is_the_judges(self) -> None:
        source = f"""{INSIDE}
def f(ask):
    here = channel()
    for _ in range(5):
        here.send({{"ask": 0, "call": 1, "question": []}})
        here.receive()
    return 1
"""
        oracle = Oracle(lambda: 1, quota=3)
        with _callee(source) as callee:
            assert callee.call("f", oracle) == Answer(fault="asked more than 3 times")
        assert oracle.asked == 5

    def test_prints_and_other_output_stay_out_of_the_conversation(self) -> None:
        source = (
            "import os, sys\ndef f():\n os.write(1, b'{}\\n'); os.write(2, b'{}\\n'); sys.__stdout__.write('{}\\n')"
        )
        with _callee(source) as callee:
            assert callee.call("f") == Answer()

    def test_programs_that_it_starts_do_not_inherit_the_conversation(self) -> None:
        source = f"""{INSIDE}
import subprocess
def f():
    number = channel()._socket.fileno()
    return subprocess.run(["/bin/sh", "-c", f"test -e /dev/fd/{{number}}"], close_fds=False).returncode
"""
        with _callee(source) as callee:
            assert callee.call("f").value == 1


def test_nothing_starts_before_the_first_call() -> None:
    callee = RemoteCallee("def f(): pass", ["f"])
    with pytest.raises(KeyError):
        callee.call("g")
    assert callee._child is None
    callee.close()
