"""The feedback page: what it says, to whom, and that nothing which is handed in gets out of its place."""

from __future__ import annotations

import re

import pytest

from labsupport.exercises import find
from labsupport.exercises.model import AspectReport, Outcome, Report
from labsupport.grading.gradebook.model import Adjustment
from labsupport.grading.pages import paper
from labsupport.grading.pages.drawings import points_figure
from labsupport.grading.pages.feedback import feedback_page
from labsupport.grading.pages.standing import standings, total
from labsupport.grading.records import ExerciseResult, Finding, Result
from labsupport.notebook import look
from tests.grading.classes import LESSON, NASTY, NIGHT, class_of, graded, nasty
from tests.grading.reading import HIDDEN, read


def report(points: float = 1.0, exercise: str = "rsa-sign") -> Report:
    aspects = (
        AspectReport("small numbers", points, 1, 3, 3, 3),
        AspectReport("large numbers", 0, 1, 1, 5, 5, Outcome(False, "sign(7)", "4", "5")),
    )
    return Report(exercise, "Sign and verify", points, 2, "partly", aspects, None, "Look at the range.", printed="here")


def made(*findings: Finding, adjustment: Adjustment | None = None, unjudged: str = "") -> str:
    exercises = () if unjudged else (ExerciseResult(report(), "def sign(m):\n    return m < 3 & 2\n"),)
    result = Result(LESSON, exercises, findings, unjudged)
    found = graded(result, "ada", "Ada Lovelace", 41, (adjustment,) if adjustment else ())
    return feedback_page(found, "RSA in your hand")


class TestWhatItSays:
    def test_mark_times_and_number(self) -> None:
        page = read(made())
        for words in (
            *("Feedback for", "Ada Lovelace", "RSA in your hand", "of 2 points", "1 December 2026, 23:41 UTC"),
            *("2 December 2026, 08:41 UTC", "result 41", "partly solved", "sign(7)", "Look at the range."),
        ):
            assert words in page.words
        assert page.headings == [
            *((1, "RSA in your hand"), (2, "Points by exercise"), (2, "Exercise by exercise")),
            *((3, "Exercise 1: Sign and verify"), (2, "If something looks wrong")),
        ]

    def test_the_figure_says_the_same_in_words(self) -> None:
        html = made()
        assert "Points by exercise Sign and verify 1 of 2 points Exercise by exercise" in read(html).words
        assert re.findall(r'class="(?:track|bar)" style="width: ([0-9.]+)%"', html) == ["100.0", "50.0"]

    def test_a_long_title_stands_there_whole(self) -> None:
        title = "An exercise whose title takes more than one line on every telephone that there is"
        assert title in points_figure([(title, 3.0, 2.0), ("Small", 0.0, 1.0), ("Nothing", 0.0, 0.0)])

    def test_the_answer_is_there_and_folded(self) -> None:
        html = made()
        assert "<details" in html[: html.index("your answer")]
        assert "<details open" not in html
        assert "return m &lt; 3 &amp; 2" in html

    def test_findings_stand_where_they_belong(self) -> None:
        html = made(Finding("time", "It took too long.", "rsa-sign"), Finding("late", "It was late."))
        words = read(html).words
        assert words.index("It took too long.") < words.index("None of this changed the mark.")
        assert words.index("None of this changed the mark.") < words.index("It was late.")
        assert "changed the mark" not in made()

    def test_an_adjustment_gives_its_reason_and_its_day(self) -> None:
        adjustment = Adjustment("ada", LESSON, "rsa-sign", 1.5, "The idea is right.", NIGHT)
        page = read(made(adjustment=adjustment))
        assert "on 1 December 2026, 23:41 UTC and gave 1.5 of 2 points instead of 1: The idea is right." in page.words
        assert "Points by exercise Sign and verify 1.5 of 2 points" in page.words

    def test_what_could_not_be_judged_is_no_nought(self) -> None:
        page = read(made(unjudged="The file is empty."))
        assert "no mark yet" in page.words
        assert "The file is empty." in page.words
        assert "0 of" not in page.words
        assert "nothing was tried on your answers" in page.words
        assert "everything that was tried" not in page.words
        adjustment = Adjustment("ada", LESSON, "rsa-sign", 1.0, "Seen on paper.", NIGHT)
        page = read(made(unjudged="The file is empty.", adjustment=adjustment))
        assert "Seen on paper." in page.words
        assert find("rsa-sign").title in page.words
        assert "no mark yet" not in page.words
        assert "1 point The file could not be judged" in page.words
        assert "Your instructor looked at it and gave points by hand." in page.words
        assert "mark of nought" not in page.words

    def test_a_time_that_nobody_knows(self) -> None:
        assert paper.moment(None) == "not known"

    def test_a_lesson_without_a_title_is_called_by_its_name(self) -> None:
        assert read(feedback_page(graded(Result("99_other")))).headings[0] == (1, "99_other")


