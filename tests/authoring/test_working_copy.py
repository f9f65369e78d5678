from __future__ import annotations

import copy
import importlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsupport.authoring.build import learner_notebook, solved_notebook
from labsupport.authoring.notebook_file import joined, notebook_bytes, read_notebook
from labsupport.authoring.source import Lesson, SourceCell
from labsupport.authoring.working_copy import assemble, refresh
from labsupport.errors import NotebookError, UsageError

nbformat: Any = importlib.import_module("nbformat")  # its functions have no annotations

Notebook = dict[str, Any]


def prose(text: str) -> SourceCell:
    return SourceCell("markdown", text, 1)


def code(text: str, *words: str) -> SourceCell:
    return SourceCell("code", text, 1, dict.fromkeys(words, ""))


def exercise(id_: str, *functions: str) -> SourceCell:
    text = "\n\n".join(
        f"def {name}(n):\n    ### BEGIN SOLUTION\n    return n\n    ### END SOLUTION" for name in functions
    )
    return SourceCell("code", text, 1, {"exercise": id_})


def check(id_: str, function: str) -> SourceCell:
    return SourceCell("code", f'check("{id_}", {function})', 1, {"check": id_, "points": "2"})


def predict(id_: str) -> SourceCell:
    return SourceCell("code", f'predict("{id_}", by=...)', 1, {"predict": id_})


OLD_CELLS = (
    prose("# Lesson"),
    code("seed = 1", "parameters"),
    code("import math", "setup"),
    prose("Predict first."),
    predict("p"),
    prose("## Exercise one"),
    exercise("one", "one"),
    check("one", "one"),
    prose("## Exercise two"),
    exercise("two", "sign", "verify"),
    check("two", "sign, verify"),
    code("math.sqrt(4)"),
)
# The new version has another text in front, one text changed, one cell gone, the exercises in another order, a third.
NEW_CELLS = (
    prose("# Lesson"),
    prose("What is new."),
    code("seed = 2", "parameters"),
    code("import math", "setup"),
    prose("Predict first."),
    predict("p"),
    prose("## Exercise two, reworded"),
    exercise("two", "sign", "verify"),
    check("two", "sign, verify"),
    prose("## Exercise one"),
    exercise("one", "one"),
    check("one", "one"),
    exercise("three", "three"),
    check("three", "three"),
)
OLD = learner_notebook(Lesson("01_small", "Lesson", OLD_CELLS, Path("01_small.py")))
NEW = learner_notebook(Lesson("01_small", "Lesson", NEW_CELLS, Path("01_small.py")))
SOLVED = solved_notebook(Lesson("01_small", "Lesson", OLD_CELLS, Path("01_small.py")))


@pytest.fixture
def learner() -> Notebook:
    """A fresh copy of the old version, to be worked in."""
    return copy.deepcopy(OLD)


def cell(notebook: Mapping[str, Any], id_: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [cell for cell in notebook["cells"] if cell["id"] == id_]
    assert len(found) == 1, (id_, [cell["id"] for cell in notebook["cells"]])
    return found[0]


def note(id_: str | None, source: str, kind: str = "markdown", **more: Any) -> dict[str, Any]:
    results: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **({"id": id_} if id_ else {}), **results, **more}


def insert_after(notebook: Notebook, id_: str, *notes: dict[str, Any]) -> None:
    place = notebook["cells"].index(cell(notebook, id_)) + 1
    notebook["cells"][place:place] = notes


def sources(notebook: Mapping[str, Any]) -> list[str]:
    return [joined(cell["source"]) for cell in notebook["cells"]]


def before(notebook: Mapping[str, Any], source: str) -> str:
    """Return the id of the cell in front of the one with this source."""
    place = sources(notebook).index(source)
    return str(notebook["cells"][place - 1]["id"]) if place else ""


