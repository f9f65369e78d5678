"""The helper library of the mutual-TLS course.

These seven names are all that a lesson imports:

- ``predict``, ``attempt``, ``check``: say what will happen, try it, have an answer judged;
- ``show``, ``progress``: one figure, and the map of the course;
- ``Authority``, ``Pair``: who signs certificates, and the two servers that ask for them.

They are resolved at first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labsupport.notebook.attempt import attempt
    from labsupport.notebook.check import check
    from labsupport.notebook.predict import predict
    from labsupport.notebook.progress import progress
    from labsupport.notebook.show import show
    from labsupport.pki.authority import Authority
    from labsupport.tls.servers.pair import Pair

__all__ = ["Authority", "Pair", "attempt", "check", "predict", "progress", "show"]
__version__ = "0.1.0"

_HOMES = {
    "Authority": "labsupport.pki.authority",
    "Pair": "labsupport.tls.servers.pair",
    "attempt": "labsupport.notebook.attempt",
    "check": "labsupport.notebook.check",
    "predict": "labsupport.notebook.predict",
    "progress": "labsupport.notebook.progress",
    "show": "labsupport.notebook.show",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"labsupport has no {name!r}; lessons use {', '.join(__all__)}")
    found: object = getattr(import_module(_HOMES[name]), name)
    if "IPython" in sys.modules:
        import_module("labsupport.notebook.displays").register()
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
