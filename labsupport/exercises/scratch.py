"""What a function is handed: fresh copies of plain data, paths, callables and addresses, for the length of one call."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from labsupport.exercises.callee import Argument, File, Folder, Oracle, OverQuota, Url, as_arguments
from labsupport.exercises.plain import NotPlain, Plain, as_plain, readable, same
from labsupport.pki.folders import private_folder

__all__ = ["FOLDER_BYTES", "FOLDER_FILES", "Handed", "TooMuch", "handed"]

FOLDER_BYTES = 4_000_000
FOLDER_FILES = 1000
_NAME_LIMIT = 4096


class TooMuch(Exception):
    """A folder holds more than its limits; the text is what the function did, without its subject."""


class Handed:
    """The arguments of one call in the form that the function gets."""

    def __init__(self, arguments: Sequence[Argument]) -> None:
        self._arguments = arguments
        self._open = True
        self._folder: Path | None = None
        self.over_quota: int | None = None  # the quota of the oracle that was asked too often
        self.values: list[object] = []

    def mutated(self) -> tuple[int, ...]:
        """Return the positions of the lists and dicts that the function changed."""
        return tuple(
            position
            for position, (argument, value) in enumerate(zip(self._arguments, self.values, strict=True))
            if isinstance(argument, list | tuple | dict) and not _unchanged(argument, value)
        )

    def files(self) -> dict[str, bytes]:
        """Return what the Folder argument holds now: regular files only, no link followed. Raises TooMuch."""
        return {} if self._folder is None else _read_folder(self._folder)

    def _hand_over(self, stack: contextlib.ExitStack) -> None:
        scratch: Path | None = None
        for position, argument in enumerate(as_arguments(self._arguments)):
            if isinstance(argument, File | Folder):
                if scratch is None:
                    # In the private folder, which is swept even after a process that was killed. A function may
                    # leave what cannot be removed; that is no reason to fail.
                    temporary = tempfile.TemporaryDirectory(dir=private_folder(), ignore_cleanup_errors=True)
                    scratch = Path(stack.enter_context(temporary))
                own = scratch / str(position)  # so that two files may have the same name
                own.mkdir(mode=0o700)
                self.values.append(self._unpack(own, argument))
            elif isinstance(argument, Oracle):
                self.values.append(self._ask(argument))
            elif isinstance(argument, Url):
                stack.enter_context(_resolving(argument.host))
                self.values.append(str(argument))
            else:
                self.values.append(argument)

    def _unpack(self, own: Path, argument: File | Folder) -> str:
        if isinstance(argument, File):
            _write(own / argument.name, argument.content)
            return str(own / argument.name)
        for name, content in argument.files.items():
            (own / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(own / name, content)
        self._folder = own
        return str(own)

    def _ask(self, oracle: Oracle) -> Callable[..., Plain]:
        def ask(*question: object) -> Plain:
            if not self._open:
                raise RuntimeError("this call is over: its oracle answers no more")
            try:
                return oracle.answer(*question)
            except OverQuota:
                self.over_quota = oracle.quota  # remembered, in case the function swallows what is raised
                raise

        return ask

    def _close(self) -> None:
        self._open = False


@contextlib.contextmanager
def handed(arguments: Sequence[Argument]) -> Iterator[Handed]:
    """Prepare `arguments` for a function; at the end its files are gone and its oracles silent."""
    with contextlib.ExitStack() as stack:
        hand = Handed(arguments)
        stack.callback(hand._close)
        hand._hand_over(stack)
        yield hand


def _unchanged(argument: Plain, value: object) -> bool:
    try:
        return same(argument, as_plain(value))
    except NotPlain:
        return False


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _read_folder(folder: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    room = FOLDER_BYTES
    seen = 0
    for here, folders, names in os.walk(folder):  # which does not follow links to folders
        folders.sort()
        seen += len(folders) + len(names)
        if seen > FOLDER_FILES:
            raise TooMuch(f"left more than {FOLDER_FILES:,} files in its folder")
        for name in sorted(names):
            path = Path(here, name)
            content = _read_regular(path, room)
            if content is not None:
                room -= len(content)
                if room < 0:
                    raise TooMuch(f"left more than {FOLDER_BYTES // 1_000_000} MB in its folder")
                files[readable(path.relative_to(folder).as_posix(), _NAME_LIMIT)] = content
    return files


def _read_regular(path: Path, room: int) -> bytes | None:
    """Return at most `room` + 1 bytes of a regular file; None for links, pipes, devices and what cannot be read."""
    try:
        # O_NOFOLLOW and O_NONBLOCK: a link must not lead out of the folder, a pipe must not hold the judge up.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(room + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _resolving(host: str) -> contextlib.AbstractContextManager[object]:
    from labsupport.tls.names import lab_names  # the resolver hook is only needed by clients

    return lab_names(host)