def assembled(master: Notebook, learner: Notebook) -> Notebook:
    """Assemble, and hold the result to what is promised of every result."""
    given_master, given_learner = copy.deepcopy(master), copy.deepcopy(learner)
    result = assemble(master, learner)
    assert (master, learner) == (given_master, given_learner), "the arguments are left alone"
    parsed = nbformat.reads(notebook_bytes(result).decode(), as_version=4)
    nbformat.validate(parsed)
    ids = [cell["id"] for cell in result["cells"]]
    assert len(set(ids)) == len(ids)
    kept = [cell["id"] for cell in result["cells"] if cell["id"] in {cell["id"] for cell in master["cells"]}]
    assert kept == [cell["id"] for cell in master["cells"]]
    assert result["metadata"] == master["metadata"]
    assert assemble(master, result) == result, "assembling twice changes nothing"
    return result


def test_an_untouched_copy_becomes_the_new_master(learner: Notebook) -> None:
    assert assembled(NEW, learner) == NEW
    assert assembled(OLD, learner) == OLD


def test_answers_move_into_the_new_version_with_their_outputs(learner: Notebook) -> None:
    cell(learner, "exercise-one")["source"] = ["def one(n):\n", "    return 1"]
    cell(learner, "exercise-one")["outputs"] = [{"name": "stdout", "output_type": "stream", "text": ["hi"]}]
    cell(learner, "exercise-one")["execution_count"] = 7
    cell(learner, "predict-p")["source"] = 'predict("p", by="client")'
    cell(learner, "check-one")["outputs"] = [{"name": "stdout", "output_type": "stream", "text": "2.0"}]
    result = assembled(NEW, learner)
    one = cell(result, "exercise-one")
    assert (one["source"], one["execution_count"]) == ("def one(n):\n    return 1", 7)
    assert one["outputs"] == [{"name": "stdout", "output_type": "stream", "text": ["hi"]}]
    assert one["metadata"] == cell(NEW, "exercise-one")["metadata"]
    assert cell(result, "predict-p")["source"] == 'predict("p", by="client")'
    assert cell(result, "check-one") == cell(NEW, "check-one")
    assert cell(result, "exercise-two") == cell(NEW, "exercise-two")
    assert len(result["cells"]) == len(NEW["cells"])


def test_a_solved_notebook_is_a_learners_too() -> None:
    result = assembled(OLD, SOLVED)
    assert result == SOLVED


def test_added_cells_stay_behind_the_cell_they_followed(learner: Notebook) -> None:
    learner["cells"].insert(0, note("top", "on top"))
    insert_after(learner, "cell-001", note("a1", "first"), note("a2", "second", "code"))
    insert_after(learner, "exercise-two", note("b", "behind two"))
    insert_after(learner, "cell-009", note("c", "behind a text that changes"))
    insert_after(learner, "cell-012", note("d", "behind a cell that goes", "raw"))
    reworded = (*OLD_CELLS[:8], prose("What is new."), prose("## Exercise two, reworded"), *OLD_CELLS[9:11])
    result = assembled(learner_notebook(Lesson("01_small", "Lesson", reworded, Path("01_small.py"))), learner)
    assert before(result, "on top") == ""
    assert before(result, "first") == "cell-001"
    assert before(result, "second") == "a1"
    assert before(result, "behind a text that changes") == "cell-009"
    assert before(result, "behind two") == "exercise-two"
    assert before(result, "behind a cell that goes") == "check-two"
    assert cell(result, "d")["cell_type"] == "raw"


def test_an_edited_text_stays_beside_the_courses_new_one(learner: Notebook) -> None:
    cell(learner, "cell-004")["source"] = "Predict first. I think: the client."
    cell(learner, "cell-002")["source"] = "seed = 99"
    cell(learner, "check-one")["source"] = 'check("one", my_one)'
    cell(learner, "cell-009")["source"] = "   "
    result = assembled(NEW, learner)
    assert before(result, "Predict first. I think: the client.") == cell(NEW, "cell-005")["id"]
    assert before(result, "seed = 99") == "cell-003"
    assert before(result, 'check("one", my_one)') == "check-one"
    extra = [cell for cell in result["cells"] if cell["id"].startswith("added-")]
    assert len(extra) == 3
    assert all(cell["metadata"] == {} or cell["metadata"] == {"tags": []} for cell in extra)


