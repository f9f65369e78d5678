"""What the kernel tells about a submission's processes: who they are, what they hold, how long they had to wait."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["descendants", "end_tree", "memory_of", "parent_of", "waited", "worked"]

_NANO = 1e-9
_TICKS = os.sysconf("SC_CLK_TCK")


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
    """Return the bytes that the processes hold together; `inherited` bytes of each are the template's.

    One process is looked at cheaply; several share pages, and are asked for their proportional shares.
    """
    if len(pids) <= 2:
        return sum(max(_own(pid) - inherited, 0) for pid in pids)
    return sum(map(_share, pids))


def _own(pid: int) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            if line.startswith("RssAnon:"):
                anonymous = int(line.split()[1]) * 1024
            elif line.startswith("RssShmem:"):
                return anonymous + int(line.split()[1]) * 1024
    return 0


def _share(pid: int) -> int:
    with suppress(OSError, ValueError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(errors="replace").splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    return 0


def worked(pids: Iterable[int]) -> float:
    """Return the seconds of processor time that the processes, and the children that they have buried, have used."""
    ticks = 0
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            ticks += sum(map(int, _fields(pid)[11:15]))  # utime, stime, cutime, cstime (proc_pid_stat(5))
    return ticks / _TICKS


def waited(pid: int | str) -> float:
    """Return the seconds for which a process was ready to run and had no processor; 0.0 where nobody counts them.

    This is the second number of ``/proc/PID/schedstat``, of the process's first thread.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) * _NANO
    except (OSError, ValueError, IndexError):
        return 0.0


def end_tree(pid: int) -> None:
    """Kill a process and all below it, youngest last: who is stopped first can start nobody."""
    for each in [pid, *descendants(pid)]:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(each, signal.SIGKILL)
