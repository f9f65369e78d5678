"""From a path to an open gradebook: made whole or not at all, looked at before it is touched, safe when killed.

What holds whatever happens:

- A new gradebook is made under another name and appears under its own when it is complete.
- A file is refused, and left as it is, when it is no gradebook, is damaged, or is of a newer version than this one. A
  gradebook of an older version is copied (``gradebook.db.version-1``) before it is brought up to date.
- The journal is a write-ahead log (WAL). Where other machines may reach the file (``places.is_shared``) WAL does not
  work and it is a rollback journal: as safe, a little slower, and only as good as that file system's locks, so one
  grader at a time there. What SQLite answers is compared with what was asked for; neither of the two is refused.
- ``synchronous`` is FULL. The death of the process loses nothing with NORMAL either, but a power cut could take the
  last submissions back after they were reported, and under a rollback journal it could do damage; FULL costs a
  millisecond or so for a submission, and judging one costs a hundred.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from labsupport.errors import GradebookError
from labsupport.grading.gradebook.places import is_shared
from labsupport.grading.gradebook.schema import APPLICATION_ID, VERSION, create, migrate

__all__ = ["PATIENCE", "connect", "told", "transaction"]

PATIENCE = 30.0  # seconds that one grader waits for another to finish a transaction
_MAGIC = b"SQLite format 3\0"
_DAMAGED = "it is damaged and was left as it is; go on with a copy that is whole, or with a new gradebook"


def connect(path: Path, *, make: bool) -> sqlite3.Connection:
    """Open the gradebook at `path`, making it first if there is none and `make` is set; raise GradebookError."""
    with told(path):
        if not path.exists():
            _make(path, allowed=make)
        looked = _look(path)
        connection = _open(path)
        try:
            _settle(connection, path, looked=looked)
        except BaseException:  # whatever it was, nobody else can close it
            connection.close()
            raise
        return connection


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into a GradebookError of one line."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise GradebookError(f"{path}: {_reason(error)}") from error


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """Do what is inside wholly or not at all; IMMEDIATE is for writing, DEFERRED for reads that belong together."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:  # Ctrl-C too
        # SQLite itself rolls back when the disk is full.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _reason(error: Exception) -> str:
    if isinstance(error, IsADirectoryError):
        return "that is a folder; name a file, such as gradebook.db"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return "the disk is full; what was recorded so far is kept, the submission at hand is not in it"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"another program kept it locked for more than {PATIENCE:g} s; try again when that one has ended"
    if name.startswith("SQLITE_READONLY"):
        return "it, or the folder it lies in, cannot be written to"
    if name.startswith("SQLITE_CANTOPEN"):
        return "it cannot be opened; is its folder there, and may you write in it?"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return _DAMAGED
    if name.startswith("SQLITE_IOERR"):
        return "the disk failed or is full; what was recorded so far is kept, the submission at hand is not in it"
    return f"the gradebook cannot be used: {error}"


def _make(path: Path, *, allowed: bool) -> None:
    """Put an empty gradebook at `path`, in one step: several processes may do this at once."""
    if not allowed:
        raise GradebookError(f"{path}: there is no gradebook; `labsupport grade` makes one")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with contextlib.closing(_open(draft)) as connection, transaction(connection):
            create(connection)
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _publish(draft: Path, path: Path) -> None:
    """Give a finished file its name, unless another process was first."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # A file system without hard links.
        if not path.exists():
            draft.rename(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """See to it that a new name survives a power cut, where the system can promise that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _look(path: Path) -> bool:
    """Refuse what is no gradebook, is damaged or too new; change nothing. False: not all of it could be looked at."""
    with path.open("rb") as file:
        head = file.read(100)
    if head[:16] != _MAGIC:
        raise GradebookError(f"{path}: this is no gradebook; give --gradebook another name")
    _of_this_kind(path, int.from_bytes(head[68:72]), int.from_bytes(head[60:64]))
    try:
        with contextlib.closing(_open(path, read_only=True)) as connection:
            _whole(connection, path)
    except sqlite3.OperationalError as error:
        # After a kill in the middle of a write only somebody who may write can put things right: SQLite does so when
        # the gradebook is opened, before anything else, and then it is looked at again.
        if not getattr(error, "sqlite_errorname", "").startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
            raise
        return False
    return True


def _of_this_kind(path: Path, application: int, version: int) -> None:
    if application != APPLICATION_ID or version < 1:
        raise GradebookError(f"{path}: this is a database, but no gradebook; give --gradebook another name")
    if version > VERSION:
        raise GradebookError(
            f"{path}: a newer labsupport wrote this gradebook (its form is {version}, this one knows {VERSION}); "
            "upgrade labsupport"
        )


def _whole(connection: sqlite3.Connection, path: Path) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise GradebookError(f"{path}: {_DAMAGED}")


def _open(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    # A file: address, because a plain name would be made where there is none.
    mode = "ro" if read_only else "rwc"
    address = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:  # whatever it was, nobody else can close it
        connection.close()
        raise
    return connection


def _settle(connection: sqlite3.Connection, path: Path, *, looked: bool) -> None:
    """Choose the journal, see what the gradebook is, and bring an older one up to date."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    _of_this_kind(path, application, _version(connection))
    if not looked:
        _whole(connection, path)
    wanted = "delete" if is_shared(path) else "wal"
    (journal,) = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
    if journal not in (wanted, "delete"):
        raise GradebookError(
            f"{path}: its journal is {journal!r} and would not become {wanted!r}, so that a crash could cost marks; "
            "put the gradebook on a disk of this machine"
        )
    if _version(connection) < VERSION:
        _upgrade(connection, path)


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Copy the gradebook as it is, then bring it to VERSION; whoever else comes waits, and finds it done."""
    with transaction(connection):
        version = _version(connection)
        if version == VERSION:
            return
        _copy(path, version)
        migrate(connection, version)
        if connection.execute("PRAGMA foreign_key_check").fetchone():
            raise GradebookError(f"{path}: it could not be brought up to date and was left as it is")


def _copy(path: Path, version: int) -> None:
    """Keep the gradebook as ``gradebook.db.version-1``, or -1.2 and so on where that name is taken."""
    copy = path.with_name(f"{path.name}.version-{version}")
    number = 1
    while copy.exists():
        number += 1
        copy = path.with_name(f"{path.name}.version-{version}.{number}")
    draft = copy.with_name(f".{copy.name}.{secrets.token_hex(4)}")
    try:
        with (
            contextlib.closing(_open(path)) as source,
            contextlib.closing(_open(draft)) as target,
        ):
            source.backup(target)
            # A copy is one file: no log beside it.
            target.execute("PRAGMA journal_mode = DELETE")
        _publish(draft, copy)
    finally:
        draft.unlink(missing_ok=True)
