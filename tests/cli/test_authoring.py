from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from labsupport.authoring import run as running
from labsupport.authoring.places import lessons_dir, masters_dir
from labsupport.authoring.results import Failure, RunResult
from labsupport.cli import main
from labsupport.cli.authoring import near

# --- build ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the lessons and the notebooks, in which the command works."""
    shutil.copytree(lessons_dir(), tmp_path / "lessons")
    shutil.copytree(masters_dir(), tmp_path / "notebooks")
    monkeypatch.setattr("labsupport.authoring.places.lessons_dir", lambda: tmp_path / "lessons")
    monkeypatch.setattr("labsupport.authoring.places.masters_dir", lambda: tmp_path / "notebooks")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_course_in_step_needs_no_build(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--check"]) == 0
    assert capsys.readouterr() == ("All notebooks in notebooks are in step with their lessons.\n", "")
    assert main(["build"]) == 0


def test_a_notebook_out_of_step_is_named_by_check_and_mended_by_build(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = course / "notebooks" / "00_start.ipynb"
    right = notebook.read_bytes()
    notebook.write_bytes(right.replace(b"five", b"six", 1))
    wrong = notebook.read_bytes()
    assert main(["build", "--check"]) == 1
    assert capsys.readouterr().out == (
        "out of step  notebooks/00_start.ipynb\n`labsupport build` brings them in step.\n"
    )
    assert notebook.read_bytes() == wrong
    assert main(["build"]) == 0
    assert capsys.readouterr().out == "built  notebooks/00_start.ipynb\n"
    assert notebook.read_bytes() == right


def test_a_fault_in_a_lesson_is_file_line_reason_and_nothing_else(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson = course / "lessons" / "00_start.py"
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(text.replace("    ### END SOLUTION\n", "", 1), encoding="utf-8")
    assert main(["build"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"(lessons/00_start\.py:\d+: .+\n)+", err)


def test_solutions_go_where_they_are_asked_for_and_nowhere_else(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in (course / "notebooks").iterdir()}
    assert main(["build", "--solutions", "solved"]) == 0
    assert "solved  solved/00_start.ipynb\n" in capsys.readouterr().out
    assert {path.name for path in Path("solved").iterdir()} == {path.name for path in before}
    assert {path: path.read_bytes() for path in (course / "notebooks").iterdir()} == before


def test_check_and_solutions_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--check", "--solutions", "x"]) == 2
    assert "not allowed with argument" in capsys.readouterr().err


# --- run ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run nothing; note what was to be run, and answer with the result that is put under ``failure``."""
    notes: dict[str, Any] = {"failure": None}

    def run_notebooks(paths: Sequence[Path], **options: Any) -> list[RunResult]:
        notes.update(options, paths=list(paths))
        return [RunResult(path.stem, path, 3, 1.5, 2.0, 2.0, notes["failure"], path) for path in paths]

    monkeypatch.setattr(running, "run_notebooks", run_notebooks)
    return notes


def test_without_names_every_notebook_of_the_course_runs(
    ran: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run"]) == 0
    assert [path.name for path in ran["paths"]] == sorted(path.name for path in masters_dir().glob("*.ipynb"))
    assert (ran["solutions"], ran["out"], ran["jobs"], ran["parameters"]) == (False, None, None, {})
    out, err = capsys.readouterr()
    assert err == ""
    assert re.search(r"^00_start +3 +1\.5 +2/2 +ok$", out, re.MULTILINE)


def test_options_are_passed_on(ran: dict[str, Any], tmp_path: Path) -> None:
    given = ["--solutions", "--out", str(tmp_path), "--jobs", "3", "--parameters", "seed=7", "--parameters", "who=me"]
    assert main(["run", "00_start", *given]) == 0
    assert [path.name for path in ran["paths"]] == ["00_start.ipynb"]
    assert (ran["solutions"], ran["out"], ran["jobs"]) == (True, tmp_path, 3)
    assert ran["parameters"] == {"seed": 7, "who": "me"}


def test_a_file_is_taken_as_it_is(ran: dict[str, Any], tmp_path: Path) -> None:
    mine = tmp_path / "mine.ipynb"
    shutil.copy(masters_dir() / "00_start.ipynb", mine)
    assert main(["run", str(mine)]) == 0
    assert ran["paths"] == [mine]


def test_a_failure_is_exit_code_1_and_says_where(ran: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    ran["failure"] = Failure("cell-007", "1 / 0", "ZeroDivisionError: division by zero")
    assert main(["run", "00_start"]) == 1
    assert "cell-007 (1 / 0): ZeroDivisionError: division by zero" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["00_strat"], "00_strat: no such notebook; did you mean 00_start?"),
        (["qqq"], "qqq: no such notebook; lessons: 00_start, "),
        (["--jobs", "0"], "argument --jobs: '0' is not a number of jobs: use 1 or more"),
        (["--jobs", "two"], "argument --jobs: 'two' is not a number of jobs"),
        (["--parameters", "seed"], "argument --parameters: 'seed' is not of the form NAME=VALUE, such as seed=7"),
        (["--parameters", "2x=1"], "argument --parameters: '2x=1' is not of the form NAME=VALUE"),
        (["00_start", "--parameters", "sed=7"], '00_start.ipynb: there is no parameter "sed": it has seed'),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("labsupport run: ")
    assert line in err
    assert err.count("\n") == 1


@pytest.mark.notebooks
def test_the_solved_warm_up_runs_for_real_and_the_executed_notebook_is_kept(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "labsupport", "run", "00_start", "--solutions", "--out", str(tmp_path), "--jobs", "1"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^ok +00_start: \d+ cells in [\d.]+ s, 1 of 1 points$", done.stdout, re.MULTILINE)
    assert (tmp_path / "00_start.ipynb").is_file()


def test_paths_are_shown_relative_to_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert near(tmp_path / "a" / "b") == Path("a/b")
    assert near(Path("/elsewhere/b")) == Path("/elsewhere/b")


# --- release --------------------------------------------------------------------------------------------------------


def test_a_release_is_written_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release", str(tmp_path / "dist")]) == 0
    [made] = (tmp_path / "dist").iterdir()
    assert capsys.readouterr() == (f"released  {made}\n", "")
    with zipfile.ZipFile(made) as archive:
        tops = {name.split("/")[1] for name in archive.namelist()}
    assert {"notebooks", "labsupport", "pyproject.toml", "constraints.txt", "Makefile", ".ci"} <= tops
    assert not tops & {"course", "tests", ".git"}


def test_a_release_without_a_place_or_without_a_checkout_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release"]) == 2
    assert "the following arguments are required: DIR" in capsys.readouterr().err
    monkeypatch.setattr("labsupport.authoring.release.checkout_dir", lambda: None)
    assert main(["release", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("labsupport release: a release is made from a checkout")