def test_of_two_answers_the_last_counts_and_the_other_stays(learner: Notebook) -> None:
    first = cell(learner, "exercise-one")
    stub = first["source"]
    first["source"] = "def one(n): return 1"
    learner["cells"] += [{**first, "source": "def one(n): return 2"}, {**first, "id": "copy", "source": stub}]
    insert_after(learner, "cell-001", {**first, "id": "early", "source": "def one(n): return 0"})
    result = assembled(NEW, learner)
    assert cell(result, "exercise-one")["source"] == "def one(n): return 2"
    assert before(result, "def one(n): return 0") == "cell-001"
    assert "def one(n): return 1" in sources(result)
    assert sources(result).count(stub) == 0


def test_an_emptied_exercise_gets_its_stub_back(learner: Notebook) -> None:
    cell(learner, "exercise-one")["source"] = " \n"
    assert assembled(NEW, learner) == NEW


def test_an_exercise_that_the_course_no_longer_has_stays_as_the_learners_cell(learner: Notebook) -> None:
    cell(learner, "exercise-two")["source"] = "def sign(n): return 5"
    master = learner_notebook(Lesson("01_small", "Lesson", OLD_CELLS[:8], Path("01_small.py")))
    result = assembled(master, learner)
    assert sources(result)[-1] == "def sign(n): return 5"
    assert result["cells"][-1]["metadata"] == {}
    assert len(result["cells"]) == 9
    assert assembled(master, copy.deepcopy(OLD)) == master


@pytest.mark.parametrize("kind", ["markdown", "raw", "heading", None])
def test_an_answer_that_was_retyped_by_accident_is_code_again(learner: Notebook, kind: str | None) -> None:
    exercise_one = cell(learner, "exercise-one")
    exercise_one |= {"cell_type": kind, "source": "def one(n):\n    return 1"}
    del exercise_one["outputs"], exercise_one["execution_count"]
    result = assembled(NEW, learner)
    assert cell(result, "exercise-one")["source"] == "def one(n):\n    return 1"
    assert cell(result, "exercise-one")["cell_type"] == "code"


def test_prose_in_place_of_an_answer_stays_prose(learner: Notebook) -> None:
    cell(learner, "exercise-one").update(cell_type="markdown", source="I could not do this one.")
    result = assembled(NEW, learner)
    assert before(result, "I could not do this one.") == "exercise-one"
    assert cell(result, "exercise-one") == cell(NEW, "exercise-one")
    assert result["cells"][sources(result).index("I could not do this one.")]["cell_type"] == "markdown"


def without_ids(notebook: Notebook) -> Notebook:
    """As formats before 4.5 have it."""
    for found in notebook["cells"]:
        found.pop("id", None)
    return notebook | {"nbformat_minor": 2}


def colab(notebook: Notebook) -> Notebook:
    """As Colab gives it back: ids in the metadata, for cells of its own random ones."""
    for found in notebook["cells"]:
        found["metadata"]["id"] = found.pop("id")
    return notebook | {"nbformat_minor": 0}


def stripped(notebook: Notebook) -> Notebook:
    """As a tool leaves it that renews the ids and drops what it does not know."""
    for number, found in enumerate(notebook["cells"]):
        found |= {"id": f"random{number}", "metadata": {}}
    return notebook


def graded(notebook: Notebook) -> Notebook:
    """As nbgrader's own tools may leave it: without ids, with nbgrader's metadata."""
    for found in notebook["cells"]:
        found["metadata"].pop("labsupport")
    return without_ids(notebook)


