"""What several wings' tests share: outside tools, which may be missing on a desk and must not be missing in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

__all__ = ["ROOT", "need", "python", "run"]

ROOT = Path(__file__).parent.parent
# Where Debian keeps programs that are not in everybody's path, such as nginx.
_MORE_PLACES = "/usr/sbin:/sbin"


def need(tool: str) -> str:
    """Return the path of `tool`; skip the test where it is not installed, and fail it there in CI."""
    found = shutil.which(tool, path=f"{os.environ.get('PATH', os.defpath)}:{_MORE_PLACES}")
    if found is not None:
        return found
    reason = f"{tool} is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI has to have it")
    pytest.skip(reason)


def run(command: Sequence[str], *, stdin: str = "", seconds: float = 30.0) -> subprocess.CompletedProcess[str]:
    """Run a program without a shell and return what it said; it never raises for an exit code."""
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=seconds, check=False)


def python(source: str, *arguments: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run `source` in a Python process of its own, in the repository's root."""
    return run([sys.executable, "-c", source, *arguments], seconds=seconds)
