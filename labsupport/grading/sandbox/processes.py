"""What the kernel tells about a submission's processes: who they are, what they hold, how long they have worked."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["buffers_of", "descendants", "end_tree", "memory_of", "parent_of", "worked"]

_TICKS = os.sysconf("SC_CLK_TCK")
_KEPT = (b"RssAnon:", b"RssShmem:", b"VmSwap:")
_SHARED = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:")
# Of a socket's two buffers (socket(7)); a program that needs no more sockets than these is not worth a longer look.
_BUFFERS = ("rmem_default", "wmem_default")
_USUAL_BUFFER = 212_992
_FEW_SOCKETS = 32


def parent_of(pid: int) -> int:
    """Return the parent's process id; OSError if the process is gone."""
    return int(_fields(pid)[1])


def _fields(pid: int) -> list[str]:
    # The name in the second field may hold anything, blanks and brackets too.
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes below `pid`, as far as they can be seen."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                for child in (task / "children").read_text().split():
                    yield int(child)
                    yield from descendants(int(child))


def memory_of(pids: list[int], inherited: int) -> int:
    """Return the bytes that the processes hold together, on disk too; `inherited` bytes of each are the template's.

    One process is looked at cheaply; several share pages, and are asked for their proportional shares.
    """
    if len(pids) <= 2:
        return sum(max(_own(pid) - inherited, 0) for pid in pids)
    return sum(map(_share, pids))


def _own(pid: int) -> int:
    return _counted(f"/proc/{pid}/status", _KEPT) or 0


def _share(pid: int) -> int:
    # A process can forbid the look at its shares, not the one at what it holds.
    shares = _counted(f"/proc/{pid}/smaps_rollup", _SHARED)
    return _own(pid) if shares is None else shares


def _counted(file: str, names: tuple[bytes, ...]) -> int | None:
    """Return the bytes in lines such as ``RssAnon: 5 kB``; None where nobody may read them.

    Read as bytes: a process chooses its own name, which may hold what other codes take for the end of a line.
    """
    with suppress(OSError, ValueError):
        lines = Path(file).read_bytes().split(b"\n")
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(names))
    return None


def buffers_of(pid: int) -> int:
    """Return the bytes, at most, that the kernel keeps for the sockets in the network namespace of `pid`.

    Those count that were never accepted, or that nobody holds any more but what they have sent. Where nobody
    could bound TCP's (``inside.kernel.keep_buffers_small``) they grow; what they hold is added if there are many.
    """
    with suppress(OSError, ValueError, IndexError):
        sockets = int(Path(f"/proc/{pid}/net/sockstat").read_text().split()[2])
        return sockets * _buffers() + (_queued(pid) if sockets > _FEW_SOCKETS else 0)
    return 0


@functools.cache
def _buffers() -> int:
    sizes = []
    for name in _BUFFERS:
        try:
            sizes.append(int(Path(f"/proc/sys/net/core/{name}").read_text()))
        except (OSError, ValueError):
            sizes.append(_USUAL_BUFFER)
    return sum(sizes)


def _queued(pid: int) -> int:
    """Return the bytes that wait in TCP's queues (proc_net_tcp of proc_pid_net(5)); each has as much around it."""
    queued = 0
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
                sent, _, received = line.split()[4].partition(":")
                queued += int(sent, 16) + int(received, 16)
    return 2 * queued


def worked(pids: Iterable[int]) -> float:
    """Return the seconds of processor time that the processes, and the children that they have buried, have used."""
    ticks = 0
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            ticks += sum(map(int, _fields(pid)[11:15]))  # utime, stime, cutime, cstime (proc_pid_stat(5))
    return ticks / _TICKS


def end_tree(pid: int) -> None:
    """Kill a process and all below it, youngest last: who is stopped first can start nobody."""
    for each in [pid, *descendants(pid)]:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(each, signal.SIGKILL)
