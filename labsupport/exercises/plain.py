"""Plain data: what may travel between the judge and a learner's function, and the gate that admits it.

Types are compared exactly. A subclass of ``int`` can lie in ``==``, one of ``str`` in ``__format__``: the gate lets
none through and names the one it stopped, and what passes is a deep copy that shares nothing with the original.
The wire form is JSON: ints as hexadecimal text (Python refuses to print ints of more than 4300 decimal digits), bytes
as base64, lists and tuples told apart. Nothing here unpickles or evaluates.
"""

from __future__ import annotations

import base64
import binascii
import builtins
from collections.abc import Mapping, Sequence
from typing import TypeAlias

__all__ = [
    "MAX_SIZE",
    "NotPlain",
    "Plain",
    "as_plain",
    "base_names",
    "class_name",
    "from_wire",
    "readable",
    "same",
    "to_wire",
]

# Sequence and Mapping only for the type checker, so that a list[int] is Plain too; the gate admits exactly
# NoneType, bool, int, float, str, bytes, list, tuple, and dict with str keys.
Plain: TypeAlias = "bool | int | float | str | bytes | Sequence[Plain] | Mapping[str, Plain] | None"

MAX_DEPTH = 32
MAX_ITEMS = 100_000
MAX_INT_BITS = 100_000
MAX_SIZE = 8_000_000  # bytes of ints, characters of text and bytes, all together

_EXCEPTIONS = frozenset(
    each
    for each in vars(builtins).values()
    if isinstance(each, type) and issubclass(each, BaseException) and each not in (Exception, BaseException)
)
_SCALARS = (bool, int, float, str, bytes)
_CONTAINERS = (list, tuple, dict)
_ADVICE = {
    "generator": "return a list or a tuple",
    "range": "return a list",
    "map": "return a list",
    "filter": "return a list",
    "zip": "return a list",
    "set": "return a list",
    "frozenset": "return a list",
    "dict_keys": "return a list",
    "dict_values": "return a list",
    "dict_items": "return a list",
    "bytearray": "return bytes",
    "memoryview": "return bytes",
    "coroutine": "write def, not async def",
    "function": "return what it returns, not the function itself",
    "builtin_function_or_method": "return what it returns, not the function itself",
    "method": "return what it returns, not the method itself",
}


class NotPlain(ValueError):
    """A value is not plain data; the text is a noun phrase that goes after "returned"."""


def class_name(value: object) -> str:
    """Name the exact type of `value`, at most 80 characters, whatever a metaclass pretends."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return readable(name, 80)


def base_names(error: BaseException) -> tuple[str, ...]:
    """Name the built-in classes that `error` is derived from, without its own and the two that all are derived from."""
    kind = type(error)
    classes = type.__dict__["__mro__"].__get__(kind)  # whatever a metaclass pretends
    return tuple(base.__name__ for base in classes if base in _EXCEPTIONS and base is not kind)


def readable(text: str, limit: int) -> str:
    """Return `text` as UTF-8 can carry it (lone surrogates replaced), cut to `limit` characters with an ellipsis."""
    cut = str.__getitem__(text, slice(limit + 1))  # which no subclass can answer for itself
    whole = cut.encode("utf-8", "replace").decode("utf-8")
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"


def as_plain(value: object) -> Plain:
    """Return a deep copy of `value`; raise NotPlain, with a sentence's end for the card, if it is not plain data."""
    return _Gate().admit(value, 0)


