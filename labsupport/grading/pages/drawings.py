"""Two figures, each with the same in words: points by exercise, in HTML, and how marks are spread, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from labsupport.exercises.words import points_text
from labsupport.notebook import look

__all__ = ["points_figure", "spread_figure"]

_WIDTH = 400
_MOST_BARS = 12
_HEIGHT = 130


def points_figure(rows: Sequence[tuple[str, float, float]]) -> str:
    """Return a bar for each (title, points, out of): what was earned, on what there was to earn."""
    largest = max((out_of for _, _, out_of in rows), default=0) or 1
    return f'<ul class="bars">\n{"".join(_bar(*row, largest) for row in rows)}</ul>\n'


def _bar(title: str, points: float, out_of: float, largest: float) -> str:
    earned = min(max(points / out_of, 0), 1) if out_of else 0
    # The words say all that the bar does.
    return (
        f'<li><div class="over"><span>{look.escape(title)}</span> '
        f'<span class="soft">{points_text(points, out_of)}</span></div>'
        f'<div class="track" style="width: {100 * out_of / largest:.1f}%">'
        f'<div class="bar" style="width: {100 * earned:.1f}%"></div></div></li>\n'
    )


def spread_figure(points: Sequence[float], out_of: float) -> str:
    """Return a histogram of marks; full marks have a bar of their own."""
    width = max(1, ceil(out_of / _MOST_BARS))
    steps = max(1, ceil(out_of / width))
    counts = [0] * (steps + 1)
    for mark in points:
        counts[steps if mark >= out_of else min(max(int(mark // width), 0), steps - 1)] += 1
    names = [f"{step * width:g}" if width == 1 else f"{step * width:g}+" for step in range(steps)] + [f"{out_of:g}"]
    tallest, slot = max(*counts, 1), _WIDTH / len(counts)
    drawn = [f'<line class="axis" x1="0" y1="{_HEIGHT}.5" x2="{_WIDTH}" y2="{_HEIGHT}.5"/>']
    for place, (name, count) in enumerate(zip(names, counts, strict=True)):
        height, middle = (_HEIGHT - 20) * count / tallest, (place + 0.5) * slot
        drawn.append(f'<text x="{middle:.1f}" y="{_HEIGHT + 17}" text-anchor="middle" class="quiet">{name}</text>')
        if count:
            drawn.append(
                f'<rect class="bar" x="{place * slot + 2:.1f}" y="{_HEIGHT - height:.1f}" width="{slot - 4:.1f}" '
                f'height="{height:.1f}" rx="2"/>'
                f'<text x="{middle:.1f}" y="{_HEIGHT - height - 5:.1f}" text-anchor="middle">{count}</text>'
            )
    drawn.append(f'<text x="0" y="{_HEIGHT + 36}" class="quiet">points</text>')
    ranges = [f"{step * width:g} to under {min((step + 1) * width, out_of):g} points" for step in range(steps)]
    spoken = zip([*ranges, f"all {out_of:g} points"], counts, strict=True)
    words = "; ".join(f"{name}: {count}" for name, count in spoken if count)
    return _drawing(f"Learners by points. {words or 'Nobody yet'}.", _HEIGHT + 42, drawn)


def _drawing(words: str, height: int, parts: Sequence[str]) -> str:
    words = look.escape(words)
    return (
        f'<svg role="img" aria-label="{words}" viewBox="0 0 {_WIDTH} {max(height, 1)}"><title>{words}</title>'
        f"{''.join(parts)}</svg>\n"
    )
