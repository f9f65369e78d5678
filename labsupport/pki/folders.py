"""Private folders for key files: mode 0700, removed at exit, swept when their process died without removing them.

A live process holds an advisory lock on a file inside its folder.  The next start takes the lock of every folder it
finds: where that succeeds the owner is gone, whatever became of its process number in the meantime.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

__all__ = ["private_folder", "sweep", "write_private"]

PREFIX = "mtls-lab-"
_LOCK_NAME = "in-use"
# A folder is made a moment before its lock is taken; nothing younger than this is judged abandoned.
_GRACE_SECONDS = 60.0

_held: dict[int, tuple[Path, IO[str]]] = {}


def private_folder() -> Path:
    """Return this process's private folder, made (mode 0700) at the first call and removed at exit."""
    # Keyed by process: a forked child must neither write into nor remove its parent's folder.
    pid = os.getpid()
    if pid not in _held:
        sweep()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = (folder / _LOCK_NAME).open("w")
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)
        _held[pid] = (folder, lock)
        atexit.register(_remove, pid)
    return _held[pid][0]


def write_private(name: str, content: bytes) -> Path:
    """Write `content` to a new file of mode 0600 in the private folder and return its path.

    `name` is a readable stem; a number is added where it is taken, so no file is ever overwritten.
    """
    folder = private_folder()
    stem, dot, ending = name.rpartition(".")
    path, number = folder / name, 1
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            break
        except FileExistsError:
            number += 1
            path = folder / f"{stem}-{number}{dot}{ending}"
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path


def sweep() -> list[Path]:
    """Remove the folders that dead processes of this user left behind and return their paths.

    On Windows, which has no advisory locks of this kind, nothing is removed.
    """
    if sys.platform == "win32":
        return []
    swept = []
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
            swept.append(folder)
    return swept


def _abandoned(folder: Path) -> bool:
    if sys.platform == "win32":
        return False
    try:
        facts = folder.lstat()
        if facts.st_uid != os.getuid() or time.time() - facts.st_mtime < _GRACE_SECONDS:
            return False
        with (folder / _LOCK_NAME).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Locked by a live process, no folder of ours, or gone already: in each case nothing to sweep.
        return False
    return True


def _remove(pid: int) -> None:
    if pid == os.getpid() and pid in _held:
        folder, lock = _held.pop(pid)
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)
