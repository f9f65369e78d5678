"""Every notebook, run once for each seed as the learner gets it and as it is when solved; what came of it."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labsupport.authoring.notebook_file import read_notebook
from labsupport.authoring.results import RunResult
from labsupport.authoring.run import run_notebooks
from tests.lessons.runs import SEEDS, Run
from tests.tools import ROOT

_spent: list[str] = []


def _run(folder: Path, *, solutions: bool) -> Iterator[Run]:
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    results = run_notebooks(paths, solutions=solutions, out=folder, jobs=2, seeds=SEEDS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    kind = "solved" if solutions else "learner's"
    wall = time.monotonic() - started
    _spent.append(f"{kind} notebooks: {len(results)} runs, {wall:.1f} s, CPU {cpu / len(results):.1f} s a kernel")
    for result in results:
        _spent.append(f"  {result.name}: {result.seconds:.1f} s, {result.earned:g} of {result.possible:g} points")
        yield Run(result, _executed(result))


def _executed(result: RunResult) -> dict[str, Any]:
    assert result.kept is not None, result.failure
    return read_notebook(result.kept)


@pytest.fixture(scope="session")
def learner_runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    return list(_run(tmp_path_factory.mktemp("learner"), solutions=False))


@pytest.fixture(scope="session")
def solved_runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    return list(_run(tmp_path_factory.mktemp("solved"), solutions=True))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Report what the notebooks took; nothing is asserted of it."""
    if _spent:
        terminalreporter.section("notebooks")
        for line in _spent:
            terminalreporter.line(line)
