"""The feedback page: what one learner gets back for one lesson, and nothing about anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from labsupport.exercises.model import AspectReport, Outcome, Report
from labsupport.exercises.words import points_text
from labsupport.grading.gradebook.model import Adjustment, Graded
from labsupport.grading.pages.drawings import points_figure
from labsupport.grading.pages.paper import badge_line, clip, code, moment, paper, person, section
from labsupport.grading.pages.standing import Standing, standings, total
from labsupport.grading.records import Finding
from labsupport.notebook import look
from labsupport.notebook.cards import report_card

__all__ = ["feedback_page"]

_MOST_FINDINGS = 50


def feedback_page(graded: Graded, title: str = "") -> str:
    """Return the page for one result that counts; `title` is the lesson's."""
    title = title or graded.lesson
    found = standings(graded)
    name = graded.name or graded.learner
    who = f'<p class="kicker">Feedback for {person(name)}</p>\n<h1>{look.escape(title)}</h1>\n'
    body = [f"<header>\n{who}{_mark(graded, found)}</header>\n"]
    if found:
        body.append(
            section("Points by exercise", points_figure([(each.title, each.points, each.out_of) for each in found]))
        )
        parts = [_exercise(number, each, graded.findings) for number, each in enumerate(found, start=1)]
        body.append(section("Exercise by exercise", *parts))
    ids = {each.id for each in found}
    about = [finding for finding in graded.findings if finding.exercise not in ids]
    if about:
        body.append(section("About the file", "<p>None of this changed the mark.</p>\n", *_findings(about)))
    kept = "everything that was tried on your answers, and what came of it, is kept under that number"
    if not graded.result.exercises:
        kept = "nothing was tried on your answers, and the file that you handed in is kept under that number"
    quote = f"<p>Ask your instructor, and quote <b>result {graded.result_id}</b>: {kept}.</p>\n"
    body.append(section("If something looks wrong", quote))
    return paper(f"{title}: feedback for {name}", body)


def _mark(graded: Graded, found: list[Standing]) -> str:
    points, out_of = total(found)
    unjudged = graded.result.unjudged
    if unjudged and not graded.adjustments:
        mark = '<p class="mark">no mark yet</p>\n'
    elif not graded.result.exercises:
        # Out of how many would be those of the exercises alone that a person looked at.
        mark = f'<p class="mark">{points:g} <small>point{"" if points == 1 else "s"}</small></p>\n'
    else:
        mark = f'<p class="mark">{points:g} <small>of {out_of:g} point{"" if out_of == 1 else "s"}</small></p>\n'
    if unjudged:
        mark += f"<p>The file could not be judged: {look.escape(clip(unjudged, 1_000))}</p>\n"
        if graded.adjustments:
            mark += "<p>Your instructor looked at it and gave points by hand.</p>\n"
        else:
            mark += "<p>That is not a mark of nought. Hand the notebook in once more, or ask your instructor.</p>\n"
    rows = (
        ("handed in", moment(graded.submitted_at)),
        ("judged", moment(graded.graded_at)),
        ("result", f"{graded.result_id}"),
    )
    facts = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    return f'<div class="sheet">\n{mark}<dl class="facts">{facts}</dl>\n</div>\n'


def _exercise(number: int, standing: Standing, findings: tuple[Finding, ...]) -> str:
    # The card shows the title to those who see it; the heading is for those who are read to.
    heading = f'<h3 class="away">Exercise {number}: {look.escape(standing.title)}</h3>\n'
    if standing.report is None:
        card = look.card([f"<b>{look.escape(standing.title)}</b>"])
    else:
        card = report_card(_trimmed(standing.report))
    parts = [heading, card, *_adjustment(standing)]
    parts += _findings([finding for finding in findings if finding.exercise == standing.id])
    if standing.answer.strip():
        parts.append(f'<details class="code"><summary>your answer</summary>{code(standing.answer)}</details>\n')
    return f'<article class="exercise">\n{"".join(parts)}</article>\n'


def _adjustment(standing: Standing) -> Iterator[str]:
    adjustment: Adjustment | None = standing.adjustment
    if adjustment is None:
        return
    before = "" if standing.report is None else f" instead of {standing.report.points:g}"
    because = look.escape(clip(adjustment.because, 2_000))
    yield badge_line(
        "adjusted",
        "info",
        f"Your instructor looked at this exercise on {moment(adjustment.made_at)} and gave "
        f"<b>{points_text(standing.points, standing.out_of)}</b>{before}: {because}",
    )


def _findings(findings: list[Finding]) -> list[str]:
    shown = [badge_line("note", "note", look.escape(clip(each.text, 1_000))) for each in findings[:_MOST_FINDINGS]]
    more = len(findings) - len(shown)
    return shown + ([f'<p class="soft">{more:,} further notes are left out.</p>\n'] if more else [])


def _trimmed(report: Report) -> Report:
    """Return the report with an end to every text that the learner's program can stretch."""
    return replace(
        report,
        aspects=tuple(map(_trimmed_aspect, report.aspects)),
        notes=tuple(clip(note, 1_000) for note in report.notes[:_MOST_FINDINGS]),
        printed=clip(report.printed),
    )


def _trimmed_aspect(aspect: AspectReport) -> AspectReport:
    failing: Outcome | None = aspect.failing
    if failing is None:
        return aspect
    tried, expected, got, whole = map(clip, (failing.tried, failing.expected, failing.got, failing.whole))
    return replace(aspect, failing=replace(failing, tried=tried, expected=expected, got=got, whole=whole))
