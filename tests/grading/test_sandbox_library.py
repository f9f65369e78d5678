"""The library as a sandbox has it, held against what every spec says it is answered by, and what that imports."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import labsupport
from labsupport.exercises import catalogue
from labsupport.grading.sandbox import launch
from labsupport.grading.sandbox.library import SHOWN

LIBRARY = Path(labsupport.__file__).parent


def test_the_library_shows_no_module_that_answers() -> None:
    answers = {name.removeprefix("labsupport.") for each in catalogue().values() for name in each.answered_by}
    assert answers
    assert not answers & set(SHOWN)
    for answer in answers:
        assert _path(answer).exists(), answer


def test_the_library_shows_no_module_that_imports_one() -> None:
    for module in SHOWN:
        assert _imports(module) <= set(SHOWN), module


def test_the_library_shows_no_module_that_an_answer_is_made_of() -> None:
    # What an answer imports may be half of it; these know nothing of keys, certificates or handshakes.
    harmless = {"errors", "pki.folders", "tls.names"}
    made_of = {
        "rsa",
        *(module.removeprefix("labsupport.") for each in catalogue().values() for module in each.answered_by),
    }
    while more := {name for module in made_of for name in _imports(module)} - made_of:
        made_of |= more
    assert made_of & set(SHOWN) <= harmless


def test_the_library_shows_no_spec() -> None:
    specs = {path.stem for path in (LIBRARY / "exercises").iterdir()} - {
        *("callee", "guard", "local", "messages", "plain", "room", "scratch", "waiting"),
    }
    assert not {module.split(".")[1] for module in SHOWN if module.startswith("exercises.")} & specs


def _path(module: str) -> Path:
    path = LIBRARY.joinpath(*module.split("."))
    return path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"


def _imports(module: str) -> set[str]:
    """Return the modules of the library that `module` imports, anywhere in it, except for the type checker's."""
    tree = ast.parse(_path(module).read_text())
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                within = whole.startswith("labsupport.") and _path(whole.removeprefix("labsupport.")).exists()
                found.add(whole if within else node.module)
    return {name.removeprefix("labsupport.") for name in found if name.startswith("labsupport.")}


def test_an_environment_below_the_temporary_folder_is_shown_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The temporary folder in there is another one, which would hide it."""
    for part in ("bin", "lib", "etc"):
        (tmp_path / part).mkdir()
    (tmp_path / "pyvenv.cfg").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "exec_prefix", str(tmp_path))
    arguments = list(launch._walls(tmp_path))
    targets = [arguments[at + 2] for at, argument in enumerate(arguments) if argument == "--ro-bind"]
    assert {"/lab/python/bin", "/lab/python/lib", "/lab/python/pyvenv.cfg"} <= set(targets)
    assert not [target for target in targets if target.startswith(str(tmp_path))]
