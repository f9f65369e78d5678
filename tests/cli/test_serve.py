from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from labsupport.cli import main
from tests.tools import need

SECONDS = 30.0
READY = "Verdicts, as they are made (Ctrl-C ends the servers):"


@dataclass
class Experiment:
    """One printed experiment: its name, what is said of it, and its two shell commands."""

    name: str
    said: str
    curl: str
    openssl: str


class Serve:
    """``labsupport serve`` in a process of its own, its output as lines."""

    def __init__(self, *options: str, columns: int = 80) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "labsupport", "serve", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": str(columns)},
        )
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.head: list[str] = []
        while READY not in self.head:
            self.head.append(self.line())

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def line(self) -> str:
        """Return the next line; raises queue.Empty when none comes in time."""
        return self._lines.get(timeout=SECONDS)

    @property
    def first(self) -> list[str]:
        """The lines that are to be typed first, in the other terminal."""
        return [line for line in self.head if line.startswith(("cd ", "export "))]

    @property
    def folder(self) -> Path:
        return Path(self.first[0].removeprefix("cd "))

    @property
    def port(self) -> int:
        """server2's port."""
        return int(next(re.findall(r"server2\.test:(\d+)/", line)[0] for line in self.head if "protected" in line))

    def experiments(self) -> list[Experiment]:
        text = "\n".join(self.head)
        blocks = re.split(r"^\d\. ", text, flags=re.MULTILINE)[1:]
        found = []
        for block in blocks:
            name, said = re.match(r"([a-z0-9-]+): .*\n   → (.*)\n", block).groups()  # type: ignore[union-attr]  # it fails if not
            commands = re.findall(r"^((?:curl|printf) (?:.*\\\n)*.*)$", block, flags=re.MULTILINE)
            found.append(Experiment(name, said, *commands))
        return found

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal and return the exit code and what was said on stderr."""
        self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        assert self.process.stderr is not None
        return code, self.process.stderr.read()

    def __enter__(self) -> Serve:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
        self._reader.join(SECONDS)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    with Serve(*getattr(request, "param", ())) as running:
        yield running


def came_out(said: str, output: str, code: int) -> bool:
    """Tell whether the output of a tool is what `said` promises."""
    if said.startswith("the client refuses"):
        return code != 0 and re.search(r"self-signed certificate in certificate chain|local issuer", output) is not None
    if "alert" in said:
        alert = said.rpartition(" ")[2].replace("_", " ")
        return code != 0 and f"alert {alert}" in output
    if said == "server2 refuses: HTTP 400":
        return code == 0 and "400: no client certificate was presented." in output
    assert said == "answered with 200"
    return code == 0 and "this is server2: mutual TLS works." in output


def logged(said: str, line: str) -> bool:
    """Tell whether server2's line in the live log agrees with what `said` promises."""
    if said == "answered with 200":
        return re.search(r" server2 ✓ GET / → 200, TLSv1\.\d, \S+, spiffe://course/\w+$", line) is not None
    if said == "server2 refuses: HTTP 400":
        return re.search(r" server2 ✗ GET /(ledger)? → 400, TLSv1\.\d: no client certificate", line) is not None
    return " server2 ✗ refused (TLS): " in line


@pytest.mark.tool
@pytest.mark.parametrize("serve", [(), ("--tls", "1.2"), ("--tls", "1.3", "--manner", "http")], indirect=True)
@pytest.mark.parametrize("tool", ["curl", "openssl"])
def test_every_printed_line_comes_out_as_said(serve: Serve, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    need(tool)
    # Nobody listens there: whoever asked this proxy would get no answer.
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    experiments = serve.experiments()
    assert len(experiments) == 7
    for experiment in experiments:
        done = subprocess.run(
            ["sh", "-c", "\n".join([*serve.first, getattr(experiment, tool)])],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert came_out(experiment.said, done.stdout + done.stderr, done.returncode), (experiment, done)
        line = serve.line()
        assert logged(experiment.said, line), (experiment, line)
        if experiment.name == "through-server1":
            assert line.endswith(", server1.test, spiffe://course/server1")
            assert re.search(r" server1 ✓ GET / → 200, TLSv1\.\d: forwarded to server2$", serve.line())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly_and_takes_the_keys_away(number: int, serve: Serve) -> None:
    assert serve.folder.is_dir()
    assert serve.folder.stat().st_mode & 0o777 == 0o700
    keys = list(serve.folder.glob("*.key.pem"))
    assert keys
    assert all(key.stat().st_mode & 0o777 == 0o600 for key in keys)
    port = serve.port
    assert serve.stop(number) == (0, "")
    assert [serve.line(), serve.line()] == ["", "Both servers are closed; the key files go now."]
    assert not serve.folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=SECONDS)


@pytest.mark.parametrize("columns", [80, 120])
def test_lines_fit_the_terminal(columns: int) -> None:
    with Serve(columns=columns) as serve:
        pass
    assert max(map(len, serve.head)) <= columns
    assert all("\\" not in line or line.endswith(" \\") or "HTTP/1.0" in line for line in serve.head)


def test_a_line_that_breaks_off_and_one_that_is_not_tls_are_logged(serve: Serve) -> None:
    with socket.create_connection(("127.0.0.1", serve.port), timeout=SECONDS) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert "server2 ✗ refused (TLS): HTTP_REQUEST" in serve.line()
    with socket.create_connection(("127.0.0.1", serve.port), timeout=SECONDS):
        pass
    assert "server2 ✗ broke off (TCP): " in serve.line()


def test_the_ports_can_be_chosen_and_a_taken_one_is_said_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--ports", "0", str(port)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"labsupport serve: server2.test cannot listen on 127.0.0.1:{port} (")
    assert err.count("\n") == 1


@pytest.mark.parametrize("ports", [["70000", "0"], ["x", "0"], ["-1", "0"], ["8443"]])
def test_ports_that_are_none_are_wrong_usage(ports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--ports", *ports]) == 2
    assert capsys.readouterr().err.startswith("labsupport serve: ")
