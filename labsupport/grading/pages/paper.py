"""The sheet that all pages are written on: one file, no script, nothing from outside, light or dark as the reader is.

Whatever comes from learners is hostile until it is escaped, and what has no end is cut with a word about it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from labsupport.notebook import look

__all__ = ["LONGEST", "badge_line", "clip", "code", "listed", "moment", "paper", "person", "section"]

LONGEST = 20_000  # characters of one text of a learner's

# Styles stand in attributes too, those of the cards; nothing else may come from anywhere, or go there.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

# The variables that begin with jp are those of JupyterLab, which the cards ask for.
_STYLE = """
:root { color-scheme: light dark; --page: #f7f8fa; --sheet: #ffffff; --ink: #1f2328; --soft: #57606a; --line: #d4d9df;
  --accent: #0069a6; --bar: #0069a6; --track: #e3e8ee;
  --jp-border-color2: var(--line); --jp-brand-color1: var(--accent);
  --jp-code-font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, "Liberation Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { --page: #15181c; --sheet: #1d2127; --ink: #e6e9ed; --soft: #a9b3be;
  --line: #3c444d; --accent: #6cb4ee; --bar: #58a6e0; --track: #343b44; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.5; overflow-wrap: break-word;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { margin: 0 auto; padding: 1.6rem 1rem 3rem; }
main.narrow { max-width: 48rem; } main.wide { max-width: 66rem; }
h1 { font-size: 1.65rem; line-height: 1.25; margin: 0.1rem 0 0.2rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 0.6rem; } h3 { font-size: 1.02rem; margin: 1.3rem 0 0.4rem; }
p { margin: 0.5rem 0; } ul { margin: 0.4rem 0; padding-left: 1.3rem; } li { margin: 0.2rem 0; }
a { color: var(--accent); }
.soft { color: var(--soft); } .kicker { color: var(--soft); font-size: 0.92rem; margin: 0; }
.away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem;
  margin: 0.8rem 0; }
.sheet > :first-child { margin-top: 0; }
.mark { font-size: 2.3rem; font-weight: 700; line-height: 1.15; letter-spacing: -0.02em; margin: 0; }
.mark small { font-size: 1.05rem; font-weight: 400; letter-spacing: 0; color: var(--soft); }
dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.15rem 1.1rem; margin: 0.8rem 0 0; }
dl.facts dt { color: var(--soft); } dl.facts dd { margin: 0; }
.exercise { margin: 1.3rem 0; } .exercise > h3 + div { background: var(--sheet); max-width: none !important; }
.exercise > h3 ~ * { margin-left: 0.9rem !important; } .exercise > h3 + div { margin-left: 0 !important; }
details.sheet { padding: 0.5rem 0.9rem; margin: 0.4rem 0; } details.sheet + details.sheet { margin-top: 0; }
svg { display: block; width: 100%; height: auto; max-width: 30rem; }
svg text { fill: currentColor; font-size: 12px; } svg .quiet { color: var(--soft); }
svg .bar { fill: var(--bar); } svg .track { fill: var(--track); } svg .axis { stroke: var(--line); }
ul.bars { list-style: none; margin: 0; padding: 0; max-width: 30rem; } ul.bars li { margin: 0 0 0.7rem; }
.bars .over { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; }
.bars .over > * { min-width: 0; overflow-wrap: anywhere; } .bars .over > .soft { flex: none; }
.bars .track, .bars .bar { height: 0.6rem; border-radius: 3px; background: var(--track); }
.bars .bar { background: var(--bar); }
figure { margin: 0; } bdi { overflow-wrap: anywhere; }
details { margin-top: 0.4rem; } summary { cursor: pointer; }
details.code > summary { color: var(--soft); }
pre.code { font-family: var(--jp-code-font-family); font-size: 0.86rem; line-height: 1.45; margin: 0.4rem 0 0;
  padding: 0.7rem 0.8rem; background: var(--page); border: 1px solid var(--line); border-radius: 6px;
  white-space: pre-wrap; overflow: auto; overflow-wrap: anywhere; max-height: 34rem; tab-size: 4;
  unicode-bidi: isolate; text-align: left; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--soft); }
th, td { text-align: left; padding: 0.3rem 0.6rem 0.3rem 0; vertical-align: baseline; overflow-wrap: anywhere; }
thead th { font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
table.heat { table-layout: fixed; } table.heat .number { width: clamp(4.1rem, 15vw, 6.5rem); white-space: normal; }
.step { display: inline-block; padding: 0 0.5em; }
table.heat td.number { border: 2px solid var(--sheet); padding: 0.25rem 0.6rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 1rem; }
.beside > * { min-width: 0; }
@media print {
  :root { color-scheme: light; --page: #fff; --sheet: #fff; --ink: #000; --soft: #444; --line: #bbb; --accent: #004f80;
    --bar: #004f80; --track: #ddd; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { padding: 0; max-width: none !important; } pre, pre.code { max-height: none !important; }
  details::details-content { content-visibility: visible; display: block; }
  .sheet, .exercise > h3 + div, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
}
"""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def paper(title: str, body: Iterable[str], *, wide: bool = False) -> str:
    """Return a whole page; `title` is text, `body` HTML."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        '<meta name="format-detection" content="telephone=no">\n'
        f"<title>{look.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f'<body>\n<main class="{"wide" if wide else "narrow"}">\n{"".join(body)}</main>\n</body>\n</html>\n'
    )


def section(title: str, *parts: str) -> str:
    """Return `parts` (HTML) under a heading (text)."""
    return f"<section>\n<h2>{look.escape(title)}</h2>\n{''.join(parts)}</section>\n"


def person(name: str, learner: str = "") -> str:
    """Return a name as HTML whose direction of writing stays its own; behind it the id, if that is another."""
    behind = f' <span class="soft"><bdi>{look.escape(clip(learner, 80))}</bdi></span>' if learner != name else ""
    return f"<bdi>{look.escape(clip(name, 200))}</bdi>{behind if learner else ''}"


def clip(text: str, limit: int = LONGEST) -> str:
    """Return `text`, cut at `limit` characters with a word about what is left out."""
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text) - limit:,} more characters are left out)"


def code(text: str, limit: int = LONGEST) -> str:
    """Return code as a block that reads from left to right."""
    lines = clip(text, limit).replace("\r\n", "\n").strip("\n")
    return f'<pre class="code" dir="ltr" tabindex="0">{look.escape(lines)}</pre>'


def badge_line(word: str, kind: str, inner: str) -> str:
    """Return `inner` (HTML) behind a badge."""
    return f'<div style="margin: 0.45rem 0">{look.headline(look.badge(word, kind), inner)}</div>'


def moment(time: dt.datetime | None) -> str:
    """Return a time with its zone, as HTML."""
    if time is None:
        return "not known"
    words = f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time:%H:%M} {time.tzname() or ''}".rstrip()
    return f'<time datetime="{look.escape(time.isoformat())}">{look.escape(words)}</time>'


def listed(entries: Sequence[str], count: int) -> str:
    """Return entries (HTML) in one line, and how many of `count` are left out."""
    more = [f"and {count - len(entries):,} more"] if count > len(entries) else []
    return ", ".join([*entries, *more])
