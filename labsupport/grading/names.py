"""Learners' ids and names come from outside: what to write them as in messages, file names and spreadsheets."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from labsupport.notebook.look import plain

__all__ = ["file_stem", "is_usable_id", "legible", "spreadsheet_read", "spreadsheet_safe"]

_STEM_LENGTH = 40
_ID_LENGTH = 200
# Letters that no eye sees, and those that turn the direction of what follows; joiners, which scripts need, are fine.
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
# What makes a spreadsheet compute; Excel reads the wide signs of East Asian keyboards as the narrow ones.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def file_stem(learner: str) -> str:
    """Return the beginning of a file's name for `learner`: readable, and another one for every other id.

    Small Latin letters, digits and hyphens, at most 51; what stands before the last hyphen is for people, and the
    digest behind it tells ids apart that look alike, also where file names do not tell capitals from small letters.
    It names no device on Windows, since no device's name has a digest.
    """
    letters = unicodedata.normalize("NFKD", learner).encode("ascii", "ignore").decode().lower()
    readable = re.sub(r"[^a-z0-9]+", "-", letters)[:_STEM_LENGTH].strip("-")
    digest = hashlib.sha256(learner.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{readable or 'learner'}-{digest}"


def is_usable_id(text: str) -> bool:
    """Whether `text` can be a learner's id: not empty, not endless, and every sign of it can be seen and stored."""
    return (
        0 < len(text) <= _ID_LENGTH
        and text not in (".", "..")
        and not _UNSEEN.search(text)
        and not any(unicodedata.category(char) in ("Cc", "Cs") for char in text)
    )


def legible(text: str, limit: int = 160) -> str:
    """Return `text` for one line of a message: whatever would hide or turn something is spelled out, the middle cut."""
    line = plain(text).replace("\n", "\\n").replace("\t", "\\t")
    line = re.sub("[\u2028\u2029]", lambda match: f"\\u{{{ord(match[0]):x}}}", line)
    if len(line) <= limit:
        return line
    half = (limit - 1) // 2
    return f"{line[:half]}…{line[-half:]}"


def spreadsheet_safe(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula: a ' goes before a beginning that could be one.

    Everything after the ' is as it was, so that people still find the learner; `spreadsheet_read` takes it off again.
    """
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def spreadsheet_read(text: str) -> str:
    """Return what `spreadsheet_safe` was given; a ' that guards nothing stays."""
    return text[1:] if text.startswith("'") and spreadsheet_safe(text[1:]) == text else text
