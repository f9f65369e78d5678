"""Kernels for a run of notebooks: forked from a warm template where the platform can, started one by one elsewhere.

A `KernelHost` lives as long as the run. What it starts ends with it, also when it is killed: then the template's
input ends, and the template ends the kernels.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

__all__ = ["ForkedKernel", "KernelHost", "KernelProcess", "can_fork"]

# A socket's path has room for about 107 characters; the name of the socket takes some.
_LONGEST_SOCKET_FOLDER = 80


def can_fork() -> bool:
    """Whether kernels can be forked: elsewhere than on Linux, libraries do not expect to be."""
    return sys.platform == "linux" and hasattr(os, "fork") and hasattr(os, "pidfd_open")


class KernelProcess(Protocol):
    """What `subprocess.Popen` and `ForkedKernel` have in common."""

    pid: int

    def poll(self) -> int | None:
        """Return None while it runs."""

    def wait(self) -> int:
        """Wait for its end."""

    def kill(self) -> None:
        """End it at once."""


class ForkedKernel:
    """A kernel that is the template's child, not ours, seen through a descriptor of the process.

    The template waits for its children only at its own end, so the process id is not taken by another meanwhile.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor: int | None = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return None while the kernel runs; what it ended with is not known here, so 0 afterwards."""
        return 0 if self._ended(0) else None

    def wait(self) -> int:
        """Wait for the kernel's end."""
        self._ended(None)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        return 0

    def _ended(self, milliseconds: int | None) -> bool:
        if self._descriptor is None:
            return True
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        return bool(waiting.poll(milliseconds))

    def send_signal(self, sig: int) -> None:
        """Send a signal to the kernel alone, if it still runs."""
        if self._descriptor is not None and not self._ended(0):
            signal.pidfd_send_signal(self._descriptor, sig)

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)


class KernelHost:
    """Start kernels and see to it that none is left: a context manager.

    `folder` is a private one for sockets and logs, gone at the end; the kernels' environment is that of this process
    with `environment` on top.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.closed = False
        self._kernels: list[KernelProcess] = []
        self._one_request = threading.Lock()
        self._temporary = tempfile.TemporaryDirectory(prefix="lab-run-")
        self.folder = Path(self._temporary.name)
        self._names = count(1)
        self._template = self._start_template() if can_fork() else None

    def _start_template(self) -> subprocess.Popen[str]:
        with (self.folder / "template.log").open("w") as log:
            return subprocess.Popen(  # noqa: S603  # this interpreter, a module of ours, a folder of ours
                [sys.executable, "-m", "labsupport.authoring.kernel_template", str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Away from the terminal: Ctrl-C is this process's to handle.
                start_new_session=True,
            )

    @property
    def log(self) -> Path:
        """Where the kernels write what they say outside of any notebook."""
        return self.folder / "kernels.log"

    @property
    def uses_sockets(self) -> bool:
        """Whether kernels talk through sockets in the private folder, where two cannot take the same free port."""
        return os.name == "posix" and len(str(self.folder)) <= _LONGEST_SOCKET_FOLDER

    def new_name(self) -> Path:
        """Return the beginning of the names of a new kernel's files."""
        return self.folder / f"k{next(self._names)}"

    def fork(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> ForkedKernel | None:
        """Fork a kernel with the arguments of ``ipykernel_launcher``; None if there is no template that answers."""
        if self._template is None:
            return None
        assert self._template.stdin
        assert self._template.stdout
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
            "log": str(self.log),
        }
        with self._one_request, suppress(OSError, ValueError):
            self._template.stdin.write(json.dumps(request) + "\n")
            self._template.stdin.flush()
            return ForkedKernel(int(self._template.stdout.readline()))
        return None

    def add(self, kernel: KernelProcess) -> None:
        """Answer for a kernel: it ends with the host."""
        self._kernels.append(kernel)
        if self.closed:
            self.kill()

    def kill(self) -> None:
        """End every kernel at once, with whatever it has started."""
        self.closed = True
        for kernel in list(self._kernels):
            if kernel.poll() is None:
                with suppress(AttributeError, OSError):  # Windows has no process groups
                    os.killpg(kernel.pid, signal.SIGKILL)
                kernel.kill()

    def close(self) -> None:
        """End the kernels and the template, and remove the folder."""
        self.kill()
        for kernel in self._kernels:
            kernel.wait()
        if self._template is not None:
            with suppress(OSError):
                self._template.communicate()
        self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
