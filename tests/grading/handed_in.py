"""Folders and zips as learners and learning systems hand them in, generated."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from labsupport.errors import LabError
from labsupport.grading.submissions.collect import Collected, collect
from labsupport.grading.submissions.roster import Roster

__all__ = ["LESSONS", "ZIP_TIME", "complaint", "found", "gathered", "notebook", "roster", "write", "zipped"]

LESSONS = ("00_start", "01_rsa", "04_authority", "06_five_requests")
ZIP_TIME = (2026, 11, 30, 12, 0, 0)

Content = Mapping[str, bytes] | Sequence[tuple[str, bytes]]


def complaint(call: Callable[[], object]) -> str:
    """Return what a refusal says, which is one line; nothing where `call` is not refused."""
    try:
        call()
    except LabError as error:
        message = str(error)
    else:
        return ""
    assert len(message.splitlines()) == 1
    return message


def notebook(lesson: str = "", text: str = "") -> bytes:
    """Return a small notebook, with the course's mark if it is a lesson's."""
    mark = {"labsupport": {"course_version": "0.1.0", "digest": "00", "lesson": lesson}} if lesson else {}
    cell = {"cell_type": "code", "metadata": {"labsupport": {"kind": "setup"}}, "source": text}
    return json.dumps({"cells": [cell], "metadata": mark, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


def write(folder: Path, *paths: str) -> Path:
    """Write notebooks that hold their own path as text; return the folder."""
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(notebook(text=path))
    return folder


def zipped(path: Path, *names: str, content: Content = (), times: Mapping[str, tuple[int, ...]] | None = None) -> Path:
    """Write a zip of notebooks that hold their own names as text, and of `content`; return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        entries = content.items() if isinstance(content, Mapping) else content
        for name, data in [*((name, notebook(text=name)) for name in names), *entries]:
            info = zipfile.ZipInfo(name, (times or {}).get(name, ZIP_TIME))  # type: ignore[arg-type]  # six numbers
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


def gathered(
    place: Path, *, lesson: str | None = None, roster: Roster | None = None, due: dt.datetime | None = None
) -> Collected:
    """Collect and let go of the place at once; what was found can be looked at, not read."""
    with collect(
        place, lessons=LESSONS, lesson=lesson, roster=roster, due_dates=dict.fromkeys(LESSONS, due) if due else {}
    ) as collected:
        return collected


def found(place: Path, **how: object) -> list[tuple[str, str, str]]:
    """Return learner, lesson and content of all that is found, the contents cut to the text of the first cell."""
    with collect(place, lessons=LESSONS, **how) as collected:  # type: ignore[arg-type]  # collect's own words
        assert len(collected) == len(list(collected))
        read = [entry.read() for entry in collected]
        for entry, submission in zip(collected, read, strict=True):
            assert (submission.learner, submission.lesson) == (entry.learner, entry.lesson)
            assert len(submission.content) == entry.size
        return [(each.learner, each.lesson, json.loads(each.content)["cells"][0]["source"]) for each in read]


def roster(path: Path, text: str | bytes) -> Path:
    """Write a roster's file."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
