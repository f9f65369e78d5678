"""Lab host names on loopback, for as long as somebody needs them, without touching the machine's hosts file.

``https://server2.test:PORT/`` then means in a notebook what it means in life: the name in the URL is the name that the
certificate has to carry.  ``.test`` is reserved for this (RFC 6761 section 6.2).
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

__all__ = ["LOOPBACK", "lab_names"]

LOOPBACK = "127.0.0.1"

# requests reads these before it looks at verify=True; any of them would answer in place of the lesson's own setting.
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PROXY_EXEMPTIONS = ("no_proxy", "NO_PROXY")

_lock = threading.Lock()
_users: Counter[str] = Counter()
_blocks = 0
# What the environment held before, and what was put there instead.
_theirs: dict[str, str | None] = {}
_ours: dict[str, str | None] = {}
# Our hook while it is in place, and the resolver beneath it.
_hook: tuple[Any, Any] | None = None


@contextlib.contextmanager
def lab_names(*hosts: str) -> Iterator[None]:
    """Resolve `hosts` (and no others) to 127.0.0.1 in this process until the block ends.

    Counted by reference, so that several pairs may live side by side; with the last one the resolver is as it was.
    Meanwhile the environment's proxies do not apply to `hosts`, and its CA bundles to nobody.
    """
    names = [host.lower() for host in hosts]
    with _lock:
        _enter(names)
    try:
        yield
    finally:
        with _lock:
            _leave(names)


def _enter(names: list[str]) -> None:
    global _blocks
    _users.update(names)
    _blocks += 1
    if _blocks == 1:
        _lay_hook()
        for variable in (*_CA_VARIABLES, *_PROXY_EXEMPTIONS):
            _theirs[variable] = os.environ.get(variable)
        for variable in _CA_VARIABLES:
            _put(variable, None)
    _exempt_from_proxies()


def _leave(names: list[str]) -> None:
    global _blocks
    _users.subtract(names)
    _blocks -= 1
    if _blocks:
        _exempt_from_proxies()
        return
    _users.clear()
    _lift_hook()
    for variable, value in _theirs.items():
        # What somebody changed in the meantime is theirs, and stays.
        if os.environ.get(variable) == _ours[variable]:
            _put(variable, value)
    _theirs.clear()
    _ours.clear()


def _lay_hook() -> None:
    global _hook
    # A resolver hook that somebody else put in place stays in force beneath this one.  Each laying makes a function of
    # its own: one that was left behind beneath another hook must not become its own foundation.
    beneath = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(name, str) and _users[name.lower()] > 0:
            host = LOOPBACK
        return beneath(host, port, *args, **options)

    socket.getaddrinfo = getaddrinfo
    _hook = getaddrinfo, beneath


def _lift_hook() -> None:
    global _hook
    # Where another hook was laid over this one it must stay; ours then passes every name on unchanged.
    if _hook is not None and socket.getaddrinfo is _hook[0]:
        socket.getaddrinfo = _hook[1]
    _hook = None


def _exempt_from_proxies() -> None:
    for variable in _PROXY_EXEMPTIONS:
        if variable in _ours and os.environ.get(variable) != _ours[variable]:
            _theirs[variable] = os.environ.get(variable)
        listed = (_theirs[variable] or "").split(",")
        # "*" exempts everything, but only while it stands alone.
        if "*" in map(str.strip, listed):
            _ours[variable] = _theirs[variable]
            continue
        _put(variable, ",".join(filter(None, [*listed, LOOPBACK, *sorted(+_users)])))


def _put(variable: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = value
    _ours[variable] = value