class _Gate:
    """One passage: counts items and size over the whole value."""

    def __init__(self) -> None:
        self._items = 0
        self._size = 0

    def admit(self, value: object, depth: int) -> Plain:
        self._items += 1
        if self._items > MAX_ITEMS:
            raise NotPlain(f"more than {MAX_ITEMS:,} items")
        if depth > MAX_DEPTH:
            raise NotPlain(f"data nested more than {MAX_DEPTH} deep")
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value  # type: ignore[return-value]  # mypy does not narrow by exact type
        if kind is int:
            return self._int(value)  # type: ignore[arg-type]  # the same
        if kind is str or kind is bytes:
            return self._text(value)  # type: ignore[arg-type]  # the same
        if kind is list or kind is tuple or kind is dict:
            return self._container(value, depth)
        raise NotPlain(_stopped(value, depth))

    def _spend(self, size: int) -> None:
        self._size += size
        if self._size > MAX_SIZE:
            raise NotPlain(f"more than {MAX_SIZE // 1_000_000} MB of data")

    def _int(self, value: int) -> int:
        if value.bit_length() > MAX_INT_BITS:
            raise NotPlain(f"an int of {value.bit_length():,} bits; {MAX_INT_BITS:,} are the limit")
        self._spend(value.bit_length() // 8 + 1)
        return value

    def _text(self, value: str | bytes) -> str | bytes:
        self._spend(len(value))
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                raise NotPlain("a str with a lone surrogate, which no file or network can carry") from None
        return value

    def _container(self, value: object, depth: int) -> Plain:
        if isinstance(value, dict):
            pairs = list(value.items())
            for key, _ in pairs:
                if type(key) is not str:
                    raise NotPlain(f"a dict with a key that is {_article(class_name(key))}; keys must be plain str")
            return {str(self._text(key)): self.admit(item, depth + 1) for key, item in pairs}
        assert isinstance(value, list | tuple)
        items = [self.admit(item, depth + 1) for item in value]
        return items if isinstance(value, list) else tuple(items)


def _stopped(value: object, depth: int) -> str:
    within = "data that holds " if depth else ""
    for base in (*_SCALARS, *_CONTAINERS):
        if issubclass(type(value), base):
            return f"{within}a subclass of {base.__name__} named {class_name(value)}; return a plain {base.__name__}"
    name = class_name(value)
    advice = _ADVICE.get(name, "return plain data: None, bool, int, float, str, bytes, list, tuple or dict")
    return f"{within}{_article(name)}; {advice}"


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def to_wire(value: Plain) -> object:
    """Return the JSON value that stands for plain `value`; every type but None, bool, str and list is tagged."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return {"int": hex(value)}
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {"dict": [[key, to_wire(item)] for key, item in value.items()]}
    items = [to_wire(item) for item in value]
    return {"tuple": items} if isinstance(value, tuple) else items


def from_wire(wire: object) -> Plain:
    """Return the plain value that JSON value `wire` stands for.

    Raises NotPlain for anything that `to_wire` does not write: the other end of a wire is not trusted.
    """
    try:
        value = _decoded(wire)
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError):
        raise NotPlain("an answer that cannot be read") from None
    return as_plain(value)


def _decoded(wire: object) -> Plain:
    if wire is None or isinstance(wire, bool | str):
        return wire
    if isinstance(wire, list):
        return [_decoded(item) for item in wire]
    if not isinstance(wire, dict) or len(wire) != 1:
        raise ValueError("not a tagged value")
    ((tag, body),) = wire.items()
    if tag == "int":
        return int(body, 16)
    if tag == "float":
        return float(body)
    if tag == "bytes":
        return base64.b64decode(body, validate=True)
    if tag == "tuple" and isinstance(body, list):
        return tuple(_decoded(item) for item in body)
    if tag == "dict" and isinstance(body, list):
        return {key: _decoded(item) for key, item in body}
    raise ValueError("not a tagged value")


def same(left: Plain, right: Plain) -> bool:
    """Compare plain values with exact types: ``True`` is not 1, a tuple is not a list, NaN is NaN.

    It stops at the first difference: an answer may be as long as it likes, and is compared with every known mistake.
    """
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(map(same, left.values(), right.values()))
    if isinstance(left, float):
        return repr(left) == repr(right)  # which tells 0.0 from -0.0, and has one word for every NaN
    return left == right
