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

_lock = threading.RLock()
_users: Counter[str] = Counter()
_environment: dict[str, str | None] = {}
_system_getaddrinfo = socket.getaddrinfo


def _getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if isinstance(name, str) and _users[name.lower()] > 0:
        host = LOOPBACK
    return _system_getaddrinfo(host, port, *args, **options)


@contextlib.contextmanager
def lab_names(*hosts: str) -> Iterator[None]:
    """Resolve `hosts` (and no others) to 127.0.0.1 in this process until the block ends.

    Counted by reference, so that several pairs may live side by side; with the last one the resolver is as it was.
    Meanwhile the environment's proxies do not apply to `hosts`, and its CA bundles to nobody.
    """
    names = [host.lower() for host in hosts]
    with _lock:
        if not _users.total():
            _install()
        _users.update(names)
        _exempt_from_proxies()
    try:
        yield
    finally:
        with _lock:
            _users.subtract(names)
            if not _users.total():
                _users.clear()
                _restore()


def _install() -> None:
    global _system_getaddrinfo
    # A resolver hook that somebody else put in place stays in force beneath this one.
    _system_getaddrinfo = socket.getaddrinfo
    socket.getaddrinfo = _getaddrinfo
    for variable in (*_CA_VARIABLES, *_PROXY_EXEMPTIONS):
        _environment[variable] = os.environ.get(variable)
    for variable in _CA_VARIABLES:
        os.environ.pop(variable, None)


def _exempt_from_proxies() -> None:
    for variable in _PROXY_EXEMPTIONS:
        theirs = _environment[variable]
        os.environ[variable] = ",".join(filter(None, [theirs, LOOPBACK, *sorted(_users)]))


def _restore() -> None:
    # Where another hook was laid over this one it must stay; ours then passes every name on unchanged.
    if socket.getaddrinfo is _getaddrinfo:
        socket.getaddrinfo = _system_getaddrinfo
    for variable, value in _environment.items():
        if value is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = value
    _environment.clear()
