from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from labsupport.authoring import kernels
from labsupport.authoring.kernels import ForkedKernel, KernelHost, can_fork

linux_only = pytest.mark.skipif(not can_fork(), reason="kernels are forked on Linux only")

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@linux_only
def test_a_forked_kernel_is_watched_and_signalled_through_a_descriptor() -> None:
    process = subprocess.Popen(SLEEP)
    kernel = ForkedKernel(process.pid)
    assert kernel.poll() is None
    kernel.send_signal(signal.SIGTERM)
    assert kernel.wait() == 0
    assert kernel.poll() == 0
    kernel.send_signal(signal.SIGTERM)
    assert kernel.wait() == 0
    assert process.wait() == -signal.SIGTERM


@linux_only
def test_the_template_forks_processes_of_their_own_group_that_end_with_the_host(tmp_path: Path) -> None:
    with KernelHost({}) as host:
        environment = {**os.environ, "MARK": "x"}
        kernel = host.fork(["-f", str(tmp_path / "connection.json")], tmp_path, environment)
        assert kernel is not None
        host.add(kernel)
        assert os.getpgid(kernel.pid) == kernel.pid
        assert kernel.poll() is None
    assert kernel.poll() == 0
    assert not host.folder.exists()


def test_without_a_template_nothing_is_forked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "can_fork", lambda: False)
    with KernelHost({}) as host:
        assert host.fork([], tmp_path, {}) is None


def test_a_kernel_that_comes_after_the_end_is_ended_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "can_fork", lambda: False)
    with KernelHost({}) as host:
        host.kill()
        process = subprocess.Popen(SLEEP, start_new_session=True)
        host.add(process)
        assert process.wait() == -signal.SIGKILL


def test_where_there_are_no_process_groups_the_kernel_alone_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "can_fork", lambda: False)
    monkeypatch.delattr(os, "killpg")
    with KernelHost({}) as host:
        process = subprocess.Popen(SLEEP)
        host.add(process)
    assert process.wait() == -signal.SIGKILL


def test_long_folder_names_mean_ports_instead_of_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "can_fork", lambda: False)
    with KernelHost({}) as host:
        assert host.uses_sockets
        assert host.new_name() != host.new_name()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("x" * 100)))
    (tmp_path / ("x" * 100)).mkdir()
    with KernelHost({}) as host:
        assert not host.uses_sockets
