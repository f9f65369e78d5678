"""What ``labsupport doctor`` examines, each a small function that returns a finding with advice.

Nothing outside the standard library is imported before its presence was established.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import labsupport

__all__ = [
    "DISTRIBUTION",
    "Finding",
    "clock",
    "examine",
    "isolation",
    "kernelspec",
    "loopback",
    "openssl_version",
    "packages",
    "python_version",
    "tools",
]

DISTRIBUTION = "mtls-lab"
_OLDEST, _NEWEST = (3, 11), (3, 13)
_REINSTALL = "pip install -e . (in the course's folder)"
# Certificates of the course start five minutes before they are made.
_SKEW_SECONDS = 300.0
_DAY = 86_400.0

_TOOLS = {
    "openssl": (("openssl",), "to read certificates and to attack the pair by hand"),
    "curl": (("curl",), "to send the five requests by hand"),
    "nginx": (("nginx",), "to try the take-it-to-work configurations"),
    "chromium": (("chromium", "chromium-browser", "google-chrome"), "for the tests that drive a real browser"),
    "bwrap": (("bwrap",), "for the instructor's isolation of submissions (package bubblewrap)"),
}
# Debian keeps servers where an ordinary user's PATH does not look.
_MORE_PATHS = ("/usr/sbin", "/usr/local/sbin", "/sbin")


@dataclass(frozen=True)
class Finding:
    """One line: `state` is ``"missing"`` only for what the course needs; `advice` is empty where nothing is to do."""

    name: str
    state: Literal["ok", "optional", "missing"]
    found: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Yield the findings, from the ground up."""
    yield python_version(sys.version_info[:3])
    yield openssl_version()
    yield from packages()
    yield kernelspec()
    yield loopback()
    yield clock(time.time())
    yield from tools()
    yield isolation()


def python_version(version: tuple[int, ...]) -> Finding:
    """Judge the interpreter's version."""
    found = f"{'.'.join(map(str, version))}  {sys.executable}"
    if version[:2] < _OLDEST:
        return Finding("Python", "missing", found, "install Python 3.11, 3.12 or 3.13")
    if version[:2] > _NEWEST:
        return Finding("Python", "ok", found, "newer than what the course was tested with (3.11 to 3.13)")
    return Finding("Python", "ok", found)


def openssl_version() -> Finding:
    """Judge the OpenSSL that Python's ssl module is built on."""
    if not ssl.HAS_TLSv1_3 or ssl.OPENSSL_VERSION_INFO < (3,):
        return Finding("OpenSSL", "missing", ssl.OPENSSL_VERSION, "use a Python that is built on OpenSSL 3.0 or later")
    return Finding("OpenSSL", "ok", ssl.OPENSSL_VERSION)


def packages(distribution: str = DISTRIBUTION) -> Iterator[Finding]:
    """Compare what is installed with the lower bounds that pyproject gives."""
    try:
        wanted = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        yield Finding(distribution, "missing", "not installed", _REINSTALL)
        return
    for requirement in wanted:
        parts = re.fullmatch(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)", requirement)
        # What has a marker belongs to an extra, for tests and authors.
        if parts:
            yield _package(parts[1], parts[2])


def _package(name: str, bound: str) -> Finding:
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "missing", "not installed", _REINSTALL)
    if _numbers(found) < _numbers(bound):
        return Finding(name, "missing", f"{found}, too old", f'pip install "{name}>={bound}"')
    return Finding(name, "ok", found)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``"9.2.0rc1"`` → ``(9, 2, 0)``; enough for lower bounds."""
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, release[0].split("."))) if release else ()


def kernelspec(name: str = "python3") -> Finding:
    """Check that notebooks will run in this very Python, where labsupport is installed."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
        from jupyter_core.paths import jupyter_path
    except ModuleNotFoundError:
        return Finding("kernel", "missing", "jupyter_client is not installed", _REINSTALL)
    try:
        # Without IPython's own folder, which it would make, and grumble where it cannot.
        command = KernelSpecManager(kernel_dirs=jupyter_path("kernels")).get_kernel_spec(name).argv[0]
    except NoSuchKernel:
        return Finding("kernel", "missing", f"no kernel named {name}", "python -m ipykernel install --sys-prefix")
    # jupyter starts a bare "python" with the interpreter that it runs in itself.
    if Path(command).parent not in (Path(), Path(sys.executable).parent):
        advice = "it belongs to another Python: python -m ipykernel install --sys-prefix, or remove the other"
        return Finding("kernel", "missing", f"{name} runs {command}", advice)
    return Finding("kernel", "ok", f"{name}, this Python")


def loopback() -> Finding:
    """Open two ports on 127.0.0.1 at once, as the pair does, and connect to one."""
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as first,
            socket.create_server(("127.0.0.1", 0)) as second,
            socket.create_connection(first.getsockname(), timeout=5),
        ):
            ports = first.getsockname()[1], second.getsockname()[1]
    except OSError as error:
        advice = "the two servers need 127.0.0.1: look at the firewall or the container's network"
        return Finding("loopback", "missing", error.strerror or str(error), advice)
    return Finding("loopback", "ok", f"ports are free, for example {ports[0]} and {ports[1]}")


def clock(now: float) -> Finding:
    """Compare the clock with times that cannot lie in its future: certificates made here would carry its error.

    `now` is in seconds since 1970.  No network is asked.
    """
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    installed = max(path.stat().st_mtime for path in Path(labsupport.__file__).parent.glob("*.py"))
    with tempfile.NamedTemporaryFile() as fresh:
        written = Path(fresh.name).stat().st_mtime
    advice = "set the clock: certificates made now would be not yet valid, or expired, elsewhere"
    if now < installed - _DAY:
        return Finding("clock", "missing", f"{found}, before this course was installed", advice)
    if abs(now - written) > _SKEW_SECONDS:
        return Finding("clock", "missing", f"{found}, {abs(now - written):.0f} s from that of the file system", advice)
    return Finding("clock", "ok", found)


def tools() -> Iterator[Finding]:
    """Look for programs that the course uses where they are there."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_MORE_PATHS])
    for name, (commands, purpose) in _TOOLS.items():
        where = next(filter(None, (shutil.which(command, path=path) for command in commands)), None)
        yield Finding(name, "ok", where) if where else Finding(name, "optional", f"not found; optional, {purpose}")


def isolation() -> Finding:
    """Start the sandbox that instructors grade in, and one learner's process in it; learners need neither."""
    if sys.platform != "linux":
        return Finding("sandbox", "optional", "not on this system; for instructors: grade on Linux, or in WSL 2")
    try:
        from labsupport.grading.sandbox.remedies import remedy, remedy_for_nested
        from labsupport.grading.sandbox.sandbox import NoSandbox, Sandbox
    except ModuleNotFoundError as error:
        return Finding("sandbox", "optional", f"{error.name} is not installed; for instructors", _REINSTALL)
    try:
        with Sandbox() as sandbox:
            sandbox.child()
            walls = sandbox.walls
    except (NoSandbox, OSError) as refused:
        why = str(refused).partition(": ")[2].partition(";")[0] or str(refused)
        return Finding("sandbox", "optional", f"{why}; for instructors, who grade", remedy(str(refused)))
    if walls == "given":
        found = "namespaces within bubblewrap are not permitted: grading works, and takes longer"
        return Finding("sandbox", "optional", f"{found}; for instructors", remedy_for_nested())
    return Finding("sandbox", "ok", "bubblewrap, with namespaces of their own for each submission")
