"""``labsupport doctor``: what this machine has, what it lacks, and what to do about it.

It must work where half of the packages are missing, so it imports nothing but the standard library until it has to.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from labsupport.cli.parser import Commands

if TYPE_CHECKING:
    from labsupport.cli.examinations import Finding

__all__ = ["add"]

_MARKS = {"ok": "✓", "optional": "–", "missing": "✗"}


def add(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add(
        "doctor",
        _run,
        "check this machine and say what to do about what is missing",
        "Looks at Python, OpenSSL, the packages, loopback ports, the notebook kernel, the clock, a few outside tools "
        "and the sandbox of graders.  Nothing is changed, nothing is sent.  Exit code 1 when something that the course "
        "needs is missing.",
        "  labsupport doctor\n  labsupport doctor --json",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def _run(arguments: argparse.Namespace) -> int:
    from labsupport.cli.examinations import examine

    findings = list(examine())
    missing = [finding for finding in findings if finding.state == "missing"]
    if arguments.json:
        checks = [vars(finding) for finding in findings]
        print(json.dumps({"ok": not missing, "checks": checks}, indent=2))
    else:
        _print(findings)
        print("\nEverything that the course needs is here." if not missing else f"\n{_count(missing)} to mend.")
    return 1 if missing else 0


def _print(findings: Sequence[Finding]) -> None:
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{_MARKS[finding.state]} {finding.name.ljust(width)}  {finding.found}")
        if finding.advice:
            print(f"  {' ' * width}  → {finding.advice}")


def _count(missing: Sequence[Finding]) -> str:
    return "One thing" if len(missing) == 1 else f"{len(missing)} things"
