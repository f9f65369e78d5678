"""Who refused, at which layer, when, and why: read from an exception and, where there is one, the handshake's trace.

Only ``.reason`` and ``.verify_code`` of OpenSSL's errors are read, never their texts: those change between versions.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from labsupport.tls.trace import Side, Trace

__all__ = ["Layer", "Phase", "Refusal", "innermost", "refusal_of"]

Layer = Literal["tcp", "tls", "http"]
Phase = Literal["connect", "handshake", "first read", "response"]


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
    """Return the exception at the bottom: where a TLS error is in there, that one.

    requests and urllib3 wrap exceptions into the arguments of others, and leave some of them out of ``__cause__`` and
    ``__context__``; all three roads are followed.
    """
    found = list(_descend(error))
    return next((link for link in found if isinstance(link, ssl.SSLError)), found[-1])


def refusal_of(error: BaseException, trace: Trace | None = None) -> Refusal:
    """Read `error`, as a client meets it, into a Refusal; `trace` tells whether the handshake was done by then."""
    link = innermost(error)
    phase: Phase = "first read" if trace is not None and trace.complete else "handshake"
    if isinstance(link, ssl.SSLCertVerificationError):
        return Refusal("client", "tls", phase, link.reason or "CERTIFICATE_VERIFY_FAILED", link.verify_code)
    if isinstance(link, ssl.SSLError) and "_ALERT_" in (link.reason or ""):
        return Refusal("server", "tls", phase, link.reason)
    if trace is not None and trace.alert is not None:
        # The line broke before OpenSSL read the alert, or after it: the record knows who sent it.
        return Refusal(trace.alert.sender, "tls", phase, trace.alert.name)
    if isinstance(link, ssl.SSLError):
        return Refusal(None, "tls", phase, link.reason or "the connection ended inside TLS")
    if trace is None or not trace.messages:
        return Refusal(None, "tcp", "connect", _plain_words(link))
    return Refusal(None, "tls", phase, _plain_words(link))


def _plain_words(error: BaseException) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionError):
        return "the connection was cut"
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
        nested = [*link.args, getattr(link, "reason", None), link.__cause__, link.__context__]
        waiting.extend(item for item in nested if isinstance(item, BaseException))
