"""A batch and its gradebook: everything found gets a result, once, and what counts is what was handed in last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from labsupport.errors import GradebookError, LabError
from labsupport.grading import batch
from labsupport.grading.batch import Done, Summary, grade
from labsupport.grading.gradebook.book import Gradebook
from labsupport.grading.records import Finding, result_to
from labsupport.grading.sandbox.sandbox import NoSandbox
from labsupport.grading.submissions.collect import Collected, Entry
from labsupport.grading.submissions.found import SubmissionError, Trouble
from tests.grading.booking import result
from tests.grading.standins import Standins

LESSON = "01_rsa"


class Folder:
    """Where submissions are said to lie."""

    label = "submitted"
    files: Sequence[object] = ()
    stamps: Sequence[object] = ()
    trouble = Trouble("submitted")
    nbgrader = False

    def close(self) -> None:
        pass


def file(do: str = "judge", *, mark: float = 1.0, name: str = "it", **more: object) -> bytes:
    """Return a file whose judge does `do`, and gives `mark` points."""
    judged = result_to(result({"rsa-sign": mark}))
    return json.dumps({"do": do, "name": name, "result": judged, **more}).encode()


def broken(why: str = "ada's file cannot be read") -> LabError:
    return SubmissionError(why)


def handed_in(*files: tuple[str, bytes | LabError], findings: tuple[Finding, ...] = ()) -> Collected:
    """Return learners' files in the order of their attempts; the last of each learner is the one that counts."""
    entries = []
    names = [learner for learner, _ in files]
    for place, (learner, content) in enumerate(files):

        def read(content: bytes | LabError = content) -> bytes:
            if isinstance(content, LabError):
                raise content
            return content

        attempt = names[: place + 1].count(learner)
        latest = attempt == names.count(learner)
        size = 0 if isinstance(content, LabError) else len(content)
        source = f"submitted/{learner}-{attempt}.ipynb"
        entries.append(Entry(learner, LESSON, source, "", None, "", size, attempt, latest, findings, read))
    return Collected(Folder(), entries, (), ())  # type: ignore[arg-type]  # as much of a place as a batch looks at


class Batches:
    """Runs batches on one gradebook, with stand-ins as judges."""

    def __init__(self, standins: Standins, folder: Path) -> None:
        self.standins = standins
        self.path = folder / "gradebook.db"
        self.told: list[Done] = []

    def run(self, collected: Collected, *, jobs: int = 2, regrade: bool = False) -> Summary:
        self.told = []
        with self.book() as book, self.standins.pool(jobs) as pool:
            return grade(collected, book, pool, regrade=regrade, tell=self.told.append)

    @contextmanager
    def book(self) -> Iterator[Gradebook]:
        with Gradebook.open(self.path) as book:
            yield book

    def marks(self) -> dict[str, float]:
        with self.book() as book:
            return {mark.learner: mark.points for mark in book.marks()}

    def attempts(self, learner: str) -> list[int]:
        """Return the number of results of each attempt."""
        with self.book() as book:
            return [len(attempt.results) for attempt in book.attempts(learner, LESSON)]

    def begun(self) -> int:
        """Return how often a judge has begun, in all batches so far."""
        return sum(what == "begin" for what, _, _ in self.standins.log())


@pytest.fixture
def batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batches:
    return Batches(Standins(tmp_path, monkeypatch), tmp_path)


CLASS = tuple((learner, file(mark=mark)) for learner, mark in (("ada", 2.0), ("bob", 1.0), ("cyd", 0.0)))
MARKS = {"ada": 2.0, "bob": 1.0, "cyd": 0.0}


