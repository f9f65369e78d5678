"""What is new every time: keys, signatures, the time. A keeper can take it down, and give it back another day.

Without a keeper, which is how it is in a notebook, `fresh` makes and nothing else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

__all__ = ["Keeper", "fresh", "kept_by"]

T = TypeVar("T")


class Keeper(Protocol):
    """Somebody who takes down what is new, or has it in writing already."""

    def keep(
        self,
        what: str,
        make: Callable[[], T],
        *,
        to: Callable[[T], Any],
        back: Callable[[Any], T],
        about: Callable[[], Any],
    ) -> T:
        """Return what `make` makes, or in its place what was made at another time (see `fresh`)."""
        ...


# Of this thread, or this task: servers that run beside it keep nothing.
_keeper: ContextVar[Keeper | None] = ContextVar("keeper", default=None)


def _nothing() -> None:
    return None


def fresh(
    what: str,
    make: Callable[[], T],
    *,
    to: Callable[[T], Any],
    back: Callable[[Any], T],
    about: Callable[[], Any] = _nothing,
) -> T:
    """Return what `make` makes, by way of the keeper if there is one.

    `to` turns it into plain data and `back` makes it of them; `about` returns, as plain data, all that is given and on
    which it depends: what was made about something else must not take its place.
    """
    keeper = _keeper.get()
    return make() if keeper is None else keeper.keep(what, make, to=to, back=back, about=about)


@contextlib.contextmanager
def kept_by(keeper: Keeper | None) -> Iterator[None]:
    """Have `keeper` keep what is new inside the block; None: nobody."""
    token = _keeper.set(keeper)
    try:
        yield
    finally:
        _keeper.reset(token)
