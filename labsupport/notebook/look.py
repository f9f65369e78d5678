"""The look that cards and tables share: escaped HTML, inline styles, colours that stay readable in any theme.

Text keeps the colour of its surroundings, so that it is right in light and dark themes, in JupyterLab, VS Code and
Colab alike; only badges set both of their colours.  Colour never speaks alone: each badge also carries a word.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Sequence

__all__ = [
    "BORDER",
    "COLOURS",
    "MONO",
    "MUTED",
    "badge",
    "card",
    "escape",
    "facts",
    "folded",
    "headline",
    "mono",
    "plain",
    "table",
]

BORDER = "var(--jp-border-color2, rgba(128, 128, 128, 0.45))"
MUTED = "opacity: 0.78"
MONO = "font-family: var(--jp-code-font-family, ui-monospace, Menlo, Consolas, monospace); font-size: 0.92em"

# Background and text of badges: white or black text at a contrast of 4.5 or more, told apart by colour-blind readers.
COLOURS = {
    "good": ("#00664f", "#ffffff"),
    "bad": ("#a33b00", "#ffffff"),
    "note": ("#4d5560", "#ffffff"),
    "info": ("#005a9c", "#ffffff"),
}


def escape(text: object) -> str:
    """Return `text` safe for HTML, with control and direction-changing characters made visible."""
    return html.escape(plain(text), quote=True)


def plain(text: object) -> str:
    """Return `text` safe for a terminal: control and direction-changing characters made visible."""
    return "".join(_visible(char) for char in str(text))


def _visible(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return char
    return f"\\u{{{ord(char):x}}}"


def badge(word: str, kind: str) -> str:
    """Return a small label; `kind` is good, bad, note or info."""
    background, colour = COLOURS[kind]
    return (
        f'<span style="display: inline-block; padding: 0 0.55em; border-radius: 0.7em; font-size: 0.85em; '
        f'font-weight: 600; line-height: 1.6; background: {background}; color: {colour}">{escape(word)}</span>'
    )


def mono(text: object, *, breaks: bool = True) -> str:
    """Return `text` in the code font, allowed to break anywhere, or for cells of a table nowhere."""
    wrapping = "overflow-wrap: anywhere; white-space: pre-wrap" if breaks else "white-space: pre"
    return f'<code style="{MONO}; padding: 0; background: none; color: inherit; {wrapping}">{escape(text)}</code>'


def headline(label: str, inner: str) -> str:
    """Return `inner` (HTML) beside a badge, below it where the screen is narrow."""
    return (
        '<div style="display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.1rem 0.6rem">'
        f'<span style="flex: none">{label}</span><span style="flex: 1 1 12rem; min-width: 0">{inner}</span></div>'
    )


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Return names (text) and values (HTML) in two columns."""
    cells = "".join(
        f'<span style="{MUTED}">{escape(name)}</span><span style="min-width: 0">{value}</span>' for name, value in rows
    )
    columns = "grid-template-columns: max-content minmax(0, 1fr); gap: 0 1.2rem; align-items: baseline"
    return f'<div style="display: grid; {columns}">{cells}</div>'


def card(inner: Iterable[str], *, width: str = "46rem") -> str:
    """Wrap lines of HTML into a bordered box."""
    return (
        f'<div style="border: 1px solid {BORDER}; border-radius: 6px; padding: 0.6rem 0.9rem; margin: 0.3rem 0; '
        f'max-width: {width}; line-height: 1.5; text-align: left">{"".join(inner)}</div>'
    )


def folded(summary: str, inner: str) -> str:
    """Return `inner` (HTML) behind a line that opens it."""
    return (
        f'<details style="margin-top: 0.4rem"><summary style="cursor: pointer; {MUTED}">{escape(summary)}</summary>'
        f"{inner}</details>"
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "") -> str:
    """Return a table; cells are HTML already, headings and caption are text.  It scrolls sideways on narrow screens."""
    cell = (
        "padding: 0.2rem 0.9rem 0.2rem 0; text-align: left; vertical-align: baseline; white-space: nowrap; "
        f"border-bottom: 1px solid {BORDER}"
    )
    head = "".join(f'<th scope="col" style="{cell}; font-weight: 600">{escape(name)}</th>' for name in headings)
    body = "".join(
        "<tr style='background: none'>" + "".join(f'<td style="{cell}">{content}</td>' for content in row) + "</tr>"
        for row in rows
    )
    title = f'<caption style="text-align: left; {MUTED}">{escape(caption)}</caption>' if caption else ""
    return (
        '<div style="overflow-x: auto"><table style="border-collapse: collapse; margin: 0.2rem 0; border: none">'
        f"{title}<thead><tr style='background: none'>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
