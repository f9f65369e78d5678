"""The outcome map: experiments down, TLS versions or servers across, each cell saying who refused and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING

from labsupport.notebook.figures.palette import BLUE, GREEN, GREY, INK, ORANGE, describe, new_axes
from labsupport.notebook.predict import MOMENTS, Prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from labsupport.notebook.attempt import Attempt

__all__ = ["outcomes"]

_COLOURS = {"let in": GREEN, "client": ORANGE, "server": BLUE, "nobody": GREY}
# Letters in a line of a row's or column's name, and the room at a row's end in columns.
_LETTERS = 26
_END = 0.9


def outcomes(
    columns: Mapping[str, Mapping[str, Attempt]],
    predicted: Mapping[str, Prediction] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw attempts as a map; `columns` is column name → experiment name → Attempt.

    Rows are the experiments in the order in which they first occur.  Where `predicted` holds an experiment, the row's
    end says in which of the columns the prediction came true.
    """
    predicted = predicted or {}
    rows = list(dict.fromkeys(name for column in columns.values() for name in column))
    shown = {name: predicted[name] for name in rows if name in predicted}
    labels = [_wrapped(name) for name in rows]
    width = 0.6 + 0.085 * max(len(line) for label in labels for line in label.split("\n"))
    width += 2.05 * (len(columns) + (_END if shown else 0))
    ax = ax or new_axes(width, 0.85 + 0.62 * len(rows))
    for x, column in enumerate(columns.values()):
        for y, name in enumerate(rows):
            if name in column:
                _cell(ax, x, y, column[name])
    told = {name: _reconciled(prediction, name, columns) for name, prediction in shown.items()}
    for name, (right, first, second) in told.items():
        end, row = len(columns) - 0.42, rows.index(name)
        ax.text(end, row - (0.13 if second else 0), first, va="center", fontsize=9, color=INK if right else ORANGE)
        ax.text(end, row + 0.17, second, va="center", fontsize=8, color=GREY)
    ax.set_xticks(range(len(columns)), [_wrapped(name) for name in columns], fontsize=9.5, color=INK)
    ax.xaxis.tick_top()
    ax.set_yticks(range(len(rows)), labels, fontsize=9.5, color=INK)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlim(-0.52, len(columns) - 0.48 + (_END if shown else 0))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    title = _title(columns)
    if shown:
        title += f"; you foresaw {sum(right for right, _, _ in told.values())} of {len(told)}"
    return describe(ax, title, " ".join([*_sentences(columns), *_predictions_in_words(told)]))


def _words(outcome: Attempt) -> tuple[str, str]:
    if outcome.ok:
        return "let in", f"status {outcome.status}" if outcome.status else "worked"
    if outcome.unwritten:
        return "not written yet", "nothing was tried"
    if outcome.refusal is None:
        return "failed", "for a reason of its own"
    layer = outcome.refusal.layer.upper()
    first = f"{outcome.by} refuses" if outcome.by else "came to nothing"
    return first, f"{layer}, {MOMENTS[outcome.refusal.phase]}"


def _reconciled(
    prediction: Prediction, name: str, columns: Mapping[str, Mapping[str, Attempt]]
) -> tuple[bool, str, str]:
    """Return whether the prediction came true anywhere, and two lines that say so."""
    here = {column: cells[name] for column, cells in columns.items() if name in cells}
    right = [column for column, outcome in here.items() if prediction.agrees(outcome)]
    if not right:
        return False, "✗ you said", prediction.words
    return True, "✓ as you said", "" if len(right) == len(here) else ", ".join(right)


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
    counts = [(len(cells), sum(outcome.ok for outcome in cells.values())) for cells in columns.values()]
    total, admitted = counts[0]
    if len(set(counts)) == 1:
        return f"{total} {'request' if total == 1 else 'requests'}, {admitted} let in"
    return "Let in: " + ", ".join(
        f"{column} {admitted} of {total}" for column, (total, admitted) in zip(columns, counts, strict=True)
    )


def _wrapped(text: str) -> str:
    """Return `text` in as many lines as a row's height has room for."""
    lines = wrap(text, _LETTERS, max_lines=2, placeholder=" …")
    return "\n".join(lines)


def _sentences(columns: Mapping[str, Mapping[str, Attempt]]) -> Iterator[str]:
    for column, cells in columns.items():
        for name, outcome in cells.items():
            where = f"{column}, {name}" if len(columns) > 1 else name
            yield f"{where}: {', '.join(_words(outcome))}."


def _predictions_in_words(told: Mapping[str, tuple[bool, str, str]]) -> Iterator[str]:
    for name, (_, first, second) in told.items():
        yield f"Your prediction of {name}: {first[2:]}{second and f': {second}'}."
