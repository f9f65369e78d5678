"""From a notebook's cell to Python: magics and shell lines become calls that do nothing, as nobody is there to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["names", "translated"]

_BODIES = ("capture", "time", "timeit", "prun")  # cell magics whose body is Python that defines names


class _Quiet:
    """Stands where a notebook has its kernel: every request for a magic or a shell command comes to nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("__"):
            raise AttributeError(name)
        return _nothing


def _nothing(*_: object, **__: object) -> None:
    """Do nothing."""


def names() -> dict[str, Any]:
    """Return what a notebook has before its first cell."""
    quiet = _Quiet()
    return {"__name__": "__main__", "get_ipython": lambda: quiet, "display": _nothing}


def translated(source: str) -> str:
    """Return the cell as Python; what is Python already stays as it is, mistakes included."""
    try:
        compile(source, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    else:
        return source
    first, newline, body = source.lstrip().partition("\n")
    if first.startswith("%%"):
        # Blank lines keep the numbers of the others.
        return newline + translated(body) if first[2:].split(" ")[0] in _BODIES else ""
    # Here, because few cells need it, and those who need it can wait.
    from IPython.core.inputtransformer2 import TransformerManager

    manager: Any = TransformerManager
    return str(manager().transform_cell(source))
