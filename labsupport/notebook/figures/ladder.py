"""The handshake ladder: who sends what to whom, with the messages that mutual TLS adds marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from labsupport.notebook.figures.palette import BLUE, GREY, INK, ORANGE, PALE, describe, new_axes, new_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from labsupport.tls.trace import Message, Trace

__all__ = ["ladder", "ladders"]

_STEP = 1.0
_TOP = -0.1
_LEFT, _RIGHT = 0.0, 1.0
_DASHES = (0, (4, 1.5))


def ladder(trace: Trace, ax: Axes | None = None) -> Axes:
    """Draw `trace` from top to bottom: solid thin arrows, thick dashed ones for what mutual TLS adds."""
    ax = ax or new_axes(5.6, 0.95 + 0.36 * max(len(trace.messages), 3))
    bottom = -_STEP * (len(trace.messages) + 0.4)
    for x, name, align in ((_LEFT, "client", "right"), (_RIGHT, "server", "left")):
        ax.plot([x, x], [_TOP, bottom], color=GREY, linewidth=1.2, zorder=1)
        ax.text(x, _TOP + 0.1, name, ha="center", va="bottom", fontsize=10, color=INK)
        if any(message.sender == name for message in trace.messages):
            ax.text(x + (0.02 if x else -0.02), _TOP - 0.05, "bytes", ha=align, va="top", fontsize=7.5, color=GREY)
    _shade_encrypted(ax, trace)
    for row, message in enumerate(trace.messages, start=1):
        _arrow(ax, message, -_STEP * row)
    ax.set_xlim(-0.16, 1.16)
    ax.set_ylim(bottom - 0.2, _TOP + 0.7)
    ax.axis("off")
    return describe(ax, _title(trace), f"{trace.alt} {_marked(trace)}".strip())


def ladders(traces: Sequence[Trace]) -> list[Axes]:
    """Draw several ladders side by side on one scale; return their Axes, which share one figure."""
    tallest = max(len(trace.messages) for trace in traces)
    row = new_row(len(traces), 4.7 * len(traces), 0.95 + 0.36 * tallest)
    drawn = [ladder(trace, ax) for ax, trace in zip(row, traces, strict=True)]
    lowest = min(ax.get_ylim()[0] for ax in drawn)
    for ax in drawn:
        # One scale for all: equal steps must look equal.
        ax.set_ylim(lowest, _TOP + 0.7)
    return drawn


def _title(trace: Trace) -> str:
    version = (trace.version or "TLS").replace("TLSv", "TLS ")
    if trace.alert is not None:
        return f"{version}: the {trace.alert.sender} ends it with an alert"
    added = len(trace.mutual)
    if added:
        return f"{version}: mutual TLS adds {added} message{'' if added == 1 else 's'}"
    return f"{version}: only the server shows a certificate"


def _marked(trace: Trace) -> str:
    named = [f"{message.label} from the {message.sender}" for message in trace.mutual]
    return f"Marked with a plus: {', '.join(named)}." if named else ""


def _arrow(ax: Axes, message: Message, y: float) -> None:
    start, end = (_LEFT, _RIGHT) if message.sender == "client" else (_RIGHT, _LEFT)
    colour = ORANGE if message.alert else BLUE if message.mutual else INK
    emphasis = message.mutual or message.alert
    width = 2.2 if emphasis else 1.1
    head = 0.03 if end > start else -0.03
    ax.plot([start, end - head], [y, y], color=colour, linewidth=width, linestyle=_DASHES if message.mutual else "-")
    # The head apart from its line: a dashed arrow would have a dashed head.
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 12}
    ax.annotate("", xy=(end, y), xytext=(end - head, y), arrowprops=style, zorder=3)
    mark = "+ " if message.mutual else ""
    ax.text(
        0.5,
        y + 0.09,
        f"{mark}{message.label}",
        ha="center",
        va="bottom",
        fontsize=9,
        fontweight="bold" if emphasis else "normal",
        color=colour,
        zorder=4,
    )
    # Sizes stand at the sender's line, so that each column adds up by eye.
    side, align = (_LEFT - 0.02, "right") if message.sender == "client" else (_RIGHT + 0.02, "left")
    ax.text(side, y, str(message.size), ha=align, va="center", fontsize=7.5, color=GREY)


def _shade_encrypted(ax: Axes, trace: Trace) -> None:
    for first, last in _encrypted_runs(trace):
        top, bottom = -_STEP * (first - 0.52), -_STEP * (last + 0.3)
        ax.fill_between([_LEFT, _RIGHT], bottom, top, color=PALE, zorder=0, linewidth=0)
        ax.text(_RIGHT - 0.02, top - 0.05, "encrypted", ha="right", va="top", fontsize=7.5, style="italic", color=GREY)


def _encrypted_runs(trace: Trace) -> Iterator[tuple[int, int]]:
    """Yield (first row, last row) of each run of encrypted messages: in TLS 1.2 a ticket in clear may lie between."""
    rows = enumerate(trace.messages, start=1)
    for encrypted, run in groupby(rows, key=lambda row: row[1].encrypted):
        if encrypted:
            numbers = [number for number, _ in run]
            yield numbers[0], numbers[-1]
