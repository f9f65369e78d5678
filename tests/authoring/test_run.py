from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from labsupport.authoring import kernels
from labsupport.authoring.results import Progress
from labsupport.authoring.run import run_notebooks
from labsupport.errors import NotebookError, UsageError

pytestmark = pytest.mark.notebooks

WriteNotebook = Callable[..., Path]

CARD = """\
class Card:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": "1.5", "text/html": "<b>2.0 of 2 points</b>"}
Card()"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep what a run leaves behind in a folder of its own, with a name short enough for sockets."""
    assert tmp_path.exists(), "pytest makes its own folder first"
    with tempfile.TemporaryDirectory(prefix="lab-test-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def outputs(path: Path | None) -> list[Any]:
    assert path is not None
    return [output for cell in json.loads(path.read_text())["cells"] for output in cell.get("outputs", ())]


def texts(path: Path | None) -> list[str]:
    return ["".join(output["text"]) for output in outputs(path) if output["output_type"] == "stream"]


def gone(pid: int) -> bool:
    """Whether a process has ended, if only as a zombie that its parent has not asked after."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(") ")[2][0] == "Z"


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # other processes are waited for, and they give no other sign


@pytest.fixture(params=["forked", "started"])
def either_kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with forked kernels and with kernels started one by one."""
    if request.param == "started":
        monkeypatch.setattr(kernels, "can_fork", lambda: False)
    elif not kernels.can_fork():
        pytest.skip("kernels are forked on Linux only")


def test_good_and_bad_notebooks_run_side_by_side_and_leave_nothing_behind(
    write_notebook: WriteNotebook,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    temporary: Path,
    either_kernel: None,
) -> None:
    good = write_notebook("good", "import os", 'print(os.environ["LABSUPPORT_PROGRESS"], os.getcwd())', CARD, points=2)
    bad = write_notebook("bad", "1", "# a remark\nraise ValueError('first\\nlast words')", "print('never')")
    before = threading.active_count()
    seen: list[Sequence[Progress]] = []

    first, second = run_notebooks([good, bad], out=tmp_path / "out", jobs=2, on_progress=seen.append)

    assert (first.name, first.notebook, first.cells, first.failure) == ("good", good, 3, None)
    assert (first.earned, first.possible) == (1.5, 2.0)
    assert first.kept == tmp_path / "out" / "good.ipynb"
    assert texts(first.kept) == [f"off {good.parent}\n"]
    assert second.failure is not None
    assert str(second.failure) == "cell c2 (# a remark): ValueError: last words"
    assert (second.cells, second.kept) == (2, tmp_path / "out" / "bad.ipynb")
    assert [output["output_type"] for output in outputs(second.kept)] == ["execute_result", "error"]
    assert 0 < first.seconds < 600
    assert [run.result for run in seen[-1]] == [first, second]
    assert [run.cells for run in seen[-1]] == [3, 3]

    assert capfd.readouterr() == ("", "")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert threading.active_count() == before
    assert list(temporary.iterdir()) == []


def test_both_kinds_of_kernel_show_the_same(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = write_notebook(
        "same",
        "import sys, os, random\n[os.path.basename(sys.argv[0]), __name__, sys.path[0], os.getpgid(0) == os.getpid()]",
        "import matplotlib\nmatplotlib.get_backend()",
        "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots(figsize=(1, 1))\nfigure",
        "import requests, cryptography\n'\\n'.join(sorted(name for name in globals() if name[0] != '_'))",
        "print(os.environ.get('OPENBLAS_NUM_THREADS'), os.environ.get('JPY_PARENT_PID') is not None)",
        "import numpy\nnumpy.random.random(), random.random()",
    )
    shown = []
    for fork in (True, False):
        monkeypatch.setattr(kernels, "can_fork", lambda fork=fork: fork)
        (result,) = run_notebooks([notebook], out=tmp_path / str(fork))
        assert result.failure is None
        shown.append(outputs(result.kept))
    forked, started = shown
    assert forked[:-1] == started[:-1]
    assert "image/png" in forked[2]["data"]
    assert forked[-1] != started[-1], "the random numbers of each kernel are its own"


@pytest.mark.usefixtures("either_kernel")
def test_a_kernel_that_hangs_or_dies_is_one_failed_notebook(
    write_notebook: WriteNotebook, capfd: pytest.CaptureFixture[str]
) -> None:
    hangs = write_notebook("hangs", "print('begun')", "while True: pass")
    dies = write_notebook("dies", "import os", "os._exit(3)")
    lives = write_notebook("lives", "print('well')")
    slow, dead, fine = run_notebooks([hangs, dies, lives], jobs=2, cell_timeout=4)
    assert slow.failure is not None
    assert str(slow.failure) == "cell c2 (while True: pass): the cell did not end in time"
    assert texts(slow.kept) == ["begun\n"]
    assert dead.failure is not None
    assert str(dead.failure) == "cell c2 (os._exit(3)): the kernel died"
    assert (fine.failure, fine.kept) == (None, None)
    assert capfd.readouterr() == ("", "")


def test_when_the_template_cannot_answer_kernels_are_started_as_usual(
    write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        kernels.KernelHost,
        "_start_template",
        lambda host: subprocess.Popen(
            [sys.executable, "-c", "raise SystemExit(1)"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ),
    )
    (result,) = run_notebooks([write_notebook("one", "1")])
    assert (result.failure, result.cells) == (None, 1)


def test_a_kernel_that_does_not_start_is_a_result_too(
    write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "can_fork", lambda: False)
    monkeypatch.setenv("PYTHONSTARTUP", "")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    (result,) = run_notebooks([write_notebook("one", "1")])
    assert result.failure is not None
    assert (result.failure.cell, result.cells, result.kept) == ("", 0, None)
    assert "died" in result.failure.error


def test_parameters_and_seeds_reach_the_notebook(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook("p{x}", "seed = 1\ncount: int = 2", "print(seed, count)", tags=["parameters"])
    results = run_notebooks([path], parameters={"count": 5}, seeds=[7, 8], out=tmp_path / "out")
    assert [(result.name, texts(result.kept)) for result in results] == [
        ("p{x}-seed7", ["7 5\n"]),
        ("p{x}-seed8", ["8 5\n"]),
    ]


@pytest.mark.parametrize(
    ("tags", "reason"), [(["parameters"], 'no parameter "sede": it has seed'), ([], 'no parameter "sede": it has none')]
)
def test_an_unknown_parameter_is_refused_before_anything_runs(
    write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch, tags: list[str], reason: str
) -> None:
    def no_host(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("labsupport.authoring.run.KernelHost", no_host)
    with pytest.raises(UsageError, match=reason):
        run_notebooks([write_notebook("one", "seed = 1", tags=tags)], parameters={"sede": 7})


def test_notebooks_of_one_name_do_not_overwrite_each_other(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    one = write_notebook("same", "print('one')")
    two = tmp_path / "same.ipynb"
    two.write_text(one.read_text().replace("one", "two"))
    results = run_notebooks([one, two], out=tmp_path / "out")
    assert [texts(result.kept) for result in results] == [["one\n"], ["two\n"]]
    assert [result.name for result in results] == ["same", "same-2"]


def test_a_notebook_of_unknown_language_or_broken_parameters_runs_all_the_same(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    path = write_notebook("odd", "seed = )", tags=["parameters"])
    path.write_text(json.dumps(json.loads(path.read_text()) | {"metadata": {}}))
    (result,) = run_notebooks([path], out=tmp_path)
    assert result.failure is not None
    assert "SyntaxError" in result.failure.error
    with pytest.raises(UsageError, match='no parameter "seed": it has none'):
        run_notebooks([path], parameters={"seed": 1})


def test_nothing_to_run_is_refused() -> None:
    with pytest.raises(UsageError, match="no notebook to run"):
        run_notebooks([])


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="No such file"):
        run_notebooks([tmp_path / "absent.ipynb"])


def test_solutions_come_from_the_lesson_of_the_same_name(
    write_notebook: WriteNotebook, write_lesson: Callable[..., Path], small_lesson: str, tmp_path: Path
) -> None:
    lesson = small_lesson.replace('check("small-double", double)', "float(double(1))").replace(
        'predict("small-guess", ', "dict("
    )
    lessons = write_lesson(lesson).parent
    (result,) = run_notebooks([write_notebook("01_small")], solutions=True, lessons=lessons)
    assert (result.failure, result.earned, result.possible) == (None, 2.0, 2.0)
    with pytest.raises(UsageError, match=r"no lesson .*02_other\.py to take the solutions from"):
        run_notebooks([write_notebook("02_other")], solutions=True, lessons=lessons)


RUNNER = """\
import sys
from pathlib import Path
from labsupport.authoring import kernels
from labsupport.authoring.run import run_notebooks
how, *paths = sys.argv[1:]
if how == "started":
    kernels.can_fork = lambda: False
run_notebooks([Path(path) for path in paths], jobs=2)
"""

SLEEPER = """\
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open({draft!r}, "w") as file:
    file.write(f"{{os.getpid()}} {{child.pid}}")
os.rename({draft!r}, {sign!r})
time.sleep(600)"""


@pytest.mark.parametrize("kind", ["forked", "started"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_kernel_outlives_a_run_that_is_broken_off(
    write_notebook: WriteNotebook, tmp_path: Path, temporary: Path, kind: str, how: signal.Signals
) -> None:
    signs = [tmp_path / "one", tmp_path / "two"]
    paths = [write_notebook(sign.name, SLEEPER.format(sign=str(sign), draft=f"{sign}.draft")) for sign in signs]
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, kind, *map(str, paths)], stderr=subprocess.PIPE, text=True)
    wait_for(lambda: all(sign.exists() for sign in signs))
    kernel_pids, child_pids = zip(*(map(int, sign.read_text().split()) for sign in signs), strict=True)
    try:
        runner.send_signal(how)
        _, errors = runner.communicate(timeout=60)
        assert runner.returncode != 0
        if how is signal.SIGINT:
            assert errors.strip().split("\n")[-1] == "KeyboardInterrupt"
        wait_for(lambda: all(map(gone, kernel_pids)))
        if kind == "forked" or how is signal.SIGINT:
            wait_for(lambda: all(map(gone, child_pids)))
            wait_for(lambda: not any(temporary.iterdir()))
    finally:
        for pid in child_pids:
            if not gone(pid):
                os.kill(pid, signal.SIGKILL)
