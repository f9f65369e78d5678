"""The boundary to SQLite: text that it can hold, times as text, compressed bytes."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Mapping
from typing import TypeVar

from labsupport.grading.records import Result, result_from, result_to

__all__ = ["clean", "packed", "result_json", "result_of", "time_of", "time_text", "unpacked"]

_Value = TypeVar("_Value")


def clean(text: str) -> str:
    """Return `text` with what UTF-8 or SQLite cannot hold, lone surrogates and NUL, spelled out as an escape.

    Spelled out and not replaced by one sign for all: two learners' ids stay two.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def time_text(time: dt.datetime | None) -> str | None:
    """Return the ISO form of `time`, which must have a time zone."""
    if time is None:
        return None
    if time.utcoffset() is None:
        raise ValueError("a time in the gradebook needs its time zone")
    return time.isoformat(timespec="seconds")


def time_of(text: str | None) -> dt.datetime | None:
    """Return the time that `time_text` wrote."""
    return None if text is None else dt.datetime.fromisoformat(text)


def packed(content: str | bytes) -> bytes:
    """Return `content` compressed."""
    return zlib.compress(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)


def unpacked(content: bytes) -> bytes:
    """Return the bytes that `packed` compressed."""
    return zlib.decompress(content)


def result_json(result: Result) -> str:
    """Return `result` as JSON text, without its transcripts, which have a table of their own."""
    record = result_to(result)
    del record["transcripts"]
    return json.dumps(_cleaned(record), ensure_ascii=False, separators=(",", ":"))


def result_of(text: str, transcripts: Mapping[str, str]) -> Result:
    """Return the Result that `result_json` wrote; raise RecordError if it is of another form."""
    return result_from(json.loads(text) | {"transcripts": dict(transcripts)})


def _cleaned(value: _Value) -> _Value:
    if isinstance(value, str):
        return clean(value)  # type: ignore[return-value]  # a str for a str
    if isinstance(value, list):
        return [_cleaned(each) for each in value]  # type: ignore[return-value]  # a list for a list
    if isinstance(value, dict):
        return {clean(key): _cleaned(each) for key, each in value.items()}  # type: ignore[return-value]  # the same
    return value
