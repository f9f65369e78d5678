"""The right answers, taken from where they stand: the lessons' own sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from labsupport.authoring.places import lessons_dir
from labsupport.authoring.regions import solved_text
from labsupport.authoring.source import Lesson, SourceCell, read_lesson

__all__ = ["changed", "solutions"]


def solutions(slug: str) -> dict[str, str]:
    """Return the lesson's solutions by exercise, each with the imports, classes and set-up functions before it."""
    lesson = read_lesson(lessons_dir() / f"{slug}.py")
    return {cell.id: source for cell, source in _with_preludes(lesson)}


def _with_preludes(lesson: Lesson) -> Iterator[tuple[SourceCell, str]]:
    prelude: list[str] = []
    for cell in lesson.cells:
        if cell.kind != "code":
            continue
        if cell.role == "exercise":
            yield cell, "\n\n".join([*prelude, solved_text(cell)]) + "\n"
        else:
            prelude += [ast.unparse(node) for node in ast.parse(cell.text).body if _is_needed(node, cell.role)]


def _is_needed(node: ast.stmt, role: str | None) -> bool:
    if isinstance(node, ast.ImportFrom):
        # Figures and verbs are for the lesson; where strangers' answers are judged, they are not there.
        return (node.module or "").partition(".")[0] != "labsupport"
    return isinstance(node, ast.Import | ast.ClassDef) or (role == "setup" and isinstance(node, ast.FunctionDef))


def changed(source: str, *changes: tuple[str, str]) -> str:
    """Return `source` with each (old, new) replaced; raise ValueError where the old text is not there any more."""
    for old, new in changes:
        if old not in source:
            raise ValueError(f"the solution has no {old!r} to change")
        source = source.replace(old, new)
    return source
