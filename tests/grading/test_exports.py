"""The files that go out, to the letter; and back through a reader of CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from labsupport.errors import UsageError
from labsupport.exercises.course import LESSONS
from labsupport.grading.exports import canvas, flat, gradescope, moodle
from labsupport.grading.exports.sheet import Sheet, quoted
from labsupport.grading.exports.wording import number
from labsupport.grading.gradebook.model import ExerciseMark, Graded, Mark
from labsupport.grading.records import Finding
from tests.grading.booking import WHEN, result

LATE = Finding("late", "Handed in an hour after the due date.")


def mark(
    learner: str,
    points: Mapping[str, float] | None = None,
    *,
    lesson: str = "01_rsa",
    name: str = "",
    unjudged: str = "",
    findings: Sequence[Finding] = (),
    by_person: Mapping[str, tuple[float, str]] | None = None,
) -> Mark:
    points = {"rsa-inverse": 2.0, "rsa-sign": 1.0} if points is None else points
    judged = {} if unjudged else points
    exercises = {id_: ExerciseMark(id_, id_.title(), value, 2.0, value) for id_, value in judged.items()}
    for id_, (value, because) in (by_person or {}).items():
        exercises[id_] = ExerciseMark(id_, id_.title(), value, 2.0, judged.get(id_), because=because)
    at = dt.datetime(2026, 12, 2, 8, 30, tzinfo=dt.UTC)
    return Mark(learner, name, lesson, tuple(exercises.values()), 1, 2, 17, "s1", WHEN, at, unjudged, tuple(findings))


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("points", "text"),
    [(0.0, "0"), (2.0, "2"), (2.5, "2.5"), (1 / 3, "0.33"), (0.1 + 0.2, "0.3"), (100.0, "100"), (-0.001, "0")],
)
def test_points_have_two_places_at_most(points: float, text: str) -> None:
    assert number(points) == text


# --- table and CSV --------------------------------------------------------------------------------------------------

ODD = [
    mark("ada", name="Ada Lovelace", findings=[LATE, LATE]),
    mark("bo", name='Bo "B", Jr.', unjudged="The file is empty."),
    mark('=cmd|"/C calc"!A1', {"rsa-inverse": 1 / 3}, name="@SUM(1,2)"),
    mark("jürgen@uni.example", {"ca-root": 0.0}, lesson="04_authority", name="Müller-Lüdenscheidt, Jürgen"),
    mark("1003", {"ca-root": 2.0}, lesson="04_authority", name="משה כהן", by_person={"ca-root": (0.5, "copied")}),
]


def test_csv_to_the_letter() -> None:
    assert flat.csv_text(ODD) == (
        "learner,name,lesson,points,out_of,handed_in,graded,attempts,result,remarks,rsa-inverse,rsa-sign,ca-root\n"
        "ada,Ada Lovelace,01_rsa,3,4,2026-12-01 23:59+01:00,2026-12-02 08:30+00:00,2,17,late,2,1,\n"
        'bo,"Bo ""B"", Jr.",01_rsa,,,2026-12-01 23:59+01:00,2026-12-02 08:30+00:00,2,17,'
        "not judged: The file is empty,,,\n"
        '"\'=cmd|""/C calc""!A1","\'@SUM(1,2)",01_rsa,0.33,2,'
        "2026-12-01 23:59+01:00,2026-12-02 08:30+00:00,2,17,,0.33,,\n"
        'jürgen@uni.example,"Müller-Lüdenscheidt, Jürgen",04_authority,0,2,'
        "2026-12-01 23:59+01:00,2026-12-02 08:30+00:00,2,17,,,,0\n"
        "1003,משה כהן,04_authority,0.5,2,2026-12-01 23:59+01:00,2026-12-02 08:30+00:00,2,17,"
        "adjusted: ca-root,,,0.5\n"
    )


def test_csv_comes_back_through_a_reader() -> None:
    header, *lines = read(flat.csv_text(ODD))
    assert {len(line) for line in lines} == {len(header)}
    assert [line[0].removeprefix("'") for line in lines] == [each.learner for each in ODD]
    assert [line[1].removeprefix("'") for line in lines] == [each.name for each in ODD]
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_without_marks_csv_is_its_header() -> None:
    assert flat.csv_text([]) == ",".join(flat.COLUMNS) + "\n"


def test_the_columns_of_exercises_are_in_the_order_of_the_fullest_result() -> None:
    partly = mark("ada", unjudged="Gone.", by_person={"rsa-sign": (1.0, "on paper")})
    header, *lines = read(flat.csv_text([partly, mark("bo")]))
    assert header[-2:] == ["rsa-inverse", "rsa-sign"]
    assert lines[0][3:5] == ["1", "2"]
    assert lines[0][9] == "not judged: Gone; adjusted: rsa-sign"


def test_the_table_shows_what_a_terminal_would_take_for_a_command() -> None:
    rows = flat.table_rows([mark("a\x1b[31m", name="\u202etxet"), *ODD[:2], ODD[4]])
    assert rows[0][:2] == ("a\\u{1b}[31m", "\\u{202e}txet")
    assert rows[1][2:] == ("3", "4", "17", "late")
    assert rows[2][2:] == ("–", "–", "17", "not judged: The file is empty")
    assert rows[3][2:] == ("0.5*", "2", "17", "adjusted: ca-root")
    assert flat.table_rows([mark("x" * 80)])[0][0] == "x" * 13 + "…" + "x" * 13


def test_the_line_under_the_table() -> None:
    assert flat.summary(ODD[:1]) == "1 learner, 1 lesson"
    assert flat.summary(ODD) == "5 learners, 2 lessons, 1 not judged; * adjusted by a person"


# --- somebody else's file -------------------------------------------------------------------------------------------

SHEETS = [
    "",
    "a",
    "a,b\n",
    "a,b\r\n1,2\r\n",
    "a,b\r1,2\r",
    "\ufeffa;b;c\n1;2,5;3\n",
    "a\tb\n1\t2",
    '"a","b ""x"""\n"1\r\n2",3\n',
    "a,b,\n,,\n\n1\n",
    "a,b,\n1,2,",
    '"a"x,b"y"\n',
    'open,"never closed\n1,2\n',
    "a,b\n1,\udcff\n",
]