class TestOnce:
    def test_every_submission_is_judged_and_told(self, batches: Batches) -> None:
        summary = batches.run(handed_in(*CLASS))
        assert (summary.judged, summary.known, summary.unjudged) == (3, 0, [])
        assert batches.marks() == MARKS
        assert {done.entry.learner: done.known for done in batches.told} == dict.fromkeys(MARKS, False)
        assert all(done.result_id for done in batches.told)

    def test_a_second_run_judges_nothing(self, batches: Batches) -> None:
        batches.run(handed_in(*CLASS))
        summary = batches.run(handed_in(*CLASS))
        assert (summary.judged, summary.known) == (0, 3)
        assert batches.begun() == 3
        assert batches.marks() == MARKS
        assert all(done.known and done.result for done in batches.told)
        assert batches.attempts("ada") == [1]

    def test_only_what_is_new_is_judged(self, batches: Batches) -> None:
        batches.run(handed_in(*CLASS[:2]))
        summary = batches.run(handed_in(*CLASS))
        assert (summary.judged, summary.known) == (1, 2)
        assert batches.begun() == 3

    def test_specs_that_changed_judge_again_and_keep_the_history(
        self, batches: Batches, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batches.run(handed_in(*CLASS))
        monkeypatch.setattr(batch, "specs_version", lambda: "the next ones")
        assert batches.run(handed_in(*CLASS)).judged == 3
        assert batches.attempts("ada") == [2]

    def test_regrading_judges_again_and_keeps_the_history(self, batches: Batches) -> None:
        batches.run(handed_in(*CLASS))
        assert batches.run(handed_in(*CLASS), regrade=True).judged == 3
        assert batches.attempts("ada") == [2]
        assert batches.marks() == MARKS

    def test_regrading_leaves_earlier_attempts_alone(self, batches: Batches) -> None:
        files = handed_in(("ada", file(mark=1)), ("ada", file(mark=2)))
        batches.run(files)
        summary = batches.run(files, regrade=True)
        assert (summary.judged, summary.known) == (1, 1)
        assert batches.attempts("ada") == [1, 2]


class TestAttempts:
    A, B = file(mark=1, name="a"), file(mark=2, name="b")

    @pytest.mark.parametrize("jobs", [1, 2, 4])
    def test_the_last_counts(self, batches: Batches, jobs: int) -> None:
        summary = batches.run(handed_in(("ada", self.A), ("ada", self.B)), jobs=jobs)
        assert batches.marks() == {"ada": 2}
        assert (summary.judged, summary.earlier) == (2, 1)

    @pytest.mark.parametrize("jobs", [1, 2, 4])
    def test_a_then_b_then_a_again_is_a(self, batches: Batches, jobs: int) -> None:
        files = handed_in(("ada", self.A), ("ada", self.B), ("ada", self.A))
        batches.run(files, jobs=jobs)
        assert batches.marks() == {"ada": 1}
        assert len(batches.attempts("ada")) == 3
        begun = batches.begun()
        batches.run(files, jobs=jobs)
        assert batches.marks() == {"ada": 1}
        assert len(batches.attempts("ada")) == 3
        assert batches.begun() == begun

    @pytest.mark.parametrize("jobs", [1, 2, 4])
    def test_one_file_after_the_other_comes_to_the_same(self, batches: Batches, jobs: int) -> None:
        files = [("ada", self.A), ("ada", self.B), ("ada", self.A)]
        for so_far in range(1, 4):
            batches.run(handed_in(*files[:so_far]), jobs=jobs)
        assert batches.marks() == {"ada": 1}
        assert len(batches.attempts("ada")) == 3

    def test_a_known_last_file_does_not_overtake_an_earlier_one(self, batches: Batches) -> None:
        batches.run(handed_in(("ada", self.A)))
        # B is at the judge's when A is found to be known: it would be recorded first, and B would count.
        batches.run(handed_in(("ada", self.A), ("ada", self.B), ("ada", self.A)), jobs=2)
        assert batches.marks() == {"ada": 1}

    def test_somebody_elses_file_does_not_overtake_an_earlier_one(self, batches: Batches) -> None:
        batches.run(handed_in(("bob", self.A)))
        batches.run(handed_in(("ada", self.B), ("ada", self.A)), jobs=2)
        assert batches.marks() == {"ada": 1, "bob": 1}

    def test_one_that_dies_and_does_not_count_is_no_trouble(self, batches: Batches) -> None:
        summary = batches.run(handed_in(("ada", file("die")), ("ada", self.B)))
        assert (summary.unjudged, batches.marks()) == ([], {"ada": 2})

    def test_the_last_is_recorded_last_though_it_is_tried_twice(self, batches: Batches) -> None:
        batches.run(handed_in(("ada", self.A), ("ada", file("die once", mark=2)), ("bob", self.A)))
        assert batches.marks() == {"ada": 2, "bob": 1}
        assert len(batches.attempts("ada")) == 2


class TestTrouble:
    def test_that_cannot_be_judged_is_named_with_the_reason(self, batches: Batches) -> None:
        summary = batches.run(handed_in(*CLASS, ("dan", file("die"))))
        assert summary.unjudged == ["dan, 01_rsa: its judge ended"]
        assert batches.marks() == MARKS | {"dan": 0}
        assert [done.entry.learner for done in batches.told if done.result and done.result.unjudged] == ["dan"]

    def test_that_could_not_be_judged_is_judged_again_in_the_next_run(self, batches: Batches) -> None:
        batches.run(handed_in(("dan", file("die"))))
        begun = batches.begun()
        assert batches.run(handed_in(("dan", file("die")))).unjudged
        assert batches.begun() == begun + 2

    def test_files_that_cannot_be_read_stop_nobody(self, batches: Batches) -> None:
        summary = batches.run(handed_in(("ada", broken()), *CLASS[1:]))
        assert summary.unjudged == ["ada, 01_rsa: ada's file cannot be read"]
        assert (summary.judged, summary.known) == (2, 0)
        assert [done.trouble for done in batches.told if done.trouble] == ["ada's file cannot be read"]
        assert batches.marks() == {"bob": 1, "cyd": 0}

    def test_without_walls_nothing_is_judged_and_what_was_kept_stays(self, batches: Batches) -> None:
        batches.run(handed_in(*CLASS))
        with pytest.raises(NoSandbox):
            batches.run(handed_in(*CLASS, ("dan", file("refuse"))))
        assert batches.marks() == MARKS

    def test_a_gradebook_that_cannot_be_written_ends_the_batch_in_one_line(
        self, batches: Batches, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise GradebookError("the disk is full")

        monkeypatch.setattr(Gradebook, "record", refuse)
        with pytest.raises(GradebookError, match="the disk is full"):
            batches.run(handed_in(*CLASS))

    def test_findings_are_counted_for_what_counts(self, batches: Batches) -> None:
        late = Finding("late", "Handed in an hour late.")
        files = handed_in(("ada", file(mark=1)), ("ada", file(mark=2)), ("bob", file()), findings=(late,))
        assert batches.run(files).findings == {"late": 2}
        assert batches.run(files).findings == {"late": 2}


def test_a_batch_that_was_stopped_goes_on_with_the_rest(batches: Batches) -> None:
    def stop_after(number: int) -> None:
        told: list[Done] = []

        def tell(done: Done) -> None:
            told.append(done)
            if len(told) == number:
                raise KeyboardInterrupt

        with batches.book() as book, batches.standins.pool(1) as pool:
            grade(handed_in(*CLASS), book, pool, tell=tell)

    with pytest.raises(KeyboardInterrupt):
        stop_after(1)
    assert len(batches.marks()) == 1
    summary = batches.run(handed_in(*CLASS))
    assert (summary.judged, summary.known) == (2, 1)
    assert batches.marks() == MARKS


def test_two_batches_at_once_come_to_the_same_marks(batches: Batches) -> None:
    files = handed_in(*CLASS, *((f"learner {number}", file(mark=1)) for number in range(6)))
    with ThreadPoolExecutor(2) as graders:
        list(graders.map(batches.run, [files, files]))
    assert batches.marks() == MARKS | {f"learner {number}": 1 for number in range(6)}
    assert all(len(batches.attempts(learner)) == 1 for learner in batches.marks())
