"""What functions in a sandbox can do that others cannot: die, hang for good, and try to cheat the conversation."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from types import SimpleNamespace
from typing import cast

import pytest

from labsupport.exercises import waiting
from labsupport.exercises.callee import Answer, Handle, Oracle
from labsupport.grading.callee import SandboxedCallee, _FairTime
from labsupport.grading.sandbox.sandbox import Child
from tests.grading.far import Sandboxes

Make = Callable[..., AbstractContextManager[SandboxedCallee]]


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[Sandboxes]:
    with closing(Sandboxes()) as those:
        yield those


@pytest.fixture
def make(sandboxes: Sandboxes) -> Make:
    return sandboxes.callee


DEAD = Answer(fault="ended its process", late=True)

# What a function can find out about its process.
INSIDE = """
import gc
from labsupport.exercises.messages import Channel
def channel():
    return next(thing for thing in gc.get_objects() if isinstance(thing, Channel))
"""


class TestDeath:
    @pytest.mark.parametrize("way", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.abort()"])
    def test_is_an_answer_and_the_next_call_finds_a_new_process(self, make: Make, way: str) -> None:
        with make(f"import os\ndef f(die):\n if die: {way}\n return 5") as callee:
            assert [callee.call("f", True), callee.call("f", False)] == [DEAD, Answer(value=5)]

    def test_while_the_source_runs_is_an_answer(self, make: Make) -> None:
        with make("import os\nos._exit(0)") as callee:
            assert callee.call("f") == Answer(fault="is not defined: its cell ended its process")

    def test_takes_the_handles_along(self, make: Make) -> None:
        source = "import os, ssl\ndef f(die):\n if die: os._exit(0)\n return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)"
        with make(source) as callee:
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
    def test_that_nothing_interrupts_ends_the_process(self, make: Make) -> None:
        source = (
            "import signal\n"
            "def f(hang):\n"
            " while hang: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})\n"
            " return 5"
        )
        with make(source) as callee:
            assert callee.call("f", True, deadline=0.2) == Answer(fault="did not answer in 0.2 s", late=True)
            assert callee.call("f", False).value == 5

    def test_that_ends_when_it_is_interrupted_costs_no_process(self, sandboxes: Sandboxes) -> None:
        with sandboxes.learner("import time\ndef f():\n print('hm')\n time.sleep(60)") as learner:
            child = learner.child()
            answer = SandboxedCallee(learner, "exercise-x").call("f", deadline=0.2)
            assert answer == Answer(fault="did not answer in 0.2 s", late=True, printed="hm\n")
            assert learner._child is child

    def test_in_mid_connection_costs_that_connection_alone(self, make: Make) -> None:
        source = """
import signal, ssl
def f():
    def hang(*_):
        while True: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = hang
    return context