@pytest.mark.parametrize("text", SHEETS)
def test_what_is_not_changed_stays_as_it_is_to_the_byte(text: str) -> None:
    assert Sheet.parse(text).content() == text.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("text", SHEETS[1:11])
def test_cells_say_what_a_reader_of_csv_makes_of_them(text: str) -> None:
    sheet = Sheet.parse(text)
    expected = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=sheet.separator)
    assert [[row[column] for column in range(len(row))] for row in sheet.rows if row.cells != [""]] == [
        line for line in expected if line
    ]


@pytest.mark.parametrize("value", ["plain", "a,b", 'a "b"', "a\nb", " a ", "", "5"])
def test_a_cell_that_is_set_is_read_back(value: str) -> None:
    sheet = Sheet.parse('a,b,c\r\n1,"two",3\r\n')
    sheet.set(sheet.rows[1], 1, value)
    assert sheet.rows[1][1] == value
    assert sheet.content() == f"a,b,c\r\n1,{quoted(value)},3\r\n".encode()
    assert read(sheet.content().decode())[1] == ["1", value, "3"]


def test_a_cell_that_says_it_already_keeps_its_quotes_and_a_short_line_grows() -> None:
    sheet = Sheet.parse('a,b,c\n"1","2"\n')
    sheet.set(sheet.rows[1], 0, "1")
    sheet.set(sheet.rows[1], 3, "4")
    assert sheet.content() == b'a,b,c\n"1","2",,4\n'
    assert sheet.rows[1][9] == ""


