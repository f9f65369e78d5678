"""A folder of submissions: looked through without following a link, read without waiting for anything.

A path that was looked at may be another thing when it is read. So every step down is made from the folder above it,
refuses links, and looks again at what it has opened.
"""

from __future__ import annotations

import os
import stat
from functools import partial
from itertools import islice
from pathlib import Path

from labsupport.errors import UsageError
from labsupport.grading.submissions.found import (
    Found,
    Limits,
    SubmissionError,
    Trouble,
    is_hidden,
    kind_of,
)
from labsupport.grading.submissions.times import file_time

__all__ = ["Folder", "open_folder"]

Parts = tuple[str, ...]

# None of these waits: not for the other end of a FIFO, and no link is followed.
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_SPECIAL = {
    stat.S_IFLNK: "a symbolic link, which is not followed; put the file itself there",
    stat.S_IFIFO: "a FIFO, not a file; remove it",
    stat.S_IFSOCK: "a socket, not a file; remove it",
    stat.S_IFCHR: "a device, not a file; remove it",
    stat.S_IFBLK: "a device, not a file; remove it",
}
_WHY = {
    FileNotFoundError: "it is not there any more; look whether something is moving files, and grade again",
    PermissionError: "it may not be read; give yourself permission to (chmod u+r)",
}


class Folder:
    """A folder that has been looked through; it stays open, so that what is read later is read from this folder."""

    def __init__(self, descriptor: int, place: Path, limits: Limits, only: str) -> None:
        self.label = place.resolve().name or str(place)
        self.files: list[Found] = []
        self.stamps: list[Found] = []
        self.trouble = Trouble(self.label)
        self.nbgrader = self.label == "submitted"
        self._descriptor = descriptor
        self._limits = limits
        self._entries = 0
        if only:
            self._take(only, (only,), os.lstat(only, dir_fd=descriptor))
        else:
            self._walk()

    def close(self) -> None:
        """Let go of the folder."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _walk(self) -> None:
        start = _submitted(self._descriptor, self.trouble)
        self.nbgrader = self.nbgrader or start != ()
        waiting: list[Parts] = [start]
        while waiting:
            folder = waiting.pop()
            try:
                descriptor = self._opened(folder, _FOLDER)
                try:
                    with os.scandir(descriptor) as entries:
                        names = sorted(entry.name for entry in islice(entries, self._limits.entries + 1))
                    for name in names:
                        self._entries += 1
                        if self._entries > self._limits.entries:
                            raise UsageError(f"{self.label}: over {self._limits.entries} files; name a folder of fewer")
                        self._look_at(descriptor, (*folder, name), waiting)
                finally:
                    os.close(descriptor)
            except OSError as error:
                self.trouble.say("/".join(folder), f"the folder cannot be read: {_why(error)}")
        if start:
            self.files = [found.below(len(start)) for found in self.files]
            self.stamps = [found.below(len(start)) for found in self.stamps]

    def _look_at(self, folder: int, parts: Parts, waiting: list[Parts]) -> None:
        name = parts[-1]
        if is_hidden(name):
            return
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                if len(parts) > self._limits.depth:
                    self.trouble.say("/".join(parts), "folders within folders too deep; move the notebooks up")
                else:
                    waiting.append(parts)
            elif stat.S_ISLNK(status.st_mode) and kind_of(name) == "other":
                if stat.S_ISDIR(os.stat(name, dir_fd=folder).st_mode):
                    self.trouble.say("/".join(parts), _SPECIAL[stat.S_IFLNK].replace("file", "folder"))
            else:
                self._take(name, parts, status)
        except OSError as error:
            if kind_of(name) == "notebook":
                self.trouble.say("/".join(parts), f"cannot be read: {_why(error)}")

    def _take(self, name: str, parts: Parts, status: os.stat_result) -> None:
        """Take a file for what its name says that it is."""
        path, kind = "/".join(parts), kind_of(name)
        if kind == "other":
            return
        special = _SPECIAL.get(stat.S_IFMT(status.st_mode))
        if special:
            self.trouble.say(path, special)
        elif kind == "zip":
            self.trouble.say(path, "a zip within the folder is not opened; grade it by itself, or unpack it here")
        elif kind == "misnamed":
            self.trouble.say(path, "a notebook under another ending? Rename it to end in .ipynb")
        elif kind == "notebook" and status.st_size > self._limits.file:
            self.trouble.say(path, f"over the limit of {self._limits.file:,} bytes; ask for it without its outputs")
        else:
            read = partial(self._read, parts)
            found = Found(path, parts, status.st_size, file_time(status.st_mtime), "the file's own date", read)
            (self.files if kind == "notebook" else self.stamps).append(found)

    def _read(self, parts: Parts) -> bytes:
        path = "/".join(parts)
        try:
            descriptor = self._opened(parts, _FILE)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise SubmissionError(self.trouble.about(path, "not a file any more; grade again"))
                content = file.read(self._limits.file + 1)
        except OSError as error:
            raise SubmissionError(self.trouble.about(path, f"cannot be read: {_why(error)}")) from error
        if len(content) > self._limits.file:
            raise SubmissionError(self.trouble.about(path, f"over the limit of {self._limits.file:,} bytes"))
        return content

    def _opened(self, parts: Parts, flags: int) -> int:
        """Open what lies at `parts`, stepping down from the folder."""
        descriptor = os.dup(self._descriptor)
        for position, part in enumerate(parts):
            try:
                inner = os.open(part, flags if position == len(parts) - 1 else _FOLDER, dir_fd=descriptor)
            finally:
                os.close(descriptor)
            descriptor = inner
        return descriptor


def open_folder(place: Path, limits: Limits, only: str = "") -> Folder:
    """Look through a folder, or in it only at the file `only`. Raises UsageError."""
    descriptor = -1
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return Folder(descriptor, place, limits, only)
    except BaseException as error:
        # Whatever it is, Ctrl-C among them: the folder must not stay open.
        if descriptor >= 0:
            os.close(descriptor)
        if isinstance(error, OSError):
            raise UsageError(f"{place}: the folder cannot be read: {_why(error)}") from error
        raise


def _submitted(root: int, trouble: Trouble) -> Parts:
    """Return where to begin: in the ``submitted`` of a course of nbgrader's, else in the folder itself."""
    try:
        status = os.stat("submitted", dir_fd=root, follow_symlinks=False)
    except OSError:
        return ()
    if stat.S_ISLNK(status.st_mode):
        raise UsageError(f"{trouble.label}/submitted: a symbolic link; name the folder that it leads to")
    return ("submitted",) if stat.S_ISDIR(status.st_mode) else ()


def _why(error: OSError) -> str:
    return _WHY.get(type(error)) or (error.strerror or str(error)).lower()
