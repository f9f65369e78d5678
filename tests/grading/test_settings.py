"""The version of the specs: another one whenever a verdict could be another one, and only then."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import labsupport
from labsupport.authoring.places import masters_dir
from labsupport.grading import settings


class Copy:
    """A copy of the library and of its lessons, which may be changed."""

    def __init__(self, folder: Path) -> None:
        self.library, self.masters = folder / "labsupport", folder / "notebooks"
        shutil.copytree(Path(labsupport.__file__).parent, self.library, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(masters_dir(), self.masters)

    def append(self, module: str) -> None:
        with (self.library / module).open("a") as file:
            file.write("# changed\n")

    def edit(self, is_meant: Callable[[dict[str, list[str]]], bool]) -> None:
        """Change the first code cell of lesson 01 whose metadata are meant."""
        path = self.masters / "01_rsa.ipynb"
        notebook = json.loads(path.read_text())
        cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code" and is_meant(cell["metadata"]))
        cell["source"] = "# changed"
        path.write_text(json.dumps(notebook))


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copy:
    made = Copy(tmp_path)
    monkeypatch.setattr(labsupport, "__file__", str(made.library / "__init__.py"))
    monkeypatch.setattr(settings, "masters_dir", lambda: made.masters)
    # What is otherwise read once in a process.
    monkeypatch.setattr(settings, "lessons", settings.lessons.__wrapped__)
    monkeypatch.setattr(settings, "master_of", settings.master_of.__wrapped__)
    return made


def version() -> str:
    return settings.specs_version.__wrapped__()


def test_a_copy_has_the_version_of_the_original(copy: Copy) -> None:
    assert version() == settings.specs_version()
    assert version().startswith(f"{labsupport.__version__}+")


@pytest.mark.parametrize(
    "module", ["exercises/verdicts.py", "rsa.py", "pki/keys.py", "grading/judging.py", "grading/inside/kernel.py"]
)
def test_another_judge_is_another_version(module: str, copy: Copy) -> None:
    before = version()
    copy.append(module)
    assert version() != before


def test_what_runs_before_the_answers_belongs_to_it(copy: Copy) -> None:
    before = version()
    copy.edit(lambda metadata: "setup" in metadata.get("tags", []))
    assert version() != before


@pytest.mark.parametrize("module", ["notebook/look.py", "grading/gradebook/reading.py", "cli/grading.py"])
def test_what_judges_nothing_does_not(module: str, copy: Copy) -> None:
    before = version()
    copy.append(module)
    copy.edit(lambda metadata: "setup" not in metadata.get("tags", []) and "parameters" not in metadata.get("tags", []))
    assert version() == before
