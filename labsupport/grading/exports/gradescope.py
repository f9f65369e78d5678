"""``results.json`` as Gradescope's autograders write it, one file a learner and lesson.

The format is that of https://gradescope-autograders.readthedocs.io/en/latest/specs/, "Output format": `score` is the
total and goes before the sum of the tests; each test has `name`, `score`, `max_score`, `status` (passed or failed),
`output`; the formats of texts are set to "text", so that nothing in an answer is read as HTML or Markdown;
`visibility` is hidden, after_due_date, after_published or visible; `stdout_visibility` is hidden, since what an
autograder prints is for instructors. `extra_data` is stored and shown to nobody.
"""

from __future__ import annotations

import json
from typing import Any

from labsupport.exercises.words import in_words
from labsupport.grading.exports.wording import number
from labsupport.grading.gradebook.model import ExerciseMark, Graded, Mark

__all__ = ["results_json"]


def results_json(mark: Mark, graded: Graded) -> str:
    """Return the file's text; `graded` is the result that `mark` is from."""
    words = {exercise.id: in_words(exercise.report) for exercise in graded.result.exercises}
    findings = [finding.text for finding in mark.findings]
    out: dict[str, Any] = {
        "score": _rounded(mark.points),
        "execution_time": _rounded(graded.result.seconds),
        "output": "\n".join([mark.unjudged, *findings] if mark.unjudged else findings),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"lesson": mark.lesson, "result": mark.result_id, "specs": mark.specs},
        "tests": [_test(exercise, words.get(exercise.id, "")) for exercise in mark.exercises],
    }
    return json.dumps(out, ensure_ascii=False, indent=2) + "\n"


def _test(exercise: ExerciseMark, words: str) -> dict[str, Any]:
    if exercise.because is not None:
        judged = "" if exercise.judged is None else f" The judge gave {number(exercise.judged)}."
        words = f"A person set these points: {exercise.because}.{judged}\n\n{words}".rstrip()
    return {
        "name": exercise.title,
        "score": _rounded(exercise.points),
        "max_score": _rounded(exercise.out_of),
        "status": "passed" if exercise.points >= exercise.out_of else "failed",
        "output": words,
        "output_format": "text",
        "visibility": "visible",
        "extra_data": {"exercise": exercise.id},
    }


def _rounded(value: float) -> float:
    return round(value, 2)
