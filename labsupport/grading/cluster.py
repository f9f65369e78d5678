"""The same batch on a Dask cluster: the judges are processes of its workers, the gradebook stays with this process.

Each submission is a task of its own, and text both ways: nothing assumes a disk that is shared. Dask itself gives the
tasks of a worker that was lost to another; a submission that loses several workers is tried once more at the end,
alone, as every overdue one.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from labsupport.errors import LabError, UsageError
from labsupport.grading import cluster_worker
from labsupport.grading.jobs import J, Line, tried_twice
from labsupport.grading.names import legible
from labsupport.grading.records import RecordError, Result, result_from
from labsupport.grading.sandbox.sandbox import NoSandbox
from labsupport.grading.settings import Settings

if TYPE_CHECKING:
    from distributed import Client, Future, Security

__all__ = ["Certificates", "Cluster"]

_CONNECT_SECONDS = 5.0
_WORKERLESS_SECONDS = 60.0  # a cluster that grows on demand takes a moment
_LOOK_SECONDS = 2.0
_AHEAD = 2  # submissions a thread of the cluster is given at once, so that it need not wait for the next
_ANY = 1_000_000
_LONGEST = 600  # characters of a refusal, which says what helps
_PIP = "pip install 'mtls-lab[cluster]'"
_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):[0-9]{1,5}/?")


@dataclass(frozen=True)
class Certificates:
    """PEM files for ``tls://``: the cluster's authority, and what this process shows of itself."""

    ca: Path
    cert: Path
    key: Path


