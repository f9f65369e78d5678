"""What the documents say is so: commands that parse, every room, finding, marker and limit by its own name."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from labsupport.cli.commands import build_parser
from labsupport.grading.inside.limits import Limits
from labsupport.grading.records import FindingKind
from labsupport.grading.settings import Settings
from tests.test_architecture import LEVELS
from tests.tools import ROOT

README, CONTRIBUTING, INSTRUCTOR = (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "course/INSTRUCTOR.md"))


def commands(path: Path) -> list[str]:
    """Return every call of `labsupport` in a document, in fences and between back quotes."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ").partition(" #")[0] for block in blocks for line in block.splitlines()]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found = [*lines, *(" ".join(quoted.split()) for quoted in re.findall(r"`([^`]+)`", prose))]
    return [line for line in found if line.startswith("labsupport ") and "…" not in line and "[" not in line]


@pytest.mark.parametrize("path", [README, CONTRIBUTING, INSTRUCTOR], ids=lambda path: path.name)
def test_every_command_that_is_shown_can_be_typed(path: Path) -> None:
    shown = commands(path)
    assert shown
    for line in shown:
        # A name alone, or one with the words of its help in capitals, is no example.
        words = shlex.split(line)[1:]
        if len(words) > 1 and not any(re.fullmatch("[A-Z]{3,}", word) for word in words):
            build_parser().parse_args(words)


def test_the_instructor_reads_of_every_command_of_the_grader() -> None:
    shown = {shlex.split(line)[1] for line in commands(INSTRUCTOR)}
    assert {"release", "grade", "marks", "report", "adjust", "doctor"} <= shown


def test_every_finding_is_told() -> None:
    told = INSTRUCTOR.read_text(encoding="utf-8")
    assert [kind for kind in get_args(FindingKind) if f"`{kind}`" not in told] == []


def test_the_limits_that_are_told_are_those_that_hold() -> None:
    told, limits, settings = INSTRUCTOR.read_text(encoding="utf-8"), Limits(), Settings()
    assert (limits.memory, limits.scratch) == (settings.memory, 64)
    for row in (
        "| time | a call of a function |",
        f"| {settings.seconds:g} seconds, `--time`",
        f"| {settings.memory} MiB, `--memory` |",
        f"| {limits.file_size} MiB; {limits.scratch} MiB |",
        f"| processes | a submission | {limits.processes} |",
    ):
        assert row in told


def test_the_house_is_drawn_as_it_is_built() -> None:
    drawn = CONTRIBUTING.read_text(encoding="utf-8").partition("```\n")[2].partition("```")[0]
    rows = [re.findall(r"(\w+)/|\b(errors|rsa)\b", line) for line in reversed(drawn.splitlines())]
    assert [{one or other for one, other in row} for row in rows] == [set(level) for level in LEVELS]


def test_every_room_of_the_grader_is_named() -> None:
    told = CONTRIBUTING.read_text(encoding="utf-8")
    rooms = [
        f"`{path.name}{'/' if path.is_dir() else ''}`"
        for path in (ROOT / "labsupport" / "grading").iterdir()
        if not path.name.startswith("_")
    ]
    assert [room for room in rooms if room not in told] == []


def test_every_marker_is_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    markers = [line.partition(":")[0] for line in project["tool"]["pytest"]["ini_options"]["markers"]]
    told = CONTRIBUTING.read_text(encoding="utf-8")
    assert [marker for marker in markers if f"`{marker}`" not in told] == []