def g(): return 5
"""
        hello = ssl.MemoryBIO()
        client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="a.test")
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        with make(source) as callee:
            handle = callee.call("f").value
            assert isinstance(handle, Handle)
            wire = callee.accept(handle, deadline=0.3)
            assert wire.exchange(hello.read()) == b""
            assert callee.call("g", deadline=1.0).value == 5
            wire.close()
            assert callee.call("g").value == 5

    def test_of_a_cell_costs_that_cell_alone(self, sandboxes: Sandboxes) -> None:
        with sandboxes.learner("def f(): return x", "x = 1", "while True: pass", "x = 2", cell_seconds=0.2) as learner:
            assert SandboxedCallee(learner, "exercise-x").call("f").value == 2
            assert learner.overdue
            assert learner.raised == {"cell 2": "did not end in 0.2 s"}

    def test_at_the_end_is_not_waited_for(self, make: Make) -> None:
        with make("import threading\ndef f(): threading.Thread(target=threading.Event().wait).start()") as callee:
            assert callee.call("f") == Answer()


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
    def test_that_defines_nothing_is_a_fault_that_says_so(self, make: Make, source: str, fault: str) -> None:
        with make(source) as callee:
            assert callee.call("f") == Answer(fault=fault)

    def test_that_is_no_python_is_a_fault_too(self, make: Make) -> None:
        wrong = {
            "def f(:": "SyntaxError",
            "'\ud800'": "UnicodeEncodeError",
            "\0": "SyntaxError",
            "x = 1\n\0": "SyntaxError",
        }
        for source, error in wrong.items():
            with make(source) as callee:
                assert str(callee.call("f").fault).startswith(f"is not defined: its cell raised {error}")

    def test_may_fail_after_the_function(self, make: Make) -> None:
        with make("def f(): return 1\nraise ValueError") as callee:
            assert callee.call("f").value == 1

    def test_runs_as_a_notebook_does(self, make: Make) -> None:
        source = (
            "from __future__ import annotations\n"
            "import dataclasses\n"
            "@dataclasses.dataclass\n"
            "class Point:\n x: int\n"
            "def f(): return [Point(1).x, __name__, f.__module__]"
        )
        with make(source) as callee:
            assert callee.call("f").value == [1, "__main__", "__main__"]

    def test_shares_no_import_from_the_future_with_the_room(self, make: Make) -> None:
        with make("def g(x: int): pass\ndef f(): return g.__annotations__['x'] is int") as callee:
            assert callee.call("f").value is True

    @pytest.mark.parametrize(
        ("cell", "value"),
        [
            ("import asyncio\nx = await asyncio.sleep(0, 5)", 5),
            ("import asyncio\nq = asyncio.Queue()\nawait q.put(5)\nx = await q.get()", 5),
            ("async def g():\n    yield 5\nasync for x in g(): pass", 5),
            ("%time x = 5", 5),
            ("x = 4\nif x:\n    %time x = 5", 5),
            ("%timeit x = 4\nx = 5", 5),
            ("%%time\nx = 5", 5),
            ("from IPython import get_ipython\nget_ipython().run_line_magic('matplotlib', 'inline')\nx = 5", 5),
            ("import IPython\nIPython.get_ipython().events.register('post_execute', print)\nx = 5", 5),
            ("get_ipython().events.register('post_execute', print)\nx = 5", 5),
            ("x = get_ipython().getoutput('ls')", None),
        ],
    )
    def test_has_the_names_that_a_notebooks_cells_leave(self, sandboxes: Sandboxes, cell: str, value: int) -> None:
        with sandboxes.learner("def f(): return x", cell) as learner:
            assert SandboxedCallee(learner, "exercise-x").call("f") == Answer(value=value)
            assert learner.raised == {}

    def test_finds_modules_that_a_cell_has_written(self, sandboxes: Sandboxes) -> None:
        cells = ("%%writefile mine.py\nx = 2", "%%writefile -a mine.py\n\ny = 3", "import mine")
        with sandboxes.learner("def f(): return mine.x + mine.y", *cells) as learner:
            assert SandboxedCallee(learner, "exercise-x").call("f").value == 5


class TestCheats:
    @pytest.mark.parametrize("line", ["b'hello'", "b'{}'", "b'[]'", "b'{\"answer\": 5}'", 'b\'{"ask": "x"}\''])
    def test_lines_that_make_no_sense_end_the_process(self, make: Make, line: str) -> None:
        with make(f"{INSIDE}\ndef f(): channel()._socket.sendall({line} + b'\\n')") as callee:
            assert callee.call("f") == DEAD

    def test_forged_questions_get_no_answer(self, make: Make) -> None:
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
        with make(source) as callee:
            assert callee.call("f", secret, 5).value == [["closed"]] * 3
        assert secret.asked == 0

    def test_the_quota_is_the_judges(self, make: Make) -> None:
        source = f"""{INSIDE}
def f(ask):
    here = channel()
    for _ in range(5):
        here.send({{"ask": 0, "call": 1, "question": []}})
        here.receive()
    return 1
"""
        oracle = Oracle(lambda: 1, quota=3)
        with make(source) as callee:
            assert callee.call("f", oracle) == Answer(fault="asked more than 3 times")
        assert oracle.asked == 5

    def test_prints_and_other_output_stay_out_of_the_conversation(self, make: Make) -> None:
        source = (
            "import os, sys\ndef f():\n os.write(1, b'{}\\n'); os.write(2, b'{}\\n'); sys.__stdout__.write('{}\\n')"
        )
        with make(source) as callee:
            assert callee.call("f") == Answer()

    @pytest.mark.parametrize("place", ["os.fork()\ndef f(): return 5", "def f():\n os.fork()\n return 5"])
    def test_copies_of_its_process_say_nothing(self, make: Make, place: str) -> None:
        # Otherwise the second answer to one call would be taken for that to the next.
        with make(f"import os\n{place}\ndef g(): return 6") as callee:
            said = [callee.call(name).value for name in "fgfggf"]
        assert said == [5, 6, 5, 6, 6, 5]

    def test_a_changed_json_changes_nothing(self, make: Make) -> None:
        with make("import json\njson.loads = json.dumps = None\ndef f(x): return x") as callee:
            assert callee.call("f", [5, b"x"]).value == [5, b"x"]

    def test_programs_that_it_starts_do_not_inherit_the_conversation(self, make: Make) -> None:
        source = f"""{INSIDE}
import subprocess
def f():
    number = channel()._socket.fileno()
    return subprocess.run(["/bin/sh", "-c", f"test -e /dev/fd/{{number}}"], close_fds=False).returncode
"""
        with make(source) as callee:
            assert callee.call("f").value == 1


def test_nothing_starts_before_the_first_call(sandboxes: Sandboxes) -> None:
    with sandboxes.learner("def f(): pass") as learner:
        assert learner._child is None


def test_a_crowd_of_its_own_gives_a_function_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, work = 0.0, 0.0
    monkeypatch.setattr(waiting, "_clock", lambda: now)
    # It waits for a processor nine tenths of the time; whether for others or for its own crowd, its work tells.
    crowd = SimpleNamespace(waited=lambda: now * 0.9, worked=lambda: work)
    fair = _FairTime(cast("Child", crowd), 1.0)
    now, work = 1.5, 0.6
    assert fair.left() > 0
    now, work = 2.0, 2.5
    assert fair.left() > 0
    now, work = 2.1, 2.6
    assert fair.left() == 0
