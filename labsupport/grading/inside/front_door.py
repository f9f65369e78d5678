"""The library as the sandbox has it: the lessons' verbs without anything behind them that would answer an exercise.

This file stands as ``labsupport/__init__.py`` inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Authority", "Pair", "attempt", "check", "predict", "progress", "show"]


class _NotHere(RuntimeError):
    """A verb of the lessons was used where answers are judged."""


class _Absent:
    """Stands for a class of the library that would answer an exercise."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *_: object, **__: object) -> Any:
        raise _NotHere(f"{self._name} is for the lesson; an answer has to do without it")

    def __getattr__(self, name: str) -> Any:
        raise _NotHere(f"{self._name} is for the lesson; an answer has to do without it")


Authority = _Absent("Authority")
Pair = _Absent("Pair")


def attempt(function: Callable[..., object], *_: object, **__: object) -> None:
    """Do nothing: what a cell of the lesson tries is not judged."""


def check(*_: object, **__: object) -> float:
    """Say 0.0: the judge is outside."""
    return 0.0


def predict(*_: object, **__: object) -> None:
    """Do nothing."""


def progress(*_: object, **__: object) -> None:
    """Do nothing."""


def show(*_: object, **__: object) -> None:
    """Do nothing."""
