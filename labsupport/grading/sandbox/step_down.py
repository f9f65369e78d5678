"""From root to nobody in particular, and then bubblewrap: ``python -m labsupport…step_down DESCRIPTOR``.

Bubblewrap that root starts would be root's beyond its walls. What root alone can read (an interpreter below ``/root``,
say) is first bound, in a mount namespace of this process, to a place where everybody may go.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

__all__ = ["UNPRIVILEGED", "main"]

# An id that no account has by custom; below 65536, so that it exists in containers too.
UNPRIVILEGED = 64646

_NEWNS = 0x20000
_MS_BIND, _MS_MOVE, _MS_REC, _MS_PRIVATE = 4096, 8192, 16384, 1 << 18

# In this process's own mount namespace, so that nobody else sees what lies there now.
_EVERYBODYS = Path("/tmp")  # noqa: S108  # no file is made there

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Read what is to be run from the descriptor, and become it."""
    with os.fdopen(int(sys.argv[1]), "rb") as written:
        bubblewrap, arguments, command, stage = json.load(written)
    arguments = list(_staged(arguments, Path(stage)))
    try:
        os.setgroups([])
        os.setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
        os.setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
    except PermissionError:
        sys.exit("root may not become an ordinary user")
    passed = os.memfd_create("arguments", 0)
    os.write(passed, b"".join(os.fsencode(argument) + b"\0" for argument in arguments))
    os.lseek(passed, 0, os.SEEK_SET)
    os.execve(bubblewrap, ["bwrap", "--args", str(passed), "--", *command], {})  # noqa: S606  # found by the judge


def _staged(arguments: list[str], stage: Path) -> Iterator[str]:
    """Yield the arguments with the sources of binds at places of their own, where mounts are permitted."""
    try:
        _checked(_libc.unshare(_NEWNS))
        _mount(None, Path("/"), None, _MS_REC | _MS_PRIVATE)
        _mount("tmpfs", stage, "tmpfs", 0, "mode=0755")
    except OSError:
        # Root of a container.  The interpreter everybody can read, perhaps; the library lies in this folder, which can
        # be passed then and not listed.
        stage.parent.parent.chmod(0o711)
        yield from arguments
        return
    sources = [value for option, value in pairwise(arguments) if option == "--ro-bind"]
    places: dict[str, str] = {}
    for source in dict.fromkeys(sources):
        place = stage / str(len(places))
        if Path(source).is_dir():
            place.mkdir()
        else:
            place.touch()
        _mount(source, place, None, _MS_BIND | _MS_REC)
        places[source] = str(_EVERYBODYS / place.name)
    _mount(str(stage), _EVERYBODYS, None, _MS_MOVE)
    for before, argument in zip(["", *arguments], arguments, strict=False):
        yield places[argument] if before == "--ro-bind" else argument


def _mount(source: str | None, target: Path, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, str(target), kind)]
    data = None if options is None else options.encode()
    _checked(_libc.mount(*texts, ctypes.c_ulong(flags), data))


def _checked(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main()
