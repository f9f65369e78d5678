"""``show``: display one figure, once, with words for those who do not see it.

JupyterLab ignores alt metadata on PNG outputs, so the HTML carries an ``<img alt>``, with the PNG itself and the alt
text as plain text beside it.
"""

from __future__ import annotations

import base64
import io
import re
import sys
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from labsupport.errors import UsageError
from labsupport.notebook import look
from labsupport.notebook.attempt import Attempt
from labsupport.notebook.predict import predictions
from labsupport.tls.servers.pair import Pair

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["bundle", "figure_of", "show"]


def show(*things: Any) -> None:
    """Display the figure that belongs to `things`.

    Axes or a Figure: itself.  Attempts: their handshake ladders side by side.  A mapping of attempts (or of columns of
    attempts): the outcome map, with this session's predictions.  A Pair: who trusts whom.
    """
    try:
        data = bundle(figure_of(*things))
    except UsageError as error:
        # One clear line, not a traceback: the cell goes on.
        data = {"text/plain": str(error), "text/html": look.card([look.escape(error)])}
    # Here, because IPython is slow to import and absent from the command line's journeys.
    from IPython.core.getipython import get_ipython
    from IPython.display import publish_display_data

    if get_ipython() is None:
        print(data["text/plain"])
    else:
        publish_display_data(data)  # type: ignore[no-untyped-call]  # IPython's, without types


def figure_of(*things: Any) -> Figure:
    """Return the figure that `show` would display; raises UsageError where nothing belongs to `things`."""
    if not things:
        raise UsageError("show() needs something to show: Axes, attempts, a mapping of attempts, or a Pair")
    thing, *more = things
    if isinstance(thing, Attempt):
        return _ladders(things)
    if more:
        raise UsageError(f"show() takes one {type(thing).__name__} at a time; only attempts can stand side by side")
    if isinstance(thing, Pair):
        from labsupport.notebook.figures.topology import topology

        return _figure(topology(thing))
    if isinstance(thing, Mapping):
        return _outcomes(thing)
    figure = _root(thing)
    if figure is None:
        raise UsageError(
            f"show() has no figure for {type(thing).__name__}: give it Axes, attempts, a mapping of attempts, or a Pair"
        )
    return _figure(figure)


def bundle(figure: Figure) -> dict[str, str]:
    """Return `figure` as HTML, PNG (base64) and plain text; the alt text is the figure's label, else its titles."""
    titles = ". ".join(ax.get_title(loc=where) for ax in figure.axes for where in ("left", "center", "right"))
    alt = (
        look.plain(figure.get_label())
        or re.sub(r"(\. )+", ". ", look.plain(titles)).strip(". ")
        or "A figure without a description."
    )
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box, which says it all; stderr stays silent.
        warnings.simplefilter("ignore")
        figure.savefig(drawn, format="png", dpi=2 * figure.dpi)
    png = base64.b64encode(drawn.getvalue()).decode("ascii")
    width = round(figure.get_figwidth() * figure.dpi)
    # Twice the pixels for sharp screens; white behind it, because a figure's inks are made for paper.  On a phone it
    # shrinks while its letters can be read, then it scrolls.
    style = f"display: block; width: 100%; min-width: {round(0.72 * width)}px; max-width: {width}px; background: white"
    image = f'<img src="data:image/png;base64,{png}" alt="{look.escape(alt)}" style="{style}">'
    frame = "overflow-x: auto; max-width: max-content; padding: 0.5rem; border-radius: 6px; background: white"
    return {"text/html": f'<div style="{frame}">{image}</div>', "image/png": png, "text/plain": alt}


def _root(thing: Any) -> Figure | None:
    """Return the Figure that Axes or a SubFigure belong to, or a Figure itself; None for anything else."""
    figure = getattr(thing, "figure", None)
    while figure is not None and figure is not thing:
        thing, figure = figure, getattr(figure, "figure", None)
    return cast("Figure", thing) if figure is not None and hasattr(thing, "savefig") else None


def _figure(thing: Axes | Figure) -> Figure:
    figure = _root(thing)
    assert figure is not None, "Axes always belong to a figure"
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        # A pyplot figure would be drawn a second time at the end of the cell.
        pyplot.close(figure)
    return figure


def _ladders(attempts: tuple[Any, ...]) -> Figure:
    from labsupport.notebook.figures.ladder import ladder, ladders

    traces = []
    for number, item in enumerate(attempts, start=1):
        if not isinstance(item, Attempt):
            raise UsageError(f"show() takes attempts side by side; item {number} is {type(item).__name__}")
        if not item.trace.messages:
            raise UsageError(f"show() has no handshake to draw for {item.call}: {item.verdict}")
        traces.append(item.trace)
    return _figure(ladder(traces[0]) if len(traces) == 1 else ladders(traces)[0])


def _outcomes(things: Mapping[Any, Any]) -> Figure:
    from labsupport.notebook.figures.outcomes import outcomes

    nested = [isinstance(value, Mapping) for value in things.values()]
    if any(nested) and not all(nested):
        raise UsageError("show() takes attempts by name, or columns of them by name, not both in one mapping")
    columns = {
        str(column): {str(name): item for name, item in cells.items()}
        for column, cells in (things if any(nested) else {"": things}).items()
    }
    if not all(columns.values()) or not columns:
        raise UsageError("show() was given a mapping with nothing in it")
    for cells in columns.values():
        for name, item in cells.items():
            if not isinstance(item, Attempt):
                raise UsageError(f"show() expects attempts in the mapping; {name!r} is {type(item).__name__}")
    return _figure(outcomes(columns, predictions()))
