"""A server's access log of verdicts: who came, what was decided, at which layer and why.

The server is the witness: a client often knows only that the line went dead, the log knows the reason.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Condition, get_ident

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
        """The verdict as a table shows it: ``GET / → 200``, ``refused``, or ``broke off`` where nobody decided."""
        if self.request is not None:
            return f"{self.request} → {self.status}"
        if self.layer == "tcp":
            return "broke off"
        return "let in" if self.admitted else "refused"

    def row(self) -> tuple[str, ...]:
        """Return the cells under `HEADINGS`."""
        reason = self.reason if self.verify_code is None else f"{self.reason} ({self.verify_code})"
        client = ", ".join(self.peer) or "nobody known"
        return str(self.number), client, self.version or "–", self.words, self.layer, reason


@dataclass(eq=False)
class AccessLog:
    """The verdicts of one server, oldest first; safe to read while the server works."""

    owner: str
    _entries: deque[Verdict] = field(default_factory=lambda: deque(maxlen=_KEPT), repr=False)
    _changed: Condition = field(default_factory=Condition, repr=False)
    _undecided: dict[int, object] = field(default_factory=dict, repr=False)
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
            self._decided()
        for listener in self._listeners:
            # A reader of the log that fails must not cost a client its answer.
            with suppress(Exception):
                listener(entry)
        return entry

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Mark this thread's connection as undecided until its first verdict, at the latest until the block ends.

        Readers wait for it, briefly.
        """
        with self._changed:
            self._undecided[get_ident()] = object()
        try:
            yield
        finally:
            with self._changed:
                self._decided()

    def _decided(self) -> None:
        if self._undecided.pop(get_ident(), None) is not None:
            self._changed.notify_all()

    def subscribe(self, listener: Callable[[Verdict], None]) -> None:
        """Call `listener` with each verdict from now on, in the server's thread."""
        self._listeners.append(listener)

    def entries(self) -> tuple[Verdict, ...]:
        """Return the verdicts so far, those of connections in mid-decision included when they come in half a second."""
        with self._changed:
            begun = {ticket for thread, ticket in self._undecided.items() if thread != get_ident()}
            self._changed.wait_for(lambda: begun.isdisjoint(self._undecided.values()), timeout=_SETTLE_SECONDS)
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
