"""The part of the class page on answers that are worth a look together: side by side, folded, and without accusing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labsupport.grading.pages.heat import share
from labsupport.grading.pages.paper import code, listed, person
from labsupport.grading.pages.tally import ExerciseTally, Tally
from labsupport.grading.similarity import Alike, Survey
from labsupport.notebook import look

__all__ = ["alike_part"]

_MOST_PAIRS = 40  # pairs of learners
_MOST_ANSWERS = 80  # pairs of answers
_LONGEST = 6_000
_MOST_NAMES = 40

_WORDS = (
    "<p>These are worth a look together. Names, layout, comments and the order of functions do not count, nor does "
    "what the lesson gives or the published solution shows, and what many write counts little. Likeness proves "
    "nothing: people learn together, and from the same pages.</p>\n"
)

_Both = tuple[str, str]


def alike_part(tally: Tally, surveys: Mapping[str, Survey]) -> str:
    """Return the part; `surveys` are by exercise."""
    together = _together(tally, surveys)
    parts = [_WORDS] if together else ["<p>No two answers stand out as alike.</p>\n"]
    answers = 0
    shown = 0
    for both, alike in together:
        answers += len(alike)
        if shown == _MOST_PAIRS or answers > _MOST_ANSWERS:
            break
        parts.append(_pair(both, alike, tally))
        shown += 1
    if len(together) > shown:
        parts.append(f"<p>{len(together) - shown:,} weaker pairs are left out.</p>\n")
    implied = sum(found.implied for found in surveys.values())
    if implied:
        parts.append(
            '<p class="soft">Where several learners share an answer, pairs are shown until all of them are named: '
            f"{implied:,} further likenesses among the same learners are not.</p>\n"
        )
    if near := "".join(_near(tally, surveys)):
        parts.append(
            f"<details><summary>Close to the published solutions, which is no fault</summary>\n{near}</details>\n"
        )
    return "".join(parts)


def _together(tally: Tally, surveys: Mapping[str, Survey]) -> list[tuple[_Both, list[tuple[ExerciseTally, Alike]]]]:
    """Return the pairs of learners, those first that share most, each with the exercises in which they are alike."""
    found: dict[_Both, list[tuple[ExerciseTally, Alike]]] = {}
    for exercise in tally.exercises.values():
        for pair in surveys.get(exercise.id, Survey()).pairs:
            one, other = sorted((pair.one, pair.other))
            found.setdefault((one, other), []).append((exercise, pair))
    return sorted(found.items(), key=lambda entry: (-sum(pair.evidence for _, pair in entry[1]), entry[0]))


def _pair(both: _Both, alike: list[tuple[ExerciseTally, Alike]], tally: Tally) -> str:
    people = [person(tally.names.get(learner, learner), learner) for learner in both]
    where = "; ".join(f"{look.escape(exercise.title)} ({_percent(pair)})" for exercise, pair in alike)
    inner = "".join(
        f"<h3>{look.escape(exercise.title)}</h3>\n"
        f'<p class="soft">They share {_percent(pair)} of what is the shorter answer\'s own.</p>\n'
        f'<div class="beside">{_columns(both, people, exercise)}</div>\n'
        for exercise, pair in alike
    )
    return (
        f'<details class="sheet"><summary><b>{people[0]}</b> and <b>{people[1]}</b><br>'
        f'<span class="soft">{where}</span></summary>\n{inner}</details>\n'
    )


def _columns(both: _Both, people: list[str], exercise: ExerciseTally) -> str:
    return "".join(
        f"<div><p>{who}</p>{code(exercise.answers.get(learner, ''), _LONGEST)}</div>"
        for learner, who in zip(both, people, strict=True)
    )


def _percent(pair: Alike) -> str:
    return share(round(1_000 * pair.likeness), 1_000)


def _near(tally: Tally, surveys: Mapping[str, Survey]) -> Iterator[str]:
    for exercise in tally.exercises.values():
        near = surveys.get(exercise.id, Survey()).near_solution
        if near:
            named = [person(tally.names.get(learner, learner), learner) for learner in sorted(near)[:_MOST_NAMES]]
            yield f'<p class="soft">“{look.escape(exercise.title)}”: {listed(named, len(near))}.</p>\n'
