"""What a lesson gives to everybody: title and code; in the instructor's checkout its solutions too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from labsupport.authoring.notebook_file import cells_of, joined, read_notebook
from labsupport.authoring.places import lessons_dir, masters_dir
from labsupport.authoring.regions import solved_text
from labsupport.authoring.source import scan_lesson
from labsupport.errors import NotebookError, UsageError

__all__ = ["Published", "is_slug", "published"]

_SLUG = re.compile(r"[0-9]{2}_[a-z0-9_]{1,60}")


@dataclass(frozen=True)
class Published:
    """A lesson as it was published: `given` is the code of its cells, `solutions` are by exercise where they are here.

    A lesson that nobody here knows has a title, its name, and nothing else.
    """

    title: str
    given: tuple[str, ...] = ()
    solutions: Mapping[str, str] = field(default_factory=dict)


def is_slug(lesson: str) -> bool:
    """Whether `lesson`, which may be any text, has the form of a lesson's slug and can be part of a file's name."""
    return bool(_SLUG.fullmatch(lesson))


def published(slug: str) -> Published:
    """Return what is known of the lesson called `slug`, which may be any text."""
    if not is_slug(slug):
        return Published(slug)
    try:
        cells = cells_of(read_notebook(masters_dir() / f"{slug}.ipynb"))
    except NotebookError:
        return Published(slug)
    texts = [(cell.get("cell_type"), joined(cell.get("source"))) for cell in cells]
    first = next((text for kind, text in texts if kind == "markdown"), "").partition("\n")[0]
    given = tuple(text for kind, text in texts if kind == "code")
    return Published(first.removeprefix("# ").strip() or slug, given, _solutions(slug))


def _solutions(slug: str) -> dict[str, str]:
    try:
        path = lessons_dir() / f"{slug}.py"
    except UsageError:
        return {}  # the learner's part alone is installed here
    # Scanned and not read: whether the source keeps every rule is the builder's business.
    lesson, _ = scan_lesson(path)
    return {cell.id: solved_text(cell) for cell in lesson.cells if cell.role == "exercise"}