@pytest.mark.parametrize("mangle", [without_ids, colab, stripped, graded])
def test_answers_are_found_in_files_that_have_lost_their_ids(
    learner: Notebook, mangle: Callable[[Notebook], Notebook]
) -> None:
    cell(learner, "exercise-one")["source"] = "def one(n):\n    return 1"
    cell(learner, "exercise-two")["source"] = "import hashlib\n\ndef verify(s): ...\n\ndef sign(m): ..."
    mangled = mangle(learner)
    insert_here = [joined(found["source"]) for found in mangled["cells"]].index("Predict first.") + 1
    mangled["cells"].insert(insert_here, note(None, "a note of mine"))
    result = assembled(OLD, mangled)
    assert cell(result, "exercise-one")["source"] == "def one(n):\n    return 1"
    assert cell(result, "exercise-two")["source"].startswith("import hashlib")
    assert before(result, "a note of mine") == "cell-004"
    assert len(result["cells"]) == len(OLD["cells"]) + 1


def test_an_added_function_is_no_answer_where_ids_are_known(learner: Notebook) -> None:
    insert_after(learner, "cell-001", note("mine", "def three(n): return 'mine'", "code"))
    result = assembled(NEW, learner)
    assert cell(result, "exercise-three") == cell(NEW, "exercise-three")
    assert before(result, "def three(n): return 'mine'") == "cell-001"


def test_a_copy_of_the_courses_text_is_the_learners(learner: Notebook) -> None:
    insert_after(learner, "cell-001", {**cell(learner, "cell-009"), "id": "copied"})
    result = assembled(NEW, learner)
    assert before(result, "## Exercise two") == "cell-001"
    assert cell(result, "copied")["metadata"] == {}


def test_ids_that_collide_or_are_invalid_are_renewed(learner: Notebook) -> None:
    ids = ["same", "same", "no good", "", 7, None, "x" * 65, "cell-001", "cell-999", "exercise-"]
    insert_after(learner, "cell-001", *(note("x", f"note {n}") | {"id": id_} for n, id_ in enumerate(ids)))
    result = assembled(NEW, learner)
    assert {f"note {n}" for n in range(len(ids))} <= set(sources(result))
    assert cell(result, "same")["source"] == "note 0"


def test_broken_cells_are_kept_as_far_as_they_can_be_shown(learner: Notebook) -> None:
    good = [
        {"output_type": "stream", "name": "stdout", "text": "x"},
        {"output_type": "display_data", "data": {"text/plain": ["a"], "application/json": {"a": 1}}, "metadata": {}},
        {"output_type": "execute_result", "data": {}, "metadata": {}, "execution_count": None},
        {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["t"]},
    ]
    bad: list[Any] = [
        1,
        {},
        {"output_type": "stream", "name": "stdout"},
        {"output_type": "pyout"},
        {"output_type": "display_data", "data": {"text/plain": 1}, "metadata": {}},
        {"output_type": "error", "ename": "E", "evalue": "e", "traceback": "t"},
        {"output_type": "execute_result", "data": {}, "metadata": {}, "execution_count": True},
    ]
    metadata = {
        "tags": ["a", "a"],
        "name": "",
        "collapsed": 1,
        "scrolled": 2,
        "jupyter": 1,
        "execution": 1,
        "mine": [1],
    }
    pictures = {"a.png": {"image/png": "AAAA"}}
    learner["cells"] += [
        "no cell",
        {"id": "bare"},
        note("full", "code", "code") | {"outputs": [*bad, *good], "execution_count": -1, "metadata": metadata},
        note("none", "code", "code") | {"outputs": None, "metadata": None},
        note("pictured", "see", attachments=pictures, extra="?"),
        note("unpictured", "see", attachments={"a.png": {"image/png": 1}}),
        note("formatted", "raw", "raw") | {"metadata": {"format": 1, "tags": ["ok"]}},
    ]
    result = assembled(NEW, learner)
    assert cell(result, "bare") == note("bare", "", "raw")
    full = cell(result, "full")
    assert (full["outputs"], full["execution_count"], full["metadata"]) == (good, None, {"mine": [1]})
    assert cell(result, "pictured")["attachments"] == pictures
    assert "attachments" not in cell(result, "unpictured")
    assert cell(result, "formatted")["metadata"] == {"tags": ["ok"]}


