"""What no accident may do to a gradebook: kills, two graders at once, full disks, damage, other versions."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsupport.errors import GradebookError, LabError
from labsupport.grading.gradebook import Gradebook, connection, schema
from labsupport.grading.gradebook.places import is_shared, kind_of
from tests.grading.booking import SPECS, result, submission
from tests.grading.booking_process import written
from tests.tools import ROOT

# How many rows there are for a learner of booking_process
ONE_EACH = ("learners", "contents", "attempts", "results")
TWO_EACH = ("findings", "transcripts", "scores")


def plain(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def grader(path: Path, first: int, last: int, *more: str) -> subprocess.Popen[str]:
    """Start a process that records learners `first` to `last`."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.grading.booking_process", str(path), str(first), str(last), *more],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def sound(path: Path) -> list[str]:
    """Return the learners of the gradebook, after having seen that it is whole and that each is wholly there."""
    with Gradebook.open(path, create=False) as book:
        found = [graded.learner for graded in book.results(transcripts=True)]
        assert [mark.points for mark in book.marks()] == [3.0] * len(found)
    with contextlib.closing(plain(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
        for table, each in {**dict.fromkeys(ONE_EACH, 1), **dict.fromkeys(TWO_EACH, 2)}.items():
            assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (each * len(found),), table
    return found


# --- opening --------------------------------------------------------------------------------------------------------


def test_a_new_gradebook_says_what_it_is_and_is_made_whole(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    with Gradebook.open(path) as book:
        raw = book._connection
        assert raw.execute("PRAGMA application_id").fetchone() == (schema.APPLICATION_ID,)
        assert raw.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert raw.execute("PRAGMA synchronous").fetchone() == (2,)
        assert raw.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert raw.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
    assert set(contents(tmp_path)) == {"gradebook.db"}


def test_what_is_not_there_is_made_only_when_asked_for(tmp_path: Path) -> None:
    with pytest.raises(GradebookError, match=r"gradebook\.db: there is no gradebook; `labsupport grade` makes one"):
        Gradebook.open(tmp_path / "gradebook.db", create=False)
    with pytest.raises(GradebookError, match="is its folder there"):
        Gradebook.open(tmp_path / "nowhere" / "gradebook.db")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["odd name?#%41.db", "ümlaut 李.db"])
def test_a_name_is_a_name(name: str, tmp_path: Path) -> None:
    with Gradebook.open(tmp_path / name) as book:
        book.record(submission(), result(), SPECS)
    assert set(contents(tmp_path)) == {name}


def test_a_folder_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    with Gradebook.open(tmp_path / "gradebook.db") as book:
        book.record(submission(), result(), SPECS)
    assert set(contents(tmp_path)) == {"gradebook.db"}


@pytest.mark.parametrize("links", [True, False])
def test_of_two_who_make_a_gradebook_at_once_the_first_makes_it(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gradebook.db"

    def create(raw: sqlite3.Connection) -> None:
        monkeypatch.setattr(connection, "create", schema.create)
        full_of(path, 2)
        schema.create(raw)

    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(connection, "create", create)
    if not links:
        monkeypatch.setattr(os, "link", link)
    Gradebook.open(path).close()
    assert sound(path) == ["l0", "l1"]
    assert set(contents(tmp_path)) == {"gradebook.db"}


def failure(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("detail")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (failure("SQLITE_READONLY_DIRECTORY"), "it, or the folder it lies in, cannot be written to"),
        (failure("SQLITE_IOERR_WRITE"), "the disk failed or is full; what was recorded so far is kept"),
        (failure("SQLITE_CORRUPT"), "it is damaged and was left as it is"),
        (failure("SQLITE_ERROR"), "the gradebook cannot be used: detail"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (OSError("odd"), "odd"),
    ],
)
def test_what_goes_wrong_with_the_file_is_one_line(error: Exception, line: str, tmp_path: Path) -> None:
    with (
        pytest.raises(GradebookError, match=rf"gradebook\.db: {line}"),
        connection.told(tmp_path / "gradebook.db"),
    ):
        raise error


def foreign(path: Path) -> None:
    with contextlib.closing(plain(path)) as raw:
        raw.execute("CREATE TABLE grade (id INTEGER)")


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda path: path.write_bytes(b""), "this is no gradebook"),
        (lambda path: path.write_text("learner,points\nada,3\n" * 50), "this is no gradebook"),
        (lambda path: path.write_bytes(b"SQLite format 3\0"), "this is a database, but no gradebook"),
        (foreign, "this is a database, but no gradebook"),
        (Path.mkdir, "that is a folder; name a file, such as gradebook.db"),
    ],
)
def test_what_is_no_gradebook_is_refused_and_left_alone(make: object, line: str, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    make(path)  # type: ignore[operator]  # one of the functions above
    before = contents(tmp_path) if path.is_file() else {}
    for create in (True, False):
        with pytest.raises(GradebookError, match=line) as caught:
            Gradebook.open(path, create=create)
        assert "\n" not in str(caught.value)
    assert path.is_dir() or contents(tmp_path) == before


def test_a_newer_gradebook_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    Gradebook.open(path).close()
    with contextlib.closing(plain(path)) as raw:
        raw.execute("PRAGMA user_version = 7")
    before = contents(tmp_path)
    with pytest.raises(
        GradebookError, match=r"a newer labsupport wrote this gradebook \(its form is 7, this one knows 3\)"
    ):
        Gradebook.open(path)
    assert contents(tmp_path) == before


def full_of(path: Path, learners: int = 60) -> None:
    with Gradebook.open(path) as book:
        for number in range(learners):
            written(book, number)


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_gradebook_is_refused_and_left_as_it_is(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    full_of(path)
    broken = bytearray(path.read_bytes())
    chance = random.Random(seed)
    if seed == 0:
        del broken[len(broken) // 2 :]
    else:
        # A disk that returns rubbish: whole pages, but not the first.
        for page in chance.sample(range(1, len(broken) // 4096), 12):
            broken[page * 4096 : (page + 1) * 4096] = chance.randbytes(4096)
    path.write_bytes(broken)
    with pytest.raises(GradebookError, match="it is damaged and was left as it is") as caught:
        Gradebook.open(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == broken
    # The lock file of the log may stay, the log itself must be empty.
    assert all(size == b"" or name.endswith((".db", "-shm")) for name, size in contents(tmp_path).items())


def test_a_gradebook_that_another_program_keeps_locked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "gradebook.db"
    monkeypatch.setattr(connection, "PATIENCE", 0.05)
    with Gradebook.open(path) as book, contextlib.closing(plain(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GradebookError, match=r"another program kept it locked for more than 0\.05 s"):
            book.record(submission(), result(), SPECS)
        other.execute("ROLLBACK")
        assert book.record(submission(), result(), SPECS).new_attempt
    with contextlib.closing(plain(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(GradebookError, match="another program kept it locked"):
            Gradebook.open(path)


# --- versions -------------------------------------------------------------------------------------------------------


@pytest.fixture
def first_version(tmp_path: Path) -> Path:
    """Return a gradebook of version 1: what is made today, without what later versions added."""
    path = tmp_path / "gradebook.db"
    full_of(path, 5)
    with contextlib.closing(plain(path)) as raw:
        raw.execute("DROP TABLE scores")
        raw.execute("DROP TABLE due_dates")
        raw.execute("PRAGMA user_version = 1")
        raw.execute("PRAGMA journal_mode = DELETE")
    return path


def test_the_first_version_had_no_scores(first_version: Path) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as raw:
        schema.create(raw, version=1)
        made = raw.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    with contextlib.closing(plain(first_version)) as raw:
        assert raw.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall() == made


def test_an_older_gradebook_is_copied_and_brought_up_to_date(first_version: Path) -> None:
    before = first_version.read_bytes()
    with Gradebook.open(first_version) as book:
        assert [mark.points for mark in book.marks()] == [3.0] * 5
        assert [each.title for each in book.marks()[0].exercises] == ["Rsa Inverse", "Rsa Sign"]
        assert book.due_dates() == {}
    assert len(sound(first_version)) == 5
    folder = first_version.parent
    assert set(contents(folder)) == {"gradebook.db", "gradebook.db.version-1"}
    copy = folder / "gradebook.db.version-1"
    with contextlib.closing(plain(copy)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (1,)
        assert raw.execute("SELECT count(*) FROM results").fetchone() == (5,)
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    # The copy is a gradebook itself, and an older copy is never written over.
    kept = copy.read_bytes()
    first_version.write_bytes(before)
    Gradebook.open(first_version).close()
    assert copy.read_bytes() == kept
    assert set(contents(folder)) == {"gradebook.db", "gradebook.db.version-1", "gradebook.db.version-1.2"}


def test_an_upgrade_that_fails_leaves_the_old_version(first_version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("no")

    monkeypatch.setattr(schema, "score_rows", broken)
    with pytest.raises(GradebookError, match="the gradebook cannot be used: no"):
        Gradebook.open(first_version)
    monkeypatch.undo()
    with contextlib.closing(plain(first_version)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (1,)
    assert len(sound(first_version)) == 5


def test_an_upgrade_of_what_does_not_hang_together_is_refused(first_version: Path) -> None:
    with contextlib.closing(plain(first_version)) as raw:
        raw.execute("DELETE FROM contents WHERE digest IN (SELECT digest FROM attempts WHERE id = 1)")
    with pytest.raises(GradebookError, match="it could not be brought up to date and was left as it is"):
        Gradebook.open(first_version)
    with contextlib.closing(plain(first_version)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_journal_that_would_not_keep_anything_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(sqlite3.Connection):
        def execute(self, query: str, *_: object) -> sqlite3.Cursor:
            return super().execute(query.replace("journal_mode = wal", "journal_mode = memory"))

    path = tmp_path / "gradebook.db"
    full_of(path, 1)
    with contextlib.closing(plain(path)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *words, **more: real(*words, factory=Forgetful, **more))
    with pytest.raises(GradebookError, match="its journal is 'memory' and would not become 'wal'"):
        Gradebook.open(path)


def test_many_who_come_to_an_older_gradebook_at_once_upgrade_it_once(first_version: Path) -> None:
    running = [grader(first_version, 10 * number, 10 * number + 3) for number in range(1, 4)]
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert len(sound(first_version)) == 5 + 9
    assert [name for name in contents(first_version.parent) if "version" in name] == ["gradebook.db.version-1"]


# --- other graders, kills -------------------------------------------------------------------------------------------


def test_graders_at_once_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    # Nobody made the gradebook before, and they share a part of the class.
    running = [grader(path, 15 * number, 15 * number + 30) for number in range(3)]
    for process in running:
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert set(sound(path)) == {f"l{number}" for number in range(60)}


@pytest.mark.parametrize("journal", ["wal", "rollback"])
def test_a_kill_at_any_moment_leaves_each_submission_wholly_there_or_not_at_all(journal: str, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    chance = random.Random(4)
    done: set[str] = set()
    for round_ in range(12):
        first = 1_000 * round_
        process = grader(path, first, first + 1_000, journal)
        assert process.stdout is not None
        reported = [line.strip() for line in itertools.islice(process.stdout, chance.randint(1, 8))]
        # So that it is not always the same step after the last report in which it is hit.
        time.sleep(chance.random() * 0.008)
        process.kill()
        reported += [line.strip() for line in process.stdout]
        process.stdout.close()
        assert process.wait() == -9
        done |= {f"l{number}" for number in reported if number.isdecimal()}
        there = set(sound(path))
        assert done <= there
        assert len(there) - len(done) <= round_ + 1  # at most one a kill was recorded and not reported
    assert len(done) > 12


def test_a_kill_while_the_gradebook_is_made_leaves_nothing_that_is_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    for _ in range(6):
        process = grader(path, 0, 1)
        process.kill()
        process.communicate()
    with Gradebook.open(path) as book:
        written(book, 1)
    assert "l1" in sound(path)


# --- full disks -----------------------------------------------------------------------------------------------------


def test_a_full_gradebook_is_one_clear_line_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    with Gradebook.open(path) as book:
        book._connection.execute("PRAGMA max_page_count = 120")
        told = fill(book)
        assert str(told) == (
            f"{path}: the disk is full; what was recorded so far is kept, the submission at hand is not in it"
        )
        there = [mark.learner for mark in book.marks()]
        book._connection.execute("PRAGMA max_page_count = 100000")
        written(book, 9_999)
    assert set(sound(path)) == {*there, "l9999"}


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs mount and root")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=768k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("mounting is not permitted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_one_clear_line_and_loses_nothing(tiny_disk: Path) -> None:
    path = tiny_disk / "gradebook.db"
    with Gradebook.open(path) as book:
        ballast = tiny_disk / "ballast"
        ballast.write_bytes(b"x" * 200_000)
        told = fill(book)
        assert "full" in str(told)
        assert "what was recorded so far is kept" in str(told)
        there = {mark.learner for mark in book.marks()}
        assert there
        ballast.unlink()
        written(book, 9_999)
    assert set(sound(path)) == there | {"l9999"}


def fill(book: Gradebook) -> LabError:
    """Record until it is refused; return the refusal, after having seen that all before it is there."""
    for number in range(10_000):
        try:
            written(book, number)
        except LabError as error:
            assert {mark.learner for mark in book.marks()} == {f"l{each}" for each in range(number)}
            assert number > 3
            return error
    raise AssertionError("it never became full")


# --- places ---------------------------------------------------------------------------------------------------------

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:5 / /home rw - nfs4 server:/home rw
24 23 0:6 / /home/ada/my\\040disk rw master:1 propagate_from:2 - ext4 /dev/sdb1 rw
25 22 0:7 / /net rw - ext4 /dev/sdc1 rw
26 22 0:8 / /net rw - fuse.sshfs ada@host: rw
27 22 0:9 / /mnt/c rw - 9p drvfs rw
garbage
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/srv/gradebook.db", "ext4"),
        ("/home/bo/gradebook.db", "nfs4"),
        ("/home/ada/my disk/gradebook.db", "ext4"),
        ("/homework/gradebook.db", "ext4"),
        ("/net/gradebook.db", "fuse.sshfs"),
        ("/mnt/c/Users/gradebook.db", "9p"),
    ],
)
def test_the_file_system_of_a_place_is_found(place: str, kind: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert kind_of(Path(place), mounts) == kind


def test_where_nobody_can_tell_the_file_system_wal_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kind_of(tmp_path, tmp_path / "nothing") == ""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert kind_of(tmp_path) == ""
    assert not is_shared(tmp_path)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.rclone", "9p", "virtiofs"])
def test_where_other_machines_reach_the_journal_is_a_rollback_journal(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gradebook.db"
    full_of(path, 2)  # with a log, on a disk of this machine
    monkeypatch.setattr("labsupport.grading.gradebook.places.kind_of", lambda _: kind)
    with Gradebook.open(path) as book:
        assert book._connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        written(book, 7)
    assert path.read_bytes()[18:20] == b"\x01\x01"
    monkeypatch.undo()
    assert sound(path) == ["l0", "l1", "l7"]


def test_a_journal_that_does_not_become_what_it_should_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gradebook.db"
    with Gradebook.open(path) as book:
        written(book, 1)
        monkeypatch.setattr(connection, "is_shared", lambda _: True)
        monkeypatch.setattr(connection, "PATIENCE", 0.05)
        # Another program has the log open: SQLite keeps it.
        with pytest.raises(GradebookError, match="locked"):
            Gradebook.open(path)
