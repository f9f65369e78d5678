"""How notebooks show what the subject's own classes know nothing of: server logs and servers as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labsupport.notebook import look

if TYPE_CHECKING:
    from labsupport.tls.servers.log import AccessLog, Verdict
    from labsupport.tls.servers.pair import Pair

__all__ = ["log_html", "register"]

_HEADINGS = ("#", "client", "TLS", "verdict", "layer", "reason")


def register() -> None:
    """Teach a running IPython the tables; does nothing elsewhere."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None or shell.display_formatter is None:
        return
    # By name, so that the subject's modules need not be imported to be shown.
    html, text = (shell.display_formatter.formatters[kind] for kind in ("text/html", "text/plain"))
    html.for_type_by_name("labsupport.tls.servers.log", "AccessLog", log_html)
    text.for_type_by_name("labsupport.tls.servers.log", "AccessLog", _log_text)
    html.for_type_by_name("labsupport.tls.servers.log", "Verdict", _verdict_html)
    text.for_type_by_name("labsupport.tls.servers.log", "Verdict", _verdict_text)
    html.for_type_by_name("labsupport.tls.servers.pair", "Pair", _pair_html)


def _log_text(log: AccessLog, printer: Any, _cycle: bool) -> None:
    printer.text(look.plain(log))


def _verdict_text(entry: Verdict, printer: Any, _cycle: bool) -> None:
    printer.text(look.plain("  ".join(entry.row())))


def log_html(log: AccessLog) -> str:
    """Return a server's log of verdicts as an HTML table."""
    rows = [_row(entry) for entry in log]
    if not rows:
        return look.card([f"{look.escape(log.owner)}: nothing yet"])
    return look.table(_HEADINGS, rows, caption=log.owner)


def _verdict_html(entry: Verdict) -> str:
    return look.table(_HEADINGS, [_row(entry)])


def _row(entry: Verdict) -> list[str]:
    number, client, version, words, layer, reason = entry.row()
    verdict = look.badge("let in", "good") if entry.admitted else look.badge("refused", "bad")
    if entry.request:
        verdict += f" &nbsp;{look.mono(words, breaks=False)}"
    elif entry.layer == "tcp":
        # Nobody decided anything.
        verdict = look.badge(words, "note")
    why = look.mono(reason, breaks=False)
    return [number, look.escape(client), look.escape(version), verdict, look.escape(layer.upper()), why]


def _pair_html(pair: Pair) -> str:
    if not pair.running:
        return look.card([look.escape(repr(pair)[1:-1])])
    asks = "a certificate of " + look.escape(pair.client_authority.name)
    rows = [
        ["<b>server1</b>", look.mono(pair.server1.url, breaks=False), "exposed: proxy", "nothing"],
        ["<b>server2</b>", look.mono(pair.server2.url, breaks=False), "protected", asks],
    ]
    return look.table(("server", "address", "role", "asks clients for"), rows)
