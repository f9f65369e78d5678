"""The library as it is written for a sandbox: what is listed is there, and nothing else can be found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from labsupport.exercises import catalogue
from labsupport.grading.sandbox.library import SHOWN, write_library

SOLVED_BY = {module for exercise in catalogue().values() for module in exercise.answered_by}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    write_library(tmp_path)
    return tmp_path / "lib"


def test_nothing_else_is_there(library: Path) -> None:
    files = {path.relative_to(library / "labsupport").as_posix() for path in library.rglob("*") if path.is_file()}
    listed = {f"{name.replace('.', '/')}.py" for name in SHOWN}
    assert {name for name in files - listed if Path(name).name != "__init__.py"} == set()
    # The front door is the sandbox's own; the others only make packages of folders.
    opened = {name for name in files - listed if (library / "labsupport" / name).read_bytes()}
    assert opened == {"__init__.py"}


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
