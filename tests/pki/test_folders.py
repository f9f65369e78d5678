"""Private folders: made once, removed at exit, swept after a violent end, and never another's."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsupport.pki import folders
from labsupport.pki.folders import PREFIX, private_folder, sweep, write_private
from tests.tools import ROOT

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no advisory locks of this kind")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this module's folders live in a temporary directory of their own, and this process begin without one."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(folders, "_held", None)
    yield
    folders._remove()


def start(source: str) -> subprocess.Popen[str]:
    """Start a Python process that can be talked to by lines."""
    return subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


WAITING = """
from labsupport.pki.folders import write_private
print(write_private("client.key.pem", b"secret"), flush=True)
input()
"""


def test_files_are_for_the_owner_alone() -> None:
    path = write_private("client.key.pem", b"secret")
    assert path.read_bytes() == b"secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.parent == private_folder() == private_folder()


def test_a_loose_umask_makes_no_loose_files() -> None:
    before = os.umask(0)
    try:
        path = write_private("client.key.pem", b"secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_no_file_is_ever_overwritten() -> None:
    paths = [write_private("client.key.pem", str(number).encode()) for number in range(3)]
    assert [path.name for path in paths] == ["client.key.pem", "client-2.key.pem", "client-3.key.pem"]
    assert [path.read_bytes() for path in paths] == [b"0", b"1", b"2"]


def test_threads_that_begin_together_share_one_folder(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)
    found: list[Path] = []

    def ask() -> None:
        barrier.wait()
        found.append(private_folder())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 1


def test_the_folder_goes_with_its_process(tmp_path: Path) -> None:
    process = start(WAITING)
    path = Path(line(process))
    assert path.read_bytes() == b"secret"
    process.communicate("\n", timeout=30)
    assert process.returncode == 0
    assert not path.parent.exists()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_goes_when_the_process_ends_by_an_exception() -> None:
    process = start(WAITING + "raise SystemExit(3)")
    path = Path(line(process))
    process.communicate("\n", timeout=30)
    assert process.returncode == 3
    assert not path.parent.exists()


@posix
def test_a_killed_process_is_cleaned_up_after_by_the_next_start_and_a_live_one_left_alone() -> None:
    killed, alive = start(WAITING), start(WAITING)
    abandoned, in_use = Path(line(killed)).parent, Path(line(alive)).parent
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)
    assert (abandoned / "client.key.pem").exists()
    mine = private_folder()
    assert not abandoned.exists()
    assert (in_use / "client.key.pem").read_bytes() == b"secret"
    assert sweep() == []
    assert mine.exists()
    alive.communicate("\n", timeout=30)


@posix
def test_what_only_looks_like_a_folder_of_ours_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"{PREFIX}file").write_text("not a folder")
    (tmp_path / f"{PREFIX}unlocked").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("keep")
    (tmp_path / f"{PREFIX}gone").symlink_to(tmp_path / "nowhere")
    assert sweep() == []
    # Another user's folder, seen from here.
    theirs = tmp_path / f"{PREFIX}theirs"
    theirs.mkdir()
    (theirs / "in-use").touch()
    owner = theirs.stat().st_uid
    with monkeypatch.context() as patched:
        patched.setattr(os, "getuid", lambda: owner + 1)
        assert sweep() == []
    assert sweep() == [theirs]
    assert (elsewhere / "precious").read_text() == "keep"


FORKING = """
import json, os, sys
from labsupport.pki.folders import private_folder, write_private
parent = write_private("client.key.pem", b"secret")
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    own = write_private("client.key.pem", b"the child's")
    os.write(writing, str(own).encode())
    sys.exit()  # with everything that happens at exit
os.waitpid(child, 0)
own = os.read(reading, 4096).decode()
print(json.dumps({
    "own folder": os.path.dirname(own) != str(parent.parent),
    "child's removed": not os.path.exists(os.path.dirname(own)),
    "parent's kept": parent.read_bytes() == b"secret",
}), flush=True)
input()
"""


@posix
def test_a_forked_child_has_its_own_folder_and_leaves_its_parents() -> None:
    process = start(FORKING)
    facts = json.loads(line(process))
    assert facts == dict.fromkeys(facts, True)
    process.communicate("\n", timeout=30)


@posix
def test_a_forked_child_that_goes_on_does_not_keep_its_dead_parents_folder_locked() -> None:
    process = start(
        "import os, signal, sys\n"
        "from labsupport.pki.folders import write_private\n"
        "path = write_private('client.key.pem', b'secret')\n"
        "if os.fork():\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "print(path, flush=True)\n"
        "input()\n"
    )
    folder = Path(line(process)).parent
    process.wait(timeout=30)
    assert folder in sweep()
    process.communicate("\n", timeout=30)


def test_windows_sweeps_nothing_and_still_cleans_up_after_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    path = write_private("client.key.pem", b"secret")
    assert sweep() == []
    assert not folders._abandoned(path.parent)
    folders._remove()
    assert not path.parent.exists()