@pytest.mark.parametrize("broken", [{}, {"cells": None}, {"cells": {}}, {"worksheets": [{"cells": []}]}])
def test_what_has_no_cells_is_refused(broken: Notebook) -> None:
    with pytest.raises(NotebookError, match="no list of cells"):
        assemble(NEW, broken)


# One character that JSON can carry and UTF-8 cannot is among them.
texts = st.text(alphabet="ab1 \n\r#'\"(:)=\u2028\x0c", max_size=12) | st.sampled_from(
    ["", "def one(n): return 1", "def sign(m): ...\ndef verify(s): ...", "\ud800", *sources(OLD), *sources(NEW)]
)
odd: list[Any] = [None, [], {"labsupport": 1}, {"labsupport": {"kind": 7, "id": 7, "digest": 7}}, {"nbgrader": []}]
metadatas = st.sampled_from(
    [{}, {"id": "exercise-one"}, {"tags": 1}, *odd, *(found["metadata"] for found in OLD["cells"])]
)
ids = st.sampled_from(["a", "b", "exercise-one", "exercise-gone", "check-two", "cell-004", "cell-999", "é", ""])
cells = st.fixed_dictionaries(
    {"source": texts | texts.map(lambda text: text.splitlines(keepends=True))},
    optional={
        "id": ids,
        "metadata": metadatas,
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]),
        "outputs": st.sampled_from([[], None, [{"output_type": "stream", "name": "stdout", "text": "x"}], [{}]]),
        "execution_count": st.sampled_from([None, 3, -1, "x"]),
    },
)


@st.composite
def worked_in(draw: st.DrawFn) -> Notebook:
    """A copy of the old version in which somebody has edited, deleted, moved and added cells."""
    notebook = copy.deepcopy(OLD)
    for found in notebook["cells"]:
        if draw(st.integers(0, 3)) == 0:
            found["source"] = draw(texts)
        if draw(st.integers(0, 7)) == 0:
            found["cell_type"] = draw(st.sampled_from(["code", "markdown", "raw"]))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(notebook["cells"])))
        notebook["cells"].insert(place, draw(cells))
    if draw(st.booleans()):
        notebook["cells"] = draw(st.permutations(notebook["cells"]))[: draw(st.integers(0, 20))]
    return without_ids(notebook) if draw(st.booleans()) else notebook


@given(worked_in(), st.sampled_from([OLD, NEW]))
def test_nothing_that_a_learner_wrote_is_lost(learner: Notebook, master: Notebook) -> None:
    result = sources(assembled(master, learner))
    courses = {source.strip() for source in sources(OLD)}
    for written in sources(learner):
        assert written in result or written.strip() in courses or not written.strip(), written


@given(st.lists(st.sampled_from([*OLD["cells"], None, None, None]), max_size=20), st.data())
def test_every_cell_added_under_an_id_of_its_own_is_there_whatever_it_says(
    found: list[dict[str, Any] | None], data: st.DataObject
) -> None:
    added = [
        copy.deepcopy(one) if one else note(f"own{number}", data.draw(texts), "code")
        for number, one in enumerate([OLD["cells"][0], *found])
    ]
    result = assembled(NEW, {"cells": added})
    for one in added:
        if one["id"].startswith("own"):
            assert cell(result, one["id"])["source"] == one["source"]


@pytest.fixture
def masters(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "01_small.ipynb").write_bytes(notebook_bytes(OLD))
    (folder / "02_other.ipynb").write_bytes(notebook_bytes(OLD | {"metadata": {"labsupport": {"lesson": "02_other"}}}))
    return folder