def test_what_is_no_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        Sheet.read(tmp_path / "nothing.csv")
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(UsageError, match="this is no CSV file; save it as CSV"):
        Sheet.read(tmp_path / "book.xlsx")


# --- Canvas ---------------------------------------------------------------------------------------------------------

EXPORT = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Notes,RSA lab 01_rsa (4711),Quiz (4712),"
    "Running a Certificate Authority (4713),Assignments Current Score,Current Score,Final Points\r\n"
    ",,,,,,Manual Posting,,,,,\r\n"
    "    Points Possible,,,,,,4.00,10.00,2.00,(read only),(read only),(read only)\r\n"
    '"Lovelace, Ada",1001,S-1,ada,"S 1, morning",,,7.00,,"50.00",50.00,3\r\n'
    '"Babbage, ""Charly""",1002,S-2,charly@uni.example,S 1,"likes, commas",1.00,,2.00,,,\r\n'
    "\"='Evil'\",1003,S-3,eve,S 1,,,,,,,\r\n"
    '"Müller, Jürgen",1004,S-4,jm,S 2,,EX,,N/A,,,\r\n'
    '"Student, Test",1999,,abcdef,S 1,,,,,,,\r\n'
)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "Grades.csv"
    path.write_text(EXPORT, encoding="utf-8", newline="")
    return path


def test_canvas_gets_its_file_back_with_the_marks_in_it_and_nothing_else_changed(export: Path) -> None:
    marks = [
        mark("1003", {"rsa-inverse": 1 / 3}),
        mark("ada"),
        mark("S-2", by_person={"rsa-sign": (2.0, "on paper")}),
        mark("ada", {"ca-root": 2.0}, lesson="04_authority"),
    ]
    filled = canvas.fill(export, marks, LESSONS, {})
    expected = (
        EXPORT.replace('"S 1, morning",,,7.00,,', '"S 1, morning",,3,7.00,2,')
        .replace('"likes, commas",1.00,', '"likes, commas",4,')
        .replace("1003,S-3,eve,S 1,,,", "1003,S-3,eve,S 1,,0.33,")
    )
    assert filled.content.decode() == expected
    assert (filled.marks, filled.left_out) == (4, [])
    assert filled.notes == []


def test_canvas_a_column_of_other_worth_is_told(export: Path) -> None:
    export.write_text(EXPORT.replace(",4.00,10.00,", ",12.00,10.00,"), encoding="utf-8", newline="")
    filled = canvas.fill(export, [mark("ada")], LESSONS, {})
    assert filled.notes == ["01_rsa: 'RSA lab 01_rsa (4711)' is worth 12 points in Canvas, the lesson 4"]


def test_canvas_whatever_cannot_be_placed_is_told_and_left_alone(export: Path) -> None:
    marks = [
        mark("nobody"),
        mark("bo\x1b", unjudged="The file is empty."),
        mark("1004"),
        mark("1004", {"ca-root": 2.0}, lesson="04_authority"),
        mark("ada"),
        mark("1001"),
    ]
    filled = canvas.fill(export, marks, LESSONS, {})
    assert filled.content.decode() == EXPORT
    assert filled.marks == 0
    assert filled.left_out == [
        "nobody: no line of the file is theirs (01_rsa: 3)",
        "bo\\u{1b}: 01_rsa has no mark, nobody could judge it: The file is empty.",
        "1004: Canvas says EX for 01_rsa, and it stays",
        "1004: Canvas says N/A for 04_authority, and it stays",
        "ada: another learner of the gradebook answers to the same line of the file (01_rsa: 3)",
        "1001: another learner of the gradebook answers to the same line of the file (01_rsa: 3)",
    ]


@pytest.mark.parametrize("learner", ["1001", "S-1", "ADA", " ada ", "Lovelace, Ada", "lovelaceada"])
def test_canvas_knows_learners_by_their_ids_and_at_last_by_name(learner: str, export: Path) -> None:
    filled = canvas.fill(export, [mark(learner)], LESSONS, {})
    assert '"Lovelace, Ada",1001,S-1,ada,"S 1, morning",,3,' in filled.content.decode()


