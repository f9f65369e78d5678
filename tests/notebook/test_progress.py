"""The map of the course and the file it is drawn from."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from labsupport.exercises import catalogue, find
from labsupport.exercises.course import LESSONS
from labsupport.exercises.model import Report, State
from labsupport.notebook import progress as progress_module
from labsupport.notebook.progress import progress, record

FILE = Path(".progress.json")
WARM_UP = "start-verifies"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABSUPPORT_PROGRESS", raising=False)


def _report(points: float, state: State = "partly", exercise_id: str = WARM_UP) -> Report:
    return Report(exercise_id, "Verify", points, find(exercise_id).points, state, ())


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(FILE.read_text())["exercises"]
    return kept


class TestRecord:
    def test_keeps_the_best(self) -> None:
        for points, best in ((0.0, 0.0), (0.5, 0.5), (0.25, 0.5), (1.0, 1.0), (0.0, 1.0)):
            assert record(_report(points)) is None
            assert _kept() == {WARM_UP: {"points": best, "out_of": 1.0}}

    def test_leaves_other_results_alone(self) -> None:
        FILE.write_text(json.dumps({"exercises": {"of-another-version": {"points": 3.0}, WARM_UP: "nonsense"}}))
        record(_report(1.0))
        assert _kept() == {"of-another-version": {"points": 3.0}, WARM_UP: {"points": 1.0, "out_of": 1.0}}

    def test_does_not_count_a_stub_as_an_attempt(self) -> None:
        assert record(_report(0.0, "unwritten")) is None
        assert not FILE.exists()

    def test_can_be_switched_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LABSUPPORT_PROGRESS", "off")
        assert record(_report(1.0)) is None
        assert not FILE.exists()

    def test_leaves_nothing_half_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        record(_report(0.5))

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        assert record(_report(1.0)) == "Your progress was not kept: No space left on device."
        assert _kept()[WARM_UP]["points"] == 0.5
        assert [path.name for path in Path().iterdir()] == [".progress.json"]

    def test_a_folder_that_cannot_be_written_costs_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def read_only(*_: object, **__: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr("tempfile.NamedTemporaryFile", read_only)
        assert record(_report(1.0)) == "Your progress was not kept: Read-only file system."

    def test_a_folder_that_is_gone_costs_one_line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        gone = tmp_path / "gone"
        gone.mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        assert record(_report(1.0)) == "Your progress was not kept: No such file or directory."
        assert progress().points == 0


class TestMap:
    def test_begins_empty(self) -> None:
        drawn = progress()
        assert (drawn.points, drawn.out_of) == (0, sum(exercise.points for exercise in catalogue().values()))
        states = {standing.words for standings in drawn.lessons.values() for standing in standings}
        assert states == {"not begun"}

    def test_has_every_exercise_in_its_lesson_and_every_lesson_once(self) -> None:
        drawn = progress()
        shown = [standing.exercise.id for standings in drawn.lessons.values() for standing in standings]
        assert shown == list(catalogue())
        assert {*drawn.to_come, *(LESSONS[slug] for slug in drawn.lessons)} == set(LESSONS.values())
        assert len(drawn.to_come) + len(drawn.lessons) == len(LESSONS)

    @pytest.mark.parametrize(
        ("points", "words", "mark"),
        [(0.0, "begun", "–"), (0.25, "partly solved, 0.25 of 1", "½"), (1.0, "solved", "✓"), (7.0, "solved", "✓")],
    )
    def test_tells_how_far_each_exercise_is(self, points: float, words: str, mark: str) -> None:
        FILE.write_text(json.dumps({"exercises": {WARM_UP: {"points": points}}}))
        line = f"    {mark} {find(WARM_UP).title}: {words}"
        assert line in str(progress()).splitlines()
        assert words in progress()._repr_mimebundle_()["text/html"]

    def test_adds_up(self) -> None:
        record(_report(1.0))
        drawn = progress()
        assert drawn.points == 1
        assert str(drawn).splitlines()[0] == f"Your map of the course: 1 of {drawn.out_of:g} points"
        assert str(drawn).splitlines()[1] == "00  The whole story in five minutes: 1 of 1 point"

    def test_has_words_as_plain_text(self) -> None:
        assert progress()._repr_mimebundle_()["text/plain"] == str(progress())

    def test_says_what_is_to_come_as_long_as_anything_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "To come: " in str(progress())
        monkeypatch.setattr(progress_module, "LESSONS", {slug: LESSONS[slug] for slug in progress().lessons})
        assert "To come" not in str(progress())
        assert "To come" not in progress()._repr_mimebundle_()["text/html"]

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "{",
            "[]",
            '{"exercises": []}',
            '{"exercises": {"start-verifies": 5}}',
            "[" * 100_000,
        ],
    )
    def test_takes_a_broken_file_for_none(self, content: str) -> None:
        FILE.write_text(content)
        assert {standing.points for standing in progress().lessons["00_start"]} == {None}
        assert record(_report(1.0)) is None
        assert progress().points == 1

    @pytest.mark.parametrize("points", ['"1"', "null", "NaN", "-3", "[]", "1e999", "true"])
    def test_takes_strange_points_for_none_or_what_they_are(self, points: str) -> None:
        FILE.write_text('{"exercises": {"start-verifies": {"points": ' + points + "}}}")
        assert progress().points in (0, 1)

    def test_is_not_confused_by_bytes_that_are_no_text(self) -> None:
        FILE.write_bytes(b"\xff\xfe")
        assert progress().points == 0
