"""The bulk-download zips of Canvas and Moodle: names, numbers, marks, and what their times do not tell."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from labsupport.grading.submissions.claims import Claim, claim_of
from labsupport.grading.submissions.roster import read_roster
from tests.grading.handed_in import LESSONS, found, gathered, notebook, roster, write, zipped

CANVAS = '''\
Student,ID,SIS User ID,SIS Login ID,Section,01 RSA (900)
,,,,,Manual Posting
    Points Possible,,,,,10.00
"Doe, Jane",123,S1,jdoe,Lab 1,
"O'Neil-Smith, Ben",124,S2,bens,Lab 1,
"Doe, Jane",125,S3,jdoe2,Lab 2,
"=""=Lovelace, Ada""",126,S4,ada,Lab 2,
"Student, Test",3143,,0123abcd,Lab 1,
'''


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("doejane_LATE_123_456_x-1", Claim("canvas", "123", "", "doejane", True, 456, 1)),
        ("doejane_123_456_01_rsa", Claim("canvas", "123", "01_rsa", "doejane", False, 456, 0, True)),
        ("doejane_123_456_01_rsa-12", Claim("canvas", "123", "01_rsa", "doejane", False, 456, 12, True)),
        ("doejane_123_456_01_rsa (1)", Claim("canvas", "123", "01_rsa", "doejane", False, 456, 1, True)),
        ("doejane_123_456_my 04-authority!", Claim("canvas", "123", "04_authority", "doejane", False, 456)),
        ("doe_jane_123_456_1_2_x", Claim("canvas", "123", "", "doe_jane", False, 456)),
        ("великанов_LATE_9_10_01_rsa", Claim("canvas", "9", "01_rsa", "великанов", True, 10, 0, True)),
        ("_123_456_01_rsa", Claim("canvas", "123", "01_rsa", "", False, 456, 0, True)),
        ("anon_x7Yb2_456_01_rsa", Claim("canvas", "anon_x7Yb2", "01_rsa", "", False, 456, 0, True)),
        ("LATE_anon_x7Yb2_456_7_01_rsa", Claim("canvas", "anon_x7Yb2", "01_rsa", "", True, 456, 0, False)),
        ("team late_1_2_01_rsa", Claim("flat", "team late_1_2", "01_rsa")),
    ],
)
def test_names_in_canvas_s_zip(name: str, claim: Claim) -> None:
    assert claim_of((f"{name}.ipynb",), LESSONS) == claim


@pytest.mark.parametrize(
    ("path", "claim"),
    [
        ("Jane Doe_12345_assignsubmission_file_/01_rsa", Claim("moodle", "12345", "01_rsa", "Jane Doe", exact=True)),
        ("Jane Doe_12345_assignsubmission_file/01_rsa", Claim("moodle", "12345", "01_rsa", "Jane Doe", exact=True)),
        ("Jane Doe_12345_assignsubmission_file_01_rsa", Claim("moodle", "12345", "01_rsa", "Jane Doe", exact=True)),
        ("Jane Doe_12345_assignsubmission_file_/a/b/x", Claim("moodle", "12345", "", "Jane Doe")),
        ("Participant 12_345_assignsubmission_file_/x", Claim("moodle", "345", "", "Participant 12")),
        ("Participant_345_assignsubmission_file_x", Claim("moodle", "345", "", "Participant")),
        ("Default group_assignsubmission_file_/x", Claim("moodle", "Default group", "", "Default group")),
        # What lies within a learner's folder is the learner's: it names nobody else.
        (
            "Jane Doe_1_assignsubmission_file/Bob_2_assignsubmission_file/01_rsa",
            Claim("moodle", "1", "01_rsa", "Jane Doe", exact=True),
        ),
        ("ada/bob_123_456_01_rsa", Claim("folder", "ada", "01_rsa")),
        ("ada/Bob_2_assignsubmission_file_01_rsa", Claim("folder", "ada", "01_rsa")),
    ],
)
def test_names_in_moodle_s_zip(path: str, claim: Claim) -> None:
    assert claim_of(tuple(f"{path}.ipynb".split("/")), LESSONS) == claim


def test_a_zip_of_canvas_without_a_roster_is_kept_under_its_user_ids(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "submissions.zip",
        "doejane_LATE_123_456_01_rsa.ipynb",
        "doejane_125_457_01_rsa.ipynb",  # another Jane Doe
        "oneilsmithben_124_458_hello.ipynb",
        content={"oneilsmithben_124_459_text.html": b"", "doejane_123_450_work.zip": b"PK"},
    )
    collected = gathered(path, lesson="01_rsa")
    assert [(entry.learner, entry.name) for entry in collected] == [
        ("123", "doejane"),
        ("124", "oneilsmithben"),
        ("125", "doejane"),
    ]
    assert [[finding.kind for finding in entry.findings] for entry in collected] == [["late"], [], []]
    assert collected.problems == (
        "submissions.zip/doejane_123_450_work.zip: a zip within the zip is not opened; grade it by itself",
    )


def test_a_zip_of_canvas_with_canvas_s_roster(tmp_path: Path) -> None:
    people = read_roster(roster(tmp_path / "grades.csv", CANVAS))
    path = zipped(
        tmp_path / "s.zip",
        "doejane_123_456_01_rsa.ipynb",
        "doejane_125_457_01_rsa.ipynb",
        "oneilsmithben_999_458_01_rsa.ipynb",  # the id is unknown, the name is not
        "doejane_998_459_01_rsa.ipynb",  # two could be meant
        "roerichard_126_460_04_authority.ipynb",  # the id counts, and the other name is said
        "studenttest_3143_461_01_rsa.ipynb",
        "lovelaceada_126_462_01_rsa.ipynb",
        "lovelaceada_997_463_01_rsa.ipynb",  # not the one who has the name and another number
    )
    collected = gathered(path, roster=people)
    assert [(entry.learner, entry.name, entry.lesson) for entry in collected] == [
        ("123", "Doe, Jane", "01_rsa"),
        ("124", "O'Neil-Smith, Ben", "01_rsa"),
        ("125", "Doe, Jane", "01_rsa"),
        ("126", "=Lovelace, Ada", "01_rsa"),
        ("3143", "studenttest", "01_rsa"),
        ("997", "lovelaceada", "01_rsa"),
        ("998", "doejane", "01_rsa"),
        ("126", "=Lovelace, Ada", "04_authority"),
    ]
    strangers = {entry.learner: entry.findings[0].text for entry in collected if entry.findings}
    assert strangers == {
        "997": "The roster does not tell who 997 (lovelaceada) is.",
        "998": "The roster does not tell who 998 (doejane) is.",
        "3143": "The roster does not tell who 3143 (studenttest) is.",
    }
    (note,) = collected.notes
    assert note.endswith("says roerichard, and the roster =Lovelace, Ada; make sure who it is")


def test_numbers_of_another_roster_are_not_canvas_s(tmp_path: Path) -> None:
    people = read_roster(roster(tmp_path / "r.csv", "id,name\n123,Richard Roe\n7,Jane Doe\n456,Zoe Poe\n"))
    names = ("doejane_123_9_01_rsa.ipynb", "somebodyelse_456_10_01_rsa.ipynb")
    collected = gathered(zipped(tmp_path / "s.zip", *names), roster=people)
    assert [(entry.learner, entry.name) for entry in collected] == [("7", "Jane Doe"), ("canvas 456", "somebodyelse")]


def test_resubmissions_in_canvas_s_zip_come_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "s.zip",
        "doejane_123_1002_01_rsa-10.ipynb",
        "doejane_123_1001_01_rsa-9.ipynb",
        "doejane_123_999_01_rsa.ipynb",
        "doejane_125_5_01_rsa-1.ipynb",
        "doejane_125_5_01_rsa.ipynb",
    )
    assert [text for _, _, text in found(path)] == [
        "doejane_123_999_01_rsa.ipynb",
        "doejane_123_1001_01_rsa-9.ipynb",
        "doejane_123_1002_01_rsa-10.ipynb",
        "doejane_125_5_01_rsa.ipynb",
        "doejane_125_5_01_rsa-1.ipynb",
    ]


@pytest.mark.parametrize("folder", [True, False])
def test_a_download_that_was_unpacked(tmp_path: Path, folder: bool) -> None:
    place = tmp_path / "in"
    write(place / "submissions" if folder else place, "doejane_123_1_01_rsa.ipynb", "roe_124_2_01_rsa.ipynb")
    assert [learner for learner, _, _ in found(place)] == ["123", "124"]


def test_a_zip_of_moodle(tmp_path: Path) -> None:
    names = (
        "Jane Doe_12345_assignsubmission_file_/01_rsa.ipynb",
        "Jane Doe_12399_assignsubmission_file_/01_rsa.ipynb",
        "Bob Roe_12346_assignsubmission_file_04_authority.ipynb",
    )
    path = zipped(tmp_path / "m.zip", *names, content={"Jane Doe_12345_assignsubmission_onlinetext_/x.html": b""})
    collected = gathered(path)
    assert [(entry.learner, entry.name) for entry in collected] == [
        ("12345", "Jane Doe"),
        ("12399", "Jane Doe"),
        ("12346", "Bob Roe"),
    ]
    assert collected.problems == ()
    assert "--roster" in collected.notes[0]
    sheet = "Identifier,Full name,ID number,Email address,Status,Grade\nParticipant 12345,Jane Doe,7,j@x.org,,\n"
    people = read_roster(roster(tmp_path / "r.csv", sheet + "Participant 1,Bob Roe,8,b@x.org,,\n"))
    known = gathered(path, roster=people)
    assert [(entry.learner, [finding.kind for finding in entry.findings]) for entry in known] == [
        ("12399", ["stranger"]),
        ("7", []),
        ("8", []),
    ]


DUE = dt.datetime(2026, 11, 25, 23, 59, tzinfo=dt.UTC)


def test_a_download_s_times_are_those_of_the_packing_and_compared_with_nothing(tmp_path: Path) -> None:
    path = zipped(tmp_path / "s.zip", "doejane_123_1_01_rsa.ipynb", "roe_LATE_124_2_01_rsa.ipynb")
    collected = gathered(path, due=DUE)
    assert [entry.submitted_at for entry in collected] == [None, None]
    assert [[finding.text for finding in entry.findings] for entry in collected] == [
        [],
        ["Canvas marked it as late; how late, its zip does not tell."],
    ]
    (note,) = collected.notes
    assert "tells only when it was packed (2026-11-30 12:00" in note
    assert "other than by Canvas's LATE" in note


def test_times_that_somebody_kept_are_compared(tmp_path: Path) -> None:
    names = ("doejane_LATE_123_1_01_rsa.ipynb", "roe_124_2_01_rsa.ipynb")
    path = zipped(tmp_path / "s.zip", *names, times={names[1]: (2026, 11, 20, 0, 0, 0)})
    late, early = gathered(path, due=DUE)
    assert late.submitted_at is not None
    assert late.submitted_at.utcoffset() is not None
    assert late.findings[0].text.startswith("Handed in 4 days ")
    assert late.findings[0].text.endswith("Canvas marked it as late, too.")
    assert early.findings == ()


def test_a_learner_cannot_hand_in_for_another_by_a_file_s_name(tmp_path: Path) -> None:
    people = read_roster(roster(tmp_path / "r.csv", "learner\nada\nbob\n"))
    write(tmp_path / "in", "ada/bob_01_rsa.ipynb", "bob/01_rsa.ipynb", "ada/bob/01_rsa.ipynb")
    assert [learner for learner, _, _ in found(tmp_path / "in", roster=people)] == ["ada", "ada", "bob"]


def test_names_in_utf_8_without_the_flag_that_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / "s.zip", "Jürgen Groß_1_assignsubmission_file_/01_rsa.ipynb")
    # Canvas's server does not set it. Each name is there twice; the flag is in the seventh byte of one header and the
    # ninth of the other.
    content = bytearray(path.read_bytes())
    for marker, offset in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        assert content[content.index(marker) + offset] == 8
        content[content.index(marker) + offset] = 0
    path.write_bytes(content)
    assert [entry.name for entry in gathered(path)] == ["Jürgen Groß"]
    assert found(path)[0][2].startswith("Jürgen")


def test_several_lessons_in_one_download(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "s.zip",
        "doejane_123_1_01_rsa.ipynb",
        "doejane_123_2_04_authority.ipynb",
        content={"roe_124_3_work.ipynb": notebook("06_five_requests", "x"), "roe_124_4_other.ipynb": notebook()},
    )
    collected = gathered(path)
    assert [(entry.learner, entry.lesson) for entry in collected] == [
        ("123", "01_rsa"),
        ("123", "04_authority"),
        ("124", "06_five_requests"),
    ]
    assert [problem.partition(":")[0] for problem in collected.problems] == ["s.zip/roe_124_4_other.ipynb"]
