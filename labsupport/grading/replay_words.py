"""A replay in words, for a terminal: case by case what was said, and what came of it then and now."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from labsupport.exercises.callee import File, Folder, Handle, Oracle, Url
from labsupport.exercises.excerpts import cut, shorten, written
from labsupport.exercises.model import Outcome, Report
from labsupport.exercises.plain import Plain
from labsupport.exercises.verdicts import called, spoken
from labsupport.exercises.words import MARKS, points_text, verdict
from labsupport.grading.testimony import Call, Question
from labsupport.grading.transcript import CaseReplay, Observation, Replay, Said
from labsupport.notebook.look import plain

__all__ = ["in_words"]

WIDTH = 80
_MARGIN, _NAME = 4, 10
# What is shown of each call and each observation
_QUESTIONS = 3
_PRINTED = 400  # characters
_OBSERVED = 300  # the same
_PEM = "-----BEGIN"
_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----")


def in_words(replay: Replay, width: int = WIDTH) -> str:
    """Return the whole replay as lines of at most `width` columns, with nothing in them that a terminal obeys."""
    lines = [*_head(replay, width), ""]
    if replay.drawn:
        lines += ["Before the first case", *_rows(_said(replay.drawn), width), ""]
    total = len(replay.cases) + len(replay.not_run)
    for case in replay.cases:
        lines += [*_case(case, total, width), ""]
    for aspect, count in Counter(aspect for _, aspect in replay.not_run).items():
        lines += _wrapped(f"{MARKS['open']} not run: {_counted(count, 'case')} of “{aspect}”", width)
    return "\n".join(lines).rstrip()


def _head(replay: Replay, width: int) -> Iterator[str]:
    yield from _wrapped(f"{replay.exercise_id}: {replay.then.title}", width)
    rows = [("then", _report(replay.then))]
    if replay.report is None:
        rows.append(("now", "not judged again"))
    else:
        others = sum(not case.agrees for case in replay.cases)
        agreement = "the same verdict in every case" if not others else f"another verdict in {_counted(others, 'case')}"
        rows.append(("now", f"{_report(replay.report)}; {agreement}"))
    rows.append(("cases", f"{len(replay.cases)} of {len(replay.cases) + len(replay.not_run)} ran, in this order"))
    rows.append(("seed", replay.seed.hex()))
    yield from _rows(rows, width)


def _report(report: Report) -> str:
    mistake = f" ({report.mistake.name})" if report.mistake else ""
    return f"{points_text(report.points, report.out_of)}, {verdict(report)}{mistake}"


def _case(case: CaseReplay, total: int, width: int) -> Iterator[str]:
    mark = _mark(case.then) if case.now is None else _mark(case.now)
    yield from _wrapped(f"{mark} case {case.number + 1} of {total}: {case.aspect}", width)
    yield from _rows([*_said(case.said), *_outcomes(case)], width)


def _said(said: Sequence[Said]) -> Iterator[tuple[str, str]]:
    made: Counter[str] = Counter()
    for each in said:
        if isinstance(each, Call):
            yield from _call(each)
        elif _is_material(each):
            made[each.label] += 1
        else:
            yield "observed", f"{each.label}: {cut(written(_without_pem(each.value)), _OBSERVED)}"
    if made:
        # One line for all: keys and certificates tell a reader nothing, and are long.
        yield "made", ", ".join(f"{count} × {label}" for label, count in made.items())


def _is_material(observation: Observation) -> bool:
    value = observation.value
    return observation.label == "time" or (isinstance(value, str) and value.startswith(_PEM))


def _call(call: Call) -> Iterator[tuple[str, str]]:
    yield "called", _called(call)
    if call.questions:
        yield "asked", _counted(len(call.questions), "question")
        yield from (("", _question(question)) for question in call.questions[:_QUESTIONS])
        if len(call.questions) > _QUESTIONS:
            yield "", f"and {len(call.questions) - _QUESTIONS:,} more"
    value = call.answer.value
    if isinstance(value, Handle):
        yield "answered", spoken(call.answer)
    else:
        yield "answered", spoken(replace(call.answer, value=_without_pem(value)))
    if call.answer.printed:
        yield "printed", cut(call.answer.printed, _PRINTED)


def _called(call: Call) -> str:
    marked = Oracle | File | Folder | Url
    return called(call.function, *(each if isinstance(each, marked) else _without_pem(each) for each in call.arguments))


def _without_pem(value: Plain) -> Plain:
    """Return `value` with the names of PEM blocks in the place of texts that have some."""
    if isinstance(value, str):
        blocks = Counter(_BLOCK.findall(value))
        named = ", ".join(f"{count} × {label.lower()}" for label, count in blocks.items())
        return f"PEM: {named}, {len(value):,} characters" if named else value
    if isinstance(value, Mapping):
        return {name: _without_pem(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_pem(item) for item in value]
    return tuple(map(_without_pem, value)) if isinstance(value, tuple) else value


def _question(question: Question) -> str:
    asked = f"({', '.join(shorten(_without_pem(each)) for each in question.asked)})"
    if question.over:
        return f"{asked}, which was one too many"
    return f"{asked} → {shorten(question.reply) if question.refused is None else f'refused: {question.refused}'}"


def _outcomes(case: CaseReplay) -> Iterator[tuple[str, str]]:
    calls = [each for each in case.said if isinstance(each, Call)]
    if case.then.tried not in {text for each in calls for text in (_called(each), _as_written(each))}:
        yield "tried", case.then.tried
    yield "then", _outcome(case.then)
    if case.now is None:
        return
    if case.agrees and _outcome(case.now) == _outcome(case.then):
        yield "now", "the same"  # what the spec noted for itself may be another
    else:
        same = "the same verdict, in other words" if case.agrees else "another verdict"
        yield "now", f"{same}: {_outcome(case.now)}"


def _as_written(call: Call) -> str:
    return called(call.function, *call.arguments)


def _outcome(outcome: Outcome) -> str:
    if outcome.passed:
        return f"{_mark(outcome)} {outcome.got}"
    return f"{_mark(outcome)} expected {outcome.expected}; came {outcome.got}"


def _mark(outcome: Outcome) -> str:
    return MARKS["passed" if outcome.passed else "open" if outcome.unwritten else "failed"]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _rows(rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield names and texts in two columns."""
    for name, text in rows:
        begin = " " * _MARGIN + name.ljust(_NAME)
        for line in _wrapped(text, width - len(begin)) or [""]:
            yield (begin + line).rstrip()
            begin = " " * len(begin)


def _wrapped(text: str, width: int) -> list[str]:
    """Return `text` made harmless, in lines of at most `width` characters; its own line ends stay."""
    lines = plain(text).expandtabs(4).split("\n")
    return [part for line in lines for part in textwrap.wrap(line, max(width, 20), break_on_hyphens=False) or [""]]
