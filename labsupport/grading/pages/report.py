"""Pages as files: feedback in a folder for each learner, class pages in another, so that the one can be handed out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from labsupport.authoring.notebook_file import write_atomically
from labsupport.grading.gradebook.model import Graded
from labsupport.grading.names import file_stem
from labsupport.grading.pages.class_page import class_page
from labsupport.grading.pages.feedback import feedback_page
from labsupport.grading.pages.published import Published, is_slug, published
from labsupport.grading.pages.tally import Tally
from labsupport.grading.similarity import Survey, survey

__all__ = ["feedback_path", "surveys", "write_feedback", "write_lesson"]


def feedback_path(learner: str, lesson: str) -> Path:
    """Return where a learner's page for a lesson lies, below the folder of the pages."""
    return Path("feedback") / file_stem(learner) / f"{_stem(lesson)}.html"


def write_feedback(out: Path, graded: Graded, title: str = "") -> Path:
    """Write one learner's page for one lesson, wholly or not at all; return where it is below `out`.

    `title` is the lesson's; without it the page asks for it, which takes a moment.
    """
    path = feedback_path(graded.learner, graded.lesson)
    title = title or published(graded.lesson).title
    write_atomically(out / path, feedback_page(graded, title).encode())
    return path


def write_lesson(out: Path, lesson: str, results: Iterable[Graded]) -> Path:
    """Write everybody's page for a lesson, and its class page, whose path is returned; one result at a time."""
    known = published(lesson)
    tally, pages = Tally(), {}
    for graded in results:
        pages[graded.learner] = f"../{write_feedback(out, graded, known.title).as_posix()}"
        tally.add(graded)
    path = out / "class" / f"{_stem(lesson)}.html"
    write_atomically(path, class_page(tally, surveys(known, tally), title=known.title, pages=pages).encode())
    return path


def surveys(known: Published, tally: Tally) -> dict[str, Survey]:
    """Return by exercise what came of looking for answers that are alike."""
    return {
        exercise.id: survey(exercise.answers, given=known.given, solution=known.solutions.get(exercise.id, ""))
        for exercise in tally.exercises.values()
    }


def _stem(lesson: str) -> str:
    return lesson if is_slug(lesson) else file_stem(lesson)
