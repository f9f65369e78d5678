"""On what kind of file system a gradebook lies: WAL needs memory that every process shares, which networks lack."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["is_shared", "kind_of"]

_MOUNTS = Path("/proc/self/mountinfo")
# File systems behind which another machine may stand: a network, the host of a virtual machine (9p is also WSL2's
# /mnt/c), and everything in user space, whose mmap nobody vouches for.
# fmt: off
_SHARED = frozenset((
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "fakeowner", "fuse", "gfs2", "glusterfs", "gpfs",
    "grpcfuse", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "pvfs2", "prl_fs", "smb", "smb2", "smb3", "smbfs",
    "vboxsf", "virtiofs", "vmhgfs",
))
# fmt: on


def is_shared(path: Path) -> bool:
    """Return whether `path` lies on a file system that other machines may reach; False where nobody can tell."""
    kind = kind_of(path)
    return kind in _SHARED or kind.startswith("fuse.")


def kind_of(path: Path, mounts: Path = _MOUNTS) -> str:
    """Return the type of the file system that holds `path`, as Linux names it; empty where nobody can tell."""
    if not sys.platform.startswith("linux"):
        return ""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    place = path.resolve()
    best, kind = -1, ""
    for line in lines:
        # 36 35 98:0 /root /mount/point options optional… - type source super-options
        before, _, after = line.partition(" - ")
        fields, type_ = before.split(" "), after.split(" ")[0]
        if len(fields) < 5:
            continue
        point = Path(_unescaped(fields[4]))
        # Of several mounts at one point the last covers the others.
        if len(point.parts) >= best and (place == point or point in place.parents):
            best, kind = len(point.parts), type_
    return kind


def _unescaped(text: str) -> str:
    """Undo the kernel's octal escapes of blanks and backslashes."""
    for escaped, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(escaped, plain)
    return text
