"""Judges in processes of their own: whatever becomes of one, every submission gets a result."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from labsupport.grading import pool as pools
from labsupport.grading.pool import Pool
from labsupport.grading.records import Submission
from labsupport.grading.sandbox.sandbox import NoSandbox
from labsupport.grading.settings import Settings
from labsupport.grading.worker import job_from, job_to
from tests.grading import notebooks
from tests.grading.standins import Standins, Task


@pytest.fixture
def standins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Standins:
    return Standins(tmp_path, monkeypatch)


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _pids(pool: Pool) -> list[int]:
    return [judge.process.pid for judge in pool._judges]


class TestScheduling:
    def test_every_job_gets_one_result(self, standins: Standins) -> None:
        tasks = [standins.task(name=f"file {number}") for number in range(12)]
        with standins.pool(3) as pool:
            results = list(pool.judged(tasks))
        assert Counter(task.submission.source for task, _ in results) == Counter(f"file {n}" for n in range(12))
        assert not any(result.unjudged for _, result in results)

    def test_as_many_as_asked_for_are_at_work_at_once_and_no_more(self, standins: Standins) -> None:
        # The first three wait for each other; a pool of two would wait for ever.
        tasks = [standins.task("meet", name=f"file {number}", company=3) for number in range(9)]
        with standins.pool(3) as pool:
            assert len(list(pool.judged(tasks))) == 9
            assert len(pool._judges) == 3
        assert standins.at_once() == 3

    def test_no_judge_is_started_that_nobody_needs(self, standins: Standins) -> None:
        with standins.pool(8) as pool:
            assert list(pool.judged([])) == []
            assert pool._judges == []
            assert len(list(pool.judged([standins.task()]))) == 1
            assert len(pool._judges) == 1

    def test_one_learners_attempts_keep_their_order_while_others_go_on(self, standins: Standins) -> None:
        attempts = [standins.task(name=f"ada {number}", learner="ada") for number in range(4)]
        # Bob's waits until Ada's first has begun and is done only then: Ada's others must not be at work beside it.
        tasks = [attempts[0], *attempts[1:], standins.task("meet", name="bob", company=2)]
        with standins.pool(3) as pool:
            done = [task.submission.source for task, _ in pool.judged(tasks)]
        assert [name for name in done if name != "bob"] == [f"ada {number}" for number in range(4)]
        log = [(what, name) for what, name, _ in standins.log() if name != "bob"]
        assert log == [(what, f"ada {number}") for number in range(4) for what in ("begin", "end")]

    def test_jobs_are_taken_only_when_a_judge_is_free(self, standins: Standins) -> None:
        taken: list[int] = []

        def tasks() -> object:
            for number in range(20):
                taken.append(number)
                yield standins.task(name=f"file {number}")

        with standins.pool(2) as pool:
            for done, _ in enumerate(pool.judged(tasks()), start=1):  # type: ignore[arg-type]  # a generator of tasks
                assert len(taken) <= done + 2


class TestAJudgeThat:
    def test_dies_is_replaced_and_its_job_tried_again_alone(self, standins: Standins) -> None:
        tasks = [standins.task("die once", name="victim"), *(standins.task(name=f"file {n}") for n in range(5))]
        second: list[Task] = []
        with standins.pool(2) as pool:
            results = {task.submission.source: result for task, result in pool.judged(tasks, second.append)}
        assert [task.submission.source for task in second] == ["victim"]
        assert set(results) == {"victim", *(f"file {n}" for n in range(5))}
        assert not any(result.unjudged or result.overdue for result in results.values())
        # Alone: when it begins for the second time, everybody else has ended.
        log = [(what, name) for what, name, _ in standins.log()]
        assert log[-2:] == [("begin", "victim"), ("end", "victim")]
        assert len({pid for _, name, pid in standins.log() if name == "victim"}) == 2

    @pytest.mark.parametrize(
        ("do", "reason"),
        [
            ("die", "its judge ended"),
            ("fail", "its judge ended: MemoryError: too much of it"),
            ("talk nonsense", "its judge ended"),
        ],
    )
    def test_dies_again_leaves_its_job_unjudged_with_the_reason(self, standins: Standins, do: str, reason: str) -> None:
        tasks = [standins.task(do, name="victim"), standins.task(name="other")]
        with standins.pool(1) as pool:
            results = {task.submission.source: result for task, result in pool.judged(tasks)}
        assert results["victim"].unjudged == reason
        assert (results["victim"].lesson, results["victim"].exercises) == ("01_rsa", ())
        assert not results["other"].unjudged
        assert [what for what, name, _ in standins.log() if name == "victim"].count("begin") == 2

    def test_is_overdue_is_tried_once_more_and_that_counts(self, standins: Standins) -> None:
        tasks = [standins.task("be overdue once", name="slow"), standins.task("be overdue", name="slower")]
        with standins.pool(2) as pool:
            results = {task.submission.source: result for task, result in pool.judged(tasks)}
        assert not results["slow"].overdue
        assert results["slower"].overdue
        assert Counter(name for what, name, _ in standins.log() if what == "begin") == {"slow": 2, "slower": 2}

    def test_loses_what_does_not_count_is_not_asked_again(self, standins: Standins) -> None:
        tasks = [standins.task("die", name="earlier", again=False), standins.task("be overdue", name="x", again=False)]
        with standins.pool(1) as pool:
            results = [result for _, result in pool.judged(tasks)]
        assert [result.unjudged for result in results] == ["its judge ended", ""]
        assert len([what for what, _, _ in standins.log() if what == "begin"]) == 2

    def test_never_comes_back_is_ended(self, standins: Standins, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pools, "_PATIENCE_SECONDS", 0.0)
        with standins.pool(1, seconds=0.1) as pool:
            [(_, result)] = pool.judged([standins.task("hang", again=False)])
        assert result.unjudged == "its judge took too long"
        assert all(_gone(pid) for _, _, pid in standins.log())

    def test_cannot_lock_anybody_up_stops_the_batch(self, standins: Standins) -> None:
        with standins.pool(2) as pool, pytest.raises(NoSandbox, match=r"^no walls here$"):
            list(pool.judged([standins.task("refuse"), standins.task(name="other")]))

    def test_does_not_even_start_costs_no_more_than_its_job(
        self, standins: Standins, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pools, "_JUDGE", ("/bin/sh", "-c", "echo 'No module named it' >&2"))
        with standins.pool(1) as pool:
            [(_, result)] = pool.judged([standins.task()])
        assert result.unjudged == "its judge ended: No module named it"


class TestTheEnd:
    def test_ends_every_judge_busy_or_not(self, standins: Standins) -> None:
        with standins.pool(3) as pool:
            results = pool.judged([standins.task(name="quick"), *(standins.task("hang", name=f"{n}") for n in "ab")])
            next(iter(results))
            pids = _pids(pool)
            assert len(pids) == 3
        assert all(map(_gone, pids))
        assert pool._judges == []

    def test_comes_with_whatever_was_raised(self, standins: Standins) -> None:
        pids: list[int] = []

        def interrupted() -> None:
            with standins.pool(2) as pool:
                for _ in pool.judged([standins.task(), standins.task("hang", name="b")]):
                    pids.extend(_pids(pool))
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert len(pids) == 2
        assert all(map(_gone, pids))

    def test_what_the_jobs_raise_comes_out(self, standins: Standins) -> None:
        def tasks() -> object:
            yield standins.task()
            raise ValueError("the folder is gone")

        with standins.pool(2) as pool, pytest.raises(ValueError, match="the folder is gone"):
            list(pool.judged(tasks()))  # type: ignore[arg-type]  # a generator of tasks


def test_a_judge_may_take_so_much_memory_and_no_more() -> None:
    # So that a gigantic answer ends a judge, and not the machine.
    untouched = notebooks.as_bytes(notebooks.master("00_start"))
    job = SimpleNamespace(submission=Submission("", "00_start", untouched, ""), again=False, key="x")
    with Pool(Settings("none"), 1) as pool:
        [(_, result)] = pool.judged([job])
        limits = Path(f"/proc/{_pids(pool)[0]}/limits").read_text().splitlines()
    assert result.unjudged == ""
    space = next(line.split()[3] for line in limits if line.startswith("Max address space"))
    assert int(space) < 8 << 30


def test_a_job_carries_what_is_judged_and_nothing_about_the_learner(standins: Standins) -> None:
    submission = standins.task(learner="ada").submission
    there = job_from(job_to(submission))
    assert (there.lesson, there.content) == (submission.lesson, submission.content)
    assert (there.learner, there.name, there.source) == ("", "", "")
    assert "ada" not in str(job_to(submission))


def test_settings_cross_as_plain_data() -> None:
    settings = Settings("none", 5.0, 256)
    assert Settings.from_json(settings.to_json()) == settings
