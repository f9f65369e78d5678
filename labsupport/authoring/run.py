"""Run notebooks from top to bottom with papermill, several at a time, and say what came of each.

papermill is imported once, while the kernels' template warms up; then each notebook runs in a thread and a kernel of
its own.
"""

from __future__ import annotations

import ast
import logging
import math
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from labsupport.authoring.build import solved_notebook
from labsupport.authoring.imports import without
from labsupport.authoring.kernels import KernelHost
from labsupport.authoring.notebook_file import (
    cells_of,
    joined,
    metadata_of,
    notebook_bytes,
    read_notebook,
    write_atomically,
)
from labsupport.authoring.places import lessons_dir
from labsupport.authoring.results import Progress, RunResult, failure_of, marks
from labsupport.authoring.source import read_lesson
from labsupport.errors import UsageError

__all__ = ["run_notebooks"]

_TICK = 0.2

_Watch = Callable[[Sequence[Progress]], None]


@dataclass
class _Job:
    """One notebook to run with one set of parameters: its own thread writes here, the main thread looks on."""

    name: str
    path: Path
    notebook: Mapping[str, Any]
    solved: bool
    parameters: dict[str, object]
    begun: int = 0
    started: float | None = None
    executed: Any = None
    current: Any = None
    result: RunResult | None = None

    @property
    def cells(self) -> int:
        """How many code cells there are; with parameters, papermill adds one that sets them."""
        return len([cell for cell in cells_of(self.notebook) if cell.get("cell_type") == "code"]) + bool(
            self.parameters
        )

    def starts(self, notebook: Any) -> None:
        """Remember the notebook whose cells fill up with outputs, for the case that the run fails."""
        self.executed = notebook

    def begins(self, cell: Any, cell_index: int) -> None:
        """Count a code cell that begins; `cell_index` is part of nbclient's call."""
        del cell_index
        if cell.cell_type == "code":
            self.begun += 1
            self.current = cell

    def seconds(self) -> float:
        return 0.0 if self.started is None else time.monotonic() - self.started

    def progress(self) -> Progress:
        seconds = self.result.seconds if self.result else self.seconds()
        return Progress(self.name, self.begun, self.cells, seconds, self.result)

    def end(self, error: Exception | None, kept: Path | None) -> None:
        """Sum up; write the executed notebook, if it began, into the folder `kept`, if there is one."""
        seconds = self.seconds()
        earned, possible = marks(self.executed) if self.executed else (0.0, 0.0)
        failure = failure_of(self.executed or {"cells": []}, self.current, error) if error else None
        path = kept / f"{self.name}.ipynb" if kept and self.executed else None
        if path:
            write_atomically(path, notebook_bytes(self.executed))
        self.result = RunResult(self.name, self.path, self.begun, seconds, earned, possible, failure, path)


def run_notebooks(
    paths: Sequence[Path],
    *,
    solutions: bool = False,
    out: Path | None = None,
    jobs: int | None = None,
    parameters: Mapping[str, object] | None = None,
    seeds: Sequence[int] = (),
    cell_timeout: float = 60.0,
    on_progress: _Watch | None = None,
    lessons: Path | None = None,
) -> list[RunResult]:
    """Run the notebooks, or with `solutions` the solved build of each, and return a result for each, in order.

    `out` keeps every executed notebook; without it a failed one is kept, in a temporary folder. `jobs` run at once,
    by default one for each processor. With `seeds` each notebook runs once for each seed. A cell has `cell_timeout`
    seconds. `on_progress` is called a few times a second, in the calling thread. Ctrl-C ends all kernels.

    Raises UsageError if there is nothing to run, for a parameter that a notebook does not have or, with `solutions`,
    for a notebook without a lesson in `lessons` (by default ``course/lessons``), and NotebookError for a file that is
    no notebook.
    """
    planned: list[_Job] = []
    for path in paths:
        notebook = _solved(path, lessons or lessons_dir()) if solutions else read_notebook(path)
        for values in [{**(parameters or {}), "seed": seed} for seed in seeds] or [dict(parameters or {})]:
            _refuse_unknown(path, notebook, values)
            name = f"{path.stem}-seed{values['seed']}" if seeds else path.stem
            name = _untaken(name, {job.name for job in planned})
            planned.append(_Job(name, path.resolve(), notebook, solutions, values))
    if not planned:
        raise UsageError("there is no notebook to run")
    with KernelHost({"LABSUPPORT_PROGRESS": "off"}) as host:
        execute = _executor(host, cell_timeout)
        _run_all(planned, host, execute, max(1, jobs or os.cpu_count() or 1), out, on_progress)
    return [job.result for job in planned if job.result]


