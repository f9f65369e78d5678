"""The card of a check: what was tried, what was expected, what came, and one pointer.

Colours and spacing are those of ``look``; whatever comes from a learner is escaped there.
"""

from __future__ import annotations

from labsupport.exercises.model import AspectReport, Outcome, Report
from labsupport.exercises.words import MARKS, mark_of, pointer_of, points_text, progress_of, verdict
from labsupport.notebook import look

__all__ = ["ACCENT", "mark", "notice", "report_card"]

_KINDS = {"solved": "good", "partly": "info", "wrong": "bad", "unwritten": "note"}
_MARK_KINDS = {"passed": "good", "failed": "bad", "partly": "info", "open": "note"}
# Stands out by 3:1 or better from white and from black; for stripes and bars, not for text.
ACCENT = "var(--jp-brand-color1, #3b82c4)"
MARK_WIDTH = "1.9em"


def report_card(report: Report, notes: tuple[str, ...] = ()) -> str:
    """Return `report` as HTML; `notes` are further lines under it."""
    lines = [_header(report), *(_aspect(aspect) for aspect in report.aspects)]
    pointer = pointer_of(report)
    if pointer:
        lines.append(
            f'<div style="margin: 0.7rem 0 0.15rem; padding: 0.05rem 0 0.05rem 0.75rem; '
            f'border-left: 3px solid {ACCENT}">{look.escape(pointer)}</div>'
        )
    lines += [
        f'<div style="margin-top: 0.4rem; {look.MUTED}">{look.escape(note)}</div>' for note in report.notes + notes
    ]
    if report.printed:
        lines.append(look.folded("what it printed", _pre(report.printed)))
    return look.card(lines)


def notice(word: str, text: str) -> str:
    """Return a card that only says one line of text, under a badge with `word`."""
    return look.card([f"<div>{look.badge(word, 'note')} &nbsp;{look.escape(text)}</div>"])


def mark(name: str) -> str:
    """Return the badge ✓, ✗, ½ or –, all of one width; `name` is passed, failed, partly or open."""
    return (
        f'<span style="flex: none; width: {MARK_WIDTH}; text-align: center">'
        f"{look.badge(MARKS[name], _MARK_KINDS[name])}</span>"
    )


def _header(report: Report) -> str:
    # The points float, so that on a phone a long title flows around and below them.
    return (
        f'<div style="margin-bottom: 0.45rem"><span style="float: right; margin-left: 1rem; {look.MUTED}">'
        f"{points_text(report.points, report.out_of)}</span>"
        f"{look.badge(verdict(report), _KINDS[report.state])} "
        f'<b style="margin-left: 0.35rem">{look.escape(report.title)}</b></div>'
    )


def _aspect(aspect: AspectReport) -> str:
    # A narrow screen puts the count below the name, and may break one of two parts between them, nowhere else.
    count = ", ".join(f'<span style="white-space: nowrap">{part}</span>' for part in progress_of(aspect).split(", "))
    line = (
        '<div style="display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.5rem; margin-top: 0.3rem">'
        f'{mark(mark_of(aspect))}<span style="flex: 1 1 10rem; min-width: 0">{look.escape(aspect.name)}</span>'
        f'<span style="margin-left: auto; text-align: right; {look.MUTED}">{count}</span></div>'
    )
    failing = aspect.failing
    return line if failing is None or failing.unwritten else line + _failing(failing)


def _failing(outcome: Outcome) -> str:
    rows = (("tried", outcome.tried), ("expected", outcome.expected), ("came", outcome.got))
    cells = "".join(
        f'<span style="{look.MUTED}">{name}</span>'
        f'<span style="min-width: 0; {look.MONO}; overflow-wrap: anywhere; white-space: pre-wrap">'
        f"{look.escape(value)}</span>"
        for name, value in rows
    )
    if outcome.whole:
        cells += f'<div style="grid-column: 2">{look.folded("the whole call", _pre(outcome.whole))}</div>'
    return (
        '<div style="display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.1rem 0.9rem; '
        f'align-items: baseline; margin: 0.2rem 0 0.5rem calc({MARK_WIDTH} + 0.5rem)">{cells}</div>'
    )


def _pre(text: str) -> str:
    # JupyterLab's own style would break words anywhere.
    wrapping = "white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"
    return (
        f'<pre style="{look.MONO}; margin: 0.3rem 0 0; padding: 0; max-height: 16rem; overflow: auto; {wrapping}; '
        f'background: none; color: inherit">{look.escape(text)}</pre>'
    )
