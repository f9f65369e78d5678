"""What is run of a notebook, whatever people and tools did to it; and what is said about that."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from labsupport.errors import NotebookError
from labsupport.grading.program import Program, Step, program_of
from labsupport.grading.records import Finding
from tests.grading.notebooks import LESSONS, as_bytes, cell_of, code, master, put, solved, source_of

LESSON = "01_rsa"
EXERCISES = ("rsa-keypair", "rsa-inverse", "rsa-modexp", "rsa-sign", "rsa-factor", "rsa-forge")

Notebook = dict[str, Any]


def read(notebook: Notebook | bytes, lesson: str = LESSON) -> Program:
    content = notebook if isinstance(notebook, bytes) else as_bytes(notebook)
    return program_of(content, master(lesson), lesson)


def kinds(program: Program) -> list[tuple[str, str]]:
    return [(finding.kind, finding.exercise) for finding in program.findings]


@pytest.mark.parametrize("lesson", LESSONS)
class TestAnHonestNotebook:
    def test_gives_its_answers_and_no_findings(self, lesson: str) -> None:
        program = read(solved(lesson), lesson)
        answered = [step for step in program.steps if step.origin == "answer"]
        assert [step.exercise for step in answered] == list(program.answers)
        assert {step.exercise: step.source for step in answered} == program.answers
        assert all(program.answers.values())
        assert program.findings == ()

    def test_untouched_holds_stubs_which_are_no_answers(self, lesson: str) -> None:
        program = read(master(lesson), lesson)
        assert set(program.answers.values()) == {""}
        assert program.findings == ()

    def test_runs_nothing_of_the_lessons_but_its_set_up(self, lesson: str) -> None:
        program = read(solved(lesson), lesson)
        own = [step for step in program.steps if step.origin == "lesson"]
        tags = [cell_of(master(lesson), step.name)["metadata"]["tags"] for step in own]
        assert tags
        assert all(set(each) & {"parameters", "setup"} for each in tags)
        assert not any(step.origin == "added" for step in program.steps)


def _colab(notebook: Notebook) -> None:
    """Colab keeps ids in the metadata, writes format 4.0, and adds metadata of its own."""
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] = {**cell["metadata"], "id": f"Xy{number}zzQw", "colab": {"base_uri": "https://localhost/"}}
        del cell["id"]
    notebook["metadata"]["colab"] = {"provenance": []}
    notebook["nbformat_minor"] = 0


def _bare(notebook: Notebook) -> None:
    """Everything is lost but the text: neither ids nor metadata."""
    for cell in notebook["cells"]:
        del cell["id"]
        cell["metadata"] = {}
    notebook["metadata"] = {}
    notebook["nbformat_minor"] = 4


def _renewed(notebook: Notebook) -> None:
    for number, cell in enumerate(notebook["cells"]):
        cell.update(id=f"{number:08x}", metadata={})


def _vs_code(notebook: Notebook) -> None:
    """VS Code writes sources as lists of lines, its language in the metadata, outputs and counts."""
    for number, cell in enumerate(notebook["cells"]):
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell["metadata"]["vscode"] = {"languageId": "python"}
            cell["execution_count"] = number
            cell["outputs"] = [{"output_type": "stream", "name": "stderr", "text": ["a warning\n"]}]
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.12.1"}


def _windows(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")


TOOLS: dict[str, Callable[[Notebook], None]] = {
    "Colab": _colab,
    "nothing but text": _bare,
    "renewed ids": _renewed,
    "VS Code": _vs_code,
}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
@pytest.mark.parametrize("lesson", LESSONS)
def test_tools_that_rewrite_notebooks_cost_no_answer(tool: Callable[[Notebook], None], lesson: str) -> None:
    notebook = solved(lesson)
    tool(notebook)
    program = read(notebook, lesson)
    assert program.answers == read(solved(lesson), lesson).answers
    assert [step.exercise for step in program.steps if step.exercise] == list(program.answers)
    # That course and tool know each other's marks or not is one finding at most, and says nothing against anybody.
    assert kinds(program) in ([], [("unmarked", "")])


def test_line_endings_of_windows_do_not_matter() -> None:
    notebook = solved(LESSON)
    _windows(notebook)
    program = read(notebook)
    assert all(program.answers.values())
    compile(program.answers["rsa-sign"], "answer", "exec")


@pytest.mark.parametrize("format_", [(4, 0), (4, 4), (4, 5)])
def test_formats_4_are_read(format_: tuple[int, int]) -> None:
    notebook = solved(LESSON)
    notebook["nbformat"], notebook["nbformat_minor"] = format_
    assert all(read(notebook).answers.values())


class TestAnAnswerCell:
    def test_that_is_there_twice_counts_once(self) -> None:
        notebook = solved(LESSON)
        put(notebook, "exercise-rsa-sign", dict(cell_of(notebook, "exercise-rsa-sign")), after=True)
        program = read(notebook)
        assert [step.exercise for step in program.steps].count("rsa-sign") == 1
        assert not any(step.origin == "added" for step in program.steps)
        assert kinds(program) == [("copies", "rsa-sign")]

    def test_of_two_different_the_last_that_is_no_stub_counts(self) -> None:
        notebook = master(LESSON)
        cell = cell_of(notebook, "exercise-rsa-sign")
        first, second = ({**cell, "source": f"def sign(m, d, n): return {number}"} for number in (1, 2))
        put(notebook, "exercise-rsa-sign", first, second)
        program = read(notebook)
        assert program.answers["rsa-sign"] == second["source"]
        assert kinds(program) == [("copies", "rsa-sign")]

    def test_that_was_split_is_run_in_its_parts(self) -> None:
        notebook = master(LESSON)
        cell = cell_of(notebook, "exercise-rsa-sign")
        parts = [{**cell, "source": f"def {name}(*_): return 1"} for name in ("sign", "verify")]
        put(notebook, "exercise-rsa-sign", *parts)
        program = read(notebook)
        run = [step.source for step in program.steps if step.origin != "lesson" and "return 1" in step.source]
        assert run == [part["source"] for part in parts]
        assert len({step.name for step in program.steps}) == len(program.steps)
        assert kinds(program) == [("copies", "rsa-sign")]

    def test_that_was_deleted_is_a_finding(self) -> None:
        notebook = solved(LESSON)
        notebook["cells"].remove(cell_of(notebook, "exercise-rsa-sign"))
        program = read(notebook)
        assert program.answers["rsa-sign"] == ""
        assert kinds(program) == [("missing-answer", "rsa-sign")]
        assert all(answer for id_, answer in program.answers.items() if id_ != "rsa-sign")

    @pytest.mark.parametrize("kind", ["markdown", "raw"])
    def test_that_became_another_type_is_read_all_the_same(self, kind: str) -> None:
        notebook = solved(LESSON)
        cell_of(notebook, "exercise-rsa-sign")["cell_type"] = kind
        program = read(notebook)
        assert program.answers["rsa-sign"] == source_of(notebook, "rsa-sign")
        assert kinds(program) == [("read-as-python", "rsa-sign")]

    def test_that_became_prose_is_no_answer(self) -> None:
        notebook = solved(LESSON)
        cell_of(notebook, "exercise-rsa-sign").update(cell_type="markdown", source="I could not do this one.")
        assert read(notebook).answers["rsa-sign"] == ""

    def test_that_was_split_keeps_both_halves_in_order(self) -> None:
        notebook = solved(LESSON)
        cell = cell_of(notebook, "exercise-rsa-sign")
        cell["source"] = "helper = 1"
        put(notebook, "exercise-rsa-sign", code("def sign(m, d, n): return helper", id="b2c3"), after=True)
        program = read(notebook)
        sources = [step.source for step in program.steps]
        assert sources.index("helper = 1") + 1 == sources.index("def sign(m, d, n): return helper")
        assert program.findings == ()

    def test_left_as_a_stub_with_the_answer_in_a_cell_of_the_learners_own(self) -> None:
        notebook = master(LESSON)
        put(notebook, "exercise-rsa-sign", code("def sign(m, d, n): return 1", id="mine"), after=True)
        program = read(notebook)
        names = [step.name for step in program.steps]
        assert program.answers["rsa-sign"] == ""
        added = next(step for step in program.steps if step.origin == "added")
        # After the stub, so that it is the one whose function stays.
        assert names.index(added.name) == names.index("exercise-rsa-sign") + 1

    def test_with_another_type_of_metadata_is_still_found(self) -> None:
        notebook = solved(LESSON)
        for cell in notebook["cells"]:
            cell["metadata"] = None
        assert all(read(notebook).answers.values())


class TestOrder:
    def test_is_the_lessons_whatever_the_files_is(self) -> None:
        notebook = solved(LESSON)
        notebook["cells"].reverse()
        program = read(notebook)
        assert [step.exercise for step in program.steps if step.exercise] == list(EXERCISES)
        assert program.steps[0].origin == "lesson"
        assert program.answers == read(solved(LESSON)).answers
        assert program.findings == ()

    def test_of_the_learners_cells_is_by_the_cell_that_they_follow(self) -> None:
        notebook = solved(LESSON)
        put(notebook, "exercise-rsa-sign", code("before = 1", id="one"))
        put(notebook, "exercise-rsa-sign", code("after = 1", id="two"), code("later = 1", id="three"), after=True)
        notebook["cells"].insert(0, code("first = 1", id="zero"))
        notebook["cells"].append(code("last = 1", id="four"))
        sources = [step.source for step in read(notebook).steps if step.origin in ("added", "answer")]
        sign = sources.index(source_of(notebook, "rsa-sign"))
        assert sources[sign - 1 : sign + 3] == ["before = 1", sources[sign], "after = 1", "later = 1"]
        assert (sources[0], sources[-1]) == ("first = 1", "last = 1")

    def test_added_cells_that_are_empty_or_prose_are_not_run(self) -> None:
        notebook = solved(LESSON)
        notebook["cells"] += [
            code("  \n", id="e"),
            code("", id="f"),
            {**code("prose", id="g"), "cell_type": "markdown"},
        ]
        assert not any(step.origin == "added" for step in read(notebook).steps)

    def test_of_a_cell_for_an_exercise_that_the_lesson_does_not_have_is_kept(self) -> None:
        notebook = solved(LESSON)
        put(notebook, "exercise-rsa-sign", code("helper = 1", id="exercise-rsa-of-last-year"))
        steps = [(step.source, step.origin) for step in read(notebook).steps]
        assert steps[steps.index((source_of(notebook, "rsa-sign"), "answer")) - 1] == ("helper = 1", "added")


class TestTheCoursesOwnCells:
    @pytest.mark.parametrize("tag", ["setup", "parameters"])
    def test_come_from_the_course_and_what_was_made_of_them_runs_as_the_learners(self, tag: str) -> None:
        notebook = solved(LESSON)
        theirs = next(cell for cell in notebook["cells"] if tag in cell["metadata"].get("tags", ()))
        own = "".join(theirs["source"])
        theirs["source"] = "import hashlib"
        program = read(notebook)
        steps = {step.source: step.origin for step in program.steps}
        assert steps[own] == "lesson"
        assert steps["import hashlib"] == "added"

    def test_whose_check_was_edited_is_a_finding_and_is_not_run(self) -> None:
        notebook = solved(LESSON)
        cell_of(notebook, "check-rsa-sign")["source"] = "print('2.0')"
        program = read(notebook)
        assert ("cells-changed", "rsa-sign") in kinds(program)
        assert all(step.exercise != "rsa-sign" or step.origin == "answer" for step in program.steps)

    @pytest.mark.parametrize("field", [{"points": 99}, {"grade": False}, {"grade_id": "check-rsa-factor"}])
    def test_whose_points_were_edited_is_a_finding(self, field: dict[str, object]) -> None:
        notebook = solved(LESSON)
        cell_of(notebook, "check-rsa-sign")["metadata"]["nbgrader"].update(field)
        program = read(notebook)
        assert kinds(program) == [("cells-changed", "rsa-sign")]
        assert program.answers == read(solved(LESSON)).answers

    def test_that_were_deleted_are_missed_by_nobody(self) -> None:
        notebook = solved(LESSON)
        notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"].startswith("exercise-")]
        program = read(notebook)
        assert program.answers == read(solved(LESSON)).answers
        assert program.steps[0].origin == "lesson"
        assert program.findings == ()


class TestNoNotebookOfThisLesson:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "the file: not a notebook: the file is not JSON in UTF-8"),
            (b"\xff\xfe\x00", "the file: not a notebook: the file is not JSON in UTF-8"),
            (b"[" * 100_000, "the file: not a notebook: the file is not JSON in UTF-8"),
            (b'{"cells": ' + b"1" * 10_000 + b"}", "the file: not a notebook: the file is not JSON in UTF-8"),
            (b"{}", "the file: not a notebook of format 4: it has no list of cells"),
            (b'{"worksheets": [], "nbformat": 3}', "the file: not a notebook of format 4: it has no list of cells"),
            (b"[]", "the file: not a notebook of format 4: it has no list of cells"),
        ],
    )
    def test_is_refused_with_the_reason(self, content: bytes, reason: str) -> None:
        with pytest.raises(NotebookError) as refused:
            read(content)
        assert str(refused.value) == reason

    def test_but_another_lessons_is_named(self) -> None:
        with pytest.raises(NotebookError) as refused:
            read(solved("00_start"))
        assert str(refused.value) == "the file holds the lesson 00_start, and was handed in as 01_rsa"

    def test_a_lesson_of_no_course_cannot_fill_the_screen(self) -> None:
        notebook = solved(LESSON)
        notebook["metadata"]["labsupport"]["lesson"] = "x" * 10_000
        with pytest.raises(NotebookError) as refused:
            read(notebook)
        assert len(str(refused.value)) < 200

    def test_an_empty_one_is_a_notebook_in_which_everything_is_missing(self) -> None:
        program = read(b'{"cells": []}')
        assert set(program.answers.values()) == {""}
        assert kinds(program) == [("unmarked", ""), *(("missing-answer", exercise) for exercise in EXERCISES)]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("\n# mine\n\n  print(1)  # so\nx = 2", "print(1)  # so"),
        ("%timeit f()", "%timeit f()"),
        ("# nothing yet\n# but words", "# nothing yet"),
        ("x = '\u202e'", "x = '\\u{202e}'"),
        ("y" * 100, f"{'y' * 29}…{'y' * 29}"),
        ("\n \n", ""),
    ],
)
def test_a_cell_is_known_by_its_first_line_of_code(source: str, line: str) -> None:
    assert Step("added cell 7", source, "added").first_line == line


CROWDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "alike": lambda _: code("x = 1"),
    "with ids": lambda number: code(f"x = {number}", id=f"mine-{number}"),
    "for exercises that do not exist": lambda number: code("x = 1", id=f"exercise-{number}"),
    "for one exercise": lambda number: code(f"x = {number}", id="exercise-start-verifies"),
    "prose": lambda number: {**code(f"{number}", id=f"cell-{number:03}"), "cell_type": "markdown"},
}


@pytest.mark.parametrize("crowd", CROWDS.values(), ids=CROWDS)
def test_twice_as_many_cells_are_twice_the_work(crowd: Callable[[int], dict[str, Any]]) -> None:
    """Work is counted in lines of Python, which no other load of the machine changes."""

    def lines(cells: int) -> int:
        notebook = solved("00_start")
        notebook["cells"] += map(crowd, range(cells))
        content, original, count = as_bytes(notebook), master("00_start"), 0

        def trace(_frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
            nonlocal count
            count += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            program_of(content, original, "00_start")
        finally:
            sys.settrace(before)
        return count

    lines(1)  # what is done once, and kept
    assert lines(600) < 2.5 * lines(300)


JUNK: list[object] = [None, 1, -1.5, "", "exercise-rsa-sign", [], {}, [[None]], True, {"a": 1}]


def test_whatever_stands_anywhere_in_the_file_it_is_read_or_refused() -> None:
    """Every place of a small notebook, with something else in it."""
    whole = as_bytes(solved("00_start"))

    def places(record: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        items = record.items() if isinstance(record, dict) else enumerate(record) if isinstance(record, list) else ()
        return [path, *(deeper for key, value in items for deeper in places(value, (*path, key)))]

    refused = 0
    everywhere = places(json.loads(whole))[1:]
    for number, path in enumerate(everywhere):
        for junk in JUNK[number % 5 :: 5]:
            notebook = place = json.loads(whole)
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = junk
            try:
                program = read(notebook, "00_start")
            except NotebookError:
                refused += 1
            else:
                assert all(isinstance(finding, Finding) for finding in program.findings)
    assert 0 < refused < len(everywhere)
