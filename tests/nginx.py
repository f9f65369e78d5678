"""A real nginx on loopback, with the course's certificates: the other opinion on what a server should do."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from labsupport.pki.authority import Authority
from labsupport.pki.identity import Identity
from labsupport.tls.names import LOOPBACK
from tests.tools import need

__all__ = ["ANSWER", "Nginx", "nginx"]

ANSWER = "Hello, mutual TLS is working"
_TRIES = 5

_CONFIGURATION = """
daemon off;
master_process on;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr info;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {address}:{port} ssl;
        server_name {name};
        ssl_protocols {protocols};
        ssl_certificate {identity.cert_path};
        ssl_certificate_key {identity.key_path};
        ssl_client_certificate {client_ca.ca_path};
        ssl_verify_client on;
        ssl_verify_depth 4;
        ssl_session_tickets {tickets};
        ssl_session_cache off;
        location / {{
            return 200 "{answer}\\n";
        }}
    }}
}}
"""


@dataclass
class Nginx:
    """A running nginx: its port, its worker's process, and what it wrote to its error log."""

    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def worker(self) -> int:
        """The process number of the one worker."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])


@contextmanager
def nginx(
    identity: Identity,
    client_ca: Authority,
    folder: Path,
    *,
    protocols: str = "TLSv1.2 TLSv1.3",
    tickets: bool = True,
) -> Iterator[Nginx]:
    """Run nginx as server2 until the block ends; it asks for client certificates as the article's does."""
    program = need("nginx")
    running = None
    for _ in range(_TRIES):
        # nginx cannot be asked for "any free port": one that is free now, and another where somebody was faster.
        with socket.create_server((LOOPBACK, 0)) as found:
            port = found.getsockname()[1]
        text = _CONFIGURATION.format(
            folder=folder,
            address=LOOPBACK,
            port=port,
            name=identity.name,
            identity=identity,
            client_ca=client_ca,
            protocols=protocols,
            tickets="on" if tickets else "off",
            answer=ANSWER,
        )
        (folder / "nginx.conf").write_text(text)
        running = _start(program, folder, port)
        if running is not None:
            break
    assert running is not None, "nginx did not start"
    reader = threading.Thread(target=_collect, args=(running,), daemon=True)
    reader.start()
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.wait(timeout=10)
        reader.join(timeout=10)
        assert running.process.stderr is not None
        running.process.stderr.close()


def _start(program: str, folder: Path, port: int) -> Nginx | None:
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    started = Nginx(port, process)
    for line in process.stderr:
        started.lines.append(line)
        if "start worker process " in line:
            return started
    process.wait(timeout=10)
    process.stderr.close()
    return None


def _collect(running: Nginx) -> None:
    assert running.process.stderr is not None
    for line in running.process.stderr:
        running.lines.append(line)