def test_canvas_an_id_of_two_people_is_nobodys(export: Path) -> None:
    export.write_text(EXPORT.replace(",S-2,", ",1001,"), encoding="utf-8", newline="")
    filled = canvas.fill(export, [mark("1001")], LESSONS, {})
    assert filled.left_out == ["1001: 2 lines of the file could be theirs (01_rsa: 3)"]


@pytest.mark.parametrize("column", ["Quiz (4712)", "Quiz", "4712"])
def test_canvas_a_column_can_be_named(column: str, export: Path) -> None:
    filled = canvas.fill(export, [mark("ada")], LESSONS, {"01_rsa": column})
    assert filled.content.decode() == EXPORT.replace('"S 1, morning",,,7.00,', '"S 1, morning",,,3,')


@pytest.mark.parametrize("column", ["Current Score", "Assignments Current Score", "Notes", "ID", "Section", "471"])
def test_canvas_no_other_column_is_ever_written_to(column: str, export: Path) -> None:
    with pytest.raises(UsageError, match=r"no column '.+' for 01_rsa; it has 'RSA lab 01_rsa \(4711\)'"):
        canvas.fill(export, [mark("ada")], LESSONS, {"01_rsa": column})


@pytest.mark.parametrize(
    ("marks", "columns", "line"),
    [
        ([mark("ada")], {"04_authority": "Quiz"}, "--column 04_authority: there are no marks for it; lessons: 01_rsa"),
        ([mark("ada", lesson="09_lifecycle")], {}, "no column has the name of 09_lifecycle; say which it is: --column"),
        (
            [mark("ada"), mark("ada", lesson="04_authority")],
            {"01_rsa": "Quiz", "04_authority": "4712"},
            "two lessons cannot share a column",
        ),
    ],
)
def test_canvas_a_column_that_nobody_can_tell_is_refused(
    marks: list[Mark], columns: dict[str, str], line: str, export: Path
) -> None:
    with pytest.raises(UsageError, match=line) as caught:
        canvas.fill(export, marks, LESSONS, columns)
    assert "\n" not in str(caught.value)


def test_canvas_two_columns_of_one_name_are_asked_about(export: Path) -> None:
    export.write_text(EXPORT.replace("Quiz (4712)", "01_rsa again (4712)"), encoding="utf-8", newline="")
    with pytest.raises(UsageError) as caught:
        canvas.fill(export, [mark("ada")], LESSONS, {})
    assert str(caught.value) == (
        f"{export}: 01_rsa could be 'RSA lab 01_rsa (4711)', '01_rsa again (4712)'; "
        'say which: --column "01_rsa=RSA lab 01_rsa (4711)"'
    )


def test_canvas_a_lesson_without_a_column_is_told(export: Path) -> None:
    filled = canvas.fill(export, [mark("ada"), mark("ada", lesson="09_lifecycle")], LESSONS, {})
    [note] = filled.notes
    assert note == (
        "09_lifecycle: no column has its name, its marks are not in the file; "
        "--column 09_lifecycle=HEADING puts them there"
    )


def test_canvas_other_forms_of_its_export_are_understood(export: Path) -> None:
    export.write_text(
        "LastName;FirstName;ID;SIS Login ID;Section;RSA you can hold in your hand (1);Override Score\n"
        "    Points Possible;;;;;4,00;(read only)\nLovelace;Ada;7;al;A;1,50;\n",
        encoding="utf-8",
    )
    for learner in ("7", "al", "Lovelace Ada", "lovelaceada"):
        filled = canvas.fill(export, [mark(learner, {"rsa-sign": 2.0, "rsa-inverse": 0.5})], LESSONS, {})
        assert filled.content.decode().endswith("Lovelace;Ada;7;al;A;2.5;\n")
        assert filled.notes == []