class TestWhoItIsFor:
    def test_nobody_else_is_on_it(self) -> None:
        results = list(class_of(12))
        for one in results:
            html = feedback_page(one)
            assert all(other.learner not in html for other in results if other is not one)
            assert one.learner not in html.replace(one.name, "")


class TestHostileTexts:
    def test_nothing_gets_out_of_its_place(self) -> None:
        page = read(feedback_page(nasty(), NASTY))
        shown = look.plain(NASTY).strip()
        assert page.words.count(shown) >= 15
        assert page.addresses == []

    @pytest.mark.parametrize("char", ["\x00", "\x1b", "\x85", "\u202e", "\u2066", "\u200f", "\ud800", "\uffff", "\r"])
    def test_what_cannot_be_seen_is_spelled_out(self, char: str) -> None:
        assert HIDDEN.search(char)
        html = feedback_page(graded(Result(LESSON, (ExerciseResult(report(), f"x = '{char}y'"),)), f"a{char}b"))
        read(html)
        assert html.count(f"\\u{{{ord(char):x}}}") >= 3

    def test_line_ends_of_windows_are_line_ends(self) -> None:
        html = feedback_page(graded(Result(LESSON, (ExerciseResult(report(), "a = 1\r\nb = 2"),))))
        assert "a = 1\nb = 2" in html

    def test_what_has_no_end_gets_one(self) -> None:
        long = "x" * 100_000
        outcome = Outcome(False, long, long, long, whole=long)
        judged = Report("x", "T", 0, 1, "wrong", (AspectReport("a", 0, 1, 0, 1, 1, outcome),), None, "", (long,), long)
        many = tuple(Finding("added-cell", long) for _ in range(1_000))
        html = feedback_page(graded(Result(LESSON, (ExerciseResult(judged, long),), many), long, long))
        page = read(html)
        assert len(html) < 400_000
        assert "80,000 more characters are left out" in page.words
        assert "950 further notes are left out." in page.words

    def test_a_name_keeps_its_own_direction(self) -> None:
        assert "<bdi>שרה</bdi>" in feedback_page(graded(Result(LESSON), "sara", "שרה"))


class TestStandings:
    def test_points_are_those_of_the_gradebook_s_marks(self) -> None:
        for each in class_of(40):
            found = standings(each)
            adjusted = {one.exercise: one.points or 0.0 for one in each.adjustments}
            judged = {one.id: one.report.points for one in each.result.exercises}
            assert total(found)[0] == sum((judged | adjusted).values())

    def test_a_withdrawn_adjustment_is_none(self) -> None:
        result = Result(LESSON, (ExerciseResult(report()),))
        withdrawn = Adjustment("ada", LESSON, "rsa-sign", None, "A slip.", NIGHT)
        (standing,) = standings(graded(result, adjustments=(withdrawn,)))
        assert (standing.points, standing.adjustment) == (1.0, None)

    def test_an_exercise_that_the_course_has_no_more(self) -> None:
        gone = Adjustment("ada", LESSON, "rsa-gone", 3.0, "As before.", NIGHT)
        (standing,) = standings(graded(Result(LESSON), adjustments=(gone,)))
        assert (standing.title, standing.points, standing.out_of) == ("rsa-gone", 3.0, 3.0)


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_texts_and_bars_have_contrast(theme: int) -> None:
    (light, dark) = re.findall(r":root \{(.*?)\}", paper.paper("", []), re.DOTALL)[:2]
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", (light, dark)[theme]))
    for ground in ("page", "sheet"):
        for ink in ("ink", "soft", "accent"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        assert contrast(colours["bar"], colours[ground]) >= 3
    assert contrast(colours["bar"], colours["track"]) >= 3


def test_every_variable_that_the_cards_ask_for_is_given() -> None:
    html = feedback_page(next(class_of(1)))
    asked = set(re.findall(r"var\((--[\w-]+)", html))
    assert asked <= set(re.findall(r"(--[\w-]+):", html))
