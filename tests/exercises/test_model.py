"""Judging: aspects, points, order, mistakes, stopping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from labsupport.exercises.callee import Callee
from labsupport.exercises.draw import Draw
from labsupport.exercises.local import LocalCallee
from labsupport.exercises.model import Case, Exercise, Mistake, Outcome, Report, judge
from labsupport.exercises.verdicts import asking

Trial = tuple[str, int, int]  # aspect, argument of double, expected


def _exercise(
    trials: Sequence[Trial],
    aspects: dict[str, float],
    rivals: Callable[[int], dict[str, Any]] = lambda _: {},
    functions: tuple[str, ...] = ("double",),
) -> Exercise:
    def cases(_: Draw) -> Iterable[Case]:
        for aspect, number, expected in trials:
            yield Case(aspect, asking(functions[0], [number], expected, rivals(number)))

    mistakes = (
        Mistake("squares", "It squares."),
        Mistake("adds-two", "It adds two."),
        Mistake("nothing", "It does nothing."),
    )
    points = sum(aspects.values())
    return Exercise("double", "00_start", "Double", points, functions, aspects, cases, mistakes, hint="Twice.")


def _rivals(number: int) -> dict[str, Any]:
    return {"squares": number * number, "adds-two": number + 2, "nothing": number}


SMALL = _exercise([("doubling", 2, 4), ("doubling", 3, 6), ("doubling", 0, 0)], {"doubling": 1.0}, _rivals)
TWO = _exercise(
    [("small", 1, 2), ("small", 2, 4), ("large", 100, 200), ("large", 200, 400)], {"small": 1.0, "large": 2.0}
)


def _judged(exercise: Exercise, function: Callable[..., object], seed: bytes = b"seed") -> Report:
    return judge(exercise, LocalCallee({"double": function}), seed)


class TestPoints:
    def test_come_aspect_by_aspect(self) -> None:
        report = _judged(TWO, lambda n: min(2 * n, 300))
        assert (report.points, report.out_of, report.state) == (1.0, 3.0, "partly")
        small, large = report.aspects
        assert (small.name, small.points, small.out_of, small.passed, small.tried, small.cases) == (
            "small",
            1,
            1,
            2,
            2,
            2,
        )
        assert (large.name, large.points, large.out_of, large.passed, large.tried, large.cases) == (
            "large",
            0,
            2,
            1,
            2,
            2,
        )
        assert large.failing is not None
        assert (large.failing.tried, large.failing.expected, large.failing.got) == ("double(200)", "400", "300")

    def test_are_full_when_all_is_right(self) -> None:
        report = _judged(TWO, lambda n: 2 * n)
        assert (report.points, report.state, report.mistake) == (3.0, "solved", None)
        assert all(aspect.failing is None for aspect in report.aspects)

    def test_are_none_when_every_aspect_has_a_failure(self) -> None:
        report = _judged(TWO, lambda n: 4 if n == 2 else 400)
        assert (report.points, report.state) == (0.0, "wrong")
        assert [aspect.passed for aspect in report.aspects] == [1, 1]

    def test_the_first_failure_in_case_order_is_shown(self) -> None:
        for seed in (b"a", b"b", b"c", b"d"):
            failing = _judged(TWO, lambda _: 0, seed).aspects[0].failing
            assert failing is not None
            assert failing.tried == "double(1)"


class TestOrder:
    def test_mixes_the_aspects_and_can_be_replayed(self) -> None:
        def order(seed: bytes) -> list[int]:
            asked: list[int] = []
            _judged(TWO, lambda n: asked.append(n) or 2 * n, seed)  # type: ignore[func-returns-value]  # None, on purpose
            return asked

        orders = {tuple(order(bytes([number]))) for number in range(60)}
        assert len(orders) > 12
        assert all(sorted(one) == [1, 2, 100, 200] for one in orders)
        assert order(b"seed") == order(b"seed")

    def test_inputs_are_fresh_without_a_seed(self) -> None:
        def cases(draw: Draw) -> Iterable[Case]:
            yield Case("a", asking("double", [draw.bits(64)], 0))

        exercise = Exercise("x", "00_start", "X", 1, ("double",), {"a": 1}, cases)
        asked: list[int] = []
        for _ in range(3):
            judge(exercise, LocalCallee({"double": asked.append}))
        assert len(set(asked)) == 3


class TestMistakes:
    def test_are_called_by_name(self) -> None:
        for name, function in {"squares": lambda n: n * n, "adds-two": lambda n: n + 2, "nothing": lambda n: n}.items():
            mistake = _judged(SMALL, function).mistake
            assert mistake is not None
            assert mistake.name == name

    def test_must_explain_every_failure(self) -> None:
        assert _judged(SMALL, lambda n: n * n if n == 2 else n - 7).mistake is None

    def test_must_not_contradict_what_was_right(self) -> None:
        # Adding two is wrong for 0 as well, where this one was right.
        assert _judged(SMALL, lambda n: {2: 4, 3: 5, 0: 0}[n]).mistake is None

    def test_are_not_looked_for_in_faults_and_stubs(self) -> None:
        report = _judged(SMALL, lambda _: {1})
        assert (report.mistake, report.state) == (None, "wrong")


def _stub(*_: object) -> None:
    raise NotImplementedError("your answer goes here")


class TestUnwritten:
    @pytest.mark.parametrize("stub", [_stub, lambda _: ...])
    def test_is_a_state_of_its_own(self, stub: Callable[..., object]) -> None:
        report = _judged(SMALL, stub)
        assert (report.state, report.points, report.mistake) == ("unwritten", 0, None)

    def test_functions_are_asked_once(self) -> None:
        asked: list[int] = []

        def stub(number: int) -> None:
            asked.append(number)
            raise NotImplementedError

        assert _judged(TWO, stub).state == "unwritten"
        assert len(asked) == 1

    def test_functions_do_not_take_the_points_of_others(self) -> None:
        def cases(_: Draw) -> Iterable[Case]:
            yield Case("doubling", asking("double", [2], 4))
            yield Case("halving", asking("halve", [4], 2))

        exercise = Exercise("x", "00_start", "X", 2, ("double", "halve"), {"doubling": 1, "halving": 1}, cases)
        half = judge(exercise, LocalCallee({"double": lambda n: 2 * n, "halve": _stub}))
        assert (half.state, half.points) == ("partly", 1)
        wrong = judge(exercise, LocalCallee({"double": lambda n: n, "halve": _stub}))
        assert (wrong.state, wrong.points) == ("wrong", 0)


class TestDeadlines:
    def test_that_are_missed_end_the_questions_of_their_aspect(self) -> None:
        asked: list[int] = []

        def slow(number: int) -> int:
            asked.append(number)
            while number:
                pass
            return 0

        def cases(_: Draw) -> Iterable[Case]:
            for number in range(20):
                yield Case("a", asking("double", [number], 2 * number, deadline=0.05))

        report = judge(
            Exercise("x", "00_start", "X", 1, ("double",), {"a": 1}, cases), LocalCallee({"double": slow}), b"x"
        )
        assert report.aspects[0].tried == len(asked) < 20
        assert report.aspects[0].failing is not None
        assert report.aspects[0].failing.got == "did not answer in 0.05 s"

    def test_that_are_missed_cost_their_aspect_alone_in_whatever_order(self) -> None:
        def double(number: int) -> int:
            while number == 0:
                pass
            return 2 * number

        def cases(_: Draw) -> Iterable[Case]:
            for number in range(6):
                yield Case("lost" if number == 0 else "kept", asking("double", [number], 2 * number, deadline=0.05))

        exercise = Exercise("x", "00_start", "X", 2, ("double",), {"lost": 1, "kept": 1}, cases)
        for seed in (b"1", b"2", b"3"):
            report = judge(exercise, LocalCallee({"double": double}), seed)
            assert [aspect.points for aspect in report.aspects] == [0, 1]

    def test_that_are_missed_are_not_tried_again_within_a_case(self) -> None:
        def run(callee: Callee) -> Outcome:
            answers = [callee.call("double", 1, deadline=0.05) for _ in range(3)]
            assert [answer.late for answer in answers] == [True] * 3
            return Outcome(False, "", "", str(answers[1].fault))

        def slow(_: int) -> None:
            while True:
                pass

        exercise = Exercise("x", "00_start", "X", 1, ("double",), {"a": 1}, lambda _: [Case("a", run)])
        failing = judge(exercise, LocalCallee({"double": slow})).aspects[0].failing
        assert failing is not None
        assert failing.got == "was not asked again after it missed a deadline"


class TestWhatElseIsSeen:
    def test_changed_arguments_are_noted_once(self) -> None:
        def cases(_: Draw) -> Iterable[Case]:
            for number in range(3):
                yield Case("a", asking("double", [[number], number, [number]], None))

        exercise = Exercise("x", "00_start", "X", 1, ("double",), {"a": 1}, cases)
        one = judge(exercise, LocalCallee({"double": lambda first, *_: first.clear()}))
        both = judge(exercise, LocalCallee({"double": lambda first, _, last: (first.clear(), last.clear())[0]}))
        assert one.notes == ("double changed what it was given: argument 1.",)
        assert both.notes == ("double changed what it was given: arguments 1, 3.",)

    def test_notes_of_the_spec_are_shown(self) -> None:
        exercise = Exercise(
            "x",
            "00_start",
            "X",
            1,
            (),
            {"a": 1},
            lambda _: [Case("a", lambda _: Outcome(True, "", "", "", notes=("So.",)))],
        )
        assert judge(exercise, LocalCallee({})).notes == ("So.",)

    def test_prints_of_the_case_shown_come_first(self) -> None:
        def talking(number: int) -> int:
            print("asked", number)
            return 2 * number if number < 200 else 0

        assert _judged(TWO, talking).printed == "asked 200\n"

    def test_prints_of_a_right_answer_are_those_of_one_case(self) -> None:
        def talking(number: int) -> int:
            print("asked", number)
            return 2 * number

        assert _judged(TWO, talking).printed == "asked 1\n"

    def test_time_is_that_of_the_calls(self) -> None:
        assert 0 < _judged(TWO, lambda n: 2 * n).seconds < 5

    def test_connections_go_through(self) -> None:
        class Line:
            closed = False

            def close(self) -> None:
                Line.closed = True

            def accept(self, handle: object, *, deadline: float) -> object:
                return handle, deadline

        def run(callee: Callee) -> Outcome:
            assert callee.accept("h", deadline=1) == ("h", 1)  # type: ignore[arg-type,comparison-overlap]  # a stand-in
            callee.close()
            return Outcome(True, "", "", "")

        exercise = Exercise("x", "00_start", "X", 1, (), {"a": 1}, lambda _: [Case("a", run)])
        assert judge(exercise, Line()).state == "solved"  # type: ignore[arg-type]  # the same
        assert Line.closed


class TestMistakesOfTheSpec:
    def test_points_must_add_up(self) -> None:
        with pytest.raises(ValueError, match="add up"):
            Exercise("x", "00_start", "X", 2, (), {"a": 1}, lambda _: [])

    @pytest.mark.parametrize("aspects", [{"a": 1.0}, {"a": 0.5, "b": 0.25, "c": 0.25}])
    def test_aspects_and_cases_must_match(self, aspects: dict[str, float]) -> None:
        outcome = Outcome(True, "", "", "")
        exercise = Exercise(
            "x", "00_start", "X", 1, (), aspects, lambda _: [Case(name, lambda _: outcome) for name in ("a", "b")]
        )
        with pytest.raises(ValueError, match="do not match"):
            judge(exercise, LocalCallee({}))
