"""The class page: what an instructor learns from it, for classes of any size, and where it stops."""

from __future__ import annotations

from typing import get_args

import pytest

from labsupport.exercises import find
from labsupport.exercises.model import AspectReport, Mistake, Report, State
from labsupport.grading.gradebook.model import Adjustment
from labsupport.grading.judging import exercises_of
from labsupport.grading.pages.class_page import class_page
from labsupport.grading.pages.drawings import spread_figure
from labsupport.grading.pages.heat import STEPS, share
from labsupport.grading.pages.tally import Tally
from labsupport.grading.records import ExerciseResult, Finding, FindingKind, Result
from labsupport.grading.similarity import Alike, Survey, survey
from labsupport.notebook import look
from tests.grading.classes import LESSON, NASTY, NIGHT, class_of, graded, nasty
from tests.grading.reading import read
from tests.grading.test_feedback_page import contrast


def page_of(tally: Tally) -> str:
    some = list(tally.exercises.values())[:2]
    surveys = {exercise.id: survey(exercise.answers) for exercise in some}
    return class_page(tally, surveys, title="RSA in your hand")


def judged(passed: int, mistake: Mistake | None = None, exercise: str = "rsa-sign") -> ExerciseResult:
    aspect = AspectReport("small numbers", float(passed == 4), 1, passed, 4, 4)
    state: State = "solved" if passed == 4 else "wrong"
    return ExerciseResult(Report(exercise, "Sign and verify", aspect.points, 1, state, (aspect,), mistake), "x = 1")


@pytest.mark.parametrize("size", [0, 1, 50, 1_000])
def test_a_class_of_any_size_has_a_page(size: int) -> None:
    html = page_of(Tally(class_of(size)))
    page = read(html)
    assert f"learners {size:,}" in page.words
    assert len(html) < 800_000
    if size < 2:
        assert "No two answers stand out as alike." in page.words


def test_what_is_counted() -> None:
    adds = Mistake("adds", "It adds.")
    results = [
        graded(Result(LESSON, (judged(passed, adds if passed < 4 else None),)), f"l{passed}") for passed in (4, 1, 3)
    ]
    results.append(graded(Result(LESSON, unjudged="It is no notebook."), "none"))
    tally = Tally(results)
    page = read(page_of(tally))
    for words in (
        *("learners 4", "with a mark 3", "out of 1 point", "full marks 1 (33\u00a0%)", "1 of 3 solved it"),
        *("small numbers 33\u00a0% 67\u00a0%", "2 × adds", "It adds.", "l1 , l3", "none : It is no notebook."),
    ):
        assert words in page.words
    assert page.labels == ["Learners by points. 0 to under 1 points: 2; all 1 points: 1."]
    assert tally.marks == [0, 0, 1]


def test_points_that_a_person_gave_are_marked_and_out_of_the_whole_lesson() -> None:
    by_hand = Adjustment("eve", LESSON, "rsa-sign", 1.0, "Seen on paper.", NIGHT)
    ids = [exercise.id for exercise in exercises_of(LESSON)]
    results = [
        graded(Result(LESSON, tuple(judged(4, exercise=id_) for id_ in ids)), "ada"),
        graded(Result(LESSON, unjudged="It is no notebook."), "eve", adjustments=(by_hand,)),
        graded(Result(LESSON, unjudged="It is no notebook."), "zoe"),
    ]
    words = read(page_of(Tally(results))).words
    assert len(ids) > find("rsa-sign").points
    assert f"ada {len(ids)} of {len(ids)} points eve 1 of {len(ids)} points, adjusted zoe no mark yet" in words


def test_findings_are_by_kind_with_the_learners_named() -> None:
    results = [
        graded(Result(LESSON, findings=(Finding("late", "By an hour."), Finding("late", "Twice."))), "ada"),
        graded(Result(LESSON, findings=(Finding("stranger", "Who?"),), overdue=True), "bob", "Bob B."),
        graded(Result(LESSON, (judged(4),), (Finding("copies", "Two cells.", "rsa-sign"),)), "cy"),
        graded(Result(LESSON, findings=(Finding("copies", "Two.", "rsa-gone"),)), "dee"),
    ]
    words = read(page_of(Tally(results))).words
    assert "Handed in late 1 learner ada : By an hour. ada : Twice." in words
    assert "Not in the roster 1 learner Bob B. bob : Who?" in words
    assert "cy : Sign and verify: Two cells. dee : rsa-gone: Two." in words
    assert "Something was ended at a deadline for Bob B. bob" in words


