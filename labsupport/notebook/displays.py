"""How notebooks show what the subject's own classes know nothing of: server logs and servers as tables."""

from __future__ import annotations

from typing import Any

from labsupport.notebook import look

__all__ = ["log_html", "register"]


def register() -> None:
    """Teach a running IPython the tables; does nothing elsewhere."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None or shell.display_formatter is None:
        return
    # By name, so that the subject's modules need not be imported to be shown.
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type_by_name("labsupport.tls.servers.log", "AccessLog", log_html)
    formatters["text/plain"].for_type_by_name("labsupport.tls.servers.log", "AccessLog", _log_text)


def _log_text(log: Any, printer: Any, _cycle: bool) -> None:
    printer.text(str(log))


def log_html(log: Any) -> str:
    """Return a server's log of verdicts as an HTML table."""
    rows = []
    for entry in log:
        number, client, version, _, layer, reason = entry.row()
        verdict = look.badge("let in", "good") if entry.admitted else look.badge("refused", "bad")
        said = f"{verdict} &nbsp;{look.mono(entry.words)}" if entry.request else verdict
        rows.append([number, look.escape(client), look.escape(version), said, layer.upper(), look.mono(reason)])
    if not rows:
        return look.card([f"{look.escape(log.owner)}: nothing yet"])
    return look.table(("#", "client", "TLS", "verdict", "layer", "reason"), rows, caption=log.owner)
