"""Figures of lesson 01: powers as a permutation, and what multiplying, factoring and signing cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labsupport.errors import UsageError
from labsupport.notebook.figures.palette import BLUE, GREEN, GREY, INK, ORANGE, describe, new_axes, new_row
from labsupport.rsa import Counter, modexp

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["cost", "factoring", "key_sizes", "powers"]

_LARGEST = 200
_UNIVERSE = 13.8e9 * 365.25 * 24 * 3600  # seconds


def powers(n: int, *exponents: int) -> Axes:
    """Draw x to the power e modulo n for every x below n, one panel for each exponent; return the first panel.

    Where each result occurs once the power can be undone; numbers that stay where they are stand on the diagonal.
    Raises UsageError for a modulus that does not fit into a picture, or without exponents.
    """
    if not 2 <= n <= _LARGEST or not 1 <= len(exponents) <= 3:
        raise UsageError(f"powers() draws moduli from 2 to {_LARGEST} and one to three exponents")
    panels = new_row(len(exponents), 4.3 * len(exponents), 4.4)
    for ax, e in zip(panels, exponents, strict=True):
        results = [pow(x, e, n) for x in range(n)]
        fixed = [x for x, result in enumerate(results) if x == result]
        moved = [x for x in range(n) if x not in fixed]
        ax.plot([0, n - 1], [0, n - 1], color=GREY, linewidth=0.8, linestyle=":")
        ax.scatter(moved, [results[x] for x in moved], s=16, color=BLUE, label="moved")
        ax.scatter(fixed, fixed, s=36, color=ORANGE, marker="D", label="stays where it is")
        ax.set_xlabel(f"x, from 0 to {n - 1}", color=INK)
        ax.set_ylabel(f"x to the power {e}, modulo {n}", color=INK)
        ax.set_aspect("equal")
        ax.legend(loc="upper left", bbox_to_anchor=(0, -0.14), fontsize=8, frameon=False, ncols=2)
        reached = len(set(results))
        if reached == n:
            title = f"Power {e}: every result once"
            alt = f"Each of the {n} numbers is reached exactly once; {len(fixed)} stay: {_listed(fixed)}."
        else:
            title = f"Power {e}: only {reached} of {n} results"
            alt = f"Only {reached} of {n} numbers are reached, several of them from many sides: there is no way back."
        describe(ax, title, alt)
    return panels[0]


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def cost(most_bits: int = 24) -> Axes:
    """Draw how many multiplications a power takes, counted: one for each unit of the exponent, or two for each bit.

    The exponents have 1 to `most_bits` bits, all of them ones, which is the dearest case.
    """
    bits = list(range(1, most_bits + 1))
    counted = []
    for length in bits:
        mul = Counter(33)
        modexp(mul, 5, (1 << length) - 1)
        counted.append(mul.calls)
    naive = [(1 << length) - 1 for length in bits]
    ax = new_axes(7.4, 3.8)
    ax.semilogy(bits, naive, color=ORANGE, linestyle="--", linewidth=2)
    ax.semilogy(bits, counted, color=BLUE, linewidth=2)
    _label(ax, f"one by one: {naive[-1]:,}", (bits[-1], naive[-1]), (-30, 0), ORANGE)
    _label(ax, f"square and multiply: {counted[-1]}", (bits[-1], counted[-1]), (-6, 14), BLUE)
    ax.set_xlabel("bits of the exponent", color=INK)
    ax.set_ylabel("multiplications", color=INK)
    _bare(ax)
    alt = (
        f"At {bits[-1]} bits, one by one takes {naive[-1]:,} multiplications, square and multiply {counted[-1]}. The "
        "first doubles with each bit, the second grows by two."
    )
    return describe(ax, "One by one doubles with each bit, square and multiply adds two", alt)


def factoring(seconds: Mapping[int, float], *, to_bits: int = 2048) -> Axes:
    """Draw measured times of factoring (seconds by bits of the modulus) and their straight line up to `to_bits`.

    Raises UsageError for fewer than two sizes.
    """
    if len(seconds) < 2:
        raise UsageError("factoring() needs the times of at least two sizes")
    slope, start = _line([(bits, math.log10(time)) for bits, time in seconds.items()])
    here, there = new_row(2, 8.6, 3.6)
    few = [min(seconds), max(seconds)]
    here.semilogy(few, [10 ** (start + slope * bits) for bits in few], color=BLUE, linestyle="--", linewidth=1.5)
    here.scatter(list(seconds), list(seconds.values()), color=ORANGE, s=30, zorder=3)
    here.set_xlabel("bits of the modulus", color=INK)
    here.set_ylabel("seconds", color=INK)
    ax = there
    ends = [min(seconds), to_bits]
    ax.plot(ends, [start + slope * bits for bits in ends], color=BLUE, linestyle="--", linewidth=1.5)
    ax.scatter(list(seconds), [math.log10(time) for time in seconds.values()], color=ORANGE, s=12, zorder=3)
    ax.axhline(math.log10(_UNIVERSE), color=GREY, linewidth=0.8, linestyle=":")
    ax.text(to_bits, math.log10(_UNIVERSE) + 4, "the age of the universe", ha="right", va="bottom", fontsize=8.5,
            color=GREY)  # fmt: skip
    final = start + slope * to_bits
    _label(ax, f"10 to the {round(final)}", (to_bits, final), (-24, 0), BLUE)
    ax.set_xlabel("bits of the modulus", color=INK)
    ax.set_ylabel("seconds, as a power of ten", color=INK)
    double = math.log10(2) / slope
    for panel in (here, there):
        _bare(panel)
    describe(
        here,
        f"Measured: twice as long every {double:.1f} bits",
        f"From {min(seconds)} to {max(seconds)} bits the times lie on a straight line of a logarithmic scale.",
    )
    alt = f"The line reaches ten to the power {round(final)} seconds; the age of the universe is ten to the power 18."
    describe(ax, f"The same line, up to {to_bits} bits", alt)
    return here


def key_sizes(milliseconds: Mapping[str, Mapping[int, float]]) -> Axes:
    """Draw what keys cost: milliseconds by operation and bits, on a logarithmic scale."""
    ax = new_axes(7.4, 3.8)
    looks = ((ORANGE, "--", "s"), (BLUE, "-", "o"), (GREEN, "-.", "^"))
    sentences = []
    for (name, times), (colour, style, marker) in zip(milliseconds.items(), looks, strict=False):
        sizes = sorted(times)
        ax.semilogy(sizes, [times[bits] for bits in sizes], color=colour, linestyle=style, marker=marker, linewidth=1.8)
        _label(ax, name, (sizes[-1], times[sizes[-1]]), (9, 0), colour)
        sentences.append(
            f"{name}: {_spoken(times[sizes[0]])} ms at {sizes[0]} bits, {_spoken(times[sizes[-1]])} ms at {sizes[-1]}."
        )
    sizes = sorted(next(iter(milliseconds.values())))
    ax.set_xticks(sizes)
    ax.set_xlim(sizes[0] - 150, sizes[-1] + 1100)
    ax.set_xlabel("bits of the modulus", color=INK)
    ax.set_ylabel("milliseconds", color=INK)
    _bare(ax)
    return describe(ax, "Making a key costs most, verifying least", " ".join(sentences))


def _spoken(number: float) -> str:
    """Return `number` with two figures that count, and without powers of ten: 210, 1.3, 0.0072."""
    return f"{float(f'{number:.2g}'):g}"


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return slope and start of the straight line of least squares."""
    count = len(points)
    middle_x = sum(x for x, _ in points) / count
    middle_y = sum(y for _, y in points) / count
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / sum((x - middle_x) ** 2 for x, _ in points)
    return slope, middle_y - slope * middle_x


def _label(ax: Axes, text: str, place: tuple[float, float], offset: tuple[float, float], colour: str) -> None:
    """Write `text` beside a point: to its left where the offset in points is negative, else to its right."""
    side = "right" if offset[0] < 0 else "left"
    ax.annotate(text, place, offset, textcoords="offset points", ha=side, va="center", color=colour, fontsize=9.5)


def _bare(ax: Axes) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(colors=INK, labelsize=9)
