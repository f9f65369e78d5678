"""Who refused, at which layer, when, and why: read from an exception and, where there is one, the handshake's trace.

Only ``.reason`` and ``.verify_code`` of OpenSSL's errors are read, never their texts: those change between versions.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from labsupport.tls.trace import Side, Trace

__all__ = ["CUT_INSIDE", "Layer", "Phase", "Refusal", "innermost", "refusal_of"]

Layer = Literal["tcp", "tls", "http"]
Phase = Literal["connect", "handshake", "first read", "response"]

CUT_INSIDE = "the connection ended inside TLS"
_NOT_VERIFIED = "CERTIFICATE_VERIFY_FAILED"
# What the operating system and OpenSSL raise; requests has classes of these names too, which are none of these.
_SYSTEM = (ssl.SSLError, ConnectionError, TimeoutError, socket.gaierror)


@dataclass(frozen=True)
class Refusal:
    """One refusal: the side that decided, and what the other can know of it.

    `by` is None where no side decided (a cut line, a time-out).  `reason` is OpenSSL's reason, or a few words of
    ours in lower case where it is not OpenSSL that speaks.  `verify_code` is X509_V_ERR_…, for the side that verified.
    """

    by: Side | None
    layer: Layer
    phase: Phase
    reason: str
    verify_code: int | None = None


def innermost(error: BaseException) -> BaseException:
    """Return the exception at the bottom: where a TLS error is in there that one, else the system's own.

    requests and urllib3 wrap exceptions into the arguments of others, and leave some of them out of ``__cause__`` and
    ``__context__``; all three roads are followed.
    """
    found = list(_descend(error))
    for kind in (ssl.SSLError, _SYSTEM):
        for link in found:
            if isinstance(link, kind):
                return link
    return found[-1]


def refusal_of(error: BaseException, trace: Trace | None = None) -> Refusal:
    """Read `error`, as a client meets it, into a Refusal; `trace` tells whether the handshake was done by then."""
    link = innermost(error)
    phase: Phase = "first read" if trace is not None and trace.complete else "handshake"
    # Errors that OpenSSL did not raise have no reason, as an attribute.
    reason = getattr(link, "reason", None) if isinstance(link, ssl.SSLError) else None
    if isinstance(link, ssl.SSLCertVerificationError):
        return Refusal("client", "tls", phase, reason or _NOT_VERIFIED, getattr(link, "verify_code", None))
    if reason and "_ALERT_" in reason:
        return Refusal("server", "tls", phase, reason)
    if trace is not None and trace.alert is not None and not _only_startled(link, trace):
        # The line broke before OpenSSL read the alert, or after it: the record knows who sent it.  Who sent one knows
        # why; who received it, only its name.
        why = reason if trace.alert.sender == trace.seen_by else None
        return Refusal(trace.alert.sender, "tls", phase, why or trace.alert.name)
    if isinstance(link, ssl.SSLError):
        return Refusal(None, "tls", phase, reason or CUT_INSIDE)
    if trace is None or not trace.messages:
        return Refusal(None, "tcp", "connect", _plain_words(link))
    return Refusal(None, "tls", phase, _plain_words(link))


def _only_startled(error: BaseException, trace: Trace) -> bool:
    """Tell whether the client's alert was no more than its reaction to a line that ended under its hands."""
    return isinstance(error, ssl.SSLEOFError) and trace.alert is not None and trace.alert.sender == "client"


def _plain_words(error: BaseException) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionError):
        return "the connection was cut"
    if isinstance(error, socket.gaierror):
        return "no such host name"
    return f"{type(error).__name__}: {error}"[:200]


def _descend(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        if isinstance(link, _SYSTEM):
            # What is linked below a system's error is whatever was being handled at that moment: another story.
            continue
        nested = [*link.args, getattr(link, "reason", None), link.__cause__]
        inner = [item for item in nested if isinstance(item, BaseException)]
        if not inner and isinstance(link.__context__, BaseException) and not link.__suppress_context__:
            inner = [link.__context__]
        waiting.extend(inner)
