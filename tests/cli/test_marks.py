from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labsupport.cli import main
from labsupport.exercises import catalogue
from labsupport.grading.gradebook import Gradebook
from labsupport.grading.names import file_stem
from labsupport.grading.records import Finding
from tests.grading.booking import SPECS, result, submission

TITLE = "RSA you can hold in your hand"
EXPORT = (
    "Student,ID,SIS Login ID,Section,RSA lab 01_rsa (4711),Other (4712)\n"
    "    Points Possible,,,,4,4\n"
    'Ünal,1001,ada,A,,""\n'
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a gradebook."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    late = Finding("late", "Handed in late.")
    with Gradebook.open(Path("gradebook.db")) as book:
        book.record(submission("ada", name="Ada Lovelace"), result(), SPECS)
        book.record(submission("jürgen", name="Jürgen Müller", findings=[late]), result({"rsa-sign": 0.5}), SPECS)
        authority = result({"authority-root": 2.0}, lesson="04_authority")
        book.record(submission("ada", lesson="04_authority"), authority, SPECS)
    Path("Grades.csv").write_text(EXPORT, encoding="utf-8")
    return tmp_path


@pytest.fixture
def unjudged(place: Path) -> Path:
    """Add a learner whose submission nobody could judge."""
    with Gradebook.open(Path("gradebook.db")) as book:
        book.record(submission("bo"), result(unjudged="The file is empty."), SPECS)
    return place


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


# --- marks ----------------------------------------------------------------------------------------------------------


def test_a_table_of_each_lesson_for_people(unjudged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "marks") == (
        0,
        f"""\
01_rsa  {TITLE}

Learner  Name           Points  Of  Result  Remarks
───────  ─────────────  ──────  ──  ──────  ─────────────────────────────
ada      Ada Lovelace   3       4   1
bo                      –       –   4       not judged: The file is empty
jürgen   Jürgen Müller  0.5     2   2       late

04_authority  Running a certificate authority

Learner  Name          Points  Of  Result  Remarks
───────  ────────────  ──────  ──  ──────  ───────
ada      Ada Lovelace  2       2   3

3 learners, 2 lessons, 1 not judged
""",
        "",
    )


def test_a_learner_under_two_ids_is_noted_below_the_table(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Gradebook.open(Path("gradebook.db")) as book:
        book.record(submission("300", name="Lovelace, Ada"), result(), SPECS)
    code, out, err = said(capsys, "marks")
    assert (code, err) == (0, "")
    assert "\n3 learners, 2 lessons\nnote: one name under several ids: Lovelace, Ada (300 and ada); if each" in out


def test_one_lesson_alone(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "marks", "--lesson", "04_authority")
    assert code == 0
    assert "01_rsa" not in out
    code, out, err = said(capsys, "marks", "--lesson", "01_rs")
    assert (code, out) == (2, "")
    assert err == "labsupport marks: there are no marks of lesson '01_rs'; did you mean 01_rsa?\n"


def test_a_gradebook_without_marks_and_no_gradebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = said(capsys, "marks", "--gradebook", "other.db")
    assert (code, err) == (1, "labsupport marks: other.db: there is no gradebook; `labsupport grade` makes one\n")
    assert list(tmp_path.iterdir()) == []
    Gradebook.open(Path("other.db")).close()
    assert said(capsys, "marks", "--gradebook", "other.db") == (0, "There are no marks yet.\n", "")


@pytest.mark.parametrize(("format_", "first"), [("csv", "learner,name,lesson,"), ("moodle", "Learner,Full name,")])
def test_text_goes_to_the_screen_or_a_file(
    format_: str, first: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, "marks", "--format", format_)
    assert (code, err) == (0, "")
    assert out.startswith(first)
    assert said(capsys, "marks", "--format", format_, "--out", "new/marks.csv") == (
        0,
        "wrote  3 marks to new/marks.csv\n",
        "",
    )
    assert Path("new/marks.csv").read_text(encoding="utf-8") == out


def test_what_nobody_could_judge_is_not_counted_as_a_mark(unjudged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = "wrote  3 marks to marks.csv, 1 not judged\n"
    assert said(capsys, "marks", "--format", "csv", "--out", "marks.csv") == (0, told, "")
    told = "left out: bo: 01_rsa has no mark, nobody could judge it: The file is empty.\n"
    words = ("marks", "--format", "moodle")
    assert said(capsys, *words, "--out", "import.csv") == (1, f"wrote  3 marks to import.csv\n{told}", "")
    assert said(capsys, *words) == (1, Path("import.csv").read_text(encoding="utf-8"), told)
    assert "\nbo,,,\n" in Path("import.csv").read_text(encoding="utf-8")


def test_what_is_written_is_the_same_in_every_locale(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "labsupport", "marks", "--format", "csv"],
        capture_output=True,
        check=True,
        timeout=60,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    )
    assert "jürgen,Jürgen Müller,01_rsa,0.5,".encode() in done.stdout
    assert done.stderr == b""


def test_a_screen_that_takes_no_bytes_gets_text(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["marks", "--format", "moodle", "--lesson", "04_authority"]) == 0
    assert out.getvalue() == "Learner,Full name,04_authority\nada,Ada Lovelace,2\n"


def test_canvas_gets_a_file_and_the_person_is_told_what_is_not_in_it(
    unjudged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("marks", "--format", "canvas", "--export", "Grades.csv")
    told = (
        "note: 04_authority: no column has its name, its marks are not in the file; "
        "--column 04_authority=HEADING puts them there\n"
        "left out: bo: 01_rsa has no mark, nobody could judge it: The file is empty.\n"
        "left out: jürgen: no line of the file is theirs (01_rsa: 0.5)\n"
        "hint: the file knows learners by ID, SIS User ID, SIS Login ID or name; if the gradebook has them under other "
        "ids, or under two, grade into a new one (--gradebook FILE) with --roster Grades.csv\n"
    )
    filled = EXPORT.replace("ada,A,,", "ada,A,3,")
    assert said(capsys, *words) == (1, filled, told)
    assert said(capsys, *words, "--out", "upload.csv") == (1, "wrote  1 mark to upload.csv\n" + told, "")
    assert Path("upload.csv").read_text(encoding="utf-8") == filled
    assert Path("Grades.csv").read_text(encoding="utf-8") == EXPORT
    code, out, err = said(capsys, *words, "--column", "04_authority=Other (4712)", "--lesson", "04_authority")
    assert (code, out, "hint" in err) == (0, EXPORT.replace('ada,A,,""', "ada,A,,2"), False)


def test_moodle_fills_its_worksheet(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sheet.csv").write_text(
        "Identifier,Full name,Grade,Last modified (grade)\nParticipant 1,ada,,-\n", encoding="utf-8"
    )
    code, out, _ = said(capsys, "marks", "--format", "moodle", "--export", "sheet.csv", "--lesson", "04_authority")
    assert (code, out) == (0, "Identifier,Full name,Grade,Last modified (grade)\nParticipant 1,ada,2,-\n")
    code, _, err = said(capsys, "marks", "--format", "moodle", "--export", "sheet.csv")
    assert code == 2
    assert err == "labsupport marks: a worksheet of Moodle is of one assignment; say which: --lesson 01_rsa\n"


def test_gradescope_gets_a_file_for_each_learner(unjudged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "marks", "--format", "gradescope", "--out", "results")
    assert (code, err) == (1, "")
    assert out == (
        "wrote  3 marks to results\nleft out: bo: 01_rsa has no mark, nobody could judge it: The file is empty.\n"
    )
    files = sorted(path.relative_to("results").as_posix() for path in Path("results").rglob("*.json"))
    assert files == sorted(
        f"{lesson}/{file_stem(learner)}.json"
        for lesson, learner in (("01_rsa", "ada"), ("01_rsa", "jürgen"), ("04_authority", "ada"))
    )
    assert json.loads(Path("results", files[0]).read_text(encoding="utf-8"))["score"] == 3.0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["--format", "canvas"],
            "canvas needs --export FILE; in Canvas: Grades, Export, Export Entire Gradebook",
        ),
        (["--format", "gradescope"], "--format gradescope writes a file for each learner: give --out a folder"),
        (["--format", "gradescope", "--out", "Grades.csv"], "Grades.csv is no folder; --format gradescope writes"),
        (["--export", "Grades.csv"], "--export is for --format canvas and moodle, not for table"),
        (["--format", "csv", "--column", "01_rsa=1"], "--column is for --format canvas, not for csv"),
        (["--column", "01_rsa"], "argument --column: '01_rsa' is not of the form LESSON=COLUMN, such as"),
        (
            ["--format", "canvas", "--export", "Grades.csv", "--out", "./Grades.csv"],
            "Grades.csv would replace the file that the marks go into; give --out another name",
        ),
        (["--format", "canvas", "--export", "nothing.csv"], "nothing.csv: cannot be read: No such file or directory"),
        (["--format", "xlsx"], "invalid choice: 'xlsx'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    words: list[str], line: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, "marks", *words)
    assert (code, out) == (2, "")
    assert line in err
    assert err.count("\n") == 1


# --- adjust ---------------------------------------------------------------------------------------------------------


def test_a_correction_is_told_in_one_line_and_counts(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("adjust", "ada", "01_rsa", "rsa-sign")
    assert said(capsys, *words, "1.5", "--because", " right idea ") == (
        0,
        "ada, 01_rsa, rsa-sign: from 1 to 1.5 of 2, because: right idea\n",
        "",
    )
    assert "ada      Ada Lovelace   3.5*    4   1       adjusted: rsa-sign\n" in said(capsys, "marks")[1]
    assert said(capsys, *words, "3", "--extra", "--because", "beautiful")[1] == (
        "ada, 01_rsa, rsa-sign: from 1.5 to 3 of 2, because: beautiful\n"
    )
    assert said(capsys, *words, "--withdraw", "--because", "looked again")[1] == (
        "ada, 01_rsa, rsa-sign: from 3 to 1 of 2, withdrawn because: looked again\n"
    )
    assert "*" not in said(capsys, "marks")[1]


def test_what_nobody_could_judge_can_be_marked(unjudged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "adjust", "bo", "01_rsa", "rsa-sign", "2", "--because", "on paper")[1] == (
        "bo, 01_rsa, rsa-sign: from no points to 2 of 2, because: on paper\n"
    )
    with Gradebook.open(Path("gradebook.db")) as book:
        [mark] = book.marks(learner="bo")
    assert (mark.points, mark.exercises[0].title) == (2.0, catalogue()["rsa-sign"].title)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["adda", "01_rsa", "rsa-sign", "1"], "there is no learner 'adda'; did you mean ada?"),
        (["Ada Lovelace", "01_rsa", "rsa-sign", "1"], "there is no learner 'Ada Lovelace'; did you mean ada?"),
        (["qqqqqq", "01_rsa", "rsa-sign", "1"], "'qqqqqq' has handed in nothing; `labsupport marks` shows who has"),
        (["jürgen", "04_authority", "x", "1"], "jürgen has handed in nothing for '04_authority'; there are: 01_rsa"),
        (["ada", "01_rsa", "rsa-sgn", "1"], "01_rsa has no exercise 'rsa-sgn'; did you mean rsa-sign?"),
        (["ada", "01_rsa", "zzz", "1"], "01_rsa has no exercise 'zzz'; there are: rsa-"),
        (["ada", "01_rsa", "rsa-sign", "2.5"], "rsa-sign is worth 2, not 2.5; --extra says that more is meant"),
        (["ada", "01_rsa", "rsa-sign", "nan"], "'nan' is not a number of points: use 0 or more, such as 1.5"),
        (["ada", "01_rsa", "rsa-sign", "two"], "'two' is not a number of points"),
        (["ada", "01_rsa", "rsa-sign", "inf", "--extra"], "'inf' is not a number of points"),
        (["ada", "01_rsa", "rsa-sign"], "give either POINTS or --withdraw\n"),
        (["ada", "01_rsa", "rsa-sign", "1", "--withdraw"], "give either POINTS or --withdraw, not both"),
        (["ada", "01_rsa", "rsa-sign", "--withdraw"], "there is no correction of rsa-sign for ada to withdraw"),
    ],
)
def test_a_correction_that_cannot_be_meant_is_refused(
    words: list[str], line: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, "adjust", *words, "--because", "x")
    assert (code, out) == (2, "")
    assert line in err
    assert err.count("\n") == 1
    with Gradebook.open(Path("gradebook.db")) as book:
        assert book.adjustments(history=True) == []


def test_an_id_that_the_table_cuts_is_told_whole(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "a learner of many names who uses all of them"
    with Gradebook.open(Path("gradebook.db")) as book:
        book.record(submission(long), result(), SPECS)
    _, out, _ = said(capsys, "marks", "--lesson", "01_rsa")
    shown = next(line for line in out.splitlines() if line.startswith("a learner")).partition("  ")[0]
    assert shown != long
    code, out, err = said(capsys, "adjust", shown, "01_rsa", "rsa-sign", "1", "--because", "x")
    assert (code, out) == (2, "")
    assert err.endswith(f"; did you mean '{long}'?\n")


def test_a_correction_needs_a_reason(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("adjust", "ada", "01_rsa", "rsa-sign", "1")
    assert "the following arguments are required: --because" in said(capsys, *words)[2]
    assert said(capsys, *words, "--because", " ") == (
        2,
        "",
        "labsupport adjust: --because needs a reason: the learner reads it\n",
    )
