"""``attempt``: try something that may be refused, and look at what came of it as a value instead of a traceback."""

from __future__ import annotations

import errno
import inspect
import socket
import ssl
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

from labsupport.exercises.guard import bounded
from labsupport.notebook import look
from labsupport.notebook.spelling import call_of, error_of, excerpt, gist, line_of, scrubbed, value_of
from labsupport.tls.refusal import Layer, Phase, Refusal, innermost, refusal_of
from labsupport.tls.trace import Side, Trace, observed

__all__ = ["Attempt", "attempt"]

# A lesson that waits for ever teaches nothing.
_SECONDS = 10  # for a request
_PATIENCE = 20.0  # seconds for everything else
_NO_TRACE = Trace("client", None, ())
_NETWORK = (ConnectionError, TimeoutError, socket.gaierror)
_NETWORK_NUMBERS = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
)
# What OpenSSL says about files and keys before it says anything to the network, in words.
_SETTING_WORDS: dict[str | None, str] = {
    "KEY_VALUES_MISMATCH": "the certificate and the key do not belong together (KEY_VALUES_MISMATCH)",
    "NO_CERTIFICATE_OR_CRL_FOUND": "there is no certificate in the file (NO_CERTIFICATE_OR_CRL_FOUND)",
    "EE_KEY_TOO_SMALL": "the key of the certificate is too short to be safe (EE_KEY_TOO_SMALL)",
    None: "a file is not the PEM that it should be",
}
_NOT_A_FUNCTION = "attempt() takes the function itself, then its arguments: attempt(requests.get, url)"


