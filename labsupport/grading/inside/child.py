"""From a fork of the template to a process that runs one learner's code: walls first, then the code.

Three processes come of one request. The *first* moves into namespaces of its own. Its child, the *keeper*, is process
1 of the new PID namespace: when it ends, everything in there ends; it makes the judge's listening sockets, and no
learner's code runs in it. Its child, the *room*, gives up all rights and runs the learner's code.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Literal, TypeAlias

from labsupport.grading.inside import kernel
from labsupport.grading.inside.limits import Limits

__all__ = ["Walls", "become_first"]

# nested: namespaces within the sandbox's; given: somebody has made them for this process alone; none: no isolation.
Walls: TypeAlias = Literal["nested", "given", "none"]

_ID = 1000
_SHARED_MEMORY = 16 * 1024 * 1024
_GENERATIONS = 1000
_MIB = 1024 * 1024
# The machine's own: their times, which anybody may set, would carry a message to the next submission.
_DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "pts"))
_LOOPBACK = "127.0.0.1"
_READY = b"{}\n"


def become_first(walls: Walls, limits: Limits, room: socket.socket, service: socket.socket) -> None:
    """Never return: be the first process, and then the keeper or the room.

    `room` is the judge's channel to the learner's functions, `service` the one on which it asks for sockets.
    """
    code = 1
    try:
        if walls == "nested":
            kernel.unshare(kernel.NEW_EVERYTHING)
            kernel.map_own_ids(_ID, _ID)
            keeper = os.fork()
            if keeper:
                room.close()
                service.close()
                code = os.waitstatus_to_exitcode(os.waitpid(keeper, 0)[1])
                return
            kernel.die_with_parent(os.getppid())
            kernel.name_machine("sandbox")
            kernel.bring_loopback_up()
            kernel.keep_buffers_small()
        if walls == "none":
            os.setsid()
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                os.chdir(folder)
                kernel.adopt_orphans()
                _keep(walls, limits, room, service)
                _end_children()
                os.chdir("/")
        else:
            _keep(walls, limits, room, service)
        code = 0
    except BaseException as error:  # said on the way that the judge listens to; whatever it is, nothing goes on
        with contextlib.suppress(OSError):
            service.send(json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode() + b"\n")
    finally:
        os._exit(code)


def _keep(walls: Walls, limits: Limits, room: socket.socket, service: socket.socket) -> None:
    """Be the keeper: start the room, hand out sockets, and end with the room or with the judge."""
    pid = os.fork()
    if not pid:
        service.close()
        _become_room(walls, limits, room)
    room.close()
    # Process 1 of a namespace hears only the signals for which it has a handler; as Python starts, this is one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kernel.hide_memory()
    ended = os.pidfd_open(pid)
    waiting = select.poll()
    waiting.register(ended, select.POLLIN)
    waiting.register(service, select.POLLIN)
    while True:
        for descriptor, _ in waiting.poll(1000):
            if descriptor == ended or not _serve(service):
                with contextlib.suppress(ProcessLookupError, ChildProcessError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)  # so that the time that it took is counted with this process's own
                return
        _reap(pid)


def _reap(room: int) -> None:
    """Bury orphans: they are the keeper's, as process 1; the room's own end is seen elsewhere."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and found.si_pid != room:
            os.waitpid(found.si_pid, 0)


def _end_children() -> None:
    """Kill all that is below this process; elsewhere the end of its namespace does that."""
    for _ in range(_GENERATIONS):
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        if not children:
            return
        for child in children:
            os.kill(int(child), signal.SIGKILL)
            os.waitpid(int(child), 0)


def _serve(service: socket.socket) -> bool:
    """Answer a request for a bound socket with its descriptor; return False when the judge is gone."""
    if not service.recv(1):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.bind((_LOOPBACK, 0))
        socket.send_fds(service, [b"s"], [bound.fileno()])
    return True


def _become_room(walls: Walls, limits: Limits, channel: socket.socket) -> None:
    """Never return: give up every right, then run what the judge sends."""
    code = 1
    try:
        kernel.die_with_parent(os.getppid())
        _silence(channel.fileno())
        # Without a user namespace of its own it is counted together with all that the same person runs.
        limits.impose(others=_crowd() if walls == "none" else 0)
        if walls != "none":
            if walls == "nested":
                kernel.mount_tmpfs("/tmp", limits.scratch * _MIB)  # noqa: S108  # the sandbox's own
                kernel.mount_tmpfs("/dev/shm", _SHARED_MEMORY)  # noqa: S108  # the same
                for device in _DEVICES:
                    kernel.remount_read_only(device)
                kernel.forbid_namespaces()
                kernel.mount_tmpfs("/proc", 0, read_only=True)
            os.chdir("/tmp")  # noqa: S108  # the same
            kernel.drop_capabilities()
        kernel.promise_no_new_privileges()
        if walls != "none":
            kernel.forbid_system_calls()
        _forget()
        channel.send(_READY)
        _run(channel)
        code = 0
    finally:
        os._exit(code)


def _crowd() -> int:
    """Return how many threads this user has on the machine."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == os.getuid():
                count += sum(1 for _ in (process / "task").iterdir())
    return count


def _silence(channel: int) -> None:
    """Leave three standard descriptors that lead nowhere, the channel, and nothing else."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.closerange(3, channel)
    os.closerange(channel + 1, 65536)
    os.set_inheritable(channel, False)


def _forget() -> None:
    """Draw other random numbers than every other fork, and answer signals as a new process does."""
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The judge's word that time is up; between calls it comes too late to mean anything.
    signal.signal(signal.SIGALRM, lambda *_: None)
    here = os.getcwd()  # noqa: PTH109  # text, for the environment
    os.environ.update(HOME=here, TMPDIR=here, MPLCONFIGDIR=here)
    tempfile.tempdir = None
    sys.argv = ["notebook"]
    sys.path.insert(0, "")  # as in a notebook, beside which modules may lie


def _run(channel: socket.socket) -> None:
    from labsupport.exercises.messages import BrokenOff, Channel
    from labsupport.exercises.room import Room
    from labsupport.grading.inside.cells import names, translated

    with contextlib.suppress(BrokenOff):
        Room(Channel(channel, limit=8_000_000), names(), translated).serve()
