"""Full mutual-TLS handshakes per second, and what one costs the server: our server2 beside nginx with one worker.

Each connection is new, resumes nothing, sends one small request and reads the answer: in TLS 1.3 only the answer proves
that the server was content.  Servers and clients are processes of their own; both servers hold the same certificate,
send no session tickets and close after the answer.  Rounds of the two are interleaved, and the medians are reported.
Everything stays on 127.0.0.1.

Run as ``python -m tests.bench.handshakes``; needs Linux, and nginx for its half of the table.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.contexts import Tls, client_context, server_context
from labsupport.tls.names import LOOPBACK
from labsupport.tls.servers.protected import Server2
from tests.nginx import nginx

__all__ = ["measure", "table"]

HOST = "server2.test"
REQUEST = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
PROTOCOLS: dict[Tls, str] = {"1.2": "TLSv1.2", "1.3": "TLSv1.3"}
Kind = Literal["server2", "nginx"]


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, and the process whose CPU time counts."""

    port: int
    process: int


@dataclass(frozen=True)
class Round:
    """What one round came to."""

    per_second: float
    cpu_ms: float


@dataclass(frozen=True)
class Course:
    """The certificates of one benchmark."""

    authority: Authority
    server: Identity
    client: Identity

    @classmethod
    def make(cls) -> Course:
        authority = Authority.root()
        return cls(authority, authority.issue(HOST, role="server"), authority.issue("client1", role="client"))

    @property
    def paths(self) -> dict[str, str]:
        return {
            "ca": self.authority.ca_path,
            "server_cert": self.server.cert_path,
            "server_key": self.server.key_path,
            "client_cert": self.client.cert_path,
            "client_key": self.client.key_path,
        }


def measure(*, rounds: int = 5, seconds: float = 2.0, clients: int = 4) -> dict[str, Any]:
    """Return the figures: for each TLS version and server the medians, and the ratio of handshakes per second.

    The ratio is None where nginx is not installed.
    """
    course = Course.make()
    figures: dict[str, Any] = {"rounds": rounds, "seconds": seconds, "clients": clients, "tls": {}}
    for tls in PROTOCOLS:
        figures["tls"][tls] = _compare(course, tls, rounds, seconds, clients)
    return figures


def _compare(course: Course, tls: Tls, rounds: int, seconds: float, clients: int) -> dict[str, Any]:
    with ExitStack() as stack:
        servers: dict[Kind, Server] = {"server2": stack.enter_context(_server2(course, tls))}
        if _has_nginx():
            servers["nginx"] = stack.enter_context(_nginx(course, tls))
        results: dict[Kind, list[Round]] = {kind: [] for kind in servers}
        for server in servers.values():
            _round(course, server, tls, seconds / 4, clients)  # warm-up, not counted
        for _ in range(rounds):
            for kind, server in servers.items():
                results[kind].append(_round(course, server, tls, seconds, clients))
    medians = {
        kind: {
            "handshakes_per_second": statistics.median(found.per_second for found in each),
            "cpu_ms_per_handshake": statistics.median(found.cpu_ms for found in each),
        }
        for kind, each in results.items()
    }
    ratio = None
    if "nginx" in medians:
        ratio = medians["server2"]["handshakes_per_second"] / medians["nginx"]["handshakes_per_second"]
    return {"servers": medians, "ratio": ratio}


def _has_nginx() -> bool:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin") is not None


@contextmanager
def _nginx(course: Course, tls: Tls) -> Iterator[Server]:
    with (
        tempfile.TemporaryDirectory() as folder,
        nginx(course.server, course.authority, Path(folder), protocols=PROTOCOLS[tls], tickets=False) as running,
    ):
        yield Server(running.port, running.worker)


@contextmanager
def _server2(course: Course, tls: Tls) -> Iterator[Server]:
    with _process("serve", {**course.paths, "tls": tls}) as process:
        assert process.stdout is not None
        yield Server(int(process.stdout.readline()), process.pid)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=10)


