"""Whole submissions in the real sandbox: what is right gets its marks, whatever stands around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from labsupport.exercises import find
from labsupport.exercises.callee import Callee
from labsupport.exercises.model import Exercise, Report
from labsupport.grading import judging, transcript
from labsupport.grading.judging import exercises_of, judge_submission
from labsupport.grading.records import Finding, Result, Submission
from labsupport.grading.sandbox.sandbox import NoSandbox, Sandbox
from labsupport.grading.transcript import replay
from tests.grading.notebooks import LESSONS, as_bytes, cell_of, code, master, put, solved, source_of
from tests.tools import need

LESSON = "01_rsa"
Notebook = dict[str, Any]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    need("bwrap")
    with Sandbox() as made:
        yield made


def judge(sandbox: Sandbox, notebook: Notebook, lesson: str = LESSON, *, seconds: float = 600.0) -> Result:
    submission = Submission("ada", lesson, as_bytes(notebook), "ada/notebook.ipynb")
    return judge_submission(submission, master(lesson), sandbox, seconds=seconds)


def points(result: Result) -> dict[str, float]:
    return {exercise.id: exercise.report.points for exercise in result.exercises}


def only(*exercises: str, lesson: str = LESSON) -> Notebook:
    """Return a notebook in which these exercises are solved and the others are stubs, which cost the judge little."""
    notebook, right = master(lesson), solved(lesson)
    for exercise in exercises:
        cell_of(notebook, f"exercise-{exercise}")["source"] = source_of(right, exercise)
    return notebook


def full(*exercises: str) -> dict[str, float]:
    return {each.id: each.points if each.id in exercises else 0.0 for each in exercises_of(LESSON)}


@pytest.mark.parametrize("lesson", LESSONS)
class TestEveryLesson:
    def test_gives_solutions_full_marks_and_its_transcripts_agree(self, sandbox: Sandbox, lesson: str) -> None:
        result = judge(sandbox, solved(lesson), lesson)
        assert points(result) == {each.id: each.points for each in exercises_of(lesson)}
        assert {each.report.state for each in result.exercises} == {"solved"}
        assert all(each.answer == source_of(solved(lesson), each.id) for each in result.exercises)
        assert (result.findings, result.unjudged, result.overdue) == ((), "", False)
        assert list(result.transcripts) == list(points(result))
        for exercise in result.exercises:
            again = replay(result.transcripts[exercise.id])
            assert again.agrees
            assert again.report == exercise.report

    def test_gives_stubs_nothing_and_says_that_they_are_stubs(self, sandbox: Sandbox, lesson: str) -> None:
        result = judge(sandbox, master(lesson), lesson)
        assert result.points == 0
        assert result.out_of == sum(each.points for each in exercises_of(lesson))
        assert {each.report.state for each in result.exercises} == {"unwritten"}
        assert {each.answer for each in result.exercises} == {""}
        assert (result.findings, result.unjudged, result.overdue) == ((), "", False)


class TestAroundAnAnswer:
    def test_helpers_in_cells_before_and_after_it_are_there(self, sandbox: Sandbox) -> None:
        notebook = only("rsa-inverse")
        cell = cell_of(notebook, "exercise-rsa-inverse")
        lines = "".join(cell["source"]).replace("def modinv(", "def right(")
        cell["source"] = "def modinv(*all_of_them):\n    return right(*all_of_them)\n"
        put(notebook, "exercise-rsa-inverse", code(lines, id="helper"), after=True)
        assert points(judge(sandbox, notebook)) == full("rsa-inverse")

    def test_imports_in_cells_of_the_learners_own_are_there(self, sandbox: Sandbox) -> None:
        notebook = master("00_start")
        put(notebook, "exercise-start-verifies", code("from operator import eq as same", id="a"))
        lines = "def verifies(message, signature, e, n):\n    return same(pow(signature, e, n), message)\n"
        cell_of(notebook, "exercise-start-verifies")["source"] = lines
        assert judge(sandbox, notebook, "00_start").points == 1

    def test_an_answer_may_use_an_earlier_one(self, sandbox: Sandbox) -> None:
        notebook = only("rsa-inverse")
        right = source_of(solved(LESSON), "rsa-keypair")
        assert "pow(e, -1, order)" in right
        cell_of(notebook, "exercise-rsa-keypair")["source"] = right.replace("pow(e, -1, order)", "modinv(e, order)")
        assert points(judge(sandbox, notebook)) == full("rsa-inverse", "rsa-keypair")

    def test_an_answer_may_be_split_into_several_cells(self, sandbox: Sandbox) -> None:
        notebook = only("rsa-sign")
        cell = cell_of(notebook, "exercise-rsa-sign")
        before, verify = cell["source"].split("def verify")
        put(notebook, "exercise-rsa-sign", {**cell, "source": before})
        cell["source"] = f"def verify{verify}"
        assert points(judge(sandbox, notebook)) == full("rsa-sign")

    def test_an_answer_may_stand_in_a_cell_of_the_learners_own(self, sandbox: Sandbox) -> None:
        notebook = master(LESSON)
        put(notebook, "exercise-rsa-inverse", code(source_of(solved(LESSON), "rsa-inverse"), id="mine"), after=True)
        assert points(judge(sandbox, notebook)) == full("rsa-inverse")

    @pytest.mark.parametrize(
        "line",
        [
            "%matplotlib inline",
            "!ls",
            "files = !ls",
            "%%time",
            "%%capture",
            "# a comment, and then\n%load_ext autoreload",
            "?print",
            "await_me = 1",
            "get_ipython().run_line_magic('matplotlib', 'inline')",
            "display('hello')",
            "import warnings; warnings.warn('careful')",
            "print('stray')",
            "from labsupport import check, show; check('start-verifies', None); show(None)",
        ],
    )
    def test_magics_shell_lines_and_noise_cost_nothing(self, sandbox: Sandbox, line: str) -> None:
        notebook = solved("00_start")
        cell = cell_of(notebook, "exercise-start-verifies")
        cell["source"] = f"{line}\n{''.join(cell['source'])}"
        result = judge(sandbox, notebook, "00_start")
        assert (result.points, result.findings) == (1, ())

    def test_a_cell_of_the_learners_own_that_fails_costs_its_own_names(self, sandbox: Sandbox) -> None:
        notebook = only("rsa-inverse")
        added = ("# mine\n\nkept = 1\n1 / 0\nlost = 2", "def f(:", "import os\nos._exit(0)")
        put(notebook, "exercise-rsa-inverse", *(code(source, id=f"own-{len(source)}") for source in added))
        result = judge(sandbox, notebook)
        assert points(result) == full("rsa-inverse")
        assert {finding.kind for finding in result.findings} == {"added-cell"}
        raised, misspelt, ended = (finding.text for finding in result.findings)
        assert raised == "A cell of your own (“kept = 1”) raised ZeroDivisionError: division by zero."
        assert misspelt.startswith("A cell of your own (“def f(:”) raised SyntaxError: ")
        assert ended == "A cell of your own (“import os”) ended its process, and was left out."

    def test_a_process_that_ends_costs_the_answer_that_ended_it(self, sandbox: Sandbox) -> None:
        notebook = only("rsa-inverse")
        cell_of(notebook, "exercise-rsa-keypair")["source"] = "import os\ndef keypair(*_): os._exit(0)\n"
        result = judge(sandbox, notebook)
        assert points(result) == full("rsa-inverse")
        assert Finding("process", "The function ended its process.", "rsa-keypair") in result.findings

    def test_a_function_without_end_is_found_though_a_known_mistake_explains_it(self, sandbox: Sandbox) -> None:
        notebook = only("rsa-inverse")
        cell_of(notebook, "exercise-rsa-factor")["source"] = "def crack(n, e):\n    while True: pass\n"
        result = judge(sandbox, notebook)
        assert points(result) == full("rsa-inverse")
        assert [(finding.kind, finding.exercise) for finding in result.findings] == [("time", "rsa-factor")]
        assert result.findings[0].text.startswith("The function did not answer in ")
        assert result.overdue

    def test_findings_of_the_file_and_of_the_learner_are_kept_together(self, sandbox: Sandbox) -> None:
        notebook = master("00_start")
        notebook["cells"] = [cell for cell in notebook["cells"] if not cell["id"].startswith("exercise")]
        late = Finding("late", "Handed in an hour late.")
        submission = Submission("ada", "00_start", as_bytes(notebook), "x", findings=(late,))
        result = judge_submission(submission, master("00_start"), sandbox)
        assert [finding.kind for finding in result.findings] == ["late", "missing-answer"]
        assert (result.points, result.out_of, result.unjudged) == (0, 1, "")


class TestTheJudge:
    def test_begins_no_further_exercise_when_the_time_is_used_up(self, sandbox: Sandbox) -> None:
        result = judge(sandbox, solved(LESSON), seconds=-1)
        assert result.points == 0
        assert result.out_of == sum(full(*full()).values())
        assert result.overdue
        assert result.exercises[0].report.notes == ("It was not judged: the time for this submission was used up.",)
        assert result.transcripts == {}

    def test_that_fails_leaves_the_submission_unjudged_and_judges_the_others(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:

        def failing(exercise: Exercise, callee: Callee) -> tuple[Report, str]:
            if exercise.id == "rsa-keypair":
                raise RuntimeError("the judge's own fault " + "x" * 1000)
            return transcript.record(exercise, callee)

        monkeypatch.setattr(judging, "record", failing)
        result = judge(sandbox, only("rsa-keypair", "rsa-inverse"))
        assert result.unjudged.startswith("rsa-keypair: the judge failed: RuntimeError: the judge's own fault")
        assert len(result.unjudged) <= 300
        assert points(result) == full("rsa-inverse")
        assert result.exercises[0].report.notes == ("It could not be judged, which is no fault of the answer.",)
        assert "rsa-keypair" not in result.transcripts

    def test_without_a_sandbox_judges_nothing(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse() -> NoReturn:
            raise NoSandbox("not here")

        monkeypatch.setattr(sandbox, "child", refuse)
        with pytest.raises(NoSandbox):
            judge(sandbox, only("rsa-inverse"))

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]"])
    def test_of_no_notebook_says_so(self, sandbox: Sandbox, content: bytes) -> None:
        late = Finding("late", "Handed in an hour late.")
        submission = Submission("ada", LESSON, content, "ada/notebook.ipynb", findings=(late,))
        result = judge_submission(submission, master(LESSON), sandbox)
        assert result.unjudged.startswith("not a notebook")
        assert (result.exercises, result.findings) == ((), (late,))

    def test_draws_other_inputs_every_time(self, sandbox: Sandbox) -> None:
        results = [judge(sandbox, solved("00_start"), "00_start") for _ in range(2)]
        assert len({replay(result.transcripts["start-verifies"]).seed for result in results}) == 2


def test_the_exercises_of_a_lesson_stand_in_its_order() -> None:
    for lesson in LESSONS:
        ids = [cell["id"] for cell in master(lesson)["cells"] if cell["id"].startswith("exercise-")]
        assert ids == [f"exercise-{exercise.id}" for exercise in exercises_of(lesson)]
    assert exercises_of("99_nothing") == ()
    assert find("rsa-sign") in exercises_of("01_rsa")
