"""How much of the machine one submission may take."""

from __future__ import annotations

import resource
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Limits"]

_MIB = 1024 * 1024
# Of an interpreter that has imported little, rounded up.
_INTERPRETER = 64 * _MIB


@dataclass(frozen=True)
class Limits:
    """Bounds for one submission's processes: memory and files in MiB, processes and open files in pieces.

    The kernel keeps `memory` for each process by its address space; the watchdog outside keeps it for all together.
    """

    memory: int = 512
    processes: int = 64
    file_size: int = 32
    scratch: int = 64
    open_files: int = 128

    def impose(self, others: int = 0) -> None:
        """Bind this process and its children, for good; `others` is how many processes are counted with them."""
        space = _address_space() + self.memory * _MIB
        for kind, most in (
            (resource.RLIMIT_AS, space),
            (resource.RLIMIT_FSIZE, self.file_size * _MIB),
            (resource.RLIMIT_NOFILE, self.open_files),
            (resource.RLIMIT_NPROC, self.processes + others),
            (resource.RLIMIT_CORE, 0),
        ):
            _, hard = resource.getrlimit(kind)
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (allowed, allowed))
        with suppress(FileNotFoundError):  # where there is no /proc the judge sees to it, from outside
            Path("/proc/self/oom_score_adj").write_text("1000")

    def to_json(self) -> dict[str, int]:
        """Return the limits as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Limits:
        """Return the limits that `to_json` wrote."""
        return cls(**record)


def _address_space() -> int:
    """Return the bytes of this process's address space: counted, or estimated where there is no ``/proc``."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except FileNotFoundError:
        return _INTERPRETER
