from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from labsupport import __version__
from labsupport.authoring import release as release_module
from labsupport.authoring.build import build_all
from labsupport.authoring.faults import LessonFaults
from labsupport.authoring.leaks import solution_lines
from labsupport.authoring.places import checkout_dir
from labsupport.authoring.release import release
from labsupport.authoring.source import lesson_paths, read_lesson
from labsupport.errors import LabError, UsageError

FOLDER = f"mtls-lab-{__version__}"


def strings(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield "".join(part for part in value if isinstance(part, str))
        for part in value:
            yield from strings(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from strings(part)


def readable(path: Path) -> str:
    """Return all text that a reader finds in a file, on one line."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join(strings(json.loads(text)))
    return " ".join(text.split())


@pytest.fixture
def checkout(tmp_path: Path, small_lesson: str, catalogue: Mapping[str, Any]) -> Path:
    """A small checkout: one lesson, a library of two files, and what sets them up."""
    root = tmp_path / "checkout"
    for name, content in {
        "course/lessons/01_small.py": small_lesson,
        "course/INSTRUCTOR.md": "For instructors only.",
        "tests/test_small.py": "",
        "labsupport/__init__.py": "__version__ = '0'\n",
        "labsupport/rsa/keys.py": "def double(n):\n    return n + n * 1\n",
        "labsupport/__pycache__/x.pyc": "",
        "labsupport/.hidden": "",
        **{name: f"{name}\n" for name in release_module.SETUP},
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    build_all(root / "course" / "lessons", root / "notebooks", catalogue=catalogue)
    return root


@pytest.fixture
def released(checkout: Path, tmp_path: Path, catalogue: Mapping[str, Any]) -> Callable[[], Path]:
    return lambda: release(tmp_path / "dist", root=checkout, catalogue=catalogue)


def test_a_release_holds_what_a_learner_needs_and_nothing_else(released: Callable[[], Path]) -> None:
    path = released()
    assert path.name == f"{FOLDER}.zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [
            f"{FOLDER}/{name}"
            for name in (
                ".ci/venv",
                "LICENSE",
                "Makefile",
                "README.md",
                "constraints.txt",
                "environment.yml",
                "labsupport/__init__.py",
                "labsupport/rsa/keys.py",
                "notebooks/01_small.ipynb",
                "pyproject.toml",
            )
        ]
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        assert "`01_small.ipynb`: A small lesson" in archive.read(f"{FOLDER}/README.md").decode()
    assert modes.pop(f"{FOLDER}/.ci/venv") == 0o755
    assert set(modes.values()) == {0o644}


def test_the_same_checkout_gives_the_same_bytes(released: Callable[[], Path], checkout: Path) -> None:
    first = released().read_bytes()
    for path in checkout.rglob("*"):
        path.touch()
    assert released().read_bytes() == first


def test_a_solution_in_a_file_beside_the_library_is_refused(released: Callable[[], Path], checkout: Path) -> None:
    (checkout / "Makefile").write_text("# hint: return n+n*1\n")
    with pytest.raises(LabError, match='Makefile: shows a line of the solution of "small-double"'):
        released()
    (checkout / "Makefile").write_text("# hint: return n+n\n")
    assert released().exists()


def test_notebooks_that_are_out_of_step_are_refused(released: Callable[[], Path], checkout: Path) -> None:
    book = checkout / "notebooks" / "01_small.ipynb"
    book.write_text(book.read_text().replace("Prose", "Solution"))
    with pytest.raises(LabError, match=r"out of step with their lessons: 01_small\.ipynb"):
        released()


def test_a_broken_lesson_is_refused(released: Callable[[], Path], checkout: Path) -> None:
    with (checkout / "course" / "lessons" / "01_small.py").open("a") as lesson:
        lesson.write("\n# %% [markdown]\n# return n + n * 1\n")
    with pytest.raises(LessonFaults, match="the learner would read a line of the solution"):
        released()


def test_a_missing_file_is_refused(released: Callable[[], Path], checkout: Path) -> None:
    (checkout / "constraints.txt").unlink()
    with pytest.raises(LabError, match=r"constraints\.txt: is missing"):
        released()
    assert not (checkout.parent / "dist").exists()


def test_a_release_is_made_from_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_module, "checkout_dir", lambda: None)
    with pytest.raises(UsageError, match="checkout of the course"):
        release(tmp_path)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course's own release, unpacked as a learner would."""
    folder = tmp_path_factory.mktemp("release")
    shutil.unpack_archive(release(folder), folder)
    return folder / FOLDER


def test_no_line_of_a_solution_is_anywhere_in_the_release(unpacked: Path) -> None:
    root = checkout_dir()
    assert root is not None
    secret = [line for path in lesson_paths(root / "course" / "lessons") for line in solution_lines(read_lesson(path))]
    assert len(secret) > 10
    beside = [path for path in unpacked.rglob("*") if path.is_file() and "labsupport" not in path.parts]
    assert len(beside) > len(release_module.SETUP)
    for path in beside:
        text = readable(path)
        for line in secret:
            # Whole words: `own_key = …` does not show the line `key = …`.
            found = re.search(rf"(?<!\w){re.escape(' '.join(line.text.split()))}(?!\w)", text)
            assert found is None, (path.name, line)
    names = {path.name for path in unpacked.rglob("*")}
    assert not names & {"course", "tests", "lessons", "INSTRUCTOR.md"}
    assert "### BEGIN SOLUTION" not in "".join(map(readable, beside))


def test_the_unpacked_release_can_be_installed(unpacked: Path, tmp_path: Path) -> None:
    """Everything that pyproject.toml names is there; where the build tool is, a wheel is made of it as well."""
    project = tomllib.loads((unpacked / "pyproject.toml").read_text())
    assert (unpacked / project["project"]["readme"]).is_file()
    assert all((unpacked / name).is_file() for name in project["project"]["license-files"])
    hatch = project["tool"]["hatch"]
    assert (unpacked / hatch["version"]["path"]).is_file()
    wheel = hatch["build"]["targets"]["wheel"]
    assert all((unpacked / name / "__init__.py").is_file() for name in wheel["packages"])
    assert all(any((unpacked / name).iterdir()) for name in wheel["force-include"])
    if importlib.util.find_spec("hatchling"):
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
        subprocess.run(command, cwd=unpacked, check=True, capture_output=True)
        (built,) = tmp_path.glob("*.whl")
        with zipfile.ZipFile(built) as archive:
            assert {"labsupport/_notebooks/00_start.ipynb", "labsupport/py.typed"} <= set(archive.namelist())


def test_the_unpacked_release_sets_up_a_working_copy_and_has_no_lessons(unpacked: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "import labsupport\n"
        "from labsupport.authoring.places import lessons_dir, masters_dir\n"
        "from labsupport.authoring.working_copy import refresh\n"
        "print(labsupport.__file__)\n"
        "print(len(refresh(masters_dir(), Path(sys.argv[2]))))\n"
        "try: lessons_dir()\n"
        "except Exception as error: print(error)\n"
    )
    command = [sys.executable, "-c", code, str(unpacked), str(tmp_path / "work")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    library, number, refusal = done.stdout.splitlines()
    assert Path(library) == unpacked / "labsupport" / "__init__.py"
    assert int(number) == len(list((unpacked / "notebooks").glob("*.ipynb")))
    assert "instructor's checkout" in refusal
