"""The house as its plan has it: imports that only go down, modules that say what they offer, a light front door."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.tools import ROOT, python

LIBRARY = ROOT / "labsupport"
LESSONS = sorted((ROOT / "course" / "lessons").glob("*.py"))
MODULES = sorted(path for path in LIBRARY.rglob("*.py"))

# A wing may import those before it, and itself.  Those on one line do not know each other, but for the first line of
# subjects, where each may use what stands to its left.
LEVELS = (
    ("errors",),
    ("rsa", "pki", "tls"),
    ("exercises",),
    ("notebook", "authoring"),
    ("grading",),
    ("cli",),
)
SUBJECTS = LEVELS[1]
VERBS = {"predict", "attempt", "check", "show", "progress", "Pair", "Authority"}
HEAVY = (
    *("matplotlib", "numpy", "IPython", "papermill", "nbformat", "nbclient", "jupyter_client", "jupyterlab"),
    *("dask", "distributed"),
)
MOST_LINES = 320

modules = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (module, name) for each import, wherever in the tree it stands; the name is empty for a whole module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def wing(module: str) -> str:
    """Return the wing that a module of the library belongs to; empty for the front door."""
    found = module.split(".")[1:2]
    return "" if not found or found == ["__main__"] else found[0]


def may_import(wing_: str, other: str) -> bool:
    if wing_ == other:
        return True
    if wing_ in SUBJECTS and other in SUBJECTS:
        return SUBJECTS.index(other) < SUBJECTS.index(wing_)
    level, below = ([name in each for each in LEVELS].index(True) for name in (wing_, other))
    return below < level


def test_the_plan_tells_down_from_up() -> None:
    assert may_import("tls", "pki")
    assert may_import("cli", "notebook")
    assert may_import("pki", "errors")
    for wing_, other in (("pki", "tls"), ("notebook", "authoring"), ("authoring", "notebook"), ("tls", "exercises")):
        assert not may_import(wing_, other)


def test_every_wing_is_in_the_plan() -> None:
    assert {wing(name_of(path)) for path in MODULES} - {""} <= {name for level in LEVELS for name in level}


@modules
def test_imports_go_down(path: Path) -> None:
    own = wing(name_of(path))
    for module, name in imported(parsed(path)):
        if module.split(".")[0] != "labsupport":
            continue
        other = wing(module) or (name if (LIBRARY / name).is_dir() or (LIBRARY / f"{name}.py").is_file() else "")
        if own == "":
            # The front door shows the way to the verbs, and the command.
            assert name in VERBS or other in ("", "cli")
        elif other == "":
            assert name in ("", "__version__"), f"{name}: inside the library names come from their own modules"
        else:
            assert may_import(own, other), f"{own} imports {module}: imports only go down"


@modules
def test_imports_are_absolute(path: Path) -> None:
    relative = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.ImportFrom) and node.level]
    assert relative == []


@modules
def test_nobody_imports_what_another_module_keeps_to_itself(path: Path) -> None:
    private = [f"{module}.{name}" for module, name in imported(parsed(path)) if re.match(r"_[^_]", name)]
    assert [name for name in private if name.startswith("labsupport")] == []


@modules
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(parsed(path))


@modules
def test_a_module_is_short_enough_to_be_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def offered(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return list(ast.literal_eval(node.value))  # type: ignore[attr-defined]  # what has a target has a value
    return None


def order(name: str) -> tuple[int, str]:
    """Return the sorting key of names: constants, then classes, then the rest."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


@modules
def test_a_module_says_what_it_offers(path: Path) -> None:
    tree = parsed(path)
    if len(tree.body) <= 1:
        return  # nothing but a docstring
    names = offered(tree)
    assert names is not None, "there is no __all__"
    assert names == sorted(names, key=order)
    assert len(names) == len(set(names))
    kinds = ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef
    defined = [node.name for node in tree.body if isinstance(node, kinds)]
    assert [name for name in defined if not name.startswith("_") and name not in names] == []
    assert [name for name in names if name.startswith("_")] == []


@modules
def test_what_a_module_offers_is_there(path: Path) -> None:
    if path.name == "__main__.py":
        return  # importing it would run it
    module = importlib.import_module(name_of(path))
    for name in offered(parsed(path)) or []:
        assert getattr(module, name) is not None


def at_the_top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when the module is imported; types alone do not run."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.If | ast.Try | ast.With):
            yield from at_the_top(node.body)
        yield node


def fetched(path: Path) -> set[str]:
    """Return the modules that importing the module at `path` imports, itself not counted."""
    nodes = [node for node in at_the_top(parsed(path).body) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {name for node in nodes for pair in imported(node) for name in (pair[0], ".".join(pair))}


def is_heavy(path: Path) -> bool:
    return any(module.split(".")[0] in HEAVY for module in fetched(path))


@modules
def test_what_is_heavy_is_fetched_when_it_is_needed(path: Path) -> None:
    # A module may need something heavy to be what it is; then nobody may fetch that module in passing.
    heavy = {name_of(other) for other in MODULES if is_heavy(other)}
    assert fetched(path) & heavy == set()
    assert not is_heavy(path) or name_of(path) in ALL_THERE_IS_TO_THEM


# Modules that consist of subclasses of something heavy.
ALL_THERE_IS_TO_THEM = {"labsupport.authoring.kernel_manager"}


def test_opening_the_library_costs_next_to_nothing() -> None:
    unwanted = {*HEAVY, "cryptography", "requests"}
    done = python(f"import sys, labsupport; print(sorted({unwanted!r} & set(sys.modules)))")
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_door_shows_the_verbs_and_no_more() -> None:
    import labsupport

    assert set(labsupport.__all__) == VERBS
    assert set(dir(labsupport)) >= VERBS
    with pytest.raises(AttributeError, match="no 'Listener'"):
        _ = labsupport.Listener


# What a line of the library may do only where it says why
REASONED = {
    "a silenced checker": re.compile(r"#\s*(type: ignore|noqa|pragma: no cover)"),
    "a net for everything": re.compile(
        r"^\s*except (Exception|BaseException)\b|suppress\((Base)?Exception\)|^\s*except:"
    ),
    "a sleep": re.compile(r"\btime\.sleep\("),
}


@modules
def test_what_needs_a_reason_has_one(path: Path) -> None:
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        for what, pattern in REASONED.items():
            if not pattern.search(line):
                continue
            if what == "a silenced checker":
                said = re.search(r"#\s*(type: ignore|noqa|pragma: no cover)[^#]*#\s*\S", line)
            else:
                near = "\n".join(lines[max(0, number - 3) : number + 3])
                said = re.search(r"#\s*\S", near)
            assert said, f"line {number + 1} has {what} and does not say why"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lessons_use_verbs_and_figures_alone(path: Path) -> None:
    for module, name in imported(parsed(path)):
        if module.split(".")[0] == "labsupport" and not module.startswith("labsupport.notebook.figures."):
            assert module == "labsupport"
            assert name in VERBS, f"{path.name} imports {name}"
