"""What the tests of figures look at: texts and where they are drawn, inks and their contrast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from labsupport.notebook.attempt import Attempt

__all__ = ["Five", "boxes", "contrast", "crossing", "inks", "outside", "words"]

# Five requests to an address, by name.
Five = Callable[[str], dict[str, Attempt]]
# Pixels by which two boxes may touch: letters do not fill theirs.
_TOUCH = 1.0


def boxes(figure: Any) -> list[tuple[str, Any]]:
    """Draw `figure` and return each text with the box it fills, in pixels."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    return [(text.get_text(), text.get_window_extent(renderer)) for text in _texts(figure)]


def _texts(figure: Any) -> Iterator[Any]:
    for ax in figure.axes:
        # All three titles have a text; an axis that is off keeps its labels to itself.
        labels = [*ax.get_xticklabels(), *ax.get_yticklabels()] if ax.axison else []
        titles = [child for child in ax.get_children() if type(child).__name__ == "Text"]
        yield from {id(text): text for text in (*ax.texts, *labels, *titles) if text.get_text().strip()}.values()


def words(figure: Any) -> list[str]:
    """Return the texts of `figure`."""
    return [text for text, _ in boxes(figure)]


def crossing(texts: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Return the pairs of texts, given with their boxes, that lie on one another."""
    return [
        (first, second)
        for (first, one), (second, other) in combinations(texts, 2)
        if min(one.x1, other.x1) - max(one.x0, other.x0) > _TOUCH
        and min(one.y1, other.y1) - max(one.y0, other.y0) > _TOUCH
    ]


def outside(texts: list[tuple[str, Any]], paper: Any) -> list[str]:
    """Return the texts, given with their boxes, that are not wholly on the paper."""
    return [
        text
        for text, box in texts
        if box.x0 < paper.x0 - 1 or box.x1 > paper.x1 + 1 or box.y0 < paper.y0 - 1 or box.y1 > paper.y1 + 1
    ]


def inks(figure: Any) -> Iterator[tuple[str, str]]:
    """Yield (what, colour) of all texts and lines that are seen."""
    from matplotlib.colors import to_hex
    from matplotlib.patches import FancyArrowPatch

    for text in _texts(figure):
        yield f"text {text.get_text()!r}", to_hex(text.get_color())
    for ax in figure.axes:
        for line in ax.lines:
            yield "line", to_hex(line.get_color())
        for arrow in ax.findobj(FancyArrowPatch):
            yield "arrow", to_hex(arrow.get_edgecolor())


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours such as ``#1f2328`` by WCAG 2: from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
