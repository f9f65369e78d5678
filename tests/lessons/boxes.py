"""The fenced boxes of the lessons, a real nginx to run them in, and a server that writes down what it is told."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labsupport.authoring.source import read_lesson
from labsupport.tls.names import LOOPBACK
from tests.tools import ROOT, need

__all__ = ["boxes", "free_port", "running_nginx", "writing_down"]

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
_FRAME = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr info;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{box}
}}
"""


def boxes(slug: str, language: str) -> list[str]:
    """Return the fenced boxes of one language in a lesson's prose, in order."""
    lesson = read_lesson(ROOT / "course" / "lessons" / f"{slug}.py")
    prose = "\n\n".join(cell.text for cell in lesson.cells if cell.kind == "markdown")
    return [text for found, text in _FENCE.findall(prose) if found == language]


def free_port() -> int:
    """Return a loopback port that is free at this moment: nginx cannot be asked for any."""
    with socket.create_server((LOOPBACK, 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextmanager
def running_nginx(box: str, folder: Path) -> Iterator[list[str]]:
    """Run nginx with `box` as its http part until the block ends; yield the lines of its error log."""
    (folder / "nginx.conf").write_text(_FRAME.format(folder=folder, box=box))
    command = [need("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    lines: list[str] = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        reader: threading.Thread | None = None
        try:
            for line in process.stderr:
                lines.append(line)
                if "start worker process " in line:
                    break
            else:
                raise AssertionError("".join(lines))
            reader = threading.Thread(target=lines.extend, args=(process.stderr,), daemon=True)
            reader.start()
            yield lines
        finally:
            process.terminate()
            process.wait(10)
            if reader is not None:
                reader.join(10)


@contextmanager
def writing_down(context: ssl.SSLContext) -> Iterator[tuple[int, list[str]]]:
    """Serve TLS with `context`, answer every request with 200, and write down its head; yield port and notes."""
    heads: list[str] = []
    with socket.create_server((LOOPBACK, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    raw, _ = listener.accept()
                except OSError:
                    return
                raw.settimeout(5)
                with raw, suppress(OSError), context.wrap_socket(raw, server_side=True) as tls:
                    head = tls.recv(65536)
                    if head:
                        heads.append(head.decode("latin-1"))
                        tls.sendall(_ANSWER)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], heads
        finally:
            # Closing alone would not wake a thread that waits in accept().
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
