"""A Dask cluster on loopback: a real scheduler and real workers, in processes and on ports that the system chooses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from labsupport.grading.cluster import Certificates

__all__ = ["DaskCluster"]

_SECONDS = 60.0


class DaskCluster:
    """A context manager; `workers` are the running processes, one thread each."""

    def __init__(
        self,
        folder: Path,
        workers: int,
        *,
        certificates: Certificates | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._wanted = workers
        self._environment = {**os.environ, "DASK_CONFIG": str(folder), **(environment or {})}
        self._tls: list[str] = []
        if certificates is not None:
            files = {"ca-file": certificates.ca, "cert": certificates.cert, "key": certificates.key}
            self._tls = [f"--tls-{name}={path}" for name, path in files.items()]
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        place = self._folder / "scheduler.json"
        host = ["--host", "tls://127.0.0.1" if self._tls else "127.0.0.1"]
        self.scheduler = self._started("scheduler", *host, "--port=0", f"--scheduler-file={place}")
        try:
            self.address = self._address(place)
            for _ in range(self._wanted):
                self.workers.append(
                    self._started(
                        "worker", self.address, "--nthreads=1", "--no-nanny", f"--local-directory={place.parent}"
                    )
                )
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Told to end at the same time, Dask's processes wait for each other.
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    @property
    def said(self) -> str:
        """What the processes wrote, for the message of a test that fails."""
        return (self._folder / "log").read_text(errors="replace")[-4000:]

    def _started(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        command: Sequence[str] = [
            sys.executable,
            "-m",
            "dask",
            what,
            *arguments,
            *self._tls,
            "--dashboard-address=127.0.0.1:0",
        ]
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment, cwd=self._folder
            )

    def _address(self, place: Path) -> str:
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until and self.scheduler.poll() is None:
            with suppress(OSError, ValueError, KeyError):  # not there yet, or half written
                return str(json.loads(place.read_text())["address"])
            time.sleep(0.05)
        raise AssertionError(self.said)
