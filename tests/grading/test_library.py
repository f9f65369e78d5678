"""What the sandbox shows of the library is a list: it answers no exercise, and it stands by itself."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import labsupport
from labsupport.exercises import catalogue
from labsupport.grading.sandbox.library import SHOWN, write_library

LIBRARY = Path(labsupport.__file__).parent
SOLVED_BY = {module for exercise in catalogue().values() for module in exercise.answered_by}
SPECS = {inspect.getmodule(exercise.cases) for exercise in catalogue().values()}


def within(module: str, other: str) -> bool:
    return module == other or module.startswith(f"{other}.")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    write_library(tmp_path)
    return tmp_path / "lib"


def test_what_answers_an_exercise_is_not_shown() -> None:
    assert SOLVED_BY
    assert [name for name in SHOWN for other in SOLVED_BY if within(f"labsupport.{name}", other)] == []


def test_no_spec_is_shown() -> None:
    specs = {module.__name__ for module in SPECS if module is not None}
    assert specs
    assert [name for name in SHOWN if f"labsupport.{name}" in specs] == []


def test_nothing_else_is_there(library: Path) -> None:
    files = {path.relative_to(library / "labsupport").as_posix() for path in library.rglob("*") if path.is_file()}
    listed = {f"{name.replace('.', '/')}.py" for name in SHOWN}
    assert {name for name in files - listed if Path(name).name != "__init__.py"} == set()
    # The front door is the sandbox's own; the others only make packages of folders.
    opened = {name for name in files - listed if (library / "labsupport" / name).read_bytes()}
    assert opened == {"__init__.py"}


def test_what_is_shown_needs_nothing_that_is_hidden(library: Path) -> None:
    for path in (library / "labsupport").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if within(name, "labsupport"):
                    below = "/".join(name.split("."))
                    assert (library / f"{below}.py").is_file() or (library / below).is_dir(), f"{path.name}: {name}"


FIND = """
import sys
from contextlib import suppress
from importlib.util import find_spec
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    with suppress(ModuleNotFoundError):  # not even the folder around it is there
        if find_spec(name):
            print(name)
"""


def found(library: Path, names: Iterable[str]) -> list[str]:
    # Without the site's packages, where an editable install would lead to the whole library.
    command = [sys.executable, "-I", "-S", "-c", FIND, str(library), *sorted(names)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_what_is_hidden_cannot_be_found(library: Path) -> None:
    assert found(library, SOLVED_BY) == []
    assert found(library, [f"labsupport.{name}" for name in SHOWN]) == sorted(f"labsupport.{name}" for name in SHOWN)
