"""From a notebook's cell to Python: magics and shell lines become calls that do nothing, as nobody is there to see.

Those whose work is Python are done: what is timed is run, what is written to a file can be imported.
"""

from __future__ import annotations

import ast
import re
from typing import Any

__all__ = ["names", "translated"]

_BODIES = ("capture", "time", "timeit", "prun")  # cell magics whose body is Python that defines names
_TIMED = re.compile(r"^([ \t]*)%time[ \t]+(?=[^\s-])", re.MULTILINE)
_WRITING = re.compile(r"%%(?:writefile|file)[ \t]+(-a[ \t]+|--append[ \t]+)?(\S+)[ \t]*")


class _Quiet:
    """Stands where a notebook has its kernel: every request for a magic or a shell command comes to nothing."""

    def __getattr__(self, name: str) -> _Quiet:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: object, **__: object) -> None:
        """Do nothing."""


_QUIET = _Quiet()


def _kernel() -> _Quiet:
    return _QUIET


def _nothing(*_: object, **__: object) -> None:
    """Do nothing."""


def names() -> dict[str, Any]:
    """Return what a notebook has before its first cell."""
    return {"__name__": "__main__", "get_ipython": _kernel, "display": _nothing}


def translated(source: str) -> str:
    """Return the cell as Python; what is Python already stays as it is, mistakes included."""
    if "IPython" in source:
        _hide_kernel()
    try:
        compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    else:
        return source
    first, newline, body = source.lstrip().partition("\n")
    if written := _WRITING.fullmatch(first.rstrip()):
        how = "a" if written[1] else "w"
        return f"with __import__('pathlib').Path({written[2]!r}).open({how!r}) as _: _.write({body!r})"
    if first.startswith("%%"):
        # Blank lines keep the numbers of the others.
        return newline + translated(body) if first[2:].split(" ")[0] in _BODIES else ""
    # Here, because few cells need it, and those who need it can wait.
    from IPython.core.inputtransformer2 import TransformerManager

    manager: Any = TransformerManager
    try:
        return str(manager().transform_cell(_TIMED.sub(r"\1", source)))
    except Exception:  # what not even IPython can read is for Python to say what is wrong with
        return source


def _hide_kernel() -> None:
    """Let those who ask IPython for the kernel have the one that `names` gives to all others."""
    try:
        import IPython
    except ImportError:
        return
    IPython.get_ipython = _kernel
