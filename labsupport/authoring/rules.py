"""What a lesson's source must keep to, beyond being readable: markers, exercises and checks, size, imports, secrecy."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Protocol

import labsupport
from labsupport.authoring.faults import Fault
from labsupport.authoring.leaks import SolutionLine, leaks, solution_lines
from labsupport.authoring.regions import learner_text, marker_faults, solution_rows, solved_text
from labsupport.authoring.source import Lesson, SourceCell

__all__ = ["MAX_CODE_LINES", "MAX_WORDS", "VERBS", "Spec", "course_faults", "lesson_faults"]

MAX_CODE_LINES = 12
MAX_WORDS = 120
VERBS = tuple(labsupport.__all__)
FIGURES = "labsupport.notebook.figures"

_FENCE = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_TAG = re.compile(r"<[^<>]+>")


class Spec(Protocol):
    """What the builder needs to know of an exercise."""

    @property
    def points(self) -> float:
        """What the exercise is worth."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the functions that its check is given, in order."""


def course_faults(lessons: Iterable[Lesson], catalogue: Mapping[str, Spec]) -> list[Fault]:
    """List every fault of the lessons, those that lie between two lessons included."""
    lessons = list(lessons)
    found = [fault for lesson in lessons for fault in lesson_faults(lesson, catalogue)]
    first_seen: dict[str, Lesson] = {}
    for lesson in lessons:
        for cell in lesson.cells:
            if cell.role == "exercise" and first_seen.setdefault(cell.id, lesson) is not lesson:
                reason = f'the exercise id "{cell.id}" is taken: {first_seen[cell.id].path.name} has it too'
                found.append(Fault(lesson.path, cell.line, reason))
    secret = [line for lesson in lessons for line in solution_lines(lesson)]
    for lesson in lessons:
        found += _leak_faults([line for line in secret if line.path != lesson.path], lesson)
    return found


def lesson_faults(lesson: Lesson, catalogue: Mapping[str, Spec]) -> list[Fault]:
    """List every fault of one lesson; `catalogue` maps the id of each exercise that exists to its spec."""
    found = [Fault(lesson.path, line, reason) for line, reason in _faults_of_pairs(lesson, catalogue)]
    for cell in lesson.cells:
        of_cell = _prose_faults(cell) if cell.kind == "markdown" else _code_faults(cell)
        for row, reason in (*marker_faults(cell), *of_cell):
            found.append(Fault(lesson.path, cell.line + row, reason))
    return [*found, *_leak_faults(solution_lines(lesson), lesson)]


def _faults_of_pairs(lesson: Lesson, catalogue: Mapping[str, Spec]) -> Iterator[tuple[int, str]]:
    """Yield line and reason for exercises, checks and predictions that are unknown, alone, twice or mismatched."""
    seen: dict[tuple[str, str], int] = {}
    for cell in lesson.cells:
        if cell.role not in ("exercise", "check", "predict", "parameters"):
            continue
        if (cell.role, cell.id) in seen:
            name = f'the {cell.role} "{cell.id}"' if cell.id else "the parameters cell"
            yield cell.line, f"{name} is there twice: it also stands on line {seen[cell.role, cell.id]}"
            continue
        seen[cell.role, cell.id] = cell.line
        if cell.role == "exercise":
            if cell.id not in catalogue:
                near = get_close_matches(cell.id, catalogue, n=1)
                yield cell.line, f'unknown exercise "{cell.id}"' + (f': is "{near[0]}" meant?' if near else "")
            else:
                yield from _missing_functions(cell, catalogue[cell.id])
        elif cell.role == "check":
            if ("exercise", cell.id) not in seen:
                yield cell.line, f'the check "{cell.id}" has no exercise before it'
            elif cell.id in catalogue:
                yield from _mismatched_check(cell, catalogue[cell.id])
        elif cell.role == "predict" and not _calls_verb(cell, "predict"):
            yield cell.line, f'the cell must be one expression: predict("{cell.id}", …)'
    for (role, id_), line in seen.items():
        if role == "exercise" and ("check", id_) not in seen:
            yield line, f'the exercise "{id_}" has no check'


def _missing_functions(cell: SourceCell, spec: Spec) -> Iterator[tuple[int, str]]:
    tree = _parsed(solved_text(cell))
    if tree is not None:
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        for name in spec.functions:
            if name not in defined:
                yield cell.line, f'the exercise "{cell.id}" asks for a function {name}, which this cell does not define'


