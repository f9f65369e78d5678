"""Replay transcripts in a process that can do nothing else: ``python -m tests.grading.replay_elsewhere FILE``.

It is decades later there, no learner's function can be called, no key made, and no connection opened. FILE is JSON:
a list of transcripts. What comes of them is printed as JSON, in the same order.
"""

from __future__ import annotations

import datetime
import json
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any

__all__: list[str] = []

_YEARS = 30 * 365


class _Later(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return super().now(tz) + datetime.timedelta(days=_YEARS)


def _never(*_: object, **__: object) -> Any:
    raise AssertionError("a replay must not do this")


def _bar_the_doors() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    datetime.datetime = _Later  # type: ignore[misc]  # before anybody takes it from there
    now = time.time
    time.time = lambda: now() + _YEARS * 86400
    for module in ("local", "remote"):
        sys.modules[f"labsupport.exercises.{module}"] = None  # type: ignore[assignment]  # importing it fails
    ec.generate_private_key = rsa.generate_private_key = _never
    socket.socket.bind = socket.socket.connect = _never  # type: ignore[method-assign]  # that is the point
    ssl.SSLContext.wrap_bio = ssl.SSLContext.wrap_socket = _never  # type: ignore[method-assign]  # the same


def _replayed(text: str) -> dict[str, object]:
    from labsupport.grading.records import report_to
    from labsupport.grading.transcript import replay

    again = replay(text)
    assert again.report is not None
    return {
        "report": report_to(again.report) | {"seconds": 0.0},
        "then": report_to(again.then) | {"seconds": 0.0},
        "same": [case.now == case.then for case in again.cases],
    }


if __name__ == "__main__":
    _bar_the_doors()
    transcripts = json.loads(Path(sys.argv[1]).read_text(encoding="ascii"))
    print(json.dumps([_replayed(text) for text in transcripts]))
