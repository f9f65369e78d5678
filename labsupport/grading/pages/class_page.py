"""The class page: one lesson as its instructor sees it, from the spread of marks to the answers that look alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import mean, median
from typing import get_args

from labsupport.exercises.words import points_text
from labsupport.grading.pages.alike import alike_part
from labsupport.grading.pages.drawings import spread_figure
from labsupport.grading.pages.heat import heat_map, share
from labsupport.grading.pages.paper import clip, listed, paper, person, section
from labsupport.grading.pages.tally import ExerciseTally, Tally
from labsupport.grading.records import FindingKind
from labsupport.grading.similarity import Survey
from labsupport.notebook import look

__all__ = ["class_page"]

_MOST_NAMES = 40
_MOST_LINES = 60
_MOST_MISTAKES = 40
_MOST_ROWS = 1_000
_LONGEST = 400

_KINDS: Mapping[FindingKind, str] = {
    "added-cell": "Cells of a learner's own that failed or did not end",
    "cells-changed": "Checks, points or metadata edited; the lesson's own counted",
    "copies": "Several cells that claim to be one answer",
    "late": "Handed in late",
    "missing-answer": "An exercise's cell is missing",
    "process": "Programs that ended, or were ended, at work",
    "read-as-python": "Answers in cells of another type",
    "stranger": "Not in the roster",
    "time": "Ended at a deadline",
    "two-sources": "Two files for one learner's answer",
    "unmarked": "Cells without ids; answers found by what they define",
}


def class_page(
    tally: Tally,
    surveys: Mapping[str, Survey] | None = None,
    *,
    title: str,
    pages: Mapping[str, str] | None = None,
) -> str:
    """Return the page; `surveys` are by exercise, `pages` the addresses of the feedback pages by learner."""
    exercises = list(tally.exercises.values())
    body = [
        f'<header>\n<p class="kicker">Class page</p>\n<h1>{look.escape(title)}</h1>\n{_overview(tally)}</header>\n',
    ]
    if exercises:
        body.append(section("What is hard", _hardest(exercises), f'<div class="sheet">{heat_map(exercises)}</div>\n'))
        body.append(section("Misconceptions that were recognised", *_mistakes(exercises, tally)))
    body.append(section("Findings", *_findings(tally)))
    if tally.unjudged:
        body.append(section("Could not be judged", _lines(tally.unjudged, tally)))
    body.append(section("Answers that look alike", alike_part(tally, surveys or {})))
    if tally.rows:
        body.append(section("Everybody", _everybody(tally, pages or {})))
    return paper(f"{title}: the class", body, wide=True)


def _overview(tally: Tally) -> str:
    count, marks = len(tally.rows), tally.marks
    facts = [("learners", f"{count:,}")]
    if len(marks) < count:
        facts.append(("with a mark", f"{len(marks):,}"))
    if marks:
        full = sum(mark >= tally.out_of for mark in marks)
        facts += [
            ("out of", f"{tally.out_of:g} point{'' if tally.out_of == 1 else 's'}"),
            ("middle mark", f"{median(marks):g}"),
            ("mean", f"{mean(marks):.1f}"),
            ("full marks", f"{full:,} ({share(full, len(marks))})"),
        ]
    listing = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    figure = f"<figure>{spread_figure(marks, tally.out_of)}</figure>" if marks else "<p>Nothing to show yet.</p>"
    return (
        f'<div class="sheet beside">\n<dl class="facts" style="align-content: start">{listing}</dl>\n{figure}\n</div>\n'
    )


def _hardest(exercises: list[ExerciseTally]) -> str:
    asked = [
        (aspect.have / aspect.learners, exercise.title, name, aspect)
        for exercise in exercises
        for name, aspect in exercise.aspects.items()
        if aspect.learners and aspect.have < aspect.learners
    ]
    if not asked:
        return "<p>Everybody has everything.</p>\n"
    _, title, name, aspect = min(asked, key=lambda each: each[0])
    return (
        f"<p>Hardest: “{look.escape(name)}” in “{look.escape(title)}”, which {aspect.have:,} of "
        f"{aspect.learners:,} have.</p>\n"
    )


def _mistakes(exercises: list[ExerciseTally], tally: Tally) -> Iterator[str]:
    known = [(exercise, name, each) for exercise in exercises for name, each in exercise.mistakes.items()]
    known.sort(key=lambda row: -len(row[2].learners))
    if not known:
        yield "<p>None.</p>\n"
    for exercise, name, mistake in known[:_MOST_MISTAKES]:
        people = _people(mistake.learners, tally)
        sentence = look.escape(clip(mistake.sentence, _LONGEST))
        yield (
            f'<details class="sheet"><summary><b>{len(mistake.learners):,} × {look.escape(name)}</b> '
            f'<span class="soft">{look.escape(exercise.title)}</span><br>{sentence}'
            f'</summary>\n<p class="soft">{people}</p></details>\n'
        )
    if len(known) > _MOST_MISTAKES:
        yield f"<p>{len(known) - _MOST_MISTAKES:,} rarer ones are left out.</p>\n"


def _findings(tally: Tally) -> Iterator[str]:
    read = " Learners read the same sentences on their own pages." if tally.findings else ""
    yield f"<p>None of these changed a mark.{read}</p>\n" if tally.findings or tally.overdue else "<p>None.</p>\n"
    if tally.overdue:
        people = _people(tally.overdue, tally)
        yield f"<p>Something was ended at a deadline for {people}.</p>\n"
    for kind in get_args(FindingKind):
        if kind in tally.findings:
            found = tally.findings[kind]
            learners = len({learner for learner, _ in found})
            noun = "learner" if learners == 1 else "learners"
            yield (
                f'<details class="sheet"><summary><b>{_KINDS[kind]}</b> <span class="soft">{learners:,} {noun}</span>'
                f"</summary>\n{_lines(found, tally)}</details>\n"
            )


def _people(learners: list[str], tally: Tally) -> str:
    named = [person(tally.names[learner], learner) for learner in sorted(learners)[:_MOST_NAMES]]
    return listed(named, len(learners))


def _lines(found: list[tuple[str, str]], tally: Tally) -> str:
    items = [
        f"<li><b>{person(tally.names[learner], learner)}</b>: {look.escape(clip(text, _LONGEST))}</li>\n"
        for learner, text in found[:_MOST_LINES]
    ]
    if len(found) > _MOST_LINES:
        items.append(f"<li>{len(found) - _MOST_LINES:,} more are left out.</li>\n")
    return f"<ul>\n{''.join(items)}</ul>\n"


def _everybody(tally: Tally, pages: Mapping[str, str]) -> str:
    rows = []
    for row in sorted(tally.rows, key=lambda row: (tally.names[row.learner].casefold(), row.learner))[:_MOST_ROWS]:
        name = person(tally.names[row.learner], row.learner)
        if row.learner in pages:
            name = f'<a href="{look.escape(pages[row.learner])}">{name}</a>'
        out_of = row.out_of if row.judged else max(row.out_of, tally.out_of)
        mark = points_text(row.points, out_of) if row.counts else "no mark yet"
        mark += ", adjusted" if row.adjusted else ""
        rows.append(f'<tr><th scope="row" style="font-weight: 400">{name}</th><td class="number">{mark}</td></tr>\n')
    more = len(tally.rows) - len(rows)
    note = f"<p>{more:,} more are left out; the gradebook has them all.</p>\n" if more else ""
    return (
        f"<details><summary>{len(tally.rows):,} by name</summary>\n<table>\n<tbody>\n{''.join(rows)}</tbody></table>\n"
        f"{note}</details>\n"
    )
