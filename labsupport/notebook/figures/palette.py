"""Colours that colour-blind readers tell apart (after Okabe and Ito), and the fonts of all figures.

Colour never speaks alone: line styles, marks or words say the same.  Every ink keeps a contrast of 4.5 to 1 on white
and on `PALE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BLUE", "GREEN", "GREY", "INK", "ORANGE", "PALE", "describe", "new_axes", "new_row"]

INK = "#1f2328"
GREY = "#596170"
PALE = "#eff0f2"
BLUE = "#0069a6"
ORANGE = "#b34700"
GREEN = "#00705a"

_DPI = 110


def new_axes(width: float, height: float) -> Axes:
    """Return the Axes of a fresh figure of `width` × `height` inches that belongs to nobody's global state."""
    return new_row(1, width, height)[0]


def new_row(count: int, width: float, height: float) -> list[Axes]:
    """Return `count` Axes side by side in such a figure."""
    # Imported here: matplotlib costs 300 ms, and most uses of this package draw nothing.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return list(figure.subplots(1, count, squeeze=False)[0])


def describe(ax: Axes, title: str, alt: str) -> Axes:
    """Give `ax` its title, which states the message, and its figure the alt text; return `ax`."""
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=10)
    earlier = str(ax.figure.get_label())
    ax.figure.set_label(f"{earlier} {title}. {alt}".strip())
    return ax
