"""A server's access log of verdicts: who came, what was decided, at which layer and why.

The server is the witness: a client often knows only that the line went dead, the log knows the reason.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from labsupport.tls.refusal import Layer

__all__ = ["AccessLog", "Verdict"]

_KEPT = 10_000
# A client can hold an alert in hand before the server's thread has written down why; a reader waits this long for it.
_SETTLE_SECONDS = 0.5

HEADINGS = ("#", "client", "TLS", "verdict", "layer", "reason")


@dataclass(frozen=True)
class Verdict:
    """One decision: about a connection that was refused, or about one request on an admitted connection.

    `peer` holds the SubjectAltNames (or the common name) of the client certificate that was accepted; it is empty where
    none was presented or where it was not accepted.  `reason` is OpenSSL's, or words of the server's own.
    """

    number: int
    peer: tuple[str, ...]
    version: str | None
    admitted: bool
    layer: Layer
    reason: str
    verify_code: int | None = None
    request: str | None = None
    status: int | None = None

    @property
    def words(self) -> str:
        """The verdict as a table shows it: ``GET / → 200`` or ``refused``."""
        if self.request is None:
            return "refused"
        return f"{self.request} → {self.status}"

    def row(self) -> tuple[str, ...]:
        """Return the cells under `HEADINGS`."""
        reason = self.reason if self.verify_code is None else f"{self.reason} ({self.verify_code})"
        client = ", ".join(self.peer) or "nobody known"
        return str(self.number), client, self.version or "–", self.words, self.layer, reason


@dataclass
class AccessLog:
    """The verdicts of one server, oldest first; safe to read while the server works."""

    owner: str
    _entries: deque[Verdict] = field(default_factory=lambda: deque(maxlen=_KEPT), repr=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _undecided: int = field(default=0, repr=False)
    _count: int = field(default=0, repr=False)
    _listeners: list[Callable[[Verdict], None]] = field(default_factory=list, repr=False)

    def add(
        self,
        *,
        peer: tuple[str, ...] = (),
        version: str | None = None,
        admitted: bool,
        layer: Layer,
        reason: str = "",
        verify_code: int | None = None,
        request: str | None = None,
        status: int | None = None,
    ) -> Verdict:
        """Write down one verdict and return it."""
        with self._changed:
            self._count += 1
            entry = Verdict(
                self._count, peer, version, admitted, layer, reason, verify_code, request=request, status=status
            )
            self._entries.append(entry)
        for listener in self._listeners:
            listener(entry)
        return entry

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Mark a connection as undecided for the length of the block; readers wait for it, briefly."""
        with self._changed:
            self._undecided += 1
        try:
            yield
        finally:
            with self._changed:
                self._undecided -= 1
                self._changed.notify_all()

    def subscribe(self, listener: Callable[[Verdict], None]) -> None:
        """Call `listener` with each verdict from now on, in the server's thread."""
        self._listeners.append(listener)

    def entries(self) -> tuple[Verdict, ...]:
        """Return the verdicts so far, those of connections in mid-decision included when they come in half a second."""
        with self._changed:
            self._changed.wait_for(lambda: not self._undecided, timeout=_SETTLE_SECONDS)
            return tuple(self._entries)

    def clear(self) -> None:
        """Forget all verdicts; numbering goes on."""
        with self._changed:
            self._entries.clear()

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())

    def __getitem__(self, index: int) -> Verdict:
        return self.entries()[index]

    def __str__(self) -> str:
        rows = [HEADINGS, *(entry.row() for entry in self.entries())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
        return f"{self.owner}\n" + "\n".join(lines)
