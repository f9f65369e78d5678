"""``labsupport report``: from a gradebook to pages, a folder for those who are graded and one for who grades."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from labsupport.cli import main
from labsupport.grading.gradebook import Gradebook
from labsupport.grading.names import file_stem
from labsupport.grading.pages.report import feedback_path, write_feedback
from labsupport.grading.records import Result, Submission
from tests.grading.classes import LESSON, NASTY, NIGHT, class_of, graded, nasty
from tests.grading.reading import read


def booked(folder: Path, size: int = 6) -> Path:
    """Return the path of a gradebook with a class, and one more lesson that the course does not have."""
    path = folder / "gradebook.db"
    with Gradebook.open(path) as book:
        for each in (*class_of(size), nasty()):
            content = each.learner.encode(errors="replace")
            handed_in = Submission(each.learner, LESSON, content, each.source, each.name, NIGHT)
            book.record(handed_in, each.result, "1")
        book.record(Submission("eve", "../../etc/x", b"{}", "x.ipynb"), Result("../../etc/x"), "1")
        book.adjust("learner0002", LESSON, "rsa-sign", 1.5, "Seen on paper.", out_of=2)
    return path


def test_every_learner_and_every_lesson_has_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book, out = booked(tmp_path), tmp_path / "pages"
    assert main(["report", "--gradebook", str(book), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert str(out / "class" / f"{LESSON}.html") in said.out
    assert str(out / "feedback") in said.out
    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith("gradebook.db")]
    assert all(path.is_relative_to(out) and path.suffix == ".html" for path in files)
    assert len(files) == 8 + 2
    for path in files:
        assert not path.stat().st_mode & stat.S_IWOTH
        read(path.read_text(encoding="utf-8"))
    page = read((out / feedback_path("learner0002", LESSON)).read_text(encoding="utf-8"))
    assert page.headings[0] == (1, "RSA you can hold in your hand")
    assert "Seen on paper." in page.words


def test_the_class_page_leads_to_the_feedback(tmp_path: Path) -> None:
    book, out = booked(tmp_path), tmp_path / "pages"
    assert main(["report", "--gradebook", str(book), "--out", str(out)]) == 0
    page = read((out / "class" / f"{LESSON}.html").read_text(encoding="utf-8"))
    assert len(page.addresses) == 7
    assert all((out / "class" / address).is_file() for address in page.addresses)


def test_what_was_there_is_replaced_and_never_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / write_feedback(tmp_path, graded(Result(LESSON, unjudged="First.")))
    assert "First." in path.read_text()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full_disk)
        with pytest.raises(OSError, match="No space"):
            write_feedback(tmp_path, graded(Result(LESSON, unjudged="Second.")))
    assert "First." in path.read_text()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_names_of_files_are_not_those_from_outside() -> None:
    for text in ("../../x", "CON", NASTY, "", "a/b", "=1"):
        path = feedback_path(text, text)
        assert path.parts == ("feedback", file_stem(text), f"{file_stem(text)}.html")


def test_an_empty_gradebook_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Gradebook.open(tmp_path / "new.db").close()
    assert main(["report", "--gradebook", str(tmp_path / "new.db"), "--out", str(tmp_path / "pages")]) == 0
    assert "there is nothing to write pages about" in capsys.readouterr().out
    assert not (tmp_path / "pages").exists()


def test_a_gradebook_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--gradebook", str(tmp_path / "no.db"), "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("labsupport report: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "no.db").exists()


def test_without_a_folder_it_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 2
    assert "--out" in capsys.readouterr().err


def test_a_file_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book, out = booked(tmp_path), tmp_path / "roster.csv"
    out.write_text("learner\n")
    assert main(["report", "--gradebook", str(book), "--out", str(out)]) == 2
    assert capsys.readouterr().err == (
        f"labsupport report: {out} is no folder; give --out a folder, or a name for a new one\n"
    )
    assert out.read_text() == "learner\n"
