from __future__ import annotations

import datetime as dt
import sqlite3
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsupport.errors import GradebookError
from labsupport.grading.gradebook import Gradebook
from labsupport.grading.gradebook.model import Learner, digest_of
from labsupport.grading.records import Finding, result_to
from tests.grading.booking import SPECS, WHEN, exercise, result, submission


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Gradebook]:
    with Gradebook.open(tmp_path / "gradebook.db") as opened:
        yield opened


def rows(book: Gradebook, table: str) -> int:
    (count,) = book._connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


# --- attempts -------------------------------------------------------------------------------------------------------


def test_what_was_recorded_comes_back_whole(book: Gradebook) -> None:
    late = Finding("late", "Handed in an hour after the due date.")
    added = Finding("added-cell", "A cell of your own raised NameError.", "rsa-sign")
    given = submission("ada", b"{notebook}", name="Ada Lovelace", findings=[late])
    judged = result(findings=[added], transcripts={"rsa-inverse": "one\ntwo"})
    done = book.record(given, judged, SPECS, graded_at=WHEN)
    assert (done.new_attempt, done.new_result) == (True, True)
    [back] = book.results(transcripts=True)
    assert back == book.result(done.result_id)
    assert result_to(back.result) == result_to(judged)
    assert (back.learner, back.name, back.lesson, back.source) == ("ada", "Ada Lovelace", "01_rsa", "ada/01_rsa.ipynb")
    assert (back.submitted_at, back.graded_at, back.specs) == (WHEN, WHEN, SPECS)
    assert back.findings == (late, added)
    assert back.digest == digest_of(b"{notebook}")
    assert book.content(back.digest) == b"{notebook}"
    assert list(book.submissions()) == [given]
    assert next(book.results()).result.transcripts == {}


def test_the_same_content_again_is_the_same_attempt_and_the_same_result(book: Gradebook) -> None:
    first = book.record(submission(), result(), SPECS)
    again = book.record(submission(), result({"rsa-inverse": 0.0}), SPECS)
    assert (again.attempt_id, again.result_id) == (first.attempt_id, first.result_id)
    assert (again.new_attempt, again.new_result) == (False, False)
    assert [rows(book, table) for table in ("attempts", "results", "contents")] == [1, 1, 1]


def test_a_b_a_is_three_attempts_and_the_third_counts(book: Gradebook) -> None:
    a, b = result({"rsa-inverse": 2.0}), result({"rsa-inverse": 0.0})
    ids = [
        book.record(submission(content=content), judged, SPECS) for content, judged in (("a", a), ("b", b), ("a", a))
    ]
    assert [attempt.results for attempt in book.attempts("ada", "01_rsa")] == [(each.result_id,) for each in ids]
    [mark] = book.marks()
    assert (mark.points, mark.attempts, mark.result_id) == (2.0, 3, ids[2].result_id)
    assert rows(book, "contents") == 2


def test_a_clock_that_jumps_back_changes_nothing(book: Gradebook) -> None:
    year = dt.timedelta(days=365)
    book.record(submission(content="a"), result({"rsa-inverse": 0.0}), SPECS, graded_at=WHEN)
    early = submission(content="b", submitted_at=WHEN - year)
    book.record(early, result({"rsa-inverse": 1.0}), SPECS, graded_at=WHEN - year)
    book.record(early, result({"rsa-inverse": 2.0}), "specs-2", graded_at=WHEN - 2 * year)
    [mark] = book.marks()
    assert (mark.points, mark.specs) == (2.0, "specs-2")


def test_what_is_known_of_a_submission_later_replaces_what_was_known(book: Gradebook) -> None:
    book.record(submission(submitted_at=None), result(), SPECS)
    late = Finding("late", "Handed in late.")
    book.record(submission(name="Ada", source="zip", findings=[late]), result(), SPECS)
    book.record(submission(source="zip", submitted_at=None, findings=[late]), result(), SPECS)
    [mark] = book.marks()
    assert (mark.name, mark.submitted_at, mark.findings, mark.attempts) == ("Ada", WHEN, (late,), 1)
    assert [attempt.source for attempt in book.attempts("ada", "01_rsa")] == ["zip"]


# --- results --------------------------------------------------------------------------------------------------------


def test_grading_again_adds_a_result_and_keeps_the_old_one(book: Gradebook) -> None:
    old = book.record(submission(), result({"rsa-inverse": 1.0}), SPECS)
    new = book.record(submission(), result({"rsa-inverse": 2.0}), SPECS, regrade=True)
    assert (new.new_attempt, new.new_result) == (False, True)
    assert book.attempts("ada", "01_rsa")[0].results == (old.result_id, new.result_id)
    assert [mark.points for mark in book.marks()] == [2.0]
    assert book.result(old.result_id).result.points == 1.0


