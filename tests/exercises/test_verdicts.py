"""From answers to outcomes, in words that are short and say enough."""

from __future__ import annotations

from typing import Any

import pytest

from labsupport.exercises.callee import Answer, Argument, File, Folder, Handle, Oracle, Url
from labsupport.exercises.local import LocalCallee
from labsupport.exercises.plain import Plain
from labsupport.exercises.verdicts import Raised, answered, asking, called, compare, spoken


def test_calls_are_written_as_learners_write_them() -> None:
    arguments: list[Argument] = [5, File("ca.pem", b""), Folder(), Oracle(lambda: 1), Url("server2.test", 8443)]
    assert called("f", *arguments) == (
        "f(5, <path of ca.pem>, <path of a folder>, <the judge's function>, 'https://server2.test:8443/')"
    )


class TestSpoken:
    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (Answer(value=5), "5"),
            (Answer(value=Handle("SSLContext", 1)), "an ssl.SSLContext"),
            (Answer(error="ValueError", error_text="no"), "raised ValueError: no"),
            (Answer(error="ValueError"), "raised ValueError"),
            (Answer(error="E", error_text="x" * 500), "raised E: " + "x" * 199 + "…"),
            (Answer(fault="ended its process"), "ended its process"),
            (Answer(unwritten=True), "not written yet"),
            (Answer(error="NotImplementedError", unwritten=True), "not written yet"),
        ],
    )
    def test_says_what_a_call_came_to(self, answer: Answer, words: str) -> None:
        assert spoken(answer) == words


class TestRaised:
    def test_has_a_name_or_is_derived_from_it(self) -> None:
        derived = Answer(error="JSONDecodeError", error_bases=("ValueError",))
        assert Raised("ValueError").matches(derived)
        assert Raised("TypeError", "ValueError").matches(derived)
        assert Raised("JSONDecodeError").matches(derived)
        assert Raised().matches(derived)
        assert not Raised("TypeError").matches(derived)
        assert not Raised("Exception", "BaseException").matches(Answer(error="ValueError"))

    @pytest.mark.parametrize("answer", [Answer(), Answer(value="ValueError"), Answer(fault="raised ValueError")])
    def test_is_nothing_else(self, answer: Answer) -> None:
        assert not Raised().matches(answer)
        assert not Raised("ValueError").matches(answer)


class TestAnswered:
    def test_leaves_values_to_the_spec(self) -> None:
        assert answered(Answer(value=None)) is None

    @pytest.mark.parametrize(
        ("answer", "fault", "unwritten"),
        [
            (Answer(error="ValueError", error_text="no"), False, False),
            (Answer(fault="ended its process"), True, False),
            (Answer(unwritten=True), False, True),
        ],
    )
    def test_is_an_outcome_for_the_rest(self, answer: Answer, fault: bool, unwritten: bool) -> None:
        outcome = answered(answer, "f(1)", "a list")
        assert outcome is not None
        assert (outcome.passed, outcome.tried, outcome.expected) == (False, "f(1)", "a list")
        assert (outcome.got, outcome.fault, outcome.unwritten) == (spoken(answer), fault, unwritten)


class TestCompare:
    def test_passes_what_is_equal_in_type_too(self) -> None:
        assert compare(Answer(value=[1, True]), [1, True], "f()").passed

    @pytest.mark.parametrize(
        ("value", "expected", "got"),
        [
            (1, True, "1 (an int, not a bool)"),
            ([1], (1,), "[1] (a list, not a tuple)"),
            (5, None, "5 (an int, not None)"),
            (None, 5, "None"),
            (6, 5, "6"),
            ([1], [True], "[1]"),
        ],
    )
    def test_says_how_what_came_differs(self, value: Plain, expected: Plain, got: str) -> None:
        outcome = compare(Answer(value=value), expected, "f()")
        assert (outcome.passed, outcome.got) == (False, got)

    def test_knows_exceptions(self) -> None:
        refused = Answer(error="ValueError", error_text="no")
        assert compare(refused, Raised("TypeError", "ValueError"), "f()").passed
        assert compare(refused, Raised(), "f()").passed
        assert not compare(refused, Raised("TypeError"), "f()").passed
        assert not compare(refused, 5, "f()").passed
        outcome = compare(Answer(value=5), Raised("TypeError", "ValueError"), "f()")
        assert (outcome.passed, outcome.expected, outcome.got) == (False, "raises TypeError or ValueError", "5")
        assert compare(Answer(value=5), Raised(), "f()").expected == "raises an exception"

    @pytest.mark.parametrize("answer", [Answer(fault="ended its process"), Answer(unwritten=True)])
    def test_expects_no_fault_and_no_stub(self, answer: Answer) -> None:
        for expected in (None, Raised()):
            outcome = compare(answer, expected, "f()", {"a": None, "b": Raised()})
            assert not outcome.passed
            assert outcome.suspects == outcome.cleared == frozenset()

    def test_a_handle_is_no_plain_value(self) -> None:
        outcome = compare(Answer(value=Handle("SSLContext", 1)), None, "f()")
        assert (outcome.passed, outcome.got) == (False, "an ssl.SSLContext")

    def test_sorts_the_rivals(self) -> None:
        rivals: dict[str, Any] = {"same": 6, "other": 7, "raises": Raised(), "type": 6.0}
        outcome = compare(Answer(value=6), 5, "f()", rivals)
        assert (set(outcome.suspects), set(outcome.cleared)) == ({"same"}, {"other", "raises", "type"})
        outcome = compare(Answer(error="KeyError"), 5, "f()", rivals)
        assert (set(outcome.suspects), set(outcome.cleared)) == ({"raises"}, {"same", "other", "type"})


def test_asking_calls_and_compares() -> None:
    run = asking("f", (2, [3]), 5, {"product": 6})
    assert run(LocalCallee({"f": lambda a, b: a + b[0]})).passed
    outcome = run(LocalCallee({"f": lambda a, b: a * b[0]}))
    assert (outcome.passed, outcome.tried, set(outcome.suspects)) == (False, "f(2, [3])", {"product"})
    assert outcome.whole == ""


def test_asking_gives_the_whole_call_where_it_had_to_be_shortened() -> None:
    long, longer = list(range(100)), list(range(5000))
    callee = LocalCallee({"f": len})
    outcome = asking("f", [long], 0)(callee)
    assert len(outcome.tried) <= 123
    assert outcome.whole == f"f({long})"
    assert asking("f", [long], 100)(callee).whole == ""  # nothing to look into
    assert asking("f", [longer], 0)(callee).whole == ""  # more than a card can hold
