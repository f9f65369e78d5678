"""``attempt``: try something that may be refused, and look at what came of it as a value instead of a traceback."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labsupport.notebook import look
from labsupport.tls.refusal import Layer, Phase, Refusal, innermost, refusal_of
from labsupport.tls.trace import Side, Trace, observed

__all__ = ["Attempt", "attempt"]

_EXCERPT = 300
NO_TRACE = Trace("client", None, ())


@dataclass(frozen=True)
class Attempt:
    """What came of one attempt.

    `status` and `text` are set where an HTTP response came, `refusal` where a side refused (an HTTP status of 400 or
    more is a refusal by the server's application), `fault` where the callable failed for a reason of its own.  `trace`
    is the handshake of the first TLS connection that was opened, as the client saw it, empty where none was; `value`
    what was returned.
    """

    call: str
    seconds: float
    status: int | None = None
    text: str = ""
    refusal: Refusal | None = None
    fault: str | None = None
    unwritten: bool = False
    trace: Trace = field(default=NO_TRACE, repr=False)
    value: Any = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it worked: nobody refused and nothing failed."""
        return self.refusal is None and self.fault is None and not self.unwritten

    @property
    def by(self) -> Side | None:
        """The side that refused; None where nobody did."""
        return self.refusal.by if self.refusal else None

    @property
    def layer(self) -> Layer | None:
        """The layer at which it was refused: ``"tls"`` or ``"http"`` (``"tcp"`` where no TLS began)."""
        return self.refusal.layer if self.refusal else None

    @property
    def phase(self) -> Phase | None:
        """When: ``"handshake"``, ``"first read"`` (the client's handshake was done by then) or ``"response"``."""
        return self.refusal.phase if self.refusal else None

    @property
    def reason(self) -> str | None:
        """OpenSSL's reason, or the first line of the HTTP answer."""
        return self.refusal.reason if self.refusal else None

    @property
    def verdict(self) -> str:
        """The result in a few words."""
        if self.unwritten:
            return "not written yet"
        if self.fault is not None:
            return f"failed: {self.fault}"
        if self.refusal is None:
            return f"answered with status {self.status}" if self.status is not None else "worked"
        if self.refusal.by is None:
            return "came to nothing"
        return f"refused by the {self.refusal.by}"

    @property
    def _badge(self) -> tuple[str, str]:
        if self.unwritten:
            return "not written yet", "note"
        if self.fault is not None:
            return "failed", "bad"
        if self.refusal is not None:
            return "refused" if self.refusal.by else "cut", "bad"
        return ("worked" if self.status is None else "let in"), "good"

    def __str__(self) -> str:
        lines = [f"{self.call}: {self.verdict}"]
        lines += [f"  {name}: {value}" for name, value in self._facts()]
        lines += [f"  warning: {text}" for text in self.warnings]
        return "\n".join(lines)

    def _facts(self) -> list[tuple[str, str]]:
        facts: list[tuple[str, str]] = []
        if self.refusal is not None:
            code = "" if self.refusal.verify_code is None else f" (verify code {self.refusal.verify_code})"
            facts += [("layer", self.refusal.layer.upper()), ("when", _WHEN[self.refusal.phase])]
            facts += [("reason", self.refusal.reason + code)]
        elif self.text:
            facts.append(("answer", self.text))
        elif self.value is not None and self.status is None:
            facts.append(("returned", _excerpt(repr(self.value))))
        if self.trace.version:
            seen = "complete, as the client saw it" if self.trace.complete else "not complete"
            facts.append(("handshake", f"{self.trace.version}, {seen}"))
        return facts

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._card()}

    def _card(self) -> str:
        lines = [f"<div>{look.badge(*self._badge)} &nbsp;{look.mono(self.call)}</div>"]
        if not self.unwritten:
            lines.append(f'<div style="margin: 0.35rem 0 0.1rem"><b>{look.escape(self.verdict.capitalize())}</b></div>')
        facts = "".join(
            f'<div style="display: flex; gap: 0.8rem"><span style="flex: 0 0 6rem; {look.MUTED}">{name}</span>'
            f'<span style="min-width: 0">{look.mono(value)}</span></div>'
            for name, value in self._facts()
        )
        lines.append(facts)
        lines += [f'<div style="{look.MUTED}">warning: {look.escape(text)}</div>' for text in self.warnings]
        if self.trace.messages:
            rows = [[look.escape(cell) for cell in row] for row in self.trace.rows()]
            messages = look.table(("from", "message", "bytes", "travels"), rows)
            lines.append(look.folded(f"the handshake, {len(rows)} messages", messages))
        return look.card(lines)


