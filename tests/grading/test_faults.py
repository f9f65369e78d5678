"""Faults in a batch of the real command, and the whole class: whatever a file or its code does, others get theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from labsupport.exercises.callee import Oracle
from labsupport.grading.callee import Gone, SandboxedCallee
from labsupport.grading.judging import judge_submission
from labsupport.grading.records import Submission
from labsupport.grading.sandbox.sandbox import Child, Sandbox
from labsupport.grading.settings import master_of
from tests.grading import notebooks
from tests.grading.cheats import HEAD, RIGHT
from tests.grading.classroom import Graded, Pupil, answering, class_of_50, graded, honest, write, zipped
from tests.grading.far import Sandboxes
from tests.tools import need

pytestmark = pytest.mark.tool

ANSWER = "exercise-start-verifies"


def _answer(body: str, before: str = "") -> bytes:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return answering("start-verifies", f"{before}\n{HEAD}{lines}")


def _added(*sources: str) -> bytes:
    """Return a right answer after cells of the learner's own."""
    notebook = notebooks.solved("00_start")
    notebooks.put(notebook, ANSWER, *map(notebooks.code, sources))
    return notebooks.as_bytes(notebook)


def _padded(megabytes: int) -> bytes:
    """Return a right answer in a file that is huge for its outputs."""
    notebook = notebooks.solved("00_start")
    output = {"output_type": "stream", "name": "stdout", "text": "x" * (megabytes * 1024 * 1024)}
    notebooks.cell_of(notebook, ANSWER)["outputs"] = [output]
    return notebooks.as_bytes(notebook)


def _spoilt(**cell: object) -> bytes:
    """Return a right answer, and a cell with fields of the wrong types."""
    notebook = notebooks.solved("00_start")
    notebook["cells"].append({**notebooks.code("x = 1"), **cell})
    return notebooks.as_bytes(notebook)


def _with(cells: Sequence[object] = (), **fields: object) -> bytes:
    """Return a right answer beside things that are no cells, in a notebook with other fields."""
    notebook = {**notebooks.solved("00_start"), **fields}
    notebook["cells"] += cells
    return notebooks.as_bytes(notebook)


def _one_id() -> bytes:
    """Return a right answer in a notebook whose prose claims to be it too."""
    notebook = notebooks.solved("00_start")
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["id"] = ANSWER
    return notebooks.as_bytes(notebook)


# What people do to their own kernel, and forget.
HABITS = (
    "import sys\nsys.stdout = sys.stderr = sys.stdin = None",
    "sys.excepthook = sys.unraisablehook = sys.displayhook = None",
    "import signal\nsignal.alarm(1)\nsignal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)",
    "import socket, warnings\nsocket.setdefaulttimeout(0.001)\nwarnings.simplefilter('error')",
    "import time\ntime.time = time.monotonic = time.perf_counter = lambda: 0",
    "import os\nos.environ.clear()\nos.mkdir('/tmp/a')\nos.chdir('/tmp/a')\nos.rmdir('/tmp/a')",
    "import json, threading\njson.loads = json.dumps = None\nthreading.Timer(0, print).start()",
    "len = list = dict = str = int = isinstance = type = print = None",
    "import atexit\natexit.register(time.sleep, 600)\nexit()",
    "sys.set_int_max_str_digits(640)\nsys.setrecursionlimit(5000)",
)
WHOLE = notebooks.as_bytes(notebooks.solved("00_start"))
ROUND = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"

CROWD = "x = [os.fork() for _ in range(3)]\ny = bytearray(os.urandom(1) * (100 << 20))\ntime.sleep(9)"
FULL_DISK = """
for number in range(10 ** 6):
    open(f'/tmp/{number}', 'wb').write(bytes(1 << 24))
    open(f'/dev/shm/{number}', 'wb').write(bytes(1 << 20))
""".strip()
THREADS = "while True: threading.Thread(target=threading.Event().wait).start()"

