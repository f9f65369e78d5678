"""Run All reaches the end whatever a learner has answered: no other cell depends on an answer."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from labsupport.authoring.notebook_file import notebook_bytes, read_notebook
from labsupport.authoring.run import run_notebooks
from labsupport.exercises import LESSON_MODULES, catalogue
from tests.lessons.runs import Run
from tests.tools import ROOT

pytestmark = pytest.mark.notebooks

WRONG: Mapping[str, Mapping[str, str]] = {
    exercise: wrong
    for module in LESSON_MODULES
    for exercise, wrong in importlib.import_module(f"tests.exercises.answers.{module}").WRONG.items()
}


def answered(slug: str, variant: int) -> dict[str, Any]:
    """Return the learner's notebook with a wrong answer in every exercise, another one for each variant."""
    notebook = read_notebook(ROOT / "notebooks" / f"{slug}.ipynb")
    for cell in notebook["cells"]:
        kind, _, exercise = cell["id"].partition("-")
        if kind == "exercise":
            wrong = list(WRONG[exercise].values())
            cell["source"] = wrong[variant % len(wrong)]
    return notebook


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("wrong")
    paths: list[Path] = []
    for slug in dict.fromkeys(exercise.lesson for exercise in catalogue().values()):
        of_lesson = [WRONG[exercise.id] for exercise in catalogue().values() if exercise.lesson == slug]
        # Every wrong answer of a lesson of several exercises; a single exercise has nothing to mix.
        for variant in range(max(map(len, of_lesson)) if len(of_lesson) > 1 else 1):
            paths.append(folder / f"{slug}-wrong{variant}.ipynb")
            paths[-1].write_bytes(notebook_bytes(answered(slug, variant)))
    results = run_notebooks(paths, out=folder / "executed", jobs=2)
    return [Run(result, read_notebook(result.kept)) for result in results if result.kept]


def test_it_ran_to_the_end(runs: list[Run]) -> None:
    assert [(run.result.name, str(run.result.failure)) for run in runs if run.result.failure] == []
    assert len(runs) > 5


def test_nobody_earned_everything(runs: list[Run]) -> None:
    assert [run.result.name for run in runs if run.result.earned >= run.result.possible] == []


def test_silence_on_stderr(runs: list[Run]) -> None:
    assert [
        (run.result.name, cell) for run in runs for cell, output in run.outputs() if output.get("name") == "stderr"
    ] == []
