"""A sandbox, and the children in it: each holds one learner's functions until it is ended.

A `Sandbox` lives as long as its judge and gives one `Child` after another. Where the kernel lets it, a warm template
forks them into namespaces of their own; where it does not, each gets a bubblewrap of its own; with isolation "none"
they are processes of this user, with limits and deadlines and nothing else.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

from labsupport.errors import NoSandbox
from labsupport.exercises.conversation import Conversation
from labsupport.exercises.messages import Channel
from labsupport.exercises.waiting import waited
from labsupport.grading.inside.child import Walls
from labsupport.grading.inside.limits import Limits
from labsupport.grading.sandbox import launch
from labsupport.grading.sandbox.library import write_library
from labsupport.grading.sandbox.processes import (
    buffers_of,
    descendants,
    end_tree,
    memory_of,
    parent_of,
    worked,
)
from labsupport.grading.sandbox.remedies import with_remedy
from labsupport.pki.folders import private_folder

__all__ = ["Child", "Isolation", "NoSandbox", "Sandbox"]

Isolation: TypeAlias = Literal["bwrap", "none"]

ANSWER_LIMIT = 8_000_000  # bytes of one message; no exercise asks for a tenth of that
STARTUP_SECONDS = 60.0
_WATCH_SECONDS = 0.1
_FAREWELL_SECONDS = 0.5  # who ends by himself is buried by his parents, and what he took is counted
_CREDENTIALS = struct.Struct("iII")


class Child:
    """One learner's process, from outside. `reason` says why it was ended, where its judge or the watchdog did."""

    def __init__(self, room: socket.socket, service: socket.socket, limits: Limits, walls: Walls) -> None:
        self._service = service
        self._limits = limits
        self._walled = walls != "none"
        self.pid = _introduced(room, service)
        if walls == "given":
            with suppress(OSError):  # in there is no /proc to do it by
                Path(f"/proc/{self.pid}/oom_score_adj").write_text("1000")
        self._keeper = parent_of(self.pid)
        self._handle = os.pidfd_open(self._keeper)
        self._ending = threading.Lock()
        self.reason = ""
        self._inherited = memory_of([self.pid], 0)
        self.channel = Channel(room, ANSWER_LIMIT)
        self.conversation = Conversation(self.channel)

    def bound_socket(self) -> socket.socket:
        """Return a TCP socket bound to a free port of the child's own loopback. Raises OSError."""
        self._service.settimeout(STARTUP_SECONDS)
        self._service.send(b"s")
        _, descriptors, _, _ = socket.recv_fds(self._service, 1, 1)
        if len(descriptors) != 1:
            raise ConnectionError("the learner's process has ended")
        return socket.socket(fileno=descriptors[0])

    def waited(self) -> float:
        """Return the seconds for which the learner's process, ready to run, had no processor."""
        return waited(self.pid)

    def worked(self) -> float:
        """Return the seconds of processor time that all its processes have used together."""
        return worked([self._keeper, *descendants(self._keeper)])

    def watch(self) -> None:
        """End the child if its processes, and the kernel for them, hold more memory than they may."""
        held = memory_of(list(descendants(self._keeper)), self._inherited)
        if self._walled:
            held += buffers_of(self._keeper)
        if held > self._limits.memory * 1024 * 1024:
            self.kill(f"used more than {self._limits.memory:,} MiB of memory")

    def interrupt(self) -> None:
        """Tell the learner's process that a call's time is up, as the timer of ``exercises.guard`` would."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGALRM)

    def kill(self, reason: str = "") -> None:
        """End all its processes; the first reason given stands."""
        with self._ending:
            if self._handle < 0:
                return
            self.reason = self.reason or reason
            # Of a keeper that has ended the number may be somebody else's by now.
            if not _is_readable(self._handle):
                end_tree(self._keeper)
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def close(self) -> None:
        """End it, and wait until it is gone; closing twice is harmless."""
        if self._handle < 0:
            return
        self.channel.close()
        self._service.close()
        waiting = select.poll()
        waiting.register(self._handle, select.POLLIN)
        # Where it has namespaces of its own, nothing in there outlives the keeper, who hears that the judge is gone.
        if not (self._walled and waiting.poll(int(_FAREWELL_SECONDS * 1000))):
            self.kill()
            waiting.poll(int(STARTUP_SECONDS * 1000))
        with self._ending:  # the watchdog may be about to use it
            os.close(self._handle)
            self._handle = -1


def _is_readable(descriptor: int) -> bool:
    # Not by select, which knows no descriptors from 1024 on.
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))


def _introduced(room: socket.socket, service: socket.socket) -> int:
    """Wait for the room's first word and return its process id as this process sees it.

    The kernel puts the id there, whatever the sender says (SCM_CREDENTIALS, unix(7)).
    """
    waiting = select.poll()
    waiting.register(room, select.POLLIN)
    waiting.register(service, select.POLLIN)
    until = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < until:
        for descriptor, _ in waiting.poll(1000):
            if descriptor == service.fileno():
                raise NoSandbox(_complaint(service.recv(4096)))
            word, ancillary, _, _ = room.recvmsg(3, socket.CMSG_SPACE(_CREDENTIALS.size))
            for level, kind, data in ancillary:
                if word and (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                    return int(_CREDENTIALS.unpack(data[: _CREDENTIALS.size])[0])
            raise NoSandbox("a learner's process ended before it began")
    raise NoSandbox(f"a learner's process did not begin in {STARTUP_SECONDS:g} s")


def _complaint(message: bytes) -> str:
    with suppress(ValueError, KeyError):
        return str(json.loads(message)["failed"])
    return "a learner's process ended before it began"


class Sandbox:
    """A context manager that gives children, one at a time, and ends whatever is left."""

    def __init__(self, isolation: Isolation = "bwrap", limits: Limits | None = None) -> None:
        self._isolated = isolation == "bwrap"
        self.limits = limits or Limits()
        self.walls: Walls = "nested" if self._isolated else "none"
        # Where it is swept up even after a judge that was killed.
        self._folder = tempfile.TemporaryDirectory(dir=private_folder(), ignore_cleanup_errors=True)
        self._library = Path(self._folder.name)
        self._library.chmod(0o755)
        self._template: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        self._child: Child | None = None
        self._over = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        write_library(self._library)
        self._watchdog.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._let_go()
        self._end_template()
        self._folder.cleanup()

    def child(self) -> Child:
        """Return a fresh child; the one before is ended. Raises NoSandbox where there can be none."""
        self._let_go()
        try:
            self._child = self._forked()
        except NoSandbox:
            if self.walls == "none":
                raise
            # Namespaces within namespaces are not permitted everywhere; a bubblewrap for each child may be.
            self._end_template()
            self.walls = "given"
            try:
                self._child = self._forked()
            except NoSandbox as refused:
                raise NoSandbox(with_remedy(str(refused))) from None
        return self._child

    def _forked(self) -> Child:
        room, far_room = socket.socketpair()
        service, far_service = socket.socketpair()
        room.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        request = json.dumps({"walls": self.walls, "limits": self.limits.to_json()}).encode()
        with far_room, far_service:
            try:
                control = self._ready()
                socket.send_fds(control, [request], [far_room.fileno(), far_service.fileno()])
            except OSError as error:
                room.close()
                service.close()
                self._end_template()
                raise NoSandbox(f"the sandbox does not start: {error}") from None
        try:
            return Child(room, service, self.limits, self.walls)
        except (OSError, NoSandbox) as error:
            room.close()
            service.close()
            raise NoSandbox(f"the sandbox does not start: {error}") from None

    def _ready(self) -> socket.socket:
        """Return the socket of the running template, started if it is not there."""
        once = self.walls == "given"
        if self._template is not None and self._template[0].poll() is None and not once:
            return self._template[1]
        self._end_template()
        control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with far:
                process = launch.start(self._library, far, isolated=self._isolated, once=once)
        except OSError:
            control.close()
            raise
        self._template = process, control
        control.settimeout(STARTUP_SECONDS)
        if control.recv(16) != b"ready":
            assert process.stderr is not None
            said = process.stderr.read().decode(errors="replace").strip().splitlines()
            raise OSError(said[-1] if said else "it ended at once")
        return control

    def _watch(self) -> None:
        while not self._over.wait(_WATCH_SECONDS):
            child = self._child
            if child is not None:
                # Whatever goes wrong with one look: without a watchdog the next learners would have no limit.
                with suppress(Exception):
                    child.watch()

    def _let_go(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()
            for folder in (self._library / "scratch").glob("*"):
                shutil.rmtree(folder, ignore_errors=True)

    def _end_template(self) -> None:
        if self._template is not None:
            process, control = self._template
            self._template = None
            control.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_FAREWELL_SECONDS)
            end_tree(process.pid)
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
