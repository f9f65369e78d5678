"""Who can reach whom, who shows which certificate, and whom each trusts: drawn from a pair as it stands."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from labsupport.notebook.figures.palette import BLUE, GREEN, GREY, INK, ORANGE, describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from labsupport.tls.servers.pair import Pair

__all__ = ["topology"]

_BOX = (0.2, 0.15)
_LETTERS = 24


def topology(pair: Pair, ax: Axes | None = None) -> Axes:
    """Draw outsider, server1, server2 and somebody on the local network, with an arrow for each claim of trust."""
    ax = ax or new_axes(8.6, 3.2)
    root = pair.authority.name
    client_root = pair.client_authority.name
    places = {"outsider": (0.12, 0.68), "server1": (0.5, 0.68), "server2": (0.88, 0.68), "local": (0.5, 0.14)}
    ax.axvline(0.31, color=GREY, linewidth=0.8, linestyle=":")
    ax.text(0.305, 0.97, "the internet", ha="right", va="top", fontsize=8.5, style="italic", color=GREY)
    ax.text(0.315, 0.97, "the local network", ha="left", va="top", fontsize=8.5, style="italic", color=GREY)
    _box(ax, places["outsider"], "an outsider", "no certificate")
    _box(ax, places["server1"], "server1", "exposed: proxy")
    _box(ax, places["server2"], "server2", "protected")
    _box(ax, places["local"], "somebody inside", "no certificate")
    _arrow(ax, places["outsider"], places["server1"], GREY, "-", _claim(f"TLS: checks {pair.server1.name}", root))
    _arrow(
        ax, places["server1"], places["server2"], BLUE, "-", _claim(f"checks {pair.server2.name}", root), offset=0.05
    )
    claim = _claim(f"checks {pair.server1.client_identity.name}", client_root)
    _arrow(ax, places["server2"], places["server1"], GREEN, "-", claim, offset=-0.05, below=True)
    manner = "refused by an alert" if pair.server2.manner == "alert" else "refused with HTTP 400"
    _arrow(ax, places["local"], places["server2"], ORANGE, "--", f"no certificate: {manner}", bend=True)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.axis("off")
    alt = (
        f"An outsider reaches server1 by TLS and checks its certificate against {root}. server1 checks server2 against "
        f"{root}; server2 checks server1's client certificate against {client_root}. Somebody inside the local network "
        f"without a certificate reaches server2's port and is {manner}."
    )
    return describe(ax, "Only between server1 and server2 do both sides prove who they are", alt)


def _claim(checks: str, root: str) -> str:
    """Return the words at an arrow: whom it checks, against which authority, in lines as long as arrows."""
    return "\n".join([checks, *wrap(f"against {root}", _LETTERS, max_lines=2, placeholder=" …")])


def _box(ax: Axes, centre: tuple[float, float], name: str, role: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    width, height = _BOX
    x, y = centre
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.02",
            facecolor="white",
            edgecolor=INK,
            linewidth=1.3,
            zorder=3,
        )
    )
    ax.text(x, y + 0.025, name, ha="center", va="center", fontsize=10.5, fontweight="bold", color=INK, zorder=4)
    ax.text(x, y - 0.04, role, ha="center", va="center", fontsize=8, color=GREY, zorder=4)


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    style: str,
    text: str,
    *,
    offset: float = 0.0,
    below: bool = False,
    bend: bool = False,
) -> None:
    half = _BOX[0] / 2 + 0.004
    direction = 1 if end[0] > start[0] else -1
    if bend:
        tail, head = (start[0] + half, start[1]), (end[0], end[1] - _BOX[1] / 2 - 0.01)
        middle, align, up = ((tail[0] + head[0]) / 2 - 0.01, tail[1] - 0.035), "center", "top"
    else:
        tail = (start[0] + direction * half, start[1] + offset)
        head = (end[0] - direction * half, end[1] + offset)
        gap = -0.025 if below else 0.025
        middle, align, up = ((tail[0] + head[0]) / 2, tail[1] + gap), "center", "top" if below else "bottom"
    ax.annotate(
        "",
        xy=head,
        xytext=tail,
        arrowprops={
            "arrowstyle": "-|>",
            "color": colour,
            "linewidth": 1.8,
            "linestyle": style,
            "mutation_scale": 13,
            "shrinkA": 0,
            "shrinkB": 0,
            **({"connectionstyle": "angle,angleA=0,angleB=90,rad=6"} if bend else {}),
        },
        zorder=2,
    )
    backing = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    ax.text(*middle, text, ha=align, va=up, fontsize=8, color=colour, zorder=2.5, bbox=backing)
