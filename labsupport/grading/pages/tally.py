"""A class, counted learner by learner: what the class page needs of each result, and no more of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from labsupport.grading.gradebook.model import Graded
from labsupport.grading.pages.standing import standings, total
from labsupport.grading.records import ExerciseResult, FindingKind

__all__ = ["AspectTally", "ExerciseTally", "MistakeTally", "Row", "Tally"]


@dataclass(frozen=True)
class Row:
    """One learner: `counts` tells whether there is a mark, `judged` by the judge, `adjusted` by a person.

    Where nobody judged, `out_of` is that of the exercises alone which a person gave points for.
    """

    learner: str
    points: float
    out_of: float
    counts: bool
    judged: bool = True
    adjusted: bool = False


@dataclass
class AspectTally:
    """How one aspect went: `have` of `learners` earned it, and `passed` of all `cases` came out right."""

    learners: int = 0
    have: int = 0
    cases: int = 0
    passed: int = 0


@dataclass
class MistakeTally:
    """A misconception known by name: the sentence that learners saw, and who they are."""

    sentence: str
    learners: list[str] = field(default_factory=list)


@dataclass
class ExerciseTally:
    """How one exercise went."""

    id: str
    title: str
    learners: int = 0
    solved: int = 0
    unwritten: int = 0
    aspects: dict[str, AspectTally] = field(default_factory=dict)
    mistakes: dict[str, MistakeTally] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)


class Tally:
    """Counts results of one lesson; ids and short texts are all that stays of a result, and its answers.

    Learners are known by their ids, `names` has how a person writes them.
    """

    def __init__(self, results: Iterable[Graded] = ()) -> None:
        self.rows: list[Row] = []
        self.exercises: dict[str, ExerciseTally] = {}
        self.findings: dict[FindingKind, list[tuple[str, str]]] = {}
        self.unjudged: list[tuple[str, str]] = []
        self.overdue: list[str] = []
        self.out_of = 0.0
        self.names: dict[str, str] = {}
        for graded in results:
            self.add(graded)

    def add(self, graded: Graded) -> None:
        """Count one result; each learner once."""
        result, learner = graded.result, graded.learner
        points, out_of = total(standings(graded))
        counts = not result.unjudged or bool(graded.adjustments)
        self.rows.append(Row(learner, points, out_of, counts, bool(result.exercises), bool(graded.adjustments)))
        self.names[learner] = graded.name or learner
        if counts:
            self.out_of = max(self.out_of, out_of)
        if result.unjudged:
            self.unjudged.append((learner, result.unjudged))
        if result.overdue:
            self.overdue.append(learner)
        titles = {exercise.id: exercise.report.title for exercise in result.exercises}
        for finding in graded.findings:
            where = f"{titles.get(finding.exercise, finding.exercise)}: " if finding.exercise else ""
            self.findings.setdefault(finding.kind, []).append((learner, where + finding.text))
        for exercise in result.exercises:
            self._count(learner, exercise)

    @property
    def marks(self) -> list[float]:
        """The points of all who have a mark, fewest first."""
        return sorted(row.points for row in self.rows if row.counts)

    def _count(self, learner: str, exercise: ExerciseResult) -> None:
        report = exercise.report
        tally = self.exercises.setdefault(exercise.id, ExerciseTally(exercise.id, report.title))
        tally.learners += 1
        tally.solved += report.state == "solved"
        tally.unwritten += report.state == "unwritten"
        for aspect in report.aspects:
            counted = tally.aspects.setdefault(aspect.name, AspectTally())
            counted.learners += 1
            counted.have += aspect.passed == aspect.cases
            counted.cases += aspect.cases
            counted.passed += aspect.passed
        if report.mistake:
            known = tally.mistakes.setdefault(report.mistake.name, MistakeTally(report.mistake.sentence))
            known.learners.append(learner)
        if exercise.answer.strip():
            tally.answers[learner] = exercise.answer
