"""Callees whose functions live in sandboxes, which are used again: to start one takes a moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from labsupport.grading.callee import CELL_SECONDS, Learner, SandboxedCallee
from labsupport.grading.program import Step
from labsupport.grading.sandbox.sandbox import Isolation, Sandbox

__all__ = ["Sandboxes"]


class Sandboxes:
    """Hands out callees; `close` ends every sandbox."""

    def __init__(self, isolation: Isolation = "none") -> None:
        self._isolation = isolation
        self._idle: list[Sandbox] = []
        self._all: list[Sandbox] = []

    @contextmanager
    def learner(self, *sources: str, cell_seconds: float = CELL_SECONDS) -> Iterator[Learner]:
        """Yield the one whose cells `sources` are; the first is the answer of the exercise "x"."""
        if not self._idle:
            self._idle.append(Sandbox(self._isolation).__enter__())
            self._all += self._idle
        sandbox = self._idle.pop()
        steps = [
            Step(f"cell {number}" if number else "exercise-x", source, "answer", "x")
            for number, source in enumerate(sources)
        ]
        learner = Learner(sandbox, steps, cell_seconds)
        try:
            yield learner
        finally:
            learner.lose()
            self._idle.append(sandbox)

    @contextmanager
    def callee(self, *sources: str) -> Iterator[SandboxedCallee]:
        """Yield the callee of what `sources` define."""
        with self.learner(*sources) as learner:
            yield SandboxedCallee(learner, "exercise-x")

    def close(self) -> None:
        """End every sandbox."""
        for sandbox in self._all:
            sandbox.__exit__(None, None, None)
