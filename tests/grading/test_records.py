"""Records there and back again, and nothing else in."""

from __future__ import annotations

import copy
import importlib
import json
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest

from labsupport.exercises import LESSON_MODULES, catalogue
from labsupport.exercises.model import Exercise, Report
from labsupport.grading import records
from labsupport.grading.records import (
    ExerciseResult,
    Finding,
    FindingKind,
    RecordError,
    Result,
    finding_from,
    finding_to,
    outcome_from,
    outcome_to,
    report_from,
    report_to,
    result_from,
    result_to,
)
from tests.exercises.adversaries import judged

STUB = "def {}(*_):\n    raise NotImplementedError('your answer goes here')\n"


def _reports(exercise: Exercise) -> Iterator[Report]:
    """Yield reports of right and missing answers, and of wrong ones where judging is cheap."""
    name = next(name for name in LESSON_MODULES if exercise.lesson.endswith(name))
    answers = importlib.import_module(f"tests.exercises.answers.{name}")
    slow = getattr(answers, "SLOW", ())
    cheap = exercise.lesson in ("00_start", "01_rsa")
    wrong = [source for mistake, source in answers.WRONG[exercise.id].items() if cheap and mistake not in slow]
    stub = "".join(STUB.format(name) for name in exercise.functions)
    for source in (answers.SOLUTIONS[exercise.id], stub, *wrong[:1]):
        yield judged(exercise, source, b"a seed")


def _again(record: Any) -> Any:
    return json.loads(json.dumps(record))


@pytest.fixture(scope="module")
def reports() -> dict[str, list[Report]]:
    return {exercise.id: list(_reports(exercise)) for exercise in catalogue().values()}


@pytest.fixture(scope="module")
def result(reports: dict[str, list[Report]]) -> Result:
    """A result with everything that a result can have: states of every kind, a mistake, notes, findings."""
    found = [report for each in reports.values() for report in each]
    assert {report.state for report in found} >= {"solved", "unwritten", "wrong"}
    assert any(report.mistake for report in found)
    return Result(
        "01_rsa",
        tuple(ExerciseResult(report, "def f(): ...\n") for report in found[:8]),
        tuple(Finding(kind, f"One sentence about {kind}.", "rsa-sign") for kind in get_args(FindingKind)),
        unjudged="its judge ended",
        overdue=True,
        seconds=1.5,
        cpu_seconds=0.25,
        transcripts={"rsa-sign": "{}"},
    )


def test_every_report_of_the_catalogue_comes_back_as_it_was(reports: dict[str, list[Report]]) -> None:
    for each in reports.values():
        for report in each:
            back = report_from(_again(report_to(report)))
            assert back == report
            assert back.seconds == report.seconds
            assert str(back) == str(report)


def test_a_result_comes_back_with_its_times_and_transcripts(result: Result) -> None:
    back = result_from(_again(result_to(result)))
    assert back == result
    assert (back.seconds, back.cpu_seconds, back.transcripts) == (1.5, 0.25, {"rsa-sign": "{}"})
    assert (back.points, back.out_of) == (result.points, result.out_of)
    assert result_from(_again(result_to(Result("01_rsa")))) == Result("01_rsa")


def test_words_that_no_file_likes_come_back(reports: dict[str, list[Report]]) -> None:
    finding = Finding("late", "\0\x1b[31m é \u202e <b>", "")
    assert finding_from(_again(finding_to(finding))) == finding
    failing = next(a.failing for r in reports["rsa-sign"] for a in r.aspects if a.failing)
    assert outcome_from(_again(outcome_to(failing))) == failing


Reader = Callable[[object], object]


def _places(record: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(record, dict | list):
        items = record.items() if isinstance(record, dict) else enumerate(record)
        for key, value in items:
            yield from _places(value, (*path, key))


def _at(record: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        record = record[key]
    return record


def _small(result: Result) -> Any:
    """Return the record of a result that holds one of everything, so that every place in it can be tried."""
    exercises = [next(each for each in result.exercises if each.report.mistake)]
    return _again(result_to(Result("01_rsa", tuple(exercises), result.findings[:1], transcripts={"rsa-sign": "{}"})))


class TestRefused:
    @pytest.mark.parametrize("junk", [None, 1, 0.5, True, "text", b"bytes", [], {}, [{}], {"lesson": "01_rsa"}])
    @pytest.mark.parametrize("read", [finding_from, report_from, result_from, outcome_from])
    def test_what_is_something_else_altogether(self, read: Reader, junk: object) -> None:
        with pytest.raises(RecordError):
            read(junk)

    def test_a_part_that_is_missing(self, result: Result) -> None:
        whole = _small(result)
        for path in _places(whole):
            if path and isinstance(path[-1], str) and "transcripts" not in path[:-1]:
                record = copy.deepcopy(whole)
                del _at(record, path[:-1])[path[-1]]
                with pytest.raises(RecordError):
                    result_from(record)

    def test_a_part_too_many(self, result: Result) -> None:
        whole = _small(result)
        for path in _places(whole):
            if isinstance(_at(whole, path), dict) and path[-1:] != ("transcripts",):
                record = copy.deepcopy(whole)
                _at(record, path)["more"] = ""
                with pytest.raises(RecordError):
                    result_from(record)

    @pytest.mark.parametrize("junk", [object(), 7j, (), {"x": object()}, [object()]])
    def test_a_part_of_another_kind(self, result: Result, junk: object) -> None:
        whole = _small(result)
        for path in filter(None, _places(whole)):
            record = copy.deepcopy(whole)
            _at(record, path[:-1])[path[-1]] = junk
            with pytest.raises(RecordError):
                result_from(record)

    @pytest.mark.parametrize("number", [True, False, float("nan"), float("inf"), -float("inf"), 10**400, "1"])
    def test_numbers_that_nobody_can_count_with(self, result: Result, number: object) -> None:
        whole = _small(result)
        for path in _places(whole):
            if type(_at(whole, path)) in (int, float):
                record = copy.deepcopy(whole)
                _at(record, path[:-1])[path[-1]] = number
                with pytest.raises(RecordError):
                    result_from(record)

    def test_kinds_and_states_that_there_are_not(self) -> None:
        with pytest.raises(RecordError):
            finding_from({"kind": "invented", "text": "", "exercise": ""})
        assert "invented" not in get_args(records.FindingKind)
