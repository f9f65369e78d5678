"""Which lesson a notebook is: what its name says, or what the course wrote into it."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["Named", "lesson_in", "lesson_named"]

# A name, and what stands before and after it
Named = tuple[str, str, str]

# The builder's mark in a notebook's metadata. Inside a string of JSON the quotes would be \" and not match; the whole
# file is not parsed, since a few MiB of brackets become a GiB of lists.
_MARK = re.compile(rb'"labsupport"\s{0,200}:\s{0,200}\{[^{}]{0,4000}?"lesson"\s{0,200}:\s{0,200}"([\w-]{1,100})"')


def lesson_named(text: str, lessons: Sequence[str]) -> Named | None:
    """Return the lesson that `text` names, with what stands before and after it; None for none, or for several.

    The name must stand by itself, in capitals or not; hyphens and spaces may stand for its underscores.
    """
    found: Named | None = None
    for lesson in sorted(lessons, key=len, reverse=True):
        words = "[-_ ]".join(map(re.escape, lesson.split("_")))
        match = re.search(rf"(?<![^\W_]){words}(?![^\W_])", text, re.IGNORECASE)
        if match is None or (found and lesson.lower() in found[0].lower()):
            continue
        if found is not None:
            return None
        found = (lesson, text[: match.start()], text[match.end() :])
    return found


def lesson_in(content: bytes, lessons: Sequence[str]) -> str | None:
    """Return the lesson that the notebook `content` says it is; None if it says none, one unknown, or several."""
    marks = {mark.decode("ascii", "replace") for mark in _MARK.findall(content)}
    return marks.pop() if len(marks) == 1 and marks <= set(lessons) else None
