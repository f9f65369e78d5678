"""What runs in a Dask worker: a submission goes to a judge in a process of its own, as it does without a cluster.

Everything that travels is text. A judge stays warm between submissions and is ended when nothing came for a while;
if the Dask worker is killed, its judges see their sockets close and end themselves.
"""

from __future__ import annotations

import functools
import hashlib
import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import labsupport
from labsupport.authoring.places import masters_dir
from labsupport.grading.pool import Pool
from labsupport.grading.records import Submission, result_to
from labsupport.grading.sandbox.sandbox import NoSandbox
from labsupport.grading.settings import Settings, specs_version
from labsupport.grading.worker import job_from, job_to

__all__ = ["IDLE_SECONDS", "installed", "judge", "order_to"]

IDLE_SECONDS = 60.0
_REMEDY = "install the same one there, and start the worker again"


@functools.cache
def installed() -> str:
    """Return what has to be the same at both ends: the version of the specs, and a digest of grader and notebooks."""
    own = Path(labsupport.__file__).parent
    digest = hashlib.sha256()
    for path in [*sorted((own / "grading").rglob("*.py")), *sorted(masters_dir().glob("*.ipynb"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{specs_version()}.{digest.hexdigest()[:8]}"


def order_to(submission: Submission, settings: Settings) -> str:
    """Return the text that `judge` takes; what the batch knows of the learner stays there."""
    return json.dumps({"installed": installed(), "settings": settings.to_json(), "job": job_to(submission)})


def judge(order: str) -> str:
    """Judge one submission in this Dask worker, and return the result, or why this worker refuses, as JSON text."""
    wanted = json.loads(order)
    if wanted["installed"] != installed():
        here, there = installed(), wanted["installed"]
        return json.dumps({"other": f"{_name()} has version {here} of the course, not {there}: {_REMEDY}"})
    try:
        return json.dumps(_judged(Settings.from_json(wanted["settings"]), job_from(wanted["job"])))
    except NoSandbox as refused:
        return json.dumps({"refused": f"{_name()} cannot lock up learners' code: {refused}"})


def _name() -> str:
    from distributed import get_worker

    return f"the Dask worker {get_worker().address} on {socket.gethostname()}"


@dataclass(frozen=True)
class _Job:
    """One try; whether there is another is decided where the batch is."""

    submission: Submission
    again: bool = False
    key: object = None


def _judged(settings: Settings, submission: Submission) -> Mapping[str, Any]:
    pool = _IDLE.taken(settings) or Pool(settings, 1)
    try:
        [(_, result)] = pool.judged([_Job(submission)])
    except BaseException:  # whatever it is, a judge that was left in the middle is of no use
        pool.__exit__(None, None, None)
        raise
    _IDLE.put(settings, pool)
    return {"result": result_to(result)}


class _Idle:
    """The judges of this process that have nothing to do, the warmest last; several threads ask for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: list[tuple[Settings, Pool, threading.Timer]] = []

    def taken(self, settings: Settings) -> Pool | None:
        with self._lock:
            for place in reversed(range(len(self._pools))):
                if self._pools[place][0] == settings:
                    _, pool, timer = self._pools.pop(place)
                    timer.cancel()
                    return pool
        return None

    def put(self, settings: Settings, pool: Pool) -> None:
        timer = threading.Timer(IDLE_SECONDS, self._end, [pool])
        timer.daemon = True
        with self._lock:
            self._pools.append((settings, pool, timer))
        timer.start()

    def _end(self, pool: Pool) -> None:
        with self._lock:
            kept = [each for each in self._pools if each[1] is not pool]
            mine = len(kept) < len(self._pools)
            self._pools = kept
        if mine:  # nobody took it while the timer rang
            pool.__exit__(None, None, None)


_IDLE = _Idle()