class Cluster:
    """The workers of a Dask scheduler as judges, at most `jobs` submissions at once; a context manager.

    Without `certificates` an address that begins with ``tls://`` needs Dask's own configuration of TLS.
    """

    def __init__(
        self, address: str, settings: Settings, jobs: int | None = None, certificates: Certificates | None = None
    ) -> None:
        if not _ADDRESS.fullmatch(address) or int(address.rstrip("/").rpartition(":")[2]) not in range(1, 65536):
            raise UsageError(
                f"{address!r} is no address of a Dask scheduler, such as tcp://HOST:8786 or tls://HOST:8786"
            )
        if certificates is not None and not address.startswith("tls:"):
            raise UsageError("certificates are for a cluster at tls://HOST:PORT")
        self._address = address
        self._settings = settings
        self._jobs = jobs or _ANY
        self._certificates = certificates
        self._stack = ExitStack()
        self._done: queue.SimpleQueue[Future[str]] = queue.SimpleQueue()
        self._room, self._looked = 0, 0.0

    def __enter__(self) -> Self:
        try:
            import dask.config
            import distributed
        except ModuleNotFoundError as error:
            raise LabError(f"a cluster needs the extra `cluster` ({error.name} is missing): {_PIP}") from None
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is said in our own words
        with ExitStack() as stack:
            # A notebook with large outputs is no mistake.
            stack.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GiB"}))
            security = _security(distributed.Security, self._certificates, self._address)
            self._client = stack.enter_context(self._connected(distributed.Client, security))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The scheduler drops what nobody waits for any more.
        self._stack.close()

    def judged(
        self, jobs: Iterable[J], on_second_try: Callable[[J], None] = lambda _: None
    ) -> Iterator[tuple[J, Result]]:
        """Yield each job with its result, in the order in which they are done.

        Raises NoSandbox where a worker cannot lock up learners' code, LabError when the cluster is of no use (its
        course is another one, its scheduler or all workers are gone); what `jobs` raises comes out as it is.
        """
        yield from tried_twice(jobs, self._round, self._jobs, on_second_try)

    def _connected(self, client: type[Client], security: Security) -> Client:
        try:
            self._spoken_to(_context(security))
            return client(
                self._address,
                name="labsupport",
                timeout=_CONNECT_SECONDS,
                security=security,
                set_as_default=False,
                deserializers=["msgpack", "error"],  # a result is text: what a worker pickled is not opened here
            )
        except TimeoutError:
            why = f"nothing came within {_CONNECT_SECONDS:g} s"
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", "") or error.reason or str(error)
        except (OSError, RuntimeError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
        raise LabError(f"no Dask scheduler answers at {self._address}: {legible(why)}")

    def _spoken_to(self, context: ssl.SSLContext | None) -> None:
        """Hear whether somebody is there: a scheduler speaks first, and Dask's client would wait for it for ever."""
        host, _, port = self._address.rstrip("/").partition("//")[2].rpartition(":")
        with ExitStack() as stack:
            end = stack.enter_context(socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS))
            if self._address.startswith("tls:") and context is not None:
                end = stack.enter_context(context.wrap_socket(end))
            if not end.recv(1):
                raise ConnectionError("it hangs up")

    def _round(self, jobs: Iterable[J], width: int) -> Iterator[tuple[J, Result]]:
        line = Line(jobs)
        busy: dict[object, J] = {}
        tasks: dict[object, J] = {}
        futures: dict[object, Future[str]] = {}  # a task that nobody holds is dropped
        while True:
            while len(busy) < min(width, self._found_room()) and (job := line.next(busy)) is not None:
                order = cluster_worker.order_to(job.submission, self._settings)
                future = self._client.submit(cluster_worker.judge, order, pure=False)
                busy[job.key] = tasks[future.key] = job
                futures[future.key] = future
                future.add_done_callback(self._done.put)
            if not busy:
                return
            future = self._next_done()
            finished = tasks.pop(future.key, None)
            if finished is not None:  # of a round that was left nobody asks any more
                del futures[future.key], busy[finished.key]
                yield finished, self._result(finished.submission.lesson, future)

    def _next_done(self) -> Future[str]:
        while True:
            try:
                return self._done.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                self._found_room()  # which finds out when there is nobody left

    def _found_room(self) -> int:
        """Return how many submissions the cluster can be given; workers come and go."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            try:
                self._room = _AHEAD * sum(self._client.nthreads().values())
                if not self._room:
                    self._client.wait_for_workers(1, timeout=_WORKERLESS_SECONDS)
                    self._room = _AHEAD * sum(self._client.nthreads().values())
            except TimeoutError:
                raise LabError(
                    f"the Dask scheduler at {self._address} has had no worker for {_WORKERLESS_SECONDS:g} s; "
                    "what was judged is kept, the same command goes on"
                ) from None
            except (OSError, ValueError):
                raise self._lost() from None
            self._looked = time.monotonic()
        return max(self._room, 1)

    def _lost(self) -> LabError:
        return LabError(
            f"the Dask scheduler at {self._address} is gone; what was judged is kept, the same command goes on"
        )

    def _result(self, lesson: str, future: Future[str]) -> Result:
        from distributed import CancelledError, KilledWorker

        try:
            answer = future.result()
        except KilledWorker:
            return Result(lesson, unjudged="the Dask workers that judged it ended", overdue=True)
        except CancelledError:
            raise self._lost() from None
        except (ImportError, AttributeError, RuntimeError) as error:
            raise LabError(
                f"the cluster at {self._address} cannot run this course ({_line(error)}): "
                "scheduler and workers need the same one, installed with its extra `cluster`"
            ) from None
        except Exception as error:  # whatever befell a worker, such as a full disk: another one may do better
            return Result(lesson, unjudged=f"the Dask worker failed: {_line(error)}", overdue=True)
        return _read(lesson, answer)


def _read(lesson: str, answer: object) -> Result:
    """Return the Result that `answer` describes. Raises NoSandbox and LabError where a worker refuses."""
    try:
        said = json.loads(answer) if isinstance(answer, str) else None
        match said:
            case {"refused": str(why)}:
                raise NoSandbox(legible(why, _LONGEST))
            case {"other": str(why)}:
                raise LabError(legible(why, _LONGEST))
            case {"result": record}:
                result = result_from(record)
                if result.lesson == lesson:
                    return result
    except (ValueError, RecursionError, RecordError):
        pass  # as good as no answer
    return Result(lesson, unjudged="what a Dask worker answered is no result", overdue=True)


def _security(make: type[Security], certificates: Certificates | None, address: str) -> Security:
    if certificates is None:
        security = make()
    else:
        for path in (certificates.ca, certificates.cert, certificates.key):
            path.read_bytes()  # says which one is missing
        security = make(
            tls_ca_file=str(certificates.ca),
            tls_client_cert=str(certificates.cert),
            tls_client_key=str(certificates.key),
            require_encryption=True,
        )
    try:
        context = _context(security)
    except (ssl.SSLError, OSError) as error:
        raise LabError(f"the certificates for the cluster cannot be used: {_line(error)}") from None
    if context is None and address.startswith("tls:"):
        raise UsageError("tls:// needs --cluster-ca, --cluster-cert and --cluster-key, or Dask's own configuration")
    return security


def _context(security: Security) -> ssl.SSLContext | None:
    arguments = security.get_connection_args("client")  # type: ignore[no-untyped-call]  # Dask's types have gaps
    context: ssl.SSLContext | None = arguments.get("ssl_context")
    return context


def _line(error: BaseException) -> str:
    return legible(f"{type(error).__name__}: {error}".splitlines()[0][:200])