# In the batch, all at once: what each is worth, None where it is no notebook that could be judged.
FAULTS: Mapping[str, Pupil] = {
    "an endless loop that swallows everything": Pupil("", _answer(ROUND), 0.0),
    "a bytearray": Pupil("", _answer("return len(bytearray(4 << 30)) > 0"), 0.0),
    "memory in many processes": Pupil("", _answer(CROWD, "import os, time"), 0.0),
    "a full disk": Pupil("", _answer(FULL_DISK), 0.0),
    "open files": Pupil("", _answer("while True: FILES.append(open('/dev/null'))", "FILES = []"), 0.0),
    "threads": Pupil("", _answer(THREADS, "import threading"), 0.0),
    "an empty file": Pupil("", b"", None),
    "half a file": Pupil("", WHOLE[: len(WHOLE) // 2], None),
    "not UTF-8": Pupil("", WHOLE.replace(b"{", b"{\xff\xfe", 1), None),
    "UTF-16": Pupil("", WHOLE.decode().encode("utf-16"), None),
    "a list": Pupil("", b"[1, 2]", None),
    "brackets": Pupil("", b"[" * 200_000, None),
    "digits": Pupil("", b"1" * 2_000_000, None),
    "cells that are none": Pupil("", b'{"cells": {"a": 1}, "nbformat": 4}', None),
    "another lesson": Pupil("", notebooks.as_bytes(notebooks.solved("01_rsa")), None),
    "a large file": Pupil("", _padded(20), 1.0),
    "a cell with other types": Pupil("", _spoilt(metadata=[1], outputs=7, id={"a": 1}), 1.0),
    "a source that is a number": Pupil("", _spoilt(source=17), 1.0),
    "a cell of nine megabytes": Pupil("", _added(f"x = '{'x' * 9_000_000}'"), 1.0),
    "a thousand cells": Pupil("", _added(*["x = 1"] * 1000), 1.0),
    "code nested too deep": Pupil("", _added("(" * 100_000, "x = " + "-" * 100_000 + "1", "1 + " * 100_000 + "1"), 1.0),
    "surrogates and NULs": Pupil("", _added("x = '\ud800'", "y = '\0'", "\x1b[2J"), 1.0),
    "shell and magics": Pupil("", _added("!rm -rf /", "%%bash\nexit 1", "%run x", "%%time\nx = 5", "?len"), 1.0),
    "a byte order mark": Pupil("", b"\xef\xbb\xbf" + WHOLE, 1.0),
    "five thousand cells": Pupil("", _added(*["x = 1"] * 5000), 1.0),
    "many cells that fail": Pupil("", _added(*[f"raise ValueError('<b>\x1b[31m{n}')" for n in range(300)]), 1.0),
    "cells that are nothing": Pupil("", _with(cells=[None, 1, [], {}, {"cell_type": None, "source": [1, {}]}]), 1.0),
    "fields of other types": Pupil("", _with(nbformat="4", nbformat_minor=[], metadata=None), 1.0),
    "metadata nested deep": Pupil("", WHOLE[:-1] + b', "x": ' + b"[" * 900 + b"]" * 900 + b"}", 1.0),
    "one id for all": Pupil("", _one_id(), 1.0),
    "cells that wait": Pupil("", _added("import asyncio\nawait asyncio.sleep(0)"), 1.0),
    "a fork that comes back": Pupil("", _added("import os\nos.fork()"), 1.0),
    "a hundred thousand lines": Pupil("", _added("for n in range(100_000): print(n)"), 1.0),
    "other hooks, clocks and streams": Pupil("", _added(*HABITS), 1.0),
}
NEIGHBOURS = (*(honest(f"{letter} neighbour") for letter in "amz"), honest("n neighbour", "06_five_requests"))


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    need("bwrap")
    folder = tmp_path_factory.mktemp("faults")
    pupils = [Pupil(f"{number:02}", pupil.content, None) for number, pupil in enumerate(FAULTS.values())]
    submissions = write([*pupils, *NEIGHBOURS], folder / "submissions")
    (submissions / "linked").mkdir()
    (submissions / "linked" / "00_start.ipynb").symlink_to("/etc/passwd")
    (submissions / "looped").symlink_to(submissions)
    return graded(submissions, folder / "gradebook.db", "--jobs", "2", "--time", "40")


def test_the_batch_finishes_and_names_what_it_could_not_judge(batch: Graded) -> None:
    assert batch.code == 1
    unjudged = {learner for learner, record in batch.records.items() if record["unjudged"]}
    assert unjudged == {f"{number:02}" for number, fault in enumerate(FAULTS.values()) if fault.points is None}
    assert all(len(batch.records[learner]["unjudged"].splitlines()) == 1 for learner in unjudged)


@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=lambda pupil: pupil.learner)
def test_neighbours_keep_their_marks(batch: Graded, neighbour: Pupil) -> None:
    assert batch.points(neighbour.learner) == neighbour.points


@pytest.mark.parametrize(("number", "name"), list(enumerate(FAULTS)), ids=str)
def test_a_fault_costs_what_it_touches(batch: Graded, number: int, name: str) -> None:
    assert batch.points(f"{number:02}") == FAULTS[name].points


def test_links_are_not_followed(batch: Graded) -> None:
    assert not {"linked", "looped"} & set(batch.records)
    assert "linked" in batch.complaints


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    need("bwrap")
    folder = tmp_path_factory.mktemp("class")
    return graded(zipped(class_of_50(), folder / "class.zip"), folder / "gradebook.db")


class TestClass:
    def test_of_fifty_gets_its_marks(self, marked: Graded) -> None:
        expected = {pupil.learner: pupil.points for pupil in class_of_50()}
        assert len(expected) == 50
        assert {learner: marked.points(learner) for learner in marked.records} == expected

    def test_is_known_the_second_time(self, marked: Graded, tmp_path: Path) -> None:
        again = graded(zipped(class_of_50(), tmp_path / "class.zip"), marked.gradebook)
        # What could not be judged is tried again: it may have been the judge's fault.
        unknown = {learner for learner, record in again.records.items() if not record["known"]}
        assert unknown == {pupil.learner for pupil in class_of_50() if pupil.points is None}
        assert [record["points"] for record in again.records.values()] == [
            marked.records[learner]["points"] for learner in again.records
        ]


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[Sandboxes]:
    need("bwrap")
    with closing(Sandboxes("bwrap")) as those:
        yield those


LOOPS = {
    "plain": "while True: pass",
    "swallowing": ROUND,
    "asleep": "import time\nwhile True:\n    try: time.sleep(600)\n    except BaseException: pass",
    "deaf": "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\nwhile True: pass",
    "printing": "while True: print('x' * 1000)",
    "stopped": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
}


class TestCell:
    @pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
    def test_without_an_end_costs_itself_alone(self, sandboxes: Sandboxes, loop: str) -> None:
        with sandboxes.learner("def f(): return x", "x = 1", loop, "x = 2", cell_seconds=0.3) as learner:
            assert SandboxedCallee(learner, "exercise-x").call("f").value == 2
            assert learner.raised == {"cell 2": "did not end in 0.3 s"}

    def test_of_a_fork_bomb_costs_itself_alone(self, sandboxes: Sandboxes) -> None:
        bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
        with sandboxes.learner("def f(): return 5", bomb, cell_seconds=0.3) as learner:
            assert SandboxedCallee(learner, "exercise-x").call("f").value == 5
            assert set(learner.raised) == {"cell 1"}


class TestFunction:
    @pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
    def test_without_an_end_costs_its_call_alone(self, sandboxes: Sandboxes, loop: str) -> None:
        body = "".join(f"        {line}\n" for line in loop.splitlines())
        with sandboxes.callee(f"def f(hang):\n    if hang:\n{body}    return 5") as callee:
            answer = callee.call("f", True, deadline=0.3)
            assert (answer.fault, answer.late) == ("did not answer in 0.3 s", True)
            assert callee.call("f", False).value == 5

    def test_that_asks_for_ever_is_ended(self, sandboxes: Sandboxes) -> None:
        source = (
            "from labsupport.exercises.callee import OverQuota\n"
            "def f(ask, hang):\n"
            " while hang:\n"
            "  try: ask()\n"
            "  except BaseException: pass\n"
            " return 5"
        )
        with sandboxes.callee(source) as callee:
            assert callee.call("f", Oracle(lambda: 1, quota=9), True, deadline=0.3).late
            assert callee.call("f", Oracle(lambda: 1), False).value == 5

    def test_that_asks_without_listening_is_ended(self, sandboxes: Sandboxes) -> None:
        # A thread takes the replies away, so that the judge never has to wait for anybody.
        source = """
import gc, socket, threading
from labsupport.exercises.messages import Channel
def f(ask):
    line = b'{"ask":0,"call":1,"question":[]}\\n' * 500
    end = next(thing for thing in gc.get_objects() if isinstance(thing, Channel))._socket
    end.setblocking(True)
    def drain():
        while end.recv(1 << 20): pass
    threading.Thread(target=drain, daemon=True).start()
    while True: end.sendall(line)
"""
        with sandboxes.callee(source) as callee:
            answer = callee.call("f", Oracle(lambda: 1, quota=9), deadline=0.3)
            assert answer.late

    @pytest.mark.parametrize(
        "more",
        [
            '"mutated":[9999]',
            '"mutated":[0,0,0]',
            f'"mutated":[{"9" * 4300}]',
            '"value":{"plain":{"float":1' + "0" * 400 + "}}",
        ],
    )
    def test_that_forges_what_cannot_be_is_ended(self, sandboxes: Sandboxes, more: str) -> None:
        line: dict[str, object] = {
            "value": {"plain": True}, "error": None, "error_bases": [], "error_text": "", "fault": None,
            "late": False, "unwritten": False, "mutated": [], "printed": "", "files": {},
        }  # fmt: skip
        forged = json.dumps({"answer": line}, separators=(",", ":"))
        key, _, value = more.partition(":")
        forged = forged.replace(f"{key}:{json.dumps(line[json.loads(key)], separators=(',', ':'))}", f"{key}:{value}")
        assert value in forged
        source = f"""
import gc
from labsupport.exercises.messages import Channel
def f():
    end = next(thing for thing in gc.get_objects() if isinstance(thing, Channel))._socket
    end.sendall({forged.encode()!r} + b"\\n")
"""
        with sandboxes.callee(source) as callee:
            assert callee.call("f").fault == "ended its process"


class TestSocket:
    def test_that_is_not_to_be_had_is_the_learners_loss(
        self, sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def nothing(_child: Child) -> NoReturn:
            raise ConnectionError

        monkeypatch.setattr(Child, "bound_socket", nothing)
        with sandboxes.learner("") as learner, pytest.raises(Gone, match="took every port"):
            learner.bound_socket()


class TestSubmission:
    @pytest.fixture
    def judged(self) -> Callable[[bytes, float], tuple[float, str, bool]]:
        need("bwrap")

        def judge(content: bytes, seconds: float) -> tuple[float, str, bool]:
            with Sandbox() as sandbox:
                submission = Submission("x", "00_start", content, "x")
                result = judge_submission(submission, master_of("00_start"), sandbox, seconds=seconds)
            return result.points, result.unjudged, result.overdue

        return judge

    def test_of_many_slow_cells_has_an_end(self, judged: Callable[[bytes, float], tuple[float, str, bool]]) -> None:
        slow = _added(*["import time\ntime.sleep(0.3)"] * 100)
        assert judged(slow, 1.0) == (0.0, "", True)

    def test_of_slow_answers_has_an_end(self, judged: Callable[[bytes, float], tuple[float, str, bool]]) -> None:
        assert judged(_answer("time.sleep(0.3)\nreturn True", "import time"), 1.0) == (0.0, "", True)

    def test_that_never_lasts_is_judged_all_the_same(
        self, judged: Callable[[bytes, float], tuple[float, str, bool]]
    ) -> None:
        mortal = answering(
            "start-verifies", f"import os, threading\nthreading.Timer(0.0, os._exit, [0]).start()\n{RIGHT}"
        )
        points, unjudged, _ = judged(mortal, 60.0)
        assert (points, unjudged) == (0.0, "")
