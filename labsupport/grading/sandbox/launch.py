"""How the sandbox is started: bubblewrap's arguments, from a list of what is shown; never "everything but".

The working copy, the course and the tests of an editable install lie beside the interpreter's packages, and sockets
of the machine's services accept connections through read-only mounts: so nothing is bound that is not named here.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["find_bubblewrap", "start"]

_SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin")
# Where containers keep what they were made of: the course, perhaps, and the gradebook.
_SOURCES = ("/usr/src", "/usr/local/src")
# Of a virtual environment; the folder that it is in may be the working copy's own.
_PARTS = ("bin", "etc", "lib", "lib64", "pyvenv.cfg", "share")
_SETTINGS = ("/etc/ld.so.cache", "/etc/localtime", "/etc/ssl/openssl.cnf")
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MPLBACKEND": "agg",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin:/bin",
}
_SCRATCH = 64 * 1024 * 1024
_SHARED = 16 * 1024 * 1024
_LIBRARY = "/lab"
_PYTHON = f"{_LIBRARY}/python"
_BOOT = (
    "import sys; sys.path.insert(0, {lib!r}); "
    "from labsupport.grading.inside.template import main; main({fd}, once={once})"
)


def find_bubblewrap() -> str | None:
    """Return the path of bubblewrap, or None where it is not installed."""
    return shutil.which("bwrap", path=f"{os.environ.get('PATH', os.defpath)}:/usr/bin:/usr/local/bin")


def start(library: Path, judge: socket.socket, *, isolated: bool, once: bool) -> subprocess.Popen[bytes]:
    """Start the template, at the other end of `judge`; with `once` a process for one child alone.

    `library` is the folder that ``write_library`` filled. Raises OSError if there is no bubblewrap.
    """
    descriptor = judge.fileno()
    shown = _LIBRARY if isolated else str(library)
    boot = _BOOT.format(lib=f"{shown}/lib", fd=descriptor, once=once)
    if not isolated:
        python = [sys.executable, "-I", "-c", boot]
        # Below the judge's own folder, which is swept up whatever becomes of them all.
        scratch = library / "scratch"
        scratch.mkdir(exist_ok=True)
        return _popen(python, [descriptor], {**os.environ, **_ENVIRONMENT, "TMPDIR": str(scratch)})
    bubblewrap = find_bubblewrap()
    if bubblewrap is None:
        raise FileNotFoundError("bubblewrap is not installed")
    python = [_inside(Path(sys.executable)), "-I", "-c", boot]
    # For one child, process 1 is the keeper, who cannot be stopped or looked into, and not a bubblewrap that can; and
    # containers, whose own /proc is covered in part, permit no fresh one.
    arguments = [*_walls(library), *(("--as-pid-1",) if once else ("--proc", "/proc"))]
    # By a file without a name, so that nobody reads them in the list of processes.
    written = os.memfd_create("arguments")
    try:
        if os.geteuid() == 0:
            os.write(written, json.dumps([bubblewrap, arguments, python, str(library / "stage")]).encode())
            os.lseek(written, 0, os.SEEK_SET)
            step_down = [sys.executable, "-P", "-m", "labsupport.grading.sandbox.step_down", str(written)]
            return _popen(step_down, [descriptor, written], dict(os.environ))
        os.write(written, b"".join(os.fsencode(argument) + b"\0" for argument in arguments))
        os.lseek(written, 0, os.SEEK_SET)
        return _popen([bubblewrap, "--args", str(written), "--", *python], [descriptor, written], {})
    finally:
        os.close(written)


def _popen(command: Sequence[str], descriptors: Sequence[int], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # our own interpreter, or the bubblewrap that was found
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=descriptors,
        env=environment,
        start_new_session=True,  # no terminal, and the Ctrl-C of one is the judge's alone
    )


def _walls(library: Path) -> Iterator[str]:
    """Yield bubblewrap's arguments; a bind's source follows ``--ro-bind`` and stands before its target."""
    yield from ("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts")
    yield from ("--unshare-cgroup-try", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL")
    yield from ("--die-with-parent", "--new-session", "--clearenv")
    for name, value in _ENVIRONMENT.items():
        yield from ("--setenv", name, value)
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    hidden = [folder for folder in _SOURCES if Path(folder).is_dir()]
    for folder in hidden:
        yield from ("--tmpfs", folder)
    for part in _interpreter(hidden):
        yield from ("--ro-bind", str(part), _inside(part))
    for folder in hidden:
        yield from ("--remount-ro", folder)
    for setting in _SETTINGS:
        if Path(setting).exists():
            yield from ("--ro-bind", str(Path(setting).resolve()), setting)
    for name in sorted(path.name for path in (library / "etc").iterdir()):
        yield from ("--ro-bind", str(library / "etc" / name), f"/etc/{name}")
    yield from ("--ro-bind", str(library / "lib"), f"{_LIBRARY}/lib")
    for folder in _whole_libraries():
        yield from ("--tmpfs", folder, "--remount-ro", folder)
    # Of the device that is all zeros people can share mappings, which are memory that nobody limits; of the other not.
    yield from ("--dir", "/proc", "--dev", "/dev", "--dev-bind", "/dev/full", "/dev/zero", "--remount-ro", "/dev")
    yield from ("--size", str(_SHARED), "--tmpfs", "/dev/shm")  # noqa: S108  # the sandbox's own, for semaphores
    yield from ("--size", str(_SCRATCH), "--tmpfs", "/tmp")  # noqa: S108  # the sandbox's own
    yield from ("--remount-ro", "/", "--chdir", "/tmp")  # noqa: S108  # the same


def _interpreter(hidden: Sequence[str]) -> Iterator[Path]:
    """Yield what the interpreter and its packages are, as far as it is not shown already."""
    for prefix in map(Path, dict.fromkeys((sys.base_prefix, sys.exec_prefix, sys.prefix))):
        if prefix.is_relative_to("/usr") and not any(prefix.is_relative_to(folder) for folder in hidden):
            continue
        if (prefix / "pyvenv.cfg").exists():
            yield from (prefix / part for part in _PARTS if (prefix / part).exists())
        else:
            yield prefix


def _inside(path: Path) -> str:
    """Return where a path is in there: that of a virtual environment at a place of its own, all others where they are.

    An environment may lie anywhere, below the temporary folder too, which is another one in there.
    """
    prefix = Path(sys.prefix)
    if (prefix / "pyvenv.cfg").exists() and path.is_relative_to(prefix):
        return f"{_PYTHON}/{path.relative_to(prefix)}"
    return str(path)


def _whole_libraries() -> Iterator[str]:
    """Yield where the whole library, answers included, is installed among packages that are shown."""
    shown = (*_SYSTEM, sys.base_prefix, sys.exec_prefix, sys.prefix)
    for place in dict.fromkeys(sys.path):
        folder = Path(place or ".").absolute() / "labsupport"
        if folder.is_dir() and any(folder.is_relative_to(root) for root in shown):
            yield _inside(folder)