@pytest.mark.parametrize("text", ["", "learner,points\nada,3\n", "Student,Section,ID\n", "Student,ID,Points\n"])
def test_canvas_what_is_no_export_is_refused(text: str, export: Path) -> None:
    export.write_text(text)
    with pytest.raises(UsageError, match="this is no gradebook export of Canvas"):
        canvas.fill(export, [mark("ada")], LESSONS, {})


# --- Moodle ---------------------------------------------------------------------------------------------------------

WORKSHEET = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"\n'
    'Participant 501,"Ada Lovelace",ada@uni.example,"Submitted for grading - ",,4.00,Yes,'
    '"Tuesday, 1 December 2026, 11:59 PM",-,\n'
    'Participant 502,"Bo ""B"", Jr.",bo@uni.example,"No submission - ",1.00,4.00,Yes,-,-,"Well done, Bo"\n'
    "Participant 503,Jürgen Müller,jm@uni.example,No submission - ,,4.00,No,-,-,\n"
    "Participant 504,Eve,eve@uni.example,No submission - ,,2.00,Yes,-,-,\n"
    "Participant 505,Eve,eve2@uni.example,No submission - ,,4.00,Yes,-,-,\n"
)


@pytest.fixture
def worksheet(tmp_path: Path) -> Path:
    path = tmp_path / "worksheet.csv"
    path.write_text(WORKSHEET, encoding="utf-8")
    return path


def test_moodle_gets_its_worksheet_back_with_the_marks_in_it(worksheet: Path) -> None:
    ada = mark("501", by_person={"rsa-sign": (1.5, "right <idea>, slip")})
    filled = moodle.fill(worksheet, [ada, mark("bo@uni.example")])
    assert filled.content.decode() == WORKSHEET.replace(
        '"Submitted for grading - ",,4.00,Yes,"Tuesday, 1 December 2026, 11:59 PM",-,\n',
        '"Submitted for grading - ",3.5,4.00,Yes,"Tuesday, 1 December 2026, 11:59 PM",-,'
        '"Rsa-Inverse: 2 of 2<br>Rsa-Sign: 1.5 of 2 (right &lt;idea&gt;, slip)"\n',
    ).replace('"No submission - ",1.00,', '"No submission - ",3,')
    assert (filled.marks, filled.left_out) == (2, [])


def test_moodle_what_it_would_pass_over_is_told(worksheet: Path) -> None:
    marks = [mark("jm"), mark("eve"), mark("Eve"), mark("nobody"), mark("505", unjudged="Empty.")]
    filled = moodle.fill(worksheet, marks)
    assert filled.content.decode() == WORKSHEET
    assert filled.left_out == [
        "jm: Moodle says that the grade of 01_rsa cannot be changed (3)",
        "eve: another learner of the gradebook answers to the same line of the file (01_rsa: 3)",
        "Eve: another learner of the gradebook answers to the same line of the file (01_rsa: 3)",
        "nobody: no line of the file is theirs (01_rsa: 3)",
        "505: 01_rsa has no mark, nobody could judge it: Empty.",
    ]
    assert filled.advice.startswith("the file knows learners by the participant's number, ID number, username")
    assert filled.advice.endswith(f"with --roster {worksheet}")
    filled = moodle.fill(worksheet, [mark("504")])
    raise_it = "raise it in the assignment's settings and download the worksheet anew"
    assert filled.left_out == [f"504: 3 for 01_rsa is more than Moodle's maximum of 2; {raise_it}"]
    assert filled.advice == ""


@pytest.mark.parametrize("learner", ["Participant 501", "501", "ada@uni.example", "ada", "Ada Lovelace"])
def test_moodle_knows_learners_by_number_address_and_name(learner: str, worksheet: Path) -> None:
    filled = moodle.fill(worksheet, [mark(learner)])
    assert filled.marks == 1
    assert read(filled.content.decode())[1][4] == "3"


