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
import threading
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

__all__ = ["private_folder", "sweep", "write_private"]

PREFIX = "mtls-lab-"
_LOCK_NAME = "in-use"

_held: tuple[Path, IO[str]] | None = None
_guard = threading.Lock()


def private_folder() -> Path:
    """Return this process's private folder, made (mode 0700) at the first call and removed at exit."""
    global _held
    with _guard:
        if _held is None:
            sweep()
            folder = Path(tempfile.mkdtemp(prefix=PREFIX))
            _held = folder, _lock(folder)
            atexit.register(_remove)
        return _held[0]


def write_private(name: str, content: bytes) -> Path:
    """Write `content` to a new file of mode 0600 in the private folder and return its path.

    `name` is a readable stem; a number is added where it is taken, so no file is ever overwritten.
    """
    folder = private_folder()
    stem, dot, ending = name.partition(".")
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


def _lock(folder: Path) -> IO[str]:
    if sys.platform == "win32":
        return (folder / _LOCK_NAME).open("w")
    taking = folder / "taking"
    lock = taking.open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    # Locked before it gets the name that others look for: at no moment does a live folder look abandoned.
    taking.rename(folder / _LOCK_NAME)
    return lock


def _abandoned(folder: Path) -> bool:
    if sys.platform == "win32":
        return False
    try:
        if folder.lstat().st_uid != os.getuid():
            return False
        with (folder / _LOCK_NAME).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Locked by a live process, no folder of ours, or gone already: in each case nothing to sweep.
        return False
    return True


def _remove() -> None:
    global _held
    if _held is not None:
        folder, lock = _held
        _held = None
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)


def _after_fork() -> None:
    """Let go of the parent's folder: a child must neither write into it, nor remove it, nor keep it locked."""
    global _held, _guard
    if _held is not None:
        _held[1].close()
    _held = None
    # A thread that is not there in the child may have held the parent's guard.
    _guard = threading.Lock()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)
