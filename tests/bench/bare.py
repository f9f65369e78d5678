"""The bare work of grading: the same steps and the same judgements in one warm process, nothing isolated or kept.

``python -m tests.bench.bare NOTEBOOK …`` prints the CPU seconds; the first notebook of each lesson is run once before,
so that nothing is imported or read while the clock runs. What the lessons' own verbs do is left out, as it is in the
sandbox.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import ModuleType

import labsupport
from labsupport.exercises.guard import guarded
from labsupport.exercises.local import LocalCallee
from labsupport.exercises.model import judge
from labsupport.exercises.room import _Functions
from labsupport.grading.inside import front_door
from labsupport.grading.inside.cells import names, translated
from labsupport.grading.judging import exercises_of
from labsupport.grading.program import program_of
from labsupport.grading.settings import master_of

__all__: list[str] = []


def _judge(path: Path) -> None:
    lesson = path.stem
    module = ModuleType("__main__")
    module.__dict__.update(names())
    for step in program_of(path.read_bytes(), master_of(lesson), lesson).steps:
        code = compile(translated(step.source), step.name, "exec")
        guarded(lambda code=code: exec(code, module.__dict__), 20.0)  # type: ignore[misc]  # mypy knows no such lambda
    for exercise in exercises_of(lesson):
        with closing(LocalCallee(_Functions(module.__dict__))) as callee:
            judge(exercise, callee)


def main(arguments: Sequence[str]) -> None:
    """Judge the notebooks and print the CPU seconds."""
    for verb in front_door.__all__:
        setattr(labsupport, verb, getattr(front_door, verb))
    paths = [Path(argument) for argument in arguments]
    for path in {path.stem: path for path in reversed(paths)}.values():
        _judge(path)
    begin = time.process_time()
    for path in paths:
        _judge(path)
    print(time.process_time() - begin)


if __name__ == "__main__":
    main(sys.argv[1:])
