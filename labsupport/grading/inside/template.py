"""The process that has imported what answers need, once, and forks a child for each submission.

``main`` is called inside the sandbox with the descriptor of a socket to the judge. Each request is one JSON datagram
with two descriptors; what becomes of it is said on those, not here.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import socket

from labsupport.grading.inside.child import become_first
from labsupport.grading.inside.limits import Limits

__all__ = ["WARM", "main"]

# What the lessons' set-up cells import, what is imported late by what they call, and what a room needs.
WARM = (
    "IPython.core.inputtransformer2",
    "asyncio",
    "cryptography.hazmat.backends.openssl.backend",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.asymmetric.padding",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.x509",
    "cryptography.x509.verification",
    "datetime",
    "fractions",
    "ipaddress",
    "labsupport.exercises.room",
    "labsupport.grading.inside.cells",
    "labsupport.tls.names",
    "netrc",
    "requests",
    "requests.adapters",
    "ssl",
    "statistics",
    "subprocess",
)
_REQUEST = 4096


def main(descriptor: int, *, once: bool = False) -> None:
    """Fork a child for each request until the judge closes the socket; with `once` become the only child."""
    with socket.socket(fileno=descriptor) as judge:
        for module in WARM if not once else ():
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
        gc.collect()
        gc.freeze()
        judge.send(b"ready")
        while True:
            message, descriptors, _, _ = socket.recv_fds(judge, _REQUEST, 2)
            # The children are seen to end by their sockets; what they took is counted when they are buried.
            _bury(0 if not message else os.WNOHANG)
            if not message or len(descriptors) != 2:
                return
            if once or not os.fork():
                judge.close()
                request = json.loads(message)
                room, service = (socket.socket(fileno=each) for each in descriptors)
                become_first(request["walls"], Limits.from_json(request["limits"]), room, service)
            for each in descriptors:
                os.close(each)


def _bury(how: int) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, how)[0]:
            pass