@dataclass(frozen=True)
class Attempt:
    """What came of one attempt.

    `status` and `text` are set where an HTTP response came, `refusal` where a side refused (an HTTP status of 400 or
    more is a refusal by the server's application), `fault` where the callable failed for a reason of its own, in the
    line of code `where`.  `trace` is the handshake of the last TLS connection that was opened, as the client saw it,
    empty where none was; `value` what was returned.
    """

    call: str
    seconds: float
    status: int | None = None
    text: str = ""
    refusal: Refusal | None = None
    fault: str | None = None
    where: str | None = None
    unwritten: bool = False
    trace: Trace = field(default=_NO_TRACE, repr=False)
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
            return "refused" if self.refusal.by else "no answer", "bad"
        return ("worked" if self.status is None else "let in"), "good"

    def __str__(self) -> str:
        lines = [f"{self.call}: {self.verdict}"]
        lines += [f"  {name}: {value}" for name, value in self._facts()]
        lines += [f"  warning: {text}" for text in self.warnings]
        return "\n".join(look.plain(line).replace("\n", "\n    ") for line in lines)

    def _facts(self) -> list[tuple[str, str]]:
        facts: list[tuple[str, str]] = []
        if self.refusal is not None:
            code = "" if self.refusal.verify_code is None else f" (verify code {self.refusal.verify_code})"
            facts += [("layer", self.refusal.layer.upper()), ("when", _WHEN[self.refusal.phase])]
            facts += [("reason", self.refusal.reason + code)]
        elif self.text:
            facts.append(("answer", self.text))
        elif self.where:
            facts.append(("where", self.where))
        elif self.ok and self.status is None:
            facts.append(("returned", value_of(self.value)))
        if self.trace.version:
            seen = "complete, as the client saw it" if self.trace.complete else "not complete"
            facts.append(("handshake", f"{self.trace.version}, {seen}"))
        return facts

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._card()}

    def _card(self) -> str:
        word, kind = self._badge
        lines = [look.headline(look.badge(word, kind), look.mono(self.call))]
        if self.verdict != word:
            said = look.escape(self.verdict[:1].upper() + self.verdict[1:])
            lines.append(f'<div style="margin: 0.35rem 0 0.1rem; overflow-wrap: anywhere"><b>{said}</b></div>')
        lines.append(look.facts((name, look.mono(value)) for name, value in self._facts()))
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

    A real Ctrl-C still does.  Warnings are kept in the result instead of being printed.  A request without a `timeout`
    is given one of 10 seconds; whatever else does not end is ended after 20 seconds.
    """
    if not _callable(function):
        return Attempt(call_of(attempt, (function, *args), kwargs), 0.0, fault=_NOT_A_FUNCTION)
    call = call_of(function, args, kwargs)
    if _is_request(function):
        kwargs.setdefault("timeout", _SECONDS)
    # What is being handled around this call becomes the context of whatever is raised in it, and is none of its story.
    around = sys.exception()
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught, observed() as recorders:
        warnings.simplefilter("always")
        ended, late = _ended(function, args, kwargs)
    made = partial(Attempt, call, time.perf_counter() - started, warnings=_notes(caught))
    # What came of the call came over the connection that was opened last.
    trace = recorders[-1].trace if recorders else _NO_TRACE
    if ended is None or late:
        return made(fault=f"did not end in {_PATIENCE:g} s", trace=trace)
    result, error = ended
    if error is not None:
        _forget(error, around)
        return _failed(made, error, trace, function)
    if inspect.iscoroutine(result):
        result.close()
        return made(fault="it is an async function, which attempt() cannot wait for")
    if result is Ellipsis:
        return made(unwritten=True)
    status = _status(result)
    return made(trace=trace, value=result) if status is None else _answered(made, status, result, trace)


def _ended(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, BaseException | None] | None, bool]:
    """Return the result, or what was raised, and whether it had to be ended."""

    def work() -> tuple[Any, BaseException | None]:
        try:
            return function(*args, **kwargs), None
        # The boundary at which whatever went wrong becomes a value, a call of sys.exit() included.
        except (Exception, SystemExit) as raised:
            return None, raised

    return (work(), False) if _is_request(function) else bounded(work, _PATIENCE)


def _forget(error: BaseException, around: BaseException | None) -> None:
    """Cut `around` off the chain of contexts that ends in it."""
    link: BaseException | None = error
    while link is not None and around is not None:
        if link.__context__ is around:
            link.__context__ = None
        link = link.__context__


def _answered(made: partial[Attempt], status: int, response: Any, trace: Trace) -> Attempt:
    text = _peek(response, "text")
    text = text if isinstance(text, str) else ""
    refusal = None
    if status >= HTTPStatus.BAD_REQUEST:
        refusal = Refusal("server", "http", "response", excerpt(gist(text)) or f"status {status}")
    return made(status=status, text=excerpt(text), refusal=refusal, trace=trace, value=response)


def _failed(made: partial[Attempt], error: BaseException, trace: Trace, function: Callable[..., Any]) -> Attempt:
    if isinstance(error, NotImplementedError):
        return made(unwritten=True)
    response = _peek(error, "response")
    status = _status(response)
    if status is not None and status >= HTTPStatus.BAD_REQUEST:
        # response.raise_for_status(): the server answered, and the answer was no.
        return _answered(made, status, response, trace)
    bottom = innermost(error)
    if _from_network(bottom, trace):
        # Who never reached anybody saw nothing of an earlier connection either.
        seen = _NO_TRACE if isinstance(bottom, ConnectionRefusedError | socket.gaierror) else trace
        return made(refusal=refusal_of(error, seen), trace=seen)
    fault = error_of(error)
    if isinstance(bottom, ssl.SSLError) and _by_openssl(bottom):
        fault = f"{type(error).__name__}: {_SETTING_WORDS.get(bottom.reason, bottom.reason)}"
    return made(fault=fault, where=line_of(error, function))


def _from_network(bottom: BaseException, trace: Trace) -> bool:
    """Tell what happened on the line from mistakes in files, settings and code, many of which are OSErrors too."""
    if isinstance(bottom, ssl.SSLError):
        # Before a message went out, OpenSSL can only have complained about files and settings; unless the connection
        # was made in another thread, where nobody recorded it.
        told = isinstance(bottom, ssl.SSLCertVerificationError | ssl.SSLEOFError | ssl.SSLZeroReturnError)
        return _by_openssl(bottom) and (told or bool(trace.messages) or "_ALERT_" in (bottom.reason or ""))
    if isinstance(bottom, HTTPException) and trace.messages:
        return True
    return isinstance(bottom, _NETWORK) or (isinstance(bottom, OSError) and bottom.errno in _NETWORK_NUMBERS)


def _by_openssl(error: ssl.SSLError) -> bool:
    # One that somebody's own code made up has no reason to tell.
    return hasattr(error, "reason")


def _notes(caught: Sequence[warnings.WarningMessage]) -> tuple[str, ...]:
    # The first sentence is enough: what follows are addresses on the internet.
    said = (f"{warning.category.__name__}: {str(warning.message).partition('. ')[0]}" for warning in caught)
    return tuple(dict.fromkeys(excerpt(scrubbed(line)) for line in said))


def _status(response: Any) -> int | None:
    status = _peek(response, "status_code")
    return int(status) if type(status) in (int, HTTPStatus) else None


def _peek(thing: Any, name: str) -> Any:
    try:
        return getattr(thing, name, None)
    except Exception:  # somebody else's property may do anything
        return None


def _callable(thing: object) -> bool:
    # Asked here: of a parameter typed as callable mypy would not believe that it may be none.
    return callable(thing)


def _is_request(function: Callable[..., Any]) -> bool:
    """Tell whether `function` is one of requests' own that take a `timeout`."""
    module, name = _peek(function, "__module__"), _peek(function, "__name__")
    verbs = ("request", "get", "options", "head", "post", "put", "patch", "delete", "send")
    return module in ("requests.api", "requests.sessions") and name in verbs