def test_a_result_by_other_specs_is_a_new_result(book: Gradebook) -> None:
    book.record(submission(), result({"rsa-inverse": 1.0}), SPECS)
    assert book.record(submission(), result({"rsa-inverse": 2.0}), "specs-2").new_result
    assert [mark.points for mark in book.marks()] == [2.0]


def test_a_judge_that_failed_takes_no_marks_away_and_gives_way_to_one_that_did_not(book: Gradebook) -> None:
    failed = result(unjudged="The judge failed.")
    book.record(submission("bo"), failed, SPECS)
    assert book.reuse(submission("bo"), SPECS) is None
    assert [(mark.unjudged, mark.counts) for mark in book.marks()] == [("The judge failed.", False)]
    assert book.record(submission("bo"), result(), SPECS).new_result
    assert book.record(submission("bo"), failed, "specs-2", regrade=True).new_result
    assert [(mark.unjudged, mark.points, mark.counts) for mark in book.marks()] == [("", 3.0, True)]


def test_what_is_reused_is_of_the_same_content_lesson_and_specs(book: Gradebook) -> None:
    book.record(submission(content="a"), result(transcripts={"rsa-sign": "said"}), SPECS)
    known = book.reuse(submission("bo", content="a"), SPECS)
    assert known is not None
    found = book.result(known.result_id).result
    assert (found, found.transcripts) == (result(), {"rsa-sign": "said"})
    assert book.reuse(submission("bo", content="b"), SPECS) is None
    assert book.reuse(submission("bo", content="a", lesson="04_authority"), SPECS) is None
    assert book.reuse(submission("bo", content="a"), "specs-2") is None


def test_reuse_takes_over_everything_but_what_is_known_of_the_other_submission(book: Gradebook) -> None:
    late, raised = Finding("late", "Handed in late."), Finding("added-cell", "A cell raised.")
    judged = result(findings=[raised], transcripts={"rsa-sign": "said"})
    assert book.reuse(submission("ada", findings=[late]), SPECS) is None
    assert rows(book, "attempts") == 0
    first = book.record(submission("ada", findings=[late]), judged, SPECS)
    assert book.reuse(submission("ada", findings=[late]), SPECS) == type(first)(
        first.attempt_id, first.result_id, new_attempt=False, new_result=False
    )
    done = book.reuse(submission("bo"), SPECS)
    assert done is not None
    assert (done.new_attempt, done.new_result) == (True, True)
    back = book.result(done.result_id)
    assert (back.learner, back.findings, back.result.transcripts) == ("bo", (raised,), {"rsa-sign": "said"})
    [mark] = book.marks(learner="bo")
    assert (mark.points, mark.findings) == (3.0, (raised,))
    assert book.content(back.digest) == b"{}"


def test_findings_that_the_judge_repeats_are_told_once(book: Gradebook) -> None:
    late = Finding("late", "Handed in late.")
    done = book.record(submission(findings=[late]), result(findings=[late]), SPECS)
    assert book.marks()[0].findings == book.result(done.result_id).findings == (late,)


# --- corrections ----------------------------------------------------------------------------------------------------


def test_a_correction_replaces_points_survives_grading_again_and_can_be_withdrawn(book: Gradebook) -> None:
    book.record(submission(content="a"), result(), SPECS)
    change = book.adjust("ada", "01_rsa", "rsa-sign", 1.5, "right idea", out_of=2.0)
    assert (change.before, change.after, change.out_of) == (1.0, 1.5, 2.0)
    book.record(submission(content="b"), result({"rsa-inverse": 0.0, "rsa-sign": 0.0}), "specs-2")
    [mark] = book.marks()
    assert (mark.points, mark.out_of, mark.adjusted) == (1.5, 4.0, True)
    sign = mark.exercises[1]
    assert (sign.points, sign.judged, sign.because, sign.adjusted) == (1.5, 0.0, "right idea", True)
    book.adjust("ada", "01_rsa", "rsa-sign", 2.0, "on second thoughts", out_of=2.0)
    assert [each.points for each in book.adjustments()] == [2.0]
    assert book.result(mark.result_id).adjustments == tuple(book.adjustments())
    change = book.adjust("ada", "01_rsa", "rsa-sign", None, "no", out_of=2.0)
    assert (change.before, change.after) == (2.0, 0.0)
    assert book.adjustments() == []
    history = book.adjustments("01_rsa", "ada", history=True)
    assert [(each.points, each.because) for each in history] == [
        (1.5, "right idea"),
        (2.0, "on second thoughts"),
        (None, "no"),
    ]
    assert [mark.adjusted for mark in book.marks()] == [False]


