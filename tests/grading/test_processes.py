"""What the kernel tells about processes, also where it tells less."""

from __future__ import annotations

import os
import socket

import pytest

from labsupport.grading.sandbox import processes
from labsupport.grading.sandbox.processes import buffers_of, memory_of

NOBODY = 4_194_304  # one more than the largest process id that there is


def test_processes_that_forbid_the_look_at_their_shares_count_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = processes._counted

    def hidden(file: str, names: tuple[bytes, ...]) -> int | None:
        return None if file.endswith("smaps_rollup") else counted(file, names)

    own = memory_of([os.getpid()], 0)
    monkeypatch.setattr(processes, "_counted", hidden)
    assert own > 0
    assert memory_of([os.getpid()] * 3, 0) > 2 * own


def test_a_socket_counts_with_all_that_its_buffers_hold() -> None:
    with socket.socket(socket.AF_UNIX) as end:
        sizes = [end.getsockopt(socket.SOL_SOCKET, option) for option in (socket.SO_SNDBUF, socket.SO_RCVBUF)]
        assert buffers_of(os.getpid()) >= sum(sizes) > 0


def test_who_is_gone_holds_nothing() -> None:
    assert memory_of([NOBODY], 0) == memory_of([NOBODY] * 3, 0) == buffers_of(NOBODY) == 0