def _solved(path: Path, lessons: Path) -> dict[str, Any]:
    source = lessons / f"{path.stem}.py"
    if not source.is_file():
        raise UsageError(f"{path}: there is no lesson {source} to take the solutions from")
    return solved_notebook(read_lesson(source))


def _refuse_unknown(path: Path, notebook: Mapping[str, Any], parameters: Mapping[str, object]) -> None:
    """Raise UsageError for a parameter that the notebook's parameters cell does not set."""
    known: set[str] = set()
    for cell in cells_of(notebook):
        if "parameters" in (metadata_of(cell).get("tags") or ()):
            with suppress(SyntaxError):
                nodes = ast.walk(ast.parse(joined(cell.get("source"))))
                known |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for name in parameters:
        if name not in known:
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            raise UsageError(f'{path}: there is no parameter "{name}": {has}')


def _untaken(name: str, taken: set[str]) -> str:
    return next(new for number in count(1) if (new := f"{name}-{number}" if number > 1 else name) not in taken)


def _run_all(
    planned: Sequence[_Job],
    host: KernelHost,
    execute: Callable[[_Job, Path], Exception | None],
    jobs: int,
    out: Path | None,
    on_progress: _Watch | None,
) -> None:
    def run(job: _Job) -> None:
        job.started = time.monotonic()
        source = job.path
        if job.solved:
            source = host.folder / "solved" / f"{job.name}.ipynb"
            write_atomically(source, notebook_bytes(job.notebook))
        error = execute(job, source)
        # After Ctrl-C nobody would be told where a failed notebook is kept.
        keep = error and job.executed and not host.closed
        job.end(error, out or (Path(tempfile.mkdtemp(prefix="labsupport-run-")) if keep else None))

    with ThreadPoolExecutor(jobs) as pool:
        try:
            # The longest first: whatever is left for the end should be short.
            pending = {pool.submit(run, job) for job in sorted(planned, key=lambda job: -job.cells)}
            while pending:
                done, pending = wait(pending, timeout=_TICK)
                if on_progress:
                    on_progress([job.progress() for job in planned])
                for future in done:
                    future.result()
        except BaseException:
            # Ctrl-C, above all: without their kernels the threads come to their end.
            pool.shutdown(wait=False, cancel_futures=True)
            host.kill()
            raise


def _executor(host: KernelHost, cell_timeout: float) -> Callable[[_Job, Path], Exception | None]:
    """Import what running takes; return the function that runs one job and returns the error that ended it."""
    # To check notebooks, jsonschema compiles a grammar of internationalised addresses, for seconds; none has any.
    with without("rfc3987_syntax"):
        import papermill
    from jupyter_core.utils import ensure_event_loop

    from labsupport.authoring.kernel_manager import manager_class

    managers = manager_class(host)
    logger = logging.getLogger("papermill")
    if not logger.hasHandlers():
        # Logging would print papermill's remarks on stderr; the results tell them already.
        logger.addHandler(logging.NullHandler())

    def execute(job: _Job, source: Path) -> Exception | None:
        try:
            papermill.execute_notebook(
                # papermill fills parameters into the path; this one is to be taken as it is.
                str(source).replace("{", "{{").replace("}", "}}"),
                None,
                parameters=job.parameters,
                kernel_name="python3",
                language="python",
                kernel_manager_class=managers,
                resources={"metadata": {"path": str(job.path.parent)}},
                progress_bar=False,
                request_save_on_cell_execute=False,
                execution_timeout=math.ceil(cell_timeout),
                on_notebook_start=job.starts,
                on_cell_start=job.begins,
            )
        except Exception as error:  # whatever ends this notebook is its result; the others go on
            return error
        finally:
            # nbclient makes an event loop for this thread and leaves it open.
            ensure_event_loop().close()
        return None

    return execute