def test_a_correction_needs_a_submission(book: Gradebook) -> None:
    book.record(submission(), result(), SPECS)
    with pytest.raises(GradebookError, match="bo has handed in nothing for 01_rsa"):
        book.adjust("bo", "01_rsa", "rsa-sign", 1.0, "x", out_of=2.0)
    with pytest.raises(GradebookError, match="ada has handed in nothing for 04_authority"):
        book.adjust("ada", "04_authority", "ca-root", 1.0, "x", out_of=2.0)
    assert book.adjustments(history=True) == []


def test_a_person_can_mark_what_nobody_could_judge(book: Gradebook) -> None:
    book.record(submission(), result(unjudged="The file is no notebook."), SPECS)
    change = book.adjust("ada", "01_rsa", "rsa-sign", 2.0, "on paper", out_of=2.0, title="Sign")
    assert (change.before, change.after) == (None, 2.0)
    [mark] = book.marks()
    assert (mark.points, mark.out_of, mark.counts) == (2.0, 2.0, True)
    assert (mark.exercises[0].title, mark.exercises[0].judged) == ("Sign", None)


# --- queries --------------------------------------------------------------------------------------------------------


def test_marks_are_by_learner_and_lesson_and_can_be_narrowed(book: Gradebook) -> None:
    for learner, lesson in (("bo", "04_authority"), ("ada", "04_authority"), ("bo", "01_rsa"), ("ada", "01_rsa")):
        book.record(submission(learner, lesson=lesson), result(lesson=lesson), SPECS)
    book.adjust("bo", "01_rsa", "rsa-sign", 2.0, "x", out_of=2.0)
    everything = book.marks()
    assert [(mark.learner, mark.lesson, mark.points) for mark in everything] == [
        ("ada", "01_rsa", 3.0),
        ("ada", "04_authority", 3.0),
        ("bo", "01_rsa", 4.0),
        ("bo", "04_authority", 3.0),
    ]
    assert book.marks("01_rsa") == [everything[0], everything[2]]
    assert book.marks(learner="bo") == everything[2:]
    assert book.marks("01_rsa", "bo") == [everything[2]]
    assert [graded.learner for graded in book.results("01_rsa")] == ["ada", "bo"]
    assert [given.lesson for given in book.submissions(learner="bo")] == ["01_rsa", "04_authority"]
    assert list(book.learners()) == [Learner("ada"), Learner("bo")]
    assert book.lessons() == ["01_rsa", "04_authority"]


def test_what_is_not_there_is_told(book: Gradebook) -> None:
    with pytest.raises(GradebookError, match=r"gradebook\.db: there is no result 7"):
        book.result(7)
    with pytest.raises(GradebookError, match="holds no content abc"):
        book.content("abc")
    assert (book.attempts("nobody", "01_rsa"), book.marks("nothing"), list(book.results())) == ([], [], [])


def test_a_result_in_another_form_is_told_and_named(book: Gradebook) -> None:
    done = book.record(submission(), result(), SPECS)
    book._connection.execute("""UPDATE results SET result = '{"lesson": 1}'""")
    with pytest.raises(GradebookError, match=r"result 1: not a result of this version .*; grade 01_rsa of ada"):
        book.result(done.result_id)
    assert book.marks()[0].points == 3.0


def test_one_reads_while_another_writes_and_results_are_read_one_at_a_time(book: Gradebook) -> None:
    for number in range(3):
        book.record(submission(f"l{number}"), result(), SPECS)
    with Gradebook.open(book.path) as other:
        reading = other.results()
        assert next(reading).learner == "l0"
        book.record(submission("l9"), result(), SPECS)
        book._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        assert [graded.learner for graded in reading] == ["l1", "l2"]


def test_results_stream(book: Gradebook) -> None:
    transcripts = {"rsa-sign": "x" * 100_000}
    for number in range(40):
        book.record(submission(f"l{number}", f"{number}" * 50_000), result(transcripts=transcripts), SPECS)
    tracemalloc.start()
    try:
        assert sum(1 for _ in book.results(transcripts=True)) == 40
        assert sum(len(given.content) > 1 for given in book.submissions()) == 40
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000


# --- the boundary ---------------------------------------------------------------------------------------------------

NASTY = "a\x00b\ud800c😀\u202e"
TAMED = "a\\x00b\\ud800c😀\u202e"


