"""Values in few characters: as Python would write them, with what is left out counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from labsupport.exercises.plain import Plain

__all__ = ["SHORT", "cut", "shorten", "written"]

SHORT = 120  # characters
_INT_BITS = 120  # beyond, hexadecimal: decimal text is slow for huge ints, and refused beyond 4300 digits
_BYTES_SHOWN = 24


def shorten(value: Plain) -> str:
    """Return `value` in at most 120 characters."""
    return cut(_shown(value, SHORT), SHORT)


def written(value: Plain) -> str:
    """Return `value` in full, as Python reads it."""
    if isinstance(value, int) and value.bit_length() > _INT_BITS:
        return hex(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {written(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        items = ", ".join(written(item) for item in value)
        if isinstance(value, list):
            return f"[{items}]"
        return f"({items},)" if len(value) == 1 else f"({items})"
    return repr(value)


def cut(text: str, limit: int) -> str:
    """Return `text`, cut to `limit` characters with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shown(value: Plain, room: int) -> str:
    """Return `value` in about `room` characters; `shorten` sees to the limit."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _int_shown(value)
    if isinstance(value, str):
        return _text_shown(value, room)
    if isinstance(value, bytes):
        return repr(value) if len(value) <= _BYTES_SHOWN else f"{value[:12]!r}… ({len(value):,} bytes)"
    if isinstance(value, Mapping):
        return _listed("{", [partial(_pair_shown, key, item) for key, item in value.items()], "}", room)
    if isinstance(value, Sequence):
        opening, closing = ("(", ",)" if len(value) == 1 else ")") if isinstance(value, tuple) else ("[", "]")
        return _listed(opening, [partial(_shown, item) for item in value], closing, room)
    return repr(value)


def _int_shown(value: int) -> str:
    if value.bit_length() <= _INT_BITS:
        return str(value)
    digits = hex(value)
    return f"{digits[:14]}…{digits[-8:]} ({value.bit_length():,} bits)"


def _text_shown(value: str, room: int) -> str:
    whole = repr(value[:room])
    if len(value) <= room and len(whole) <= room:
        return whole
    rest = f"… ({len(value):,} characters)"
    kept = max(room - len(rest) - 2, 8)
    while kept > 8 and len(repr(value[:kept])) > room - len(rest):  # escapes take more room than characters
        kept -= 1
    return repr(value[:kept]) + rest


def _pair_shown(key: str, item: Plain, room: int) -> str:
    name = _text_shown(key, max(room // 2, 20))
    return f"{name}: {_shown(item, room - len(name) - 2)}"


def _listed(opening: str, parts: Sequence[Callable[[int], str]], closing: str, room: int) -> str:
    """Return as many of `parts`, each told its room, as fit between the brackets; count them all if some do not."""
    rest = f"… ({len(parts):,} in all)"
    room -= len(opening) + len(closing)
    text = ""
    for number, part in enumerate(parts, start=1):
        joint = ", " if text else ""
        last = number == len(parts)
        # What follows is at least counted.
        shown = part(room - len(text) - len(joint) - (0 if last else len(rest) + 2))
        if len(text + joint + shown) + (0 if last else len(rest) + 2) > room:
            return f"{opening}{text}{joint}{rest}{closing}"
        text += joint + shown
    return opening + text + closing
