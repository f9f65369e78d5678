"""How calls, values and errors of a learner's cell are spelled on a card: short, without key material, never failing.

Whatever is spelled here may be anybody's object: its ``repr`` may raise, hold a private key, or never end.
"""

from __future__ import annotations

import linecache
import re
import reprlib
import sysconfig
from collections.abc import Mapping
from functools import partial
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

__all__ = ["call_of", "error_of", "excerpt", "gist", "line_of", "scrubbed", "value_of"]

_EXCERPT = 300
_NAME = 60
_DEPTH = 3
_SAFE_INT = 10**18

_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
# The folders in front of a file name that has an ending: /tmp/x/client.key.pem, C:\keys\client.key; no URLs.
_FOLDERS = re.compile(r"(?<![\w:/\\.])(?:[A-Za-z]:)?[/\\](?:[^\s'\"<>:|/\\]+[/\\]+)*(?=[^\s'\"<>:|/\\]+\.\w)")
_TITLE = re.compile(r"<title>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)

_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = _brief.maxlong = _EXCERPT
_brief.maxtuple = _brief.maxlist = _brief.maxset = _brief.maxdict = 12


def call_of(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Spell the call as the cell has it: paths cut to their file names, texts and objects to what they are."""
    shown = [_argument(value) for value in args] + [f"{key}={_argument(value)}" for key, value in kwargs.items()]
    return f"{_name(function)}({', '.join(shown)})"


def value_of(value: Any) -> str:
    """Spell what a call returned."""
    try:
        spelled = _brief.repr(value)
    except Exception:  # whatever an object's own repr does, the card has to be drawn
        spelled = f"<{type(value).__name__}>"
    return excerpt(scrubbed(spelled))


def error_of(error: BaseException) -> str:
    """Spell an exception: its class and what it says."""
    try:
        said = str(error)
    except Exception:  # whatever an exception's own str does, the card has to be drawn
        said = ""
    said = excerpt(scrubbed(said))
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def line_of(error: BaseException, function: Any) -> str | None:
    """Return the last line of the caller's own code that `error` passed through; None where it has no such line."""
    file = getattr(getattr(_bare(function), "__code__", None), "co_filename", None)
    if not isinstance(file, str) or file.startswith(_LIBRARIES):
        return None
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            found = trace
        trace = trace.tb_next
    if found is None:
        return None
    source = linecache.getline(file, found.tb_lineno).strip()
    return f"line {found.tb_lineno}, in {found.tb_frame.f_code.co_name}" + (f": {scrubbed(source)}" if source else "")


def gist(text: str) -> str:
    """Return the line of an HTTP answer that says why: the title of a page, else the first line."""
    title = _TITLE.search(text)
    return " ".join(title[1].split()) if title else text.strip().partition("\n")[0].strip()


def scrubbed(text: str) -> str:
    """Return `text` without private keys, and file names without the folders in front of them."""
    return _FOLDERS.sub("", _PRIVATE_KEY.sub("(a private key)", text))


def excerpt(text: str) -> str:
    """Return what a card has room for."""
    text = text.strip()
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"


def _bare(function: Any) -> Any:
    """Return the Python function inside partials and methods."""
    for _ in range(_DEPTH):
        function = function.func if isinstance(function, partial) else getattr(function, "__func__", function)
    return function


def _name(function: Any) -> str:
    bare = _bare(function)
    name = getattr(bare, "__qualname__", None)
    if not isinstance(name, str):
        return f"<{type(bare).__name__}>"
    name = name.rpartition("<locals>.")[2]
    module = getattr(bare, "__module__", None)
    home = module.partition(".")[0] if isinstance(module, str) else ""
    # A method's class says more than its module; the cell's own names and the lesson's verbs need neither.
    return name if home in ("", "__main__", "builtins", "labsupport") or "." in name else f"{home}.{name}"


def _argument(value: Any, depth: int = 0) -> str:
    # By exact type: a subclass may spell itself as it likes.
    kind = type(value)
    if kind is str:
        return _text(value)
    if isinstance(value, type | FunctionType | BuiltinFunctionType | MethodType):
        return _name(value)
    if isinstance(value, PurePath):
        return repr(value.name)
    if kind is bytes:
        return f"<{len(value)} bytes>"
    if kind is tuple and depth < _DEPTH:
        inner = ", ".join(_argument(item, depth + 1) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if value is None or kind in (bool, float) or (kind is int and abs(value) < _SAFE_INT):
        return repr(value)
    return f"<{kind.__name__}>"


def _text(value: str) -> str:
    if "\n" in value or "-----BEGIN" in value:
        return f"<text of {len(value)} characters>"
    # What follows a host is no file of this machine.
    shown = value if "://" in value else scrubbed(value)
    return repr(shown if len(shown) <= _NAME else f"{shown[: _NAME - 1]}…")
