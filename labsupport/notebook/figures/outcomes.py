"""The outcome map: experiments down, TLS versions or servers across, each cell saying who refused and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labsupport.notebook.figures.palette import BLUE, GREEN, GREY, INK, ORANGE, describe, new_axes
from labsupport.notebook.predict import Prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from labsupport.notebook.attempt import Attempt

__all__ = ["outcomes"]

_COLOURS = {"let in": GREEN, "client": ORANGE, "server": BLUE, "nobody": GREY}
_PHASES = {"handshake": "in the handshake", "first read": "at the first read", "response": "in the response"}


def outcomes(
    columns: Mapping[str, Mapping[str, Attempt]],
    predicted: Mapping[str, Prediction] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw attempts as a map; `columns` is column name → experiment name → Attempt.

    Rows are the experiments in the order in which they first occur.  Where `predicted` holds an experiment, the row's
    end says whether the prediction came true in the last column that has it.
    """
    predicted = predicted or {}
    rows = list(dict.fromkeys(name for column in columns.values() for name in column))
    shown = {name: predicted[name] for name in rows if name in predicted}
    width = 2.3 + 2.05 * len(columns) + (1.5 if shown else 0)
    ax = ax or new_axes(width, 0.75 + 0.62 * len(rows))
    for x, column in enumerate(columns.values()):
        for y, name in enumerate(rows):
            if name in column:
                _cell(ax, x, y, column[name])
    told = 0
    for y, name in enumerate(rows):
        if name in shown:
            outcome = next(column[name] for column in reversed(list(columns.values())) if name in column)
            right = shown[name].agrees(outcome)
            told += right
            word = "✓ as you said" if right else f"you said: {shown[name].by}"
            ax.text(len(columns) - 0.42, y, word, va="center", fontsize=8.5, color=INK if right else ORANGE)
    ax.set_xticks(range(len(columns)), list(columns), fontsize=9.5, color=INK)
    ax.xaxis.tick_top()
    ax.set_yticks(range(len(rows)), rows, fontsize=9.5, color=INK)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlim(-0.52, len(columns) - 0.48 + (0.8 if shown else 0))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    title = _title(columns)
    if shown:
        title += f"; you foresaw {told} of {len(shown)}"
    return describe(ax, title, _alt(columns))


def _words(outcome: Attempt) -> tuple[str, str]:
    if outcome.ok:
        return "let in", f"status {outcome.status}" if outcome.status else "worked"
    if outcome.refusal is None or outcome.by is None:
        return "came to nothing", outcome.verdict[:32]
    layer = outcome.refusal.layer.upper()
    return f"{outcome.by} refuses", f"{layer}, {_PHASES.get(outcome.refusal.phase, outcome.refusal.phase)}"


def _cell(ax: Axes, x: int, y: int, outcome: Attempt) -> None:
    from matplotlib.patches import FancyBboxPatch

    colour = _COLOURS["let in" if outcome.ok else outcome.by or "nobody"]
    # Refusals in HTTP keep the server's colour in an outline: TLS itself had let them in.
    hollow = outcome.layer == "http"
    ax.add_patch(
        FancyBboxPatch(
            (x - 0.46, y - 0.4),
            0.92,
            0.8,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor="white" if hollow else colour,
            edgecolor=colour,
            linewidth=1.8,
        )
    )
    first, second = _words(outcome)
    ink = colour if hollow else "white"
    ax.text(x, y - 0.13, first, ha="center", va="center", fontsize=9.5, fontweight="bold", color=ink)
    ax.text(x, y + 0.17, second, ha="center", va="center", fontsize=8, color=ink)


def _title(columns: Mapping[str, Mapping[str, Attempt]]) -> str:
    first = next(iter(columns.values()), {})
    admitted = sum(outcome.ok for outcome in first.values())
    return f"{len(first)} requests, {admitted} let in"


def _alt(columns: Mapping[str, Mapping[str, Attempt]]) -> str:
    sentences = [
        f"{column}, {name}: {', '.join(_words(outcome))}."
        for column, cells in columns.items()
        for name, outcome in cells.items()
    ]
    return " ".join(sentences)
