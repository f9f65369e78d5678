"""Folders by an adversary: links, FIFOs, devices, odd names, files that change; nothing is followed, nothing waits."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from labsupport.errors import UsageError
from labsupport.grading.submissions.collect import collect
from labsupport.grading.submissions.found import MIB, Limits
from tests.grading.handed_in import LESSONS, complaint, found, gathered, notebook, write

SECRET = b"the gradebook"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "secret.ipynb").write_bytes(SECRET)
    write(tmp_path / "outside", "bob/01_rsa.ipynb")
    return write(tmp_path / "in", "ada/01_rsa.ipynb", "zoe/01_rsa.ipynb")


def the_problem(place: Path) -> str:
    """Return the one line about what is bad; the two good files were found."""
    collected = gathered(place)
    assert [each.learner for each in collected] == ["ada", "zoe"]
    (problem,) = collected.problems
    assert problem.startswith("in/")
    assert len(problem.splitlines()) == 1
    assert problem.isprintable()
    return problem


@pytest.mark.parametrize("target", ["../../secret.ipynb", "01_rsa.ipynb", "nowhere", "/dev/zero"])
def test_a_link_is_reported_and_not_followed(place: Path, target: str) -> None:
    (place / "eve").mkdir()
    (place / "eve" / "01_rsa.ipynb").symlink_to(target)
    assert "eve/01_rsa.ipynb: a symbolic link, which is not followed; put the file itself there" in the_problem(place)


def test_a_linked_folder_is_reported_and_not_followed(place: Path) -> None:
    (place / "bob").symlink_to(place.parent / "outside" / "bob")
    assert the_problem(place) == "in/bob: a symbolic link, which is not followed; put the folder itself there"


def test_links_to_what_is_no_notebook_are_passed_over(place: Path) -> None:
    (place / "ada" / "key.pem").symlink_to("/etc/hostname")
    (place / "ada" / "broken").symlink_to("nowhere")
    (place / "ada" / "loop").symlink_to("loop")
    assert gathered(place).problems == ()


def test_the_place_itself_may_be_a_link(place: Path) -> None:
    (place.parent / "link").symlink_to(place)
    assert len(found(place.parent / "link")) == 2


def test_a_linked_submitted_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", "ada/01_rsa/x.ipynb")
    write(tmp_path / "course", "source/01_rsa/01_rsa.ipynb")
    (tmp_path / "course" / "submitted").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="course/submitted: a symbolic link; name the folder that it leads to"):
        gathered(tmp_path / "course")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    previous = Path.cwd()
    os.chdir(path.parent)  # since the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(previous)


def device(path: Path) -> None:
    try:
        os.mknod(path, 0o20644, os.makedev(1, 5))
    except PermissionError:
        path.symlink_to("/dev/zero")  # only root makes devices; a link is refused as well


@pytest.mark.parametrize("make", [fifo, unix_socket, device])
@pytest.mark.parametrize("name", ["01_rsa.ipynb", "timestamp.txt"])
def test_what_is_no_file_is_reported_and_never_waited_for(place: Path, make: Callable[[Path], None], name: str) -> None:
    (place / "eve").mkdir()
    make(place / "eve" / name)
    assert f"in/eve/{name}: a " in the_problem(place)


@pytest.mark.parametrize("make", [fifo, device, lambda path: path.symlink_to("../../secret.ipynb"), Path.mkdir])
def test_a_file_that_became_something_else_is_not_read(place: Path, make: Callable[[Path], None]) -> None:
    with collect(place, lessons=LESSONS) as collected:
        ada, zoe = collected
        (place / "ada" / "01_rsa.ipynb").unlink()
        make(place / "ada" / "01_rsa.ipynb")
        assert complaint(ada.read).startswith("in/ada/01_rsa.ipynb: ")
        assert zoe.read().content


def test_a_folder_that_became_a_link_is_not_followed(place: Path) -> None:
    write(place.parent / "evil", "01_rsa.ipynb")
    with collect(place, lessons=LESSONS) as collected:
        (place / "ada").rename(place / "was-ada")
        (place / "ada").symlink_to(place.parent / "evil")
        assert complaint(collected.entries[0].read).startswith("in/ada/01_rsa.ipynb: cannot be read: ")


def test_a_file_that_went_away_is_told(place: Path) -> None:
    with collect(place, lessons=LESSONS) as collected:
        (place / "ada" / "01_rsa.ipynb").unlink()
        assert complaint(collected.entries[0].read) == (
            "in/ada/01_rsa.ipynb: cannot be read: it is not there any more; "
            "look whether something is moving files, and grade again"
        )


def test_a_file_that_grew_is_not_read_beyond_the_limit(place: Path) -> None:
    with collect(place, lessons=LESSONS) as collected:
        os.truncate(place / "ada" / "01_rsa.ipynb", 1 << 40)
        assert complaint(collected.entries[0].read) == "in/ada/01_rsa.ipynb: over the limit of 33,554,432 bytes"


def test_a_file_over_the_limit(place: Path) -> None:
    write(place, "eve/01_rsa.ipynb")
    os.truncate(place / "eve" / "01_rsa.ipynb", 33 * MIB)
    assert "over the limit of 33,554,432 bytes; ask for it without its outputs" in the_problem(place)


def test_what_may_not_be_read_is_told(place: Path) -> None:
    (place / "ada" / "01_rsa.ipynb").chmod(0)
    with collect(place, lessons=LESSONS) as collected:
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)  # root may read everything
        try:
            assert complaint(collected.entries[0].read) == (
                "in/ada/01_rsa.ipynb: cannot be read: it may not be read; give yourself permission to (chmod u+r)"
            )
            assert collected.entries[1].read().content
        finally:
            if root:
                os.seteuid(0)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_what_the_system_refuses_is_told_and_the_rest_is_found(
    place: Path, error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(place, "eve/01_rsa.ipynb")
    real = os.open

    def refusing(path: str, flags: int, *mode: int, dir_fd: int | None = None) -> int:
        if path == "eve":
            raise error
        return real(path, flags, *mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refusing)
    assert "in/eve: the folder cannot be read: " in the_problem(place)


@pytest.mark.parametrize("name", ["in", "x.zip"])
def test_a_place_that_may_not_be_read_is_refused(place: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.parent / "x.zip").touch()

    def refusing(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refusing)
    monkeypatch.setattr("pathlib.Path.open", refusing)
    assert "cannot be read: " in complaint(lambda: gathered(place.parent / name))


def test_a_place_that_no_system_can_name_is_refused() -> None:
    assert "there is no such" in complaint(lambda: gathered(Path("a\0b"))) + complaint(
        lambda: gathered(Path("a" * 9999))
    )


@pytest.mark.parametrize(
    "name", [b"e\xffe", "\u202egnp".encode(), b"e\x1b[31m", b"e\n", b" ", "e\u200be".encode(), b"e" * 220]
)
def test_learners_whose_names_hide_something_are_told(place: Path, name: bytes) -> None:
    folder = os.path.join(os.fsencode(place), name)  # noqa: PTH118 # a Path has no bytes
    os.mkdir(folder)  # noqa: PTH102 # the same
    with open(folder + b"/01_rsa.ipynb", "wb") as file:  # noqa: PTH123 # the same
        file.write(notebook())
    assert "rename it" in the_problem(place) or "nobody can tell whose it is" in the_problem(place)


def test_a_file_s_name_may_be_odd_where_it_says_nothing(tmp_path: Path) -> None:
    write(tmp_path / "submitted", "ada/01_rsa/x.ipynb")
    folder = os.fsencode(tmp_path / "submitted" / "ada" / "01_rsa")
    os.rename(folder + b"/x.ipynb", folder + b"/\xff\n\x1b.ipynb")  # noqa: PTH104 # a Path has no bytes
    (entry,) = gathered(tmp_path)
    assert (entry.learner, entry.lesson) == ("ada", "01_rsa")
    assert entry.source.isprintable()
    entry.source.encode()


def test_folders_too_deep_are_told(place: Path) -> None:
    write(place, "eve/" + "d/" * 20 + "01_rsa.ipynb")
    assert "folders within folders too deep; move the notebooks up" in the_problem(place)


def test_too_many_files_are_refused(place: Path) -> None:
    write(place, *(f"ada/{number}.ipynb" for number in range(20)))
    with pytest.raises(UsageError, match="in: over 10 files; name a folder of fewer"):
        collect(place, lessons=LESSONS, limits=Limits(entries=10))


def test_a_folder_named_as_a_notebook_is_looked_into(tmp_path: Path) -> None:
    write(tmp_path, "ada.ipynb/01_rsa.ipynb")
    assert [learner for learner, _, _ in found(tmp_path)] == ["ada.ipynb"]


def test_a_file_that_is_no_notebook_inside_is_handed_on_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa.ipynb")
    (tmp_path / "ada/01_rsa.ipynb").write_bytes(b"\xff\0 not JSON")
    with collect(tmp_path, lessons=LESSONS) as collected:
        assert collected.entries[0].read().content == b"\xff\0 not JSON"


def test_nothing_stays_open(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 # one number is wanted

    before = descriptors()
    found(place)
    complaint(lambda: gathered(place, lesson="nothing"))
    complaint(lambda: collect(place, lessons=LESSONS, limits=Limits(entries=1)))
    gathered(place.parent / "secret.ipynb")
    (place.parent / "empty").mkdir()
    complaint(lambda: gathered(place.parent / "empty"))
    monkeypatch.setattr("labsupport.grading.submissions.collect.Gathering.gather", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        gathered(place)
    assert descriptors() == before


def test_nothing_in_the_folder_is_changed(place: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    found(place)
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before