def test_text_that_sqlite_cannot_hold_is_spelled_out(book: Gradebook) -> None:
    found = Finding("process", NASTY, NASTY)
    given = submission(NASTY, lesson="01_rsa", name=NASTY, source=NASTY, findings=[found])
    judged = result({NASTY: 1.0}, findings=[found], transcripts={NASTY: NASTY})
    done = book.record(given, judged, NASTY)
    book.adjust(NASTY, "01_rsa", NASTY, 2.0, NASTY, out_of=2.0, title=NASTY)
    back = book.result(done.result_id)
    assert (back.learner, back.name, back.source, back.specs) == (TAMED,) * 4
    assert back.result.transcripts == {TAMED: "a\x00b\\ud800c😀\u202e"}
    assert (back.findings[0].text, back.result.exercises[0].id) == (TAMED, TAMED)
    [mark] = book.marks(learner=NASTY)
    assert (mark.exercises[0].because, mark.exercises[0].judged, mark.points) == (TAMED, 1.0, 2.0)
    assert [each.id for each in book.attempts(NASTY, "01_rsa")] == [done.attempt_id]
    assert book.reuse(given, NASTY) is not None
    assert not book.record(given, judged, NASTY).new_result
    everything = "\n".join(book._connection.iterdump())
    assert "\x00" not in everything
    everything.encode()


def test_ids_that_differ_only_in_what_cannot_be_stored_stay_two(book: Gradebook) -> None:
    for learner in ("x\ud800", "x\ud801", "x\0"):
        book.record(submission(learner), result(), SPECS)
    assert len(book.marks()) == 3


def test_due_dates_are_remembered_replaced_and_forgotten(book: Gradebook) -> None:
    book.set_due_dates({"01_rsa": WHEN, "04_authority": WHEN})
    book.set_due_dates({"01_rsa": WHEN + dt.timedelta(days=1), "06_mtls": None})
    assert book.due_dates() == {"01_rsa": WHEN + dt.timedelta(days=1), "04_authority": WHEN}
    book.set_due_dates({"01_rsa": None})
    assert list(book.due_dates()) == ["04_authority"]
    with pytest.raises(ValueError, match="time zone"):
        book.set_due_dates({"00_start": WHEN, "01_rsa": WHEN.replace(tzinfo=None)})
    assert list(book.due_dates()) == ["04_authority"]


@pytest.mark.parametrize("hours", [0, 5.5, -3])
def test_a_due_date_keeps_its_offset_and_has_the_name_of_the_zone_here(book: Gradebook, hours: float) -> None:
    given = WHEN.astimezone(dt.timezone(dt.timedelta(hours=hours)))
    here = WHEN.astimezone()
    book.set_due_dates({"00_start": given, "01_rsa": here})
    found = book.due_dates()
    assert (found["00_start"], found["00_start"].utcoffset()) == (given, given.utcoffset())
    assert found["01_rsa"].tzname() == here.tzname()


def test_a_time_needs_its_zone_and_nothing_is_kept_without(book: Gradebook) -> None:
    naive = WHEN.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        book.record(submission(submitted_at=naive), result(), SPECS)
    with pytest.raises(ValueError, match="time zone"):
        book.record(submission(), result(), SPECS, graded_at=naive)
    assert [rows(book, table) for table in ("learners", "attempts", "contents")] == [0, 0, 0]


def test_what_fails_half_way_leaves_nothing(book: Gradebook, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("labsupport.grading.gradebook.writing.score_rows", broken)
    with pytest.raises(KeyboardInterrupt):
        book.record(submission(), result(), SPECS)
    assert [rows(book, table) for table in ("learners", "attempts", "contents", "results")] == [0, 0, 0, 0]
    monkeypatch.undo()
    assert book.record(submission(), result(), SPECS).new_attempt


def test_rows_hang_together(book: Gradebook) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        book._connection.execute(
            "INSERT INTO results (attempt, specs, graded_at, unjudged, result) VALUES (9,'','','','')"
        )


def test_the_exercises_of_a_mark_are_in_the_order_of_the_result(book: Gradebook) -> None:
    judged = result({"rsa-z": 1.0, "rsa-a": 2.0, "rsa-m": 0.0})
    book.record(submission(), judged, SPECS)
    assert [each.id for each in book.marks()[0].exercises] == ["rsa-z", "rsa-a", "rsa-m"]
    assert [each.id for each in judged.exercises] == [exercise(id_, 0).id for id_ in ("rsa-z", "rsa-a", "rsa-m")]
