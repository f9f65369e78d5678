"""The roster: any sensible table, the exports of Canvas and Moodle, and how people are found in it."""

from __future__ import annotations

import csv
import io
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labsupport.errors import UsageError
from labsupport.grading.names import is_usable_id, spreadsheet_read, spreadsheet_safe
from labsupport.grading.submissions.identity import under_two_ids
from labsupport.grading.submissions.roster import Person, Roster, read_roster, squeezed
from tests.grading.handed_in import complaint, gathered, roster, write


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("learner,name\nada,Ada L\nbob,Bob\n", {"ada": "Ada L", "bob": "Bob"}),
        ("Login\nada\n", {"ada": ""}),
        ("User Name;First name;Last name\nada;Ada;Lovelace\n", {"ada": "Lovelace, Ada"}),
        ("email\tfull_name\nA@x.org\tAda\n", {"A@x.org": "Ada"}),
        ("Name,ID,E-Mail\nAda,7,a@x.org\n", {"7": "Ada"}),
        ("\r\n\r\nid,login,learner\r\n7,al,ada\r\n\r\n", {"ada": ""}),
        ("learner,email\n,a@x.org\n ada ,\n", {"a@x.org": "", "ada": ""}),
        ("\ufefflearner\nada\n", {"ada": ""}),
        ("learner,name\nada,Ada\nada,Ada\n", {"ada": "Ada"}),
        ("learner,name\n'=1+1,\"'@SUM\"\n", {"=1+1": "@SUM"}),
        ('learner,name\nada,"Lovelace,\nAda"\n', {"ada": "Lovelace,\nAda"}),
        ("learner,name\nju\u0308rgen\n", {"jürgen": ""}),
        ("learner,login,name\nada,al,x,too,many\n", {"ada": "x"}),
        ("LastName,FirstName,ID,SIS Login ID,Section\nDoe,Jane,5,jd,A\nStudent,Test,6,,A\n", {"5": "Doe, Jane"}),
        (b"learner,name\r\nj,J\xfcrgen\r\n", {"j": "Jürgen"}),
        ("learner;name\nj;Jürgen\n".encode("utf-16"), {"j": "Jürgen"}),
    ],
)
def test_a_table_of_people(tmp_path: Path, text: str | bytes, people: dict[str, str]) -> None:
    found = read_roster(roster(tmp_path / "r.csv", text))
    assert {person.id: person.name for person in found.people.values()} == people
    assert len(found) == len(people)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no column says who is who"),
        ("ada\nbob\n", "no column says who is who"),
        ("name,grade\nAda,1\n", "no column says who is who"),
        ("learner\n", "without anybody"),
        ("learner,name\nada,A\nbob,B\nada,C\n", "lines 2 and 4 both say ada"),
        ("learner\nada\n\u202egnp\n", r"line 3: \\u\{202e\}gnp cannot be anybody's id"),
        ("learner\na\0da\n", r"cannot be anybody's id|not a table"),
        ("learner\n" + "a" * 201 + "\n", "cannot be anybody's id"),
        ('learner\n"' + "a" * 200_000, "not a table in CSV"),
        ("PK\x03\x04\x14\0\x06\0learner,name\nada,A\n", "a workbook or a zip, and no table in CSV; save it as CSV"),
    ],
)
def test_a_roster_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as refused:
        read_roster(roster(tmp_path / "r.csv", text))
    assert "r.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_and_an_endless_roster_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_roster(tmp_path / "r.csv")
    with (tmp_path / "r.csv").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(UsageError, match="no roster"):
        read_roster(tmp_path / "r.csv")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_roster_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = roster(Path(folder) / "r.csv", b"learner,name\n" + content)
        if not complaint(lambda: read_roster(path)):
            assert all(is_usable_id(id_) for id_ in read_roster(path).people)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