def _round(course: Course, server: Server, tls: Tls, seconds: float, clients: int) -> Round:
    order = {**course.paths, "tls": tls, "port": server.port, "seconds": seconds}
    with ExitStack() as stack:
        crowd = [stack.enter_context(_process("knock", order)) for _ in range(clients)]
        for client in crowd:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
        before, start = _cpu_seconds(server.process), time.perf_counter()
        for client in crowd:
            assert client.stdin is not None
            client.stdin.write("go\n")
            client.stdin.flush()
        count = sum(int(client.stdout.readline()) for client in crowd if client.stdout is not None)
        took, cpu = time.perf_counter() - start, _cpu_seconds(server.process) - before
        for client in crowd:
            client.wait(timeout=10)
    return Round(count / took, 1000 * cpu / count)


@contextmanager
def _process(task: str, order: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.bench.handshakes", task, json.dumps(order)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _cpu_seconds(process: int) -> float:
    """Return the user and system time of a process and all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _serve(order: dict[str, Any]) -> None:
    authority, identity = _loaded(order)
    context = server_context(identity, authority, tls=order["tls"])
    with Server2(HOST, context, identity=identity) as server:
        print(server.port, flush=True)
        sys.stdin.read()


def _loaded(order: dict[str, Any]) -> tuple[Authority, Identity]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key: Any = load_pem_private_key(Path(order["server_key"]).read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(Path(order["server_cert"]).read_bytes())
    trusted = x509.load_pem_x509_certificate(Path(order["ca"]).read_bytes())
    # The authority's own key is not needed to trust it.
    return Authority(trusted, key=key), Identity(certificate, key=key)


def _knock(order: dict[str, Any]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(order["ca"])
    context.load_cert_chain(order["client_cert"], order["client_key"])
    context.minimum_version = context.maximum_version = client_context(None, tls=order["tls"]).minimum_version
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.perf_counter() + order["seconds"]
    count = 0
    while time.perf_counter() < end:
        with (
            socket.create_connection((LOOPBACK, order["port"]), timeout=30) as raw,
            context.wrap_socket(raw, server_hostname=HOST) as tls,
        ):
            tls.sendall(REQUEST)
            answer = tls.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200"), answer
            while tls.recv(4096):
                pass
        count += 1
    print(count, flush=True)


def table(figures: dict[str, Any]) -> str:
    """Return the figures as a table in words."""
    effort = f"{figures['rounds']} rounds of {figures['seconds']:g} s, {figures['clients']} clients"
    lines = [
        f"Full mutual-TLS handshakes, each with one small request: medians of {effort}",
        f"{'TLS':<5}{'server':<10}{'per second':>12}{'server CPU ms each':>20}{'ratio':>8}",
    ]
    for tls, found in figures["tls"].items():
        for kind, medians in found["servers"].items():
            ratio = f"{found['ratio']:.2f}" if kind == "server2" and found["ratio"] is not None else ""
            per_second, cpu = medians["handshakes_per_second"], medians["cpu_ms_per_handshake"]
            lines.append(f"{tls:<5}{kind:<10}{per_second:>12.0f}{cpu:>20.2f}{ratio:>8}")
    if not _has_nginx():
        lines.append("nginx is not installed: no ratio")
    return "\n".join(lines)


def main() -> None:
    """Measure and print, or be one of the processes of a measurement."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("task", nargs="?", choices=["measure", "serve", "knock"], default="measure")
    parser.add_argument("order", nargs="?", default="{}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    if arguments.task == "serve":
        _serve(json.loads(arguments.order))
    elif arguments.task == "knock":
        _knock(json.loads(arguments.order))
    else:
        figures = measure(rounds=arguments.rounds, seconds=arguments.seconds)
        print(json.dumps(figures, indent=2) if arguments.json else table(figures))


if __name__ == "__main__":
    main()