def test_a_new_working_copy_gets_every_lesson_and_a_current_one_nothing(masters: Path, tmp_path: Path) -> None:
    work = tmp_path / "deep" / "work"
    assert refresh(masters, work) == ["01_small.ipynb: new", "02_other.ipynb: new"]
    assert (work / "01_small.ipynb").read_bytes() == (masters / "01_small.ipynb").read_bytes()
    mine = read_notebook(work / "01_small.ipynb")
    mine["cells"].append(note("mine", "my note"))
    (work / "01_small.ipynb").write_bytes(notebook_bytes(mine))
    before = (work / "01_small.ipynb").read_bytes()
    assert refresh(masters, work) == []
    assert (work / "01_small.ipynb").read_bytes() == before


def test_an_upgrade_keeps_the_answers_and_the_old_file(masters: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    refresh(masters, work)
    mine = read_notebook(work / "01_small.ipynb")
    cell(mine, "exercise-one")["source"] = "def one(n): return 'my answer'"
    old = notebook_bytes(mine)
    for version in ("0.2.0", "0.2.0", "0.3.0"):
        new = copy.deepcopy(NEW)
        new["metadata"]["labsupport"] |= {"course_version": version, "digest": os.urandom(8).hex()}
        (masters / "01_small.ipynb").write_bytes(notebook_bytes(new))
        (work / "01_small.ipynb").write_bytes(old)
        (line,) = refresh(masters, work)
        assert line.startswith("01_small.ipynb: upgraded, with your answers")
        assert cell(read_notebook(work / "01_small.ipynb"), "exercise-one")["source"] == [
            "def one(n): return 'my answer'"
        ]
        assert refresh(masters, work) == []
    assert sorted(path.name for path in work.iterdir()) == [
        "01_small.before-0.2.0-2.ipynb",
        "01_small.before-0.2.0.ipynb",
        "01_small.before-0.3.0.ipynb",
        "01_small.ipynb",
        "02_other.ipynb",
    ]
    assert all(path.read_bytes() == old for path in work.glob("*.before-*"))


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"nbformat": 3, "worksheets": []}', b"\xff\xfe"])
def test_a_broken_file_is_told_and_left_untouched_and_the_others_go_on(
    masters: Path, tmp_path: Path, content: bytes
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "01_small.ipynb").write_bytes(content)
    first, second = refresh(masters, work)
    assert first.startswith(f"{work / '01_small.ipynb'}: not a notebook")
    assert first.endswith("; left as it is")
    assert second == "02_other.ipynb: new"
    assert (work / "01_small.ipynb").read_bytes() == content


def test_another_lesson_under_this_name_is_left_alone(masters: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    refresh(masters, work)
    (work / "02_other.ipynb").write_bytes((work / "01_small.ipynb").read_bytes())
    assert refresh(masters, work) == ["02_other.ipynb: holds the lesson 01_small; left as it is"]


@pytest.mark.parametrize("metadata", [None, [], {}, {"labsupport": 1}])
def test_a_file_that_has_lost_its_metadata_is_upgraded_once(masters: Path, tmp_path: Path, metadata: object) -> None:
    work = tmp_path / "work"
    refresh(masters, work)
    (work / "01_small.ipynb").write_text(json.dumps(OLD | {"metadata": metadata}))
    assert len(refresh(masters, work)) == 1
    assert refresh(masters, work) == []


def test_a_link_stays_a_link(masters: Path, tmp_path: Path) -> None:
    work, elsewhere = tmp_path / "work", tmp_path / "elsewhere.ipynb"
    work.mkdir()
    elsewhere.write_text(json.dumps(OLD | {"metadata": {}}))
    (work / "01_small.ipynb").symlink_to(elsewhere)
    refresh(masters, work)
    assert (work / "01_small.ipynb").is_symlink()
    assert elsewhere.read_bytes() == (masters / "01_small.ipynb").read_bytes()


def test_a_working_copy_needs_lessons_and_a_place_of_its_own(masters: Path, tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="no lessons here"):
        refresh(tmp_path / "nothing", tmp_path / "work")
    with pytest.raises(UsageError, match="the course's own folder"):
        refresh(masters, masters / ".." / "notebooks")
    (tmp_path / "file").touch()
    with pytest.raises(NotebookError, match="cannot be written"):
        refresh(masters, tmp_path / "file")
