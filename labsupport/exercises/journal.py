"""What a judge observes that the seed of the inputs does not determine: taken down once, read back on a replay.

A spec says ``observe("verify code", look, certificate)`` wherever it learns something from a clock, from a handshake,
or from a server of its own; keys, certificates and the time of ``labsupport.pki`` are observed without its doing.
With a `Journal` open, each observation is written into it; with a `Reader` open, nobody looks, and what was written
is read back, in the same order, under the same label and about the same things. With neither, as in a notebook,
``observe`` only looks.

The keeper belongs to one thread: a spec observes in its own thread what its servers saw in theirs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from labsupport.errors import ReplayMismatch
from labsupport.exercises.plain import Plain, from_wire, to_wire
from labsupport.pki.fresh import fresh, kept_by

__all__ = ["SAW", "Entry", "Journal", "Reader", "observe"]

T = TypeVar("T")

# Plain JSON.  An observation is ["saw", label, digest of what it was about, value]; other entries are their writers'.
Entry: TypeAlias = list[Any]

SAW = "saw"
_DIGEST_BYTES = 16


def observe(
    label: str,
    look: Callable[[], T],
    *about: Plain,
    to: Callable[[T], Plain] = lambda value: value,  # type: ignore[assignment, return-value]  # plain data as it stands
    back: Callable[[Any], T] = lambda value: value,  # the same
) -> T:
    """Return what `look` sees, or on a replay what it saw.

    `about` is what `look` depends on, as far as it is worth a comparison. `to` makes plain data of what was seen and
    `back` the same thing of those; plain data need neither. What is fresh inside `look` is not observed by itself.
    """
    return fresh(label, look, to=to, back=back, about=lambda: about)


class Journal:
    """Writes down: `entries` grows with each observation, and with what others add to it."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def keep(
        self,
        what: str,
        make: Callable[[], T],
        *,
        to: Callable[[T], Any],
        back: Callable[[Any], T],  # noqa: ARG002  # a reader's business
        about: Callable[[], Any],
    ) -> T:
        """Look, write down what was seen, and return it."""
        with kept_by(None):
            digest = _digest(about())
            seen = make()
        self.entries.append([SAW, what, digest, to_wire(to(seen))])
        return seen


class Reader:
    """Reads back `entries`; whatever is asked of it in another order than then raises ReplayMismatch."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self._entries = list(entries)
        self._place = 0

    def turn_to(self, entries: Sequence[Entry]) -> None:
        """Go on with other entries; those before must all have been read."""
        self.finish()
        self._entries, self._place = list(entries), 0

    def finish(self) -> None:
        """Raise ReplayMismatch where entries are left."""
        if self._place < len(self._entries):
            raise ReplayMismatch(f"the record goes on where the judge has done: {_named(self._entries[self._place])}")

    def next(self, kind: str, label: str) -> Entry:
        """Return the next entry, which has to be of this kind and label."""
        if self._place >= len(self._entries):
            raise ReplayMismatch(f"the record ends before this: {label}")
        entry = self._entries[self._place]
        if entry[:2] != [kind, label]:
            raise ReplayMismatch(f"the record has {_named(entry)} in the place of this: {label}")
        self._place += 1
        return entry

    def keep(
        self,
        what: str,
        make: Callable[[], T],  # noqa: ARG002  # nobody looks again
        *,
        to: Callable[[T], Any],  # noqa: ARG002  # a writer's business
        back: Callable[[Any], T],
        about: Callable[[], Any],
    ) -> T:
        """Return what was seen then."""
        _, _, digest, wire = self.next(SAW, what)
        with kept_by(None):
            if _digest(about()) != digest:
                raise ReplayMismatch(f"the record's {what} is about something else")
        try:
            return back(from_wire(wire))
        except (ValueError, TypeError, LookupError, AttributeError):
            raise ReplayMismatch(f"the record's {what} cannot be read") from None


def _digest(about: Any) -> str:
    if not about:
        return ""
    text = json.dumps(to_wire(about), separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[: 2 * _DIGEST_BYTES]


def _named(entry: Entry) -> str:
    return " ".join(str(part) for part in entry[:2])
