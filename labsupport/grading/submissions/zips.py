"""A zip of submissions: looked through without unpacking anything to the disk, each entry read within its limits.

Its names, sizes and types are what somebody wrote into it. So names only say whose a notebook is and never where to
write; sizes are checked before and while unpacking; what is encrypted, a link, or packed by a rare method is reported.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from functools import partial
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
from labsupport.grading.submissions.times import zip_time

__all__ = ["Archive", "open_zip"]

_UTF_8 = 0x800
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_NAME_LENGTH = 1000
# Small files may be packed any tight: a few hundred KiB of nothing do no harm.
_RATIO_FROM = 1024 * 1024
# What zipfile and zlib raise for content that is damaged, on purpose or not
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
    OSError,
)


class Archive:
    """A zip that has been looked through; it stays open until it is closed."""

    def __init__(self, archive: zipfile.ZipFile, place: Path, limits: Limits) -> None:
        self.label = place.name
        self.files: list[Found] = []
        self.stamps: list[Found] = []
        self.trouble = Trouble(self.label)
        self.nbgrader = False
        self._archive = archive
        self._limits = limits
        self._total = 0
        self._over = 0
        for position, info in enumerate(archive.infolist()):
            self._look_at(info, position)
        if self._over:
            what = f"{self._over} notebooks left out: together over {limits.total:,} bytes; grade it in parts"
            self.trouble.lines.append(f"{self.label}: {what}")
        self._below_submitted()

    def close(self) -> None:
        """Let go of the zip."""
        self._archive.close()

    def _look_at(self, info: zipfile.ZipInfo, position: int) -> None:
        name = _name_of(info)
        if name.endswith("/"):
            return  # a folder
        parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
        # A NUL ends the name for some and not for others; what hides behind it is looked at by its whole name.
        kind = kind_of(parts[-1].rstrip("\0")) if parts else "other"
        if kind == "other" and ".ipynb\0" in name.lower():
            kind = "notebook"
        if kind == "other" or any(map(is_hidden, parts)):
            return
        fault = _fault_of_name(name, parts) or _fault_of_entry(info, self._limits)
        if kind == "zip":
            fault = "a zip within the zip is not opened; grade it by itself"
        elif kind == "misnamed":
            fault = "a notebook under another ending? Rename it to end in .ipynb"
        if fault:
            if kind != "timestamp":
                self.trouble.say(name, fault)
            return
        if kind == "notebook":
            self._total += info.file_size
            if self._total > self._limits.total:
                self._over += 1
                return
        time, clock = zip_time(info)
        found = Found("/".join(parts), parts, info.file_size, time, clock, partial(self._read, info, name), position)
        (self.files if kind == "notebook" else self.stamps).append(found)

    def _read(self, info: zipfile.ZipInfo, name: str) -> bytes:
        try:
            with self._archive.open(info) as file:
                # zipfile unpacks as much as it is asked for, before it looks at what the entry claims.
                return file.read(info.file_size + 1)
        except _BROKEN as error:
            raise SubmissionError(
                self.trouble.about(name, f"damaged in the zip ({type(error).__name__}); download the zip again")
            ) from error

    def _below_submitted(self) -> None:
        """Where there is a ``submitted`` of nbgrader's, at the top or in the one folder at the top, take that alone."""
        for level in (0, 1):
            if level == 1 and len({found.parts[0] for found in self.files}) != 1:
                return
            inside = [found for found in self.files if found.parts[level : level + 1] == ("submitted",)]
            inside = [found for found in inside if len(found.parts) > level + 2]
            if inside:
                self.nbgrader = True
                self.files = [found.below(level + 1) for found in inside]
                self.stamps = [
                    found.below(level + 1) for found in self.stamps if found.parts[level : level + 1] == ("submitted",)
                ]
                return


def open_zip(place: Path, limits: Limits) -> Archive:
    """Look through a zip. Raises UsageError if it is none, is damaged, or over the limits as a whole."""
    try:
        size = _table_size(place)
        if size > limits.table:
            raise UsageError(f"{place}: a zip with a list of contents of {size:,} bytes; grade it in parts")
        archive = zipfile.ZipFile(place)
    except _BROKEN as error:
        if isinstance(error, OSError) and error.strerror:
            raise UsageError(f"{place}: cannot be read: {error.strerror.lower()}") from error
        raise UsageError(
            f"{place}: neither a folder nor a zip that can be read; if it should be a zip, download it again"
        ) from error
    try:
        if len(archive.infolist()) > limits.entries:
            raise UsageError(f"{place}: a zip of over {limits.entries:,} entries; grade it in parts")
        return Archive(archive, place, limits)
    except BaseException:
        # Whatever it is, Ctrl-C among them: the zip must not stay open.
        archive.close()
        raise


def _table_size(place: Path) -> int:
    """Return the size of the list of contents that the zip claims, the largest where several claims can be read.

    zipfile reads that list in one piece, and makes an object of half a KiB of each entry, before anybody can count.
    """
    with place.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - (1 << 16) - 200))
        tail = file.read()
    claims = [0]
    for marker, layout, offset in ((b"PK\5\6", "<L", 12), (b"PK\6\6", "<Q", 40)):
        for match in re.finditer(re.escape(marker), tail):
            field = tail[match.start() + offset : match.start() + offset + struct.calcsize(layout)]
            size = struct.unpack(layout, field)[0] if len(field) == struct.calcsize(layout) else 0
            claims.append(0 if size == 0xFFFFFFFF else size)  # that one says: see the longer field
    return max(claims)


def _name_of(info: zipfile.ZipInfo) -> str:
    """Return an entry's whole name; without its flag too, UTF-8 is what most write, Canvas's server among them."""
    name = info.orig_filename
    if not info.flag_bits & _UTF_8:
        try:
            return name.encode("cp437").decode("utf-8")
        except UnicodeError:
            return name
    return name


def _fault_of_name(name: str, parts: tuple[str, ...]) -> str:
    if "\0" in name:
        return "a NUL in its name; nothing honest writes that: ask for the notebook again"
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in parts:
        return "its name leads out of the zip; not read: ask for the notebook again"
    return "its name is too long; rename it" if len(name) > _NAME_LENGTH else ""


def _fault_of_entry(info: zipfile.ZipInfo, limits: Limits) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a symbolic link, which is not followed; put the file itself into the zip"
    if kind not in (0, stat.S_IFREG):
        return "not a file; pack the zip without it"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted; ask for it without a password"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed by a rare method; unpack the zip and grade the folder"
    if info.file_size > limits.file:
        return f"over the limit of {limits.file:,} bytes; ask for it without its outputs"
    if info.file_size > _RATIO_FROM and info.file_size > limits.ratio * info.compress_size:
        return f"unpacks to over {limits.ratio} times its size, as a bomb does; ask for the notebook again"
    return ""
