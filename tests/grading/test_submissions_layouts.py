"""Folders as instructors keep them: a folder a learner, nbgrader's, files named by learner, several lessons at once."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from labsupport.errors import UsageError
from labsupport.grading.submissions.claims import claim_of
from labsupport.grading.submissions.collect import collect
from labsupport.grading.submissions.lessons import lesson_in, lesson_named
from tests.grading.handed_in import LESSONS, complaint, found, gathered, notebook, write, zipped


def test_a_folder_a_learner(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa.ipynb", "ada/04_authority.ipynb", "bob/01_rsa.ipynb")
    assert found(tmp_path) == [
        ("ada", "01_rsa", "ada/01_rsa.ipynb"),
        ("bob", "01_rsa", "bob/01_rsa.ipynb"),
        ("ada", "04_authority", "ada/04_authority.ipynb"),
    ]
    collected = gathered(tmp_path)
    assert (collected.problems, collected.notes) == ((), ())
    assert [entry.source for entry in collected] == [
        f"{tmp_path.name}/{path}" for path in ("ada/01_rsa.ipynb", "bob/01_rsa.ipynb", "ada/04_authority.ipynb")
    ]


def test_lesson_restricts_and_says_what_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa.ipynb", "ada/04_authority.ipynb", "bob/01_rsa.ipynb")
    collected = gathered(tmp_path, lesson="04_authority")
    assert [entry.learner for entry in collected] == ["ada"]
    assert collected.notes == ("2 notebooks of other lessons are left out, as --lesson 04_authority says",)


def test_a_lesson_that_is_none_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa.ipynb")
    with pytest.raises(UsageError, match="01_rsb: not a lesson; there are 00_start, 01_rsa"):
        gathered(tmp_path, lesson="01_rsb")


@pytest.mark.parametrize("below", ["course", "course/submitted"])
def test_the_course_and_the_submitted_folder_of_nbgrader(tmp_path: Path, below: str) -> None:
    course = tmp_path / "course"
    write(course, "submitted/ada/01_rsa/anything.ipynb", "submitted/bob/hw1/04_authority.ipynb")
    write(course, "source/01_rsa/01_rsa.ipynb", "autograded/ada/01_rsa/anything.ipynb", "release/01_rsa/01_rsa.ipynb")
    assert found(tmp_path / below) == [
        ("ada", "01_rsa", "submitted/ada/01_rsa/anything.ipynb"),
        ("bob", "04_authority", "submitted/bob/hw1/04_authority.ipynb"),
    ]


def test_a_folder_a_learner_and_lesson_as_nbgrader_has_it_under_another_name(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa/x.ipynb", "bob/01_rsa/01_rsa.ipynb", "cy/work/04_authority.ipynb")
    assert [(learner, lesson) for learner, lesson, _ in found(tmp_path)] == [
        ("ada", "01_rsa"),
        ("bob", "01_rsa"),
        ("cy", "04_authority"),
    ]


def test_a_zip_of_a_course_of_nbgrader(tmp_path: Path) -> None:
    names = ("course/submitted/ada/01_rsa/x.ipynb", "course/submitted/bob/01_rsa/y.ipynb")
    stamp = {"course/submitted/ada/01_rsa/timestamp.txt": b"2026-11-30 23:00:00.5 UTC"}
    path = zipped(tmp_path / "c.zip", *names, content=stamp)
    assert [learner for learner, _, _ in found(path)] == ["ada", "bob"]
    first = next(iter(gathered(path)))
    assert (first.clock, first.source) == ("nbgrader's timestamp", f"c.zip/{names[0]}")


@pytest.mark.parametrize(
    ("name", "learner", "lesson"),
    [
        ("ada_01_rsa", "ada", "01_rsa"),
        ("01_rsa_ada", "ada", "01_rsa"),
        ("ada-01_rsa", "ada", "01_rsa"),
        ("ada - 01-rsa", "ada", "01_rsa"),
        ("ADA_01_RSA", "ADA", "01_rsa"),
        ("ada_06_five_requests", "ada", "06_five_requests"),
        ("ada_01_rsa-1", "ada", "01_rsa"),
        ("ada_01_rsa (2)", "ada", "01_rsa"),
        ("ada_01_rsa-Copy1", "ada", "01_rsa"),
        ("s_12_01_rsa", "s_12", "01_rsa"),
        ("ada.b@example.org_01_rsa", "ada.b@example.org", "01_rsa"),
        ("Jürgen Groß_04_authority", "Jürgen Groß", "04_authority"),
        ("עדה_01_rsa", "עדה", "01_rsa"),
        ("ada", "ada", ""),
        ("ada (1)", "ada", ""),
        ("ada_2001_rsa", "ada_2001_rsa", ""),
        ("01_rsa", "", "01_rsa"),
        ("lab_01_rsa_ada", "", "01_rsa"),  # which of the two is the learner?
        ("ada_01_rsa_04_authority", "ada_01_rsa_04_authority", ""),
    ],
)
def test_a_file_named_by_its_learner(name: str, learner: str, lesson: str) -> None:
    claim = claim_of((f"{name}.ipynb",), LESSONS)
    assert (claim.kind, claim.learner, claim.lesson) == ("flat", learner, lesson)


def test_files_named_by_learner_alone_need_a_lesson(tmp_path: Path) -> None:
    write(tmp_path, "ada.ipynb", "bob_04_authority.ipynb", "01_rsa.ipynb")
    (tmp_path / "cy.ipynb").write_bytes(notebook("06_five_requests", text="cy's"))
    (tmp_path / "di.ipynb").write_bytes(notebook("99_elsewhere"))
    collected = gathered(tmp_path)
    assert [(entry.learner, entry.lesson) for entry in collected] == [
        ("bob", "04_authority"),
        ("cy", "06_five_requests"),
    ]
    unclear = "nobody can tell which lesson it is; name it <lesson>.ipynb, or give --lesson"
    assert sorted(collected.problems) == [
        f"{tmp_path.name}/01_rsa.ipynb: nobody can tell whose it is; put it into a folder with the learner's name",
        f"{tmp_path.name}/ada.ipynb: {unclear}",
        f"{tmp_path.name}/di.ipynb: {unclear}",
    ]
    given = gathered(tmp_path, lesson="01_rsa")
    assert [(entry.learner, entry.lesson) for entry in given] == [("ada", "01_rsa"), ("cy", "01_rsa"), ("di", "01_rsa")]


def test_one_file_is_enough(tmp_path: Path) -> None:
    write(tmp_path, "ada_01_rsa.ipynb", "bob_01_rsa.ipynb")
    assert found(tmp_path / "ada_01_rsa.ipynb") == [("ada", "01_rsa", "ada_01_rsa.ipynb")]


@pytest.mark.parametrize("name", ["ada", "ada/01_rsa.ipynb", "ada/04_authority"])
def test_one_learner_s_own_folder_is_refused_with_a_hint(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in", "ada/01_rsa.ipynb", "ada/04_authority/04_authority.ipynb", "bob/01_rsa.ipynb")
    place = tmp_path / "in" / name
    refused = complaint(lambda: gathered(place))
    assert refused.startswith(f"{place}: nobody can tell whose th")
    assert refused.endswith(f"or, if ada is a learner, name the folder above: {tmp_path / 'in'}")
    monkeypatch.chdir(tmp_path / "in" / "ada")
    assert complaint(lambda: gathered(Path())).endswith(f"name the folder above: {tmp_path / 'in'}")
    assert len(gathered(tmp_path / "in")) == 3


@pytest.mark.parametrize(
    ("content", "lesson"),
    [
        (notebook("01_rsa"), "01_rsa"),
        (notebook("01_rsa", text='"labsupport": {"lesson": "04_authority"}'), "01_rsa"),
        (notebook("01_rsa", text="x" * 100_000), "01_rsa"),
        (notebook("01_rsa") + notebook("04_authority"), None),
        (notebook(), None),
        (b"", None),
        (b"\xff" * 1000, None),
        (b'"labsupport": {' * 100_000, None),
        (b'"labsupport"' + b" " * 1_000_000, None),
        (b"[" * 1_000_000, None),
    ],
)
def test_the_lesson_that_the_course_wrote_into_a_notebook(content: bytes, lesson: str | None) -> None:
    assert lesson_in(content, LESSONS) == lesson


def test_a_lesson_whose_name_is_within_another_s() -> None:
    assert lesson_named("ada_01_rsa_more", ["01_rsa", "01_rsa_more"]) == ("01_rsa_more", "ada_", "")
    assert lesson_named("ada_01_rsa", ["01_rsa", "01_rsa_more"]) == ("01_rsa", "ada_", "")


def test_a_folder_around_the_learners_is_seen_through_and_said(tmp_path: Path) -> None:
    write(tmp_path, "class/ada/01_rsa.ipynb", "class/bob/01_rsa.ipynb")
    collected = gathered(tmp_path)
    assert [entry.learner for entry in collected] == ["ada", "bob"]
    assert collected.notes == (f"{tmp_path.name}: everything lies in class, read as no learner's",)


@pytest.mark.parametrize(
    ("names", "learners"),
    [
        (("class/ada.ipynb", "class/bob_01_rsa.ipynb"), ["ada", "bob"]),  # the zip's own name
        (("class/01_rsa.ipynb",), ["class"]),  # but without it nobody could tell whose this is
        (("ada/01_rsa.ipynb", "ada/work/x.ipynb"), ["ada", "ada"]),
        (("ada/01_rsa/x.ipynb",), ["ada"]),
        (("other/ada_01_rsa.ipynb", "other/bob_01_rsa.ipynb"), ["other", "other"]),
        (("./ada/01_rsa.ipynb", ".//bob/01_rsa.ipynb"), ["ada", "bob"]),
        (("ada\\01_rsa.ipynb", "bob\\01_rsa.ipynb"), ["ada", "bob"]),
    ],
)
def test_the_one_folder_at_the_top_of_a_zip(tmp_path: Path, names: tuple[str, ...], learners: list[str]) -> None:
    path = zipped(tmp_path / "class.zip", *names)
    assert [entry.learner for entry in gathered(path, lesson="01_rsa")] == learners


def test_what_is_no_notebook_is_passed_over_in_silence(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa.ipynb", "ada/.ipynb_checkpoints/01_rsa-checkpoint.ipynb", "__MACOSX/ada/._01_rsa.ipynb")
    write(tmp_path, "ada/.01_rsa.ipynb", ".hidden/01_rsa.ipynb", "ada/01_RSA.IPYNB")
    for name in ("ada/notes.txt", "ada/key.pem", "ada/01_rsa.html", "readme"):
        (tmp_path / name).write_bytes(b"x")
    collected = gathered(tmp_path)
    assert {entry.source.rpartition("/")[2] for entry in collected} == {"01_RSA.IPYNB", "01_rsa.ipynb"}
    assert (collected.problems, collected.notes) == ((), ())


def test_a_notebook_saved_under_another_ending_and_a_zip_are_not_lost(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa.ipynb", "bob/01_rsa.ipynb.txt")
    zipped(tmp_path / "more.zip", "cy/01_rsa.ipynb")
    collected = gathered(tmp_path)
    assert len(collected) == 1
    assert sorted(collected.problems) == [
        f"{tmp_path.name}/bob/01_rsa.ipynb.txt: a notebook under another ending? Rename it to end in .ipynb",
        f"{tmp_path.name}/more.zip: a zip within the folder is not opened; grade it by itself, or unpack it here",
    ]


@pytest.mark.parametrize("what", ["empty folder", "empty zip", "nothing", "text", "archive"])
def test_a_place_with_nothing_to_grade_is_a_wrong_word(tmp_path: Path, what: str) -> None:
    place = tmp_path / what
    if what == "empty folder":
        place.mkdir()
    elif what == "empty zip":
        zipped(place, content={"a.txt": b""})
    elif what != "nothing":
        place.write_bytes(b"\x1f\x8b\x08 not a zip" if what == "archive" else b"")
    with pytest.raises(UsageError, match=what) as refused:
        gathered(place)
    assert "\n" not in str(refused.value)


def test_several_files_of_one_learner_are_attempts_in_order(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa.ipynb", "ada/final/01_rsa.ipynb", "ada/01_rsa (1).ipynb", "bob/01_rsa.ipynb")
    for seconds, path in enumerate(("ada/final/01_rsa.ipynb", "ada/01_rsa.ipynb", "ada/01_rsa (1).ipynb")):
        os.utime(tmp_path / path, (1_700_000_000 + seconds, 1_700_000_000 + seconds))
    ada = [entry for entry in gathered(tmp_path) if entry.learner == "ada"]
    assert [entry.source.partition("/ada/")[2] for entry in ada] == [
        "final/01_rsa.ipynb",
        "01_rsa.ipynb",
        "01_rsa (1).ipynb",
    ]
    assert [(entry.attempt, entry.latest) for entry in ada] == [(1, False), (2, False), (3, True)]
    for entry in ada:
        (finding,) = entry.findings
        assert finding.kind == "two-sources"
        assert ada[-1].source in finding.text or entry.latest
    assert "this one is the latest and counts" in ada[-1].findings[0].text
    assert [entry.findings for entry in gathered(tmp_path) if entry.learner == "bob"] == [()]


def test_at_one_time_a_copy_s_number_and_then_the_lesson_s_own_name_decide(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa/scratch.ipynb", "ada/01_rsa/01_rsa.ipynb", "bob/01_rsa.ipynb", "bob/01_rsa-2.ipynb")
    for path in tmp_path.rglob("*.ipynb"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    last = {entry.learner: entry.source.rpartition("/")[2] for entry in gathered(tmp_path) if entry.latest}
    assert last == {"ada": "01_rsa.ipynb", "bob": "01_rsa-2.ipynb"}


def test_learners_that_differ_in_capitals_are_two_and_it_is_said(tmp_path: Path) -> None:
    collected = gathered(zipped(tmp_path / "x.zip", "Ada/01_rsa.ipynb", "ada/01_rsa.ipynb"))
    assert [(entry.learner, entry.findings) for entry in collected] == [("Ada", ()), ("ada", ())]
    assert collected.notes == ("Ada and ada differ only in capitals; if it is one learner, rename the files",)


def test_a_learner_s_letters_are_composed_whatever_system_wrote_them(tmp_path: Path) -> None:
    collected = gathered(zipped(tmp_path / "x.zip", "Ju\u0308rgen/01_rsa.ipynb", "Jürgen/04_authority.ipynb"))
    assert [entry.learner for entry in collected] == ["Jürgen", "Jürgen"]


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, *(f"learner{number:03}/01_rsa.ipynb" for number in range(200)))
    with collect(tmp_path, lessons=LESSONS) as collected:
        assert len(collected) == 200
        (tmp_path / "learner007/01_rsa.ipynb").write_bytes(notebook(text="changed since"))
        entry = next(entry for entry in collected if entry.learner == "learner007")
        assert b"changed since" in entry.read().content


def test_a_due_date_without_a_zone_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa.ipynb")
    with pytest.raises(ValueError, match="zone"):
        gathered(tmp_path, due=dt.datetime(2026, 12, 1))
