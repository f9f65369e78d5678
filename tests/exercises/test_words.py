"""Reports as text."""

from __future__ import annotations

import pytest

from labsupport.exercises.model import AspectReport, Mistake, Outcome, Report, State
from labsupport.exercises.words import pointer_of, points_text

WRONG = Outcome(False, "f(2)", "4", "5")
STUB = Outcome(False, "f(2)", "4", "not written yet", unwritten=True)
LATE = Outcome(False, "f(2)", "4", "did not answer in 5 s", fault=True)


def _report(state: State, *aspects: AspectReport, mistake: Mistake | None = None, **more: object) -> Report:
    points = sum(aspect.points for aspect in aspects)
    out_of = sum(aspect.out_of for aspect in aspects)
    report = Report("x", "Double", points, out_of, state, aspects, mistake, "Twice.")
    for name, value in more.items():
        object.__setattr__(report, name, value)
    return report


def test_a_whole_report() -> None:
    report = _report(
        "partly",
        AspectReport("small numbers", 1, 1, 3, 3, 3),
        AspectReport("large numbers", 0, 0.5, 1, 3, 5, WRONG),
        AspectReport("halves", 0, 0.5, 0, 0, 2),
        AspectReport("thirds", 0, 0.5, 0, 1, 2, STUB),
        notes=("f changed what it was given: argument 1.",),
        printed="one\ntwo\n",
    )
    assert str(report).splitlines() == [
        "Double: partly solved, 1 of 2.5 points",
        "✓ small numbers: 3 of 3 right",
        "✗ large numbers: 1 of 5 right, 2 not tried",
        "    tried     f(2)",
        "    expected  4",
        "    came      5",
        "– halves: not tried",
        "– thirds: not written yet",
        "→ Twice.",
        "Note: f changed what it was given: argument 1.",
        "It printed:",
        "    one",
        "    two",
    ]


def test_solved_says_nothing_more() -> None:
    assert str(_report("solved", AspectReport("a", 1, 1, 2, 2, 2))).splitlines() == [
        "Double: solved, 1 of 1 point",
        "✓ a: 2 of 2 right",
    ]


@pytest.mark.parametrize(
    ("report", "pointer"),
    [
        (_report("solved", AspectReport("a", 1, 1, 2, 2, 2)), ""),
        (_report("wrong", AspectReport("a", 0, 1, 1, 2, 2, WRONG)), "Twice."),
        (_report("wrong", AspectReport("a", 0, 1, 1, 2, 2, WRONG), mistake=Mistake("m", "It adds.")), "It adds."),
        (_report("wrong", AspectReport("a", 0, 1, 1, 2, 2, LATE)), ""),
        (
            _report("unwritten", AspectReport("a", 0, 1, 0, 1, 2, STUB)),
            "Put your answer in the place of the line that raises NotImplementedError, then run both cells.",
        ),
    ],
)
def test_one_pointer_at_most(report: Report, pointer: str) -> None:
    assert pointer_of(report) == pointer
    assert ("→" in str(report)) == bool(pointer)


def test_points_are_counted_in_words() -> None:
    assert [points_text(0, 1), points_text(1.5, 2), points_text(0.25, 0.5)] == [
        "0 of 1 point",
        "1.5 of 2 points",
        "0.25 of 0.5 points",
    ]