_WHEN: dict[Phase, str] = {
    "connect": "while connecting",
    "handshake": "during the handshake",
    "first read": "at the first read, after the client's handshake was done",
    "response": "in the HTTP response, inside a finished TLS connection",
}


def attempt(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Attempt:
    """Call `function` with the arguments and return what came of it; nothing that it raises gets through.

    A real Ctrl-C still does.  Warnings are kept in the result instead of being printed.
    """
    call = _spelled(function, args, kwargs)
    if _is_requests(function):
        # A lesson that waits for ever teaches nothing.
        kwargs.setdefault("timeout", 10)
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught, observed() as recorders:
        warnings.simplefilter("always")
        result: Any = None
        error: Exception | None = None
        try:
            result = function(*args, **kwargs)
        # The boundary at which whatever went wrong becomes a value.
        except Exception as raised:
            error = raised
    seconds = time.perf_counter() - started
    trace = recorders[0].trace if recorders else NO_TRACE
    # The first sentence is enough: what follows are addresses on the internet.
    notes = tuple(dict.fromkeys(f"{w.category.__name__}: {str(w.message).partition('. ')[0]}" for w in caught))
    if error is not None:
        return _failed(call, seconds, error, trace, notes)
    if result is Ellipsis:
        return Attempt(call, seconds, unwritten=True, warnings=notes)
    status = getattr(result, "status_code", None)
    if not isinstance(status, int):
        return Attempt(call, seconds, trace=trace, value=result, warnings=notes)
    text = _excerpt(str(getattr(result, "text", "")))
    refusal = None
    if status >= 400:
        refusal = Refusal("server", "http", "response", text.partition("\n")[0] or f"status {status}")
    return Attempt(call, seconds, status, text, refusal, trace=trace, value=result, warnings=notes)


def _failed(call: str, seconds: float, error: Exception, trace: Trace, notes: tuple[str, ...]) -> Attempt:
    if isinstance(error, NotImplementedError):
        return Attempt(call, seconds, unwritten=True, warnings=notes)
    bottom = innermost(error)
    # Files that are not there are OSErrors too, and no network in sight.
    network = isinstance(bottom, OSError) and getattr(bottom, "filename", None) is None and not _is_bad_path(error)
    if network or trace.messages:
        return Attempt(call, seconds, refusal=refusal_of(error, trace), trace=trace, warnings=notes)
    return Attempt(call, seconds, fault=_excerpt(f"{type(error).__name__}: {error}"), warnings=notes)


def _is_bad_path(error: Exception) -> bool:
    # requests raises a bare OSError for a verify= or cert= path that does not exist.
    return type(error) is OSError


def _is_requests(function: Callable[..., Any]) -> bool:
    return getattr(function, "__module__", "") == "requests.api"


def _spelled(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Spell the call as the cell has it, paths cut to their file names."""
    module = str(getattr(function, "__module__", "")).partition(".")[0]
    name = getattr(function, "__qualname__", repr(function))
    prefix = f"{module}." if module not in ("", "__main__", "builtins") and "." not in name else ""
    shown = [_short(value) for value in args] + [f"{key}={_short(value)}" for key, value in kwargs.items()]
    return f"{prefix}{name}({', '.join(shown)})"


def _short(value: Any) -> str:
    if isinstance(value, str):
        tail = value if "://" in value else value.rsplit("/", 1)[-1]
        return repr(tail if len(tail) <= 60 else f"{tail[:57]}…")
    if isinstance(value, tuple):
        return f"({', '.join(_short(item) for item in value)})"
    if isinstance(value, bool | int | float) or value is None:
        return repr(value)
    return f"<{type(value).__name__}>"


def _excerpt(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"
