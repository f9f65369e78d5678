"""From a learner's notebook to what is run of it: the lesson's set-up, the answers, and the learner's own cells.

The cells come in the lesson's order, whatever order the file has; checks, predictions and the lesson's own examples
are left out. What is odd about the file becomes findings, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from labsupport.authoring.learner_cells import LearnerCell, is_python, key_of, mark_of, read_cells
from labsupport.authoring.notebook_file import joined, metadata_of, parse_notebook
from labsupport.authoring.working_copy import assemble
from labsupport.errors import NotebookError
from labsupport.grading.names import legible
from labsupport.grading.records import Finding

__all__ = ["Program", "Step", "is_set_up", "program_of"]

_COURSE_TAGS = ("parameters", "setup")
_LONGEST = 60  # characters of a line of code in a sentence


@dataclass(frozen=True)
class Step:
    """A cell to run: `name` for messages, `exercise` the id of the exercise that it answers, empty for other cells."""

    name: str
    source: str
    origin: Literal["lesson", "answer", "added"]
    exercise: str = ""

    @property
    def first_line(self) -> str:
        """The first line of code: what a learner knows the cell by, whose number here is not the one on the screen."""
        lines = [line.strip() for line in self.source.splitlines() if line.strip()]
        return legible(next((line for line in lines if not line.startswith("#")), lines[0] if lines else ""), _LONGEST)


@dataclass(frozen=True)
class Program:
    """What is run of one submission; `answers` holds the code of each answer by exercise, empty for a stub."""

    lesson: str
    steps: tuple[Step, ...]
    answers: Mapping[str, str]
    findings: tuple[Finding, ...]


def program_of(content: bytes, master: Mapping[str, Any], lesson: str) -> Program:
    """Read a submission to `lesson`, whose learner notebook as built is `master`.

    Raises NotebookError with the reason if the file is no notebook, or another lesson's.
    """
    notebook = parse_notebook(content, "the file")
    named = mark_of(notebook).get("lesson")
    if isinstance(named, str) and named != lesson:
        raise NotebookError(f"the file holds the lesson {named[:80]}, and was handed in as {lesson}")
    cells = read_cells(notebook, master)
    # These are run beside their answer; an exercise that the lesson does not have, perhaps no more, has none.
    asked = {key for cell in master["cells"] if (key := key_of(cell)) is not None and key[0] == "exercise"}
    copies = {_text(cell) for cell in cells if cell.key in asked}
    steps: list[Step] = []
    answers: dict[str, str] = {}
    stubs = {cell["id"]: joined(cell["source"]) for cell in master["cells"]}
    for number, cell in enumerate(assemble(master, notebook)["cells"], start=1):
        text, id_ = joined(cell["source"]), str(cell["id"])
        key = key_of(cell)
        if key is not None and key[0] == "exercise":
            steps += _earlier(cells, key[1], id_, text)
            steps.append(Step(id_, text, "answer", key[1]))
            answers[key[1]] = "" if text == stubs.get(id_) else text
        elif id_ in stubs:
            if is_set_up(cell):
                steps.append(Step(id_, text, "lesson"))
        elif cell["cell_type"] == "code" and text.strip() and text not in copies:
            steps.append(Step(f"added cell {number}", text, "added"))
    return Program(lesson, tuple(steps), answers, tuple(_findings(cells, master)))


def _earlier(cells: Sequence[LearnerCell], exercise: str, id_: str, answer: str) -> Iterator[Step]:
    """Yield the other cells that claim to be this answer, in order: in each may be one function of a cell split up."""
    texts = [_text(cell) for cell in cells if cell.key == ("exercise", exercise) and cell.edited and _is_code(cell)]
    for number, text in enumerate(dict.fromkeys(texts), start=1):
        if text.strip() and text != answer:
            yield Step(f"{id_}, cell {number}", text, "added")


def _is_code(cell: LearnerCell) -> bool:
    return cell.cell.get("cell_type") == "code" or is_python(_text(cell))


def is_set_up(cell: Mapping[str, Any]) -> bool:
    """Whether a cell of a lesson's own is run before the answers: imports, parameters, what it gives to everybody."""
    tags = metadata_of(cell).get("tags")
    return isinstance(tags, list) and any(tag in tags for tag in _COURSE_TAGS)


def _text(cell: LearnerCell) -> str:
    return joined(cell.cell.get("source"))


def _findings(cells: Sequence[LearnerCell], master: Mapping[str, Any]) -> Iterator[Finding]:
    if not any(key_of(cell.cell) for cell in cells):
        yield Finding("unmarked", "No cell has an id of the course's; the answers were found by what they define.")
    for original in master["cells"]:
        key = key_of(original)
        if key is None or key[0] not in ("exercise", "check"):
            continue
        claimed = [cell for cell in cells if cell.key == key]
        if key[0] == "check":
            if any(cell.edited for cell in claimed) or _regraded(claimed, original):
                yield Finding("cells-changed", "Its check was edited; the course's own check counts.", key[1])
            continue
        if not claimed:
            yield Finding("missing-answer", "Its cell is not in the notebook.", key[1])
        if len([cell for cell in claimed if cell.edited]) > 1:
            yield Finding(
                "copies",
                f"{len(claimed)} cells claim to be its answer; they were run in order, and the last word counts.",
                key[1],
            )
        if any(cell.edited and cell.cell.get("cell_type") != "code" for cell in claimed):
            yield Finding("read-as-python", "Its answer was found in a cell of another type.", key[1])


def _regraded(claimed: Sequence[LearnerCell], original: Mapping[str, Any]) -> bool:
    """Whether somebody changed what nbgrader's metadata say of a check: its points, above all."""
    own = metadata_of(original).get("nbgrader")
    found = [metadata_of(cell.cell).get("nbgrader") for cell in claimed]
    return any(isinstance(each, dict) and each != own for each in found)