@example("＋")
@example("=\u0338 is composed to another sign")
@example(' ="7"')
@example("'ayn")
def test_what_is_made_safe_for_a_spreadsheet_is_read_back(id_: str) -> None:
    line = io.StringIO()
    csv.writer(line).writerows([["learner", "x"], [spreadsheet_safe(id_), "x"]])
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = read_roster(roster(Path(folder) / "r.csv", line.getvalue()))
        except UsageError:
            assert not is_usable_id(unicodedata.normalize("NFC", id_).strip())
        else:
            # Where people wrote the guard themselves nobody can tell.
            assert set(found.people) == {unicodedata.normalize("NFC", spreadsheet_read(id_.strip()).strip())}


PEOPLE = Roster(
    [
        Person("ada", "Ada King, Lovelace", {"learner": "ada", "id": "7", "email": "Ada@x.org"}),
        Person("bob", "Bob Roe", {"learner": "bob", "id": "8", "email": "b@x.org"}),
        Person("7", "Bob Roe", {"learner": "7", "id": "9"}),
        Person("cy", "", {"learner": "cy", "id": "10"}),
        Person("di", "José Núñez", {"learner": "di", "id": "10"}),
    ]
)


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("ada", "ada"),
        ("ADA", "ada"),
        ("ada@X.ORG", "ada"),
        ("7", "7"),  # the id that counts, before somebody else's number
        ("9", "7"),
        ("10", None),  # two have it
        ("eve", None),
        ("", None),
    ],
)
def test_people_are_found_by_their_ids(text: str, id_: str | None) -> None:
    person = PEOPLE.find(text)
    assert (person and person.id) == id_


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("lovelaceadaking", "ada"),
        ("Ada King Lovelace", "ada"),
        ("King Lovelace, Ada", "ada"),
        ("Bob Roe", None),  # two are called so
        ("núñez josé", "di"),
        ("nunezjose", "di"),
        ("", None),
    ],
)
def test_people_are_found_by_their_names_where_only_one_can_be_meant(name: str, id_: str | None) -> None:
    person = PEOPLE.named(name)
    assert (person and person.id) == id_


def test_squeezed() -> None:
    assert squeezed("O'Neil-Smith, Ben Ⅳ") == "oneilsmithbeniv"
    assert squeezed("!?") == ""


def test_folders_named_by_any_id_or_by_name_are_one_learner_s(tmp_path: Path) -> None:
    write(tmp_path, "ADA/01_rsa.ipynb", "ada@x.org/04_authority.ipynb", "José Núñez/01_rsa.ipynb", "eve/01_rsa.ipynb")
    entries = [(entry.learner, entry.name, entry.findings) for entry in gathered(tmp_path, roster=PEOPLE)]
    assert [(learner, name) for learner, name, _ in entries] == [
        ("ada", "Ada King, Lovelace"),
        ("di", "José Núñez"),
        ("eve", ""),
        ("ada", "Ada King, Lovelace"),
    ]
    assert [[finding.kind for finding in findings] for _, _, findings in entries] == [[], [], ["stranger"], []]


def test_two_folders_of_one_learner_are_two_sources(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa.ipynb", "ada@x.org/01_rsa.ipynb")
    entries = gathered(tmp_path, roster=PEOPLE).entries
    assert [entry.learner for entry in entries] == ["ada", "ada"]
    assert {finding.kind for entry in entries for finding in entry.findings} == {"two-sources"}


@pytest.mark.parametrize(
    ("people", "line"),
    [
        ([("300", "Ada Lovelace"), ("a@x.org", "Lovelace, ADA")], "Ada Lovelace (300 and a@x.org); if each is one"),
        ([(f"{number}", f"N{number // 2}") for number in range(10)], "N1 (2 and 3), N2 (4 and 5), and 2 more; if"),
        ([("ada", "Ada"), ("ada", "Ada"), ("bob", "Bob"), ("cy", ""), ("di", ""), ("ed", ", ,")], ""),
        ([], ""),
    ],
)
def test_one_name_under_two_ids_is_said(people: list[tuple[str, str]], line: str) -> None:
    said = under_two_ids(people)
    assert line in said
    assert bool(said) == bool(line)