def test_moodle_a_worksheet_without_comments_or_limits_will_do(worksheet: Path) -> None:
    worksheet.write_text("Identifier;ID number;Grade;Last modified (grade)\r\nTeilnehmer/in 9;s7;;-\r\n")
    for learner in ("s7", "9"):
        assert moodle.fill(worksheet, [mark(learner)]).content.endswith(b"Teilnehmer/in 9;s7;3;-\r\n")


def test_moodle_what_is_no_worksheet_and_several_lessons_are_refused(worksheet: Path) -> None:
    with pytest.raises(UsageError, match="a worksheet of Moodle is of one assignment; say which: --lesson 01_rsa"):
        moodle.fill(worksheet, [mark("ada"), mark("ada", lesson="04_authority")])
    worksheet.write_text("Identifier,Bewertung\n")
    with pytest.raises(UsageError, match="it has no column 'Grade'; set Moodle to English"):
        moodle.fill(worksheet, [mark("ada")])
    worksheet.write_text("")
    with pytest.raises(UsageError, match="it has no column 'Identifier'"):
        moodle.fill(worksheet, [mark("ada")])


def test_moodle_a_file_for_its_import_to_the_letter() -> None:
    more = mark("ada", {"ca-root": 2.0}, lesson="04_authority", name="Ada Lovelace")
    assert moodle.import_text([*ODD, more]) == (
        "Learner,Full name,01_rsa,04_authority\n"
        "ada,Ada Lovelace,3,2\n"
        'bo,"Bo ""B"", Jr.",,\n'
        '"\'=cmd|""/C calc""!A1","\'@SUM(1,2)",0.33,\n'
        'jürgen@uni.example,"Müller-Lüdenscheidt, Jürgen",,0\n'
        "1003,משה כהן,,0.5\n"
    )


# --- Gradescope -----------------------------------------------------------------------------------------------------


def graded(of: Mark) -> Graded:
    judged = result({each.id: each.judged or 0.0 for each in of.exercises}, unjudged=of.unjudged)
    return Graded(17, 1, of.learner, of.name, of.lesson, "", "", WHEN, WHEN, "s1", judged)


def test_gradescope_to_the_letter() -> None:
    one = mark("ada", findings=[LATE], by_person={"rsa-sign": (1.5, "right <idea>")})
    assert json.loads(gradescope.results_json(one, graded(one))) == {
        "score": 3.5,
        "execution_time": 0.0,
        "output": "Handed in an hour after the due date.",
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"lesson": "01_rsa", "result": 17, "specs": "s1"},
        "tests": [
            {
                "name": "Rsa-Inverse",
                "score": 2.0,
                "max_score": 2.0,
                "status": "passed",
                "output": "Rsa Inverse: solved, 2 of 2 points\n✓ inverses: 1 of 1 right",
                "output_format": "text",
                "visibility": "visible",
                "extra_data": {"exercise": "rsa-inverse"},
            },
            {
                "name": "Rsa-Sign",
                "score": 1.5,
                "max_score": 2.0,
                "status": "failed",
                "output": "A person set these points: right <idea>. The judge gave 1.\n\n"
                "Rsa Sign: partly solved, 1 of 2 points\n✗ inverses: 0 of 1 right\n"
                "    tried     modinv(3, 8)\n    expected  3\n    came      4",
                "output_format": "text",
                "visibility": "visible",
                "extra_data": {"exercise": "rsa-sign"},
            },
        ],
    }


def test_gradescope_what_a_person_alone_marked() -> None:
    one = mark("ada", unjudged="The file is empty.", by_person={"rsa-sign": (2.0, "on paper")})
    out = json.loads(gradescope.results_json(one, graded(one)))
    assert (out["score"], out["output"]) == (2.0, "The file is empty.")
    assert [(test["status"], test["output"]) for test in out["tests"]] == [
        ("passed", "A person set these points: on paper.")
    ]
