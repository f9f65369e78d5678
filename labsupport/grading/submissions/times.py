"""When something was handed in, by which clock, and how late that is; every time has its zone.

Checked: nbgrader 0.9.6 (``nbgrader/exchange/abc/exchange.py``: the format ``%Y-%m-%d %H:%M:%S.%f %Z``, zone UTC
unless configured; ``nbgrader/utils.py``: a time without a zone is UTC) and the timestamp files in its documentation,
which name zones as ``America/Los_Angeles``. The times in a zip have no zone unless a second field holds the seconds
since 1970 (PKWARE's APPNOTE 4.4.6; Info-ZIP's field 0x5455): without it they are taken as local time here.
"""

from __future__ import annotations

import datetime as dt
import re
import struct
import time
import zipfile
import zoneinfo

from labsupport.errors import UsageError
from labsupport.grading.names import legible

__all__ = ["file_time", "how_late", "in_words", "parse_due", "stamp_time", "zip_time"]

_DUE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_OFFSET = re.compile(r"[+-]\d\d:?\d\d", re.ASCII)
_SECONDS_SINCE_1970 = 0x5455


def parse_due(text: str) -> dt.datetime:
    """Return the time that `text` gives, as ``2026-12-01T23:59``, with ``Z`` or ``+01:00`` where a zone is meant.

    Without a zone it is the local time here. Raises UsageError.
    """
    try:
        if not _DUE.fullmatch(text.strip()):
            raise ValueError
        due = dt.datetime.fromisoformat(text.strip())
        return due if due.tzinfo else due.astimezone()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"{legible(text, 60)}: not a due date; write 2026-12-01T23:59, or 2026-12-01T23:59+01:00 with its zone"
        ) from None


def stamp_time(text: str) -> dt.datetime:
    """Return the time in nbgrader's timestamp file; raise ValueError, whose text says what it holds, if there is none.

    The zone is a name as ``America/Los_Angeles``, an offset, or the short name of the zone here; without it, UTC.
    """
    text = text.strip()
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        stamp, _, name = text.rpartition(" ")
        zone = _zone(name)
        try:
            found = dt.datetime.fromisoformat(stamp)
        except ValueError:
            zone = None
        if zone is None or found.tzinfo is not None:
            raise ValueError(f"“{legible(text, 60)}” is not a time that nbgrader writes") from None
        found = found.replace(tzinfo=zone) if isinstance(zone, dt.tzinfo) else found.astimezone()
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _zone(name: str) -> dt.tzinfo | str | None:
    """Return a time zone by its name, the text ``here`` for the zone that this machine has, None if it is unknown."""
    if name in ("UTC", "GMT", "UCT", "Z"):
        return dt.UTC
    if name in time.tzname:
        return "here"
    try:
        return dt.datetime.strptime(name, "%z").tzinfo if _OFFSET.fullmatch(name) else zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zip_time(info: zipfile.ZipInfo) -> tuple[dt.datetime | None, str]:
    """Return the time of a zip's entry and whose clock that is; no time where it has none, or an impossible one."""
    seconds = _seconds(info.extra)
    if seconds is not None:
        return file_time(seconds), "the zip"
    if info.date_time[:3] == (1980, 1, 1):
        return None, ""  # what tools write that know no time
    try:
        found = dt.datetime(*info.date_time).astimezone()
    except (ValueError, OverflowError, OSError):
        return None, ""
    return found, "the zip, whose times have no zone and are read as local time here"


def _seconds(extra: bytes) -> int | None:
    while len(extra) >= 4:
        tag, size = struct.unpack_from("<HH", extra)
        field = extra[4 : 4 + size]
        if tag == _SECONDS_SINCE_1970 and len(field) >= 5 and field[0] & 1:
            return int(struct.unpack_from("<i", field, 1)[0])
        extra = extra[4 + size :]
    return None


def file_time(seconds: float) -> dt.datetime | None:
    """Return the time of a file's change, in the zone here; None where it is none that a clock can show."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def in_words(moment: dt.datetime) -> str:
    """Return ``2026-12-01 23:59 CET``."""
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname()}"


def how_late(lateness: dt.timedelta) -> str:
    """Return ``2 hours 5 minutes``: the two largest units."""
    minutes = int(lateness.total_seconds()) // 60
    units = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    words = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in units if count]
    return " ".join(words[:2]) or "less than a minute"
