"""Every notebook runs to its end: stubs earn nothing, solutions everything, and nothing is said that should not be."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest

from labsupport.authoring.build import build_all
from labsupport.pki.folders import PREFIX
from tests.lessons.runs import SEEDS, Run
from tests.tools import ROOT

pytestmark = pytest.mark.notebooks

_KEY = re.compile(r"PRIVATE KEY|\bMI[IG][A-Za-z0-9+/]{60,}")
# Absolute paths of files, but not of URLs, of HTML's closing tags, or of places on servers such as /whoami.
_PATH = re.compile(r"(?<![\w:/<.])/(?:[\w.~-]+/)+[\w.~-]+")
# What the lessons quote: an attack on a list of allowed paths, and where nginx and Istio keep their files.
_HARMLESS = ("/whoami/",)


@pytest.fixture(params=["learner", "solved"])
def runs(request: pytest.FixtureRequest) -> list[Run]:
    made: list[Run] = request.getfixturevalue(f"{request.param}_runs")
    return made


def test_every_notebook_ran_for_every_seed(runs: list[Run]) -> None:
    slugs = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    assert [run.result.name for run in runs] == [f"{slug}-seed{seed}" for slug in slugs for seed in SEEDS]


def test_nothing_fails(runs: list[Run]) -> None:
    assert [(run.result.name, str(run.result.failure)) for run in runs if run.result.failure] == []
    assert [cell for run in runs for cell, output in run.outputs() if output["output_type"] == "error"] == []


def test_untouched_stubs_earn_nothing(learner_runs: list[Run]) -> None:
    assert all(run.result.possible > 0 for run in learner_runs)
    assert [run.result.earned for run in learner_runs] == [0.0] * len(learner_runs)


def test_solutions_earn_everything(solved_runs: list[Run]) -> None:
    assert all(run.result.possible > 0 for run in solved_runs)
    assert [run.result.earned for run in solved_runs] == [run.result.possible for run in solved_runs]


def test_silence_on_stderr(runs: list[Run]) -> None:
    loud = [(run.result.name, cell, output) for run in runs for cell, output in run.outputs() if "name" in output]
    assert loud == []


def test_no_key_is_shown(runs: list[Run]) -> None:
    assert [(run.result.name, cell) for run in runs for cell, text in run.texts() if _KEY.search(text)] == []


def test_no_path_outside_the_private_folder_is_shown(runs: list[Run]) -> None:
    private = str(Path(tempfile.gettempdir()) / PREFIX)
    seen = {(cell, path) for run in runs for cell, text in run.texts() for path in _PATH.findall(text)}
    assert seen, "the lesson shows where its files are"
    assert {(cell, path) for cell, path in seen if not path.startswith((private, *_HARMLESS))} == set()


def test_a_run_leaves_no_progress_behind(runs: list[Run]) -> None:
    assert runs
    assert not list((ROOT / "notebooks").glob(".progress*"))


def test_every_figure_has_its_alt_text(runs: list[Run]) -> None:
    figures = 0
    for run in runs:
        for cell, output in run.outputs():
            data = output.get("data", {})
            if "image/png" in data:
                figures += 1
                alt = re.search(r'<img [^>]*alt="([^"]{20,})"', "".join(data["text/html"]))
                assert alt, cell
                assert "text/plain" in data
    assert figures >= len(runs)


def test_notebooks_are_in_step_with_their_sources() -> None:
    assert build_all(ROOT / "course" / "lessons", ROOT / "notebooks", check=True) == []