def _mismatched_check(cell: SourceCell, spec: Spec) -> Iterator[tuple[int, str]]:
    try:
        points = float(cell.attributes.get("points", ""))
    except ValueError:
        yield cell.line, f"the check must say points={spec.points:g}"
    else:
        if points != spec.points:
            yield cell.line, f'the check gives {points:g} points, the exercise "{cell.id}" is worth {spec.points:g}'
    call = _calls_verb(cell, "check")
    names = [argument.id for argument in call.args[1:] if isinstance(argument, ast.Name)] if call else []
    if not call or call.keywords or len(names) != len(call.args) - 1 or tuple(names) != tuple(spec.functions):
        yield cell.line, f'the cell must be one expression: check("{cell.id}", {", ".join(spec.functions)})'


def _calls_verb(cell: SourceCell, verb: str) -> ast.Call | None:
    """Return the call if the whole cell is one call of the verb with the cell's id as its first argument."""
    tree = _parsed(cell.text)
    match tree.body if tree else []:
        case [ast.Expr(ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=id_), *_]) as call)]:
            return call if (name, id_) == (verb, cell.id) else None
    return None


def _prose_faults(cell: SourceCell) -> Iterator[tuple[int, str]]:
    prose = _FENCE.sub("", cell.text)
    words = sum(any(map(str.isalnum, word)) for word in _TAG.sub(" ", prose).split())
    if words > MAX_WORDS:
        yield 0, f"the Markdown cell has {words} words of prose: {MAX_WORDS} at most"
    for fence in _FENCE.finditer(cell.text):
        lines = len(fence[0].rstrip().split("\n")) - 2
        if lines > MAX_CODE_LINES:
            yield cell.text.count("\n", 0, fence.start()), f"the code has {lines} lines: {MAX_CODE_LINES} at most"


def _code_faults(cell: SourceCell) -> Iterator[tuple[int, str]]:
    shown = len(solved_text(cell).split("\n")) - len(solution_rows(cell))
    if shown > MAX_CODE_LINES:
        beside = ", the solution aside" if cell.role == "exercise" else ""
        yield 0, f"the code cell has {shown} lines{beside}: {MAX_CODE_LINES} at most"
    yield from _syntax_faults(cell.text)
    if cell.role == "exercise":
        yield from _stub_faults(cell)
    tree = _parsed(cell.text)
    yield from _import_faults(tree)


def _import_faults(tree: ast.Module | None) -> Iterator[tuple[int, str]]:
    """Yield line and reason for what comes from the library and is neither a verb nor a figure."""
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "labsupport":
                    yield node.lineno - 1, f"write from labsupport import …, with {', '.join(VERBS)} and nothing else"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "labsupport":
            for alias in node.names:
                if not _may_be_imported(node.module or "", alias.name):
                    name = f"{node.module}.{alias.name}"
                    yield (
                        node.lineno - 1,
                        f"a lesson does not import {name}: only {', '.join(VERBS)}, and figures from {FIGURES}",
                    )


def _may_be_imported(module: str, name: str) -> bool:
    return (module == "labsupport" and name in VERBS) or (module.startswith(f"{FIGURES}.") and name != "*")


def _syntax_faults(code: str) -> Iterator[tuple[int, str]]:
    try:
        with warnings.catch_warnings():
            # What the compiler only warns of would stand on stderr in the learner's notebook.
            warnings.simplefilter("error")
            compile(code, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        yield (getattr(error, "lineno", None) or 1) - 1, f"Python cannot read this: {getattr(error, 'msg', error)}"


def _stub_faults(cell: SourceCell) -> Iterator[tuple[int, str]]:
    """Yield a fault if the untouched cell could not be run: a stub must raise inside its function, not before."""
    if _parsed(solved_text(cell)) is None or any(marker_faults(cell)):
        return
    tree = _parsed(learner_text(cell))
    if tree is None:
        yield 0, "without its solution the cell is no Python"
    elif any(isinstance(node, ast.Raise) for statement in tree.body for node in _outside_functions(statement)):
        yield 0, "the solution region must stand inside a function"


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node
        for child in ast.iter_child_nodes(node):
            yield from _outside_functions(child)


def _parsed(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError):
        return None


def _leak_faults(secret: Sequence[SolutionLine], lesson: Lesson) -> Iterator[Fault]:
    for solution, line in leaks(secret, lesson):
        whose = f'the solution of "{solution.exercise}" ({solution.path.name}:{solution.line})'
        text = solution.text.partition("\n")[0]
        yield Fault(lesson.path, line, f"the learner would read a line of {whose} here: {text}")