def test_every_kind_of_finding_has_words() -> None:
    findings = tuple(Finding(kind, "So.") for kind in get_args(FindingKind))
    assert len(findings) == read(page_of(Tally([graded(Result(LESSON, findings=findings))]))).words.count("1 learner ")


def test_pairs_are_side_by_side_folded_and_not_accused() -> None:
    html = page_of(Tally(class_of(50)))
    page = read(html)
    assert "learner0003 and" in page.words
    assert "worth a look together" in page.words
    assert "Likeness proves nothing" in page.words
    assert "<details open" not in html
    for word in ("cheat", "plagiar", "copied", "suspicious", "dishonest"):
        assert word not in page.words.lower()


def test_the_pair_that_shares_most_comes_first_with_all_its_exercises() -> None:
    results = [graded(Result(LESSON, (judged(4), judged(4, exercise="rsa-forge"))), each) for each in "abc"]
    surveys = {
        "rsa-sign": Survey((Alike("a", "b", 0.8, 30), Alike("b", "c", 0.6, 40)), implied=2, near_solution=("c",)),
        "rsa-forge": Survey((Alike("b", "a", 1.0, 25),)),
    }
    words = read(class_page(Tally(results), surveys, title="T")).words
    assert words.index("a and b") < words.index("b and c")
    assert "(80\u00a0%); Sign and verify (100\u00a0%)" in words
    assert "2 further likenesses" in words
    assert "Close to the published solutions, which is no fault “Sign and verify”: c ." in words


def test_what_is_left_out_is_said() -> None:
    finding = Finding("late", "Late.")
    results = [
        graded(Result(LESSON, (judged(0, Mistake("adds", "It adds.")),), (finding,)), f"l{number:05}")
        for number in range(1_200)
    ]
    pairs = tuple(Alike(f"l{number:05}", f"l{number + 1:05}", 0.9, 30) for number in range(0, 200, 2))
    words = read(class_page(Tally(results), {"rsa-sign": Survey(pairs)}, title="T")).words
    assert "and 1,160 more" in words
    assert "1,140 more are left out." in words
    assert "60 weaker pairs are left out." in words
    assert "200 more are left out; the gradebook has them all." in words
    many = [Mistake(f"m{number}", "So.") for number in range(50)]
    results = [graded(Result(LESSON, (judged(0, mistake),)), mistake.name) for mistake in many]
    assert "10 rarer ones are left out." in read(page_of(Tally(results))).words


def test_the_feedback_pages_are_a_step_away() -> None:
    tally = Tally([graded(Result(LESSON, (judged(4),)), "ada"), graded(Result(LESSON, (judged(4),)), "bob")])
    html = class_page(tally, title="T", pages={"ada": '../feedback/a"b/01_rsa.html'})
    assert read(html).addresses == ['../feedback/a"b/01_rsa.html']


def test_nothing_gets_out_of_its_place() -> None:
    tally = Tally([nasty(), nasty(400)])
    tally.add(graded(Result(LESSON, (judged(4),)), "\u202e</bdi>", NASTY))
    pair = Alike(NASTY, NASTY * 400, 1.0, 99)
    html = class_page(tally, {"x": Survey((pair,), near_solution=(NASTY,))}, title=NASTY)
    page = read(html)
    assert look.plain(NASTY).strip() in page.words
    assert len(html) < 600_000


@pytest.mark.parametrize(
    ("points", "out_of", "words"),
    [
        ([], 0, "Nobody yet"),
        ([0.0, 0.0], 0.0, "all 0 points: 2"),
        ([0.5, 1.0, 2.0], 2, "0 to under 1 points: 1; 1 to under 2 points: 1; all 2 points: 1"),
        ([30.0, 29.5, 7.0], 30, "6 to under 9 points: 1; 27 to under 30 points: 1; all 30 points: 1"),
        ([99.0, -1.0], 2.5, "0 to under 1 points: 1; all 2.5 points: 1"),
    ],
)
def test_the_histogram_counts_everybody_once(points: list[float], out_of: float, words: str) -> None:
    assert words in spread_figure(points, out_of)


@pytest.mark.parametrize(
    ("part", "whole", "words"), [(0, 0, "–"), (0, 9, "0 %"), (1, 900, "1 %"), (899, 900, "99 %"), (9, 9, "100 %")]
)
def test_shares_round_honestly(part: int, whole: int, words: str) -> None:
    assert share(part, whole) == words.replace(" ", "\u00a0")


def test_the_heat_map_s_numbers_can_be_read() -> None:
    assert all(contrast(background, ink) >= 4.5 for _, background, ink in STEPS)
