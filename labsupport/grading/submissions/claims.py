"""Whose work a file claims to be, and of which lesson: what its place and its name tell in each system's layout.

Checked: Canvas's ``lib/content_zipper.rb`` and ``app/models/attachment.rb`` (instructure/canvas-lms): a file is named
``<name>[_LATE]_<user id>_<attachment id>_<file name>``, the name being the sortable one in small letters without
whatever is no letter, digit or underscore; ``anon_<id>`` stands for name and user id where grading is anonymous; a
file handed in again under its name gets ``-1``, ``-2``. Moodle's ``mod/assign/classes/downloader.php`` and
``mod/assign/locallib.php`` (moodle/moodle): a folder ``<full name>_<number>_assignsubmission_file`` a learner, with a
further ``_`` at the end in older versions, or the same as the beginning of the file's name; underscores in names
become spaces, ``Participant`` stands for the name in anonymous marking, and the number is one for this learner in this
assignment alone. nbgrader's ``coursedir.py``: ``submitted/<learner>/<assignment>/<notebook>.ipynb``.

What a learner chose, the name of a file in a folder of the learner's own, never tells whose it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from labsupport.grading.submissions.lessons import lesson_named

__all__ = ["Claim", "Kind", "claim_of", "without_wrapper"]

Kind = Literal["folder", "nbgrader", "flat", "canvas", "moodle"]
Parts = tuple[str, ...]

_NUMBER = "[1-9][0-9]{0,19}"
_CANVAS = re.compile(
    rf"(?:(?P<hidden_late>LATE_)?(?P<anonymous>anon_[A-Za-z0-9]{{5}})"
    rf"|(?P<name>\w*?)_(?P<late>LATE_)?(?P<user>{_NUMBER}))"
    rf"_(?P<upload>{_NUMBER})_(?P<file>.+)",
    re.DOTALL,
)
_MOODLE = rf"(?P<name>[^_]+)(?:_(?P<number>{_NUMBER}))?_assignsubmission_file"
_MOODLE_FOLDER = re.compile(rf"{_MOODLE}_?")
_MOODLE_FILE = re.compile(rf"{_MOODLE}_(?P<file>.+)", re.DOTALL)
_VERSION = re.compile(r"-([1-9]\d{0,2})$", re.ASCII)
_COPY = re.compile(r"(?:[ _-]?\(([1-9]\d{0,2})\)|-Copy([1-9]\d{0,2}))$", re.ASCII)


@dataclass(frozen=True)
class Claim:
    """What place and name tell: `learner` and `lesson` are empty where they tell nothing.

    `upload` is Canvas's number of the file, which grows with every file that anybody hands in; `version` the number
    that a system or a browser added to a name that was there already; `exact` whether the file is named by its lesson.
    """

    kind: Kind
    learner: str
    lesson: str
    name: str = ""
    late: bool = False
    upload: int = 0
    version: int = 0
    exact: bool = False


def claim_of(parts: Parts, lessons: Sequence[str], *, nbgrader: bool = False) -> Claim:
    """Return what the path `parts` claims, below a place of nbgrader's or another."""
    parts = tuple(unicodedata.normalize("NFC", part) for part in parts)
    stem = parts[-1][: -len(".ipynb")]
    if nbgrader and len(parts) >= 2:
        return _in_folder(parts, stem, lessons, "nbgrader")
    claim = _of_moodle(parts, stem, lessons)
    if claim is None and len(parts) == 1:
        claim = _of_canvas(stem, lessons) or _flat(stem, lessons)
    return claim or _in_folder(parts, stem, lessons, "folder")


def without_wrapper(paths: Sequence[Parts], lessons: Sequence[str], zip_stem: str = "") -> int:
    """Return 1 if the one folder that holds everything stands only around the learners' folders or files, else 0.

    So it is if it has the zip's own name, if a learning system's names lie in it, or folders of several learners; and
    in none of these cases if without it nobody could tell whose a file is.
    """
    first = {path[0] for path in paths if len(path) > 1}
    if len(first) != 1 or any(len(path) == 1 for path in paths) or lesson_named(next(iter(first)), lessons):
        return 0
    if any(claim_of(path, lessons).kind == "moodle" for path in paths):
        return 0
    inner = [claim_of(path[1:], lessons) for path in paths]
    learners = {claim.learner for claim in inner}
    if "" in learners:
        return 0
    named = zip_stem != "" and first.pop().casefold() == zip_stem.casefold()
    system = all(claim.kind in ("moodle", "canvas") for claim in inner)
    several = all(len(path) > 2 for path in paths) and len(learners) > 1
    return int(named or system or several)


def _of_moodle(parts: Parts, stem: str, lessons: Sequence[str]) -> Claim | None:
    match = _MOODLE_FOLDER.fullmatch(parts[0]) if len(parts) > 1 else _MOODLE_FILE.fullmatch(stem)
    if match is None:
        return None
    file = stem if len(parts) > 1 else match["file"]
    name = match["name"].strip(" ")
    return _with_lesson(Claim("moodle", match["number"] or name, "", name), file, lessons)


def _of_canvas(stem: str, lessons: Sequence[str]) -> Claim | None:
    match = _CANVAS.fullmatch(stem)
    if match is None or (lesson_named(stem, lessons) and not lesson_named(match["file"], lessons)):
        # The second is a lesson's number taken for an id, as in s_12_10_tls
        return None
    late = bool(match["late"] or match["hidden_late"])
    claim = Claim("canvas", match["user"] or match["anonymous"], "", match["name"] or "", late, int(match["upload"]))
    return _with_lesson(claim, match["file"], lessons)


def _in_folder(parts: Parts, stem: str, lessons: Sequence[str], kind: Kind) -> Claim:
    """Return the claim of ``<learner>/…/<file>``; a folder on the way may have the lesson's name."""
    folders = parts[:-1]
    of_lesson = [named[0] for folder in folders[1:] if (named := lesson_named(folder, lessons))]
    if of_lesson and len(folders) == 2:
        kind = "nbgrader"
    # A folder of a lesson with nobody's folder around it is no learner.
    learner = "" if kind == "folder" and folders[0].lower() in {lesson.lower() for lesson in lessons} else folders[0]
    claim = Claim(kind, learner.strip(" "), of_lesson[0] if of_lesson else "")
    return _with_lesson(claim, stem, lessons)


def _flat(stem: str, lessons: Sequence[str]) -> Claim:
    """Return the claim of a file named by its learner: ada, ada_01_rsa, ada-01_rsa, 01_rsa_ada."""
    stem, version = _without_copy(stem)
    named = lesson_named(stem, lessons)
    if named is None:
        return Claim("flat", stem.strip(" "), "", version=version)
    lesson, before, after = named
    if version == 0 and (match := _VERSION.fullmatch(after)):
        after, version = "", int(match[1])
    before, after = before.strip(" _-"), after.strip(" _-")
    # Something on both sides may be anything: nobody guesses which of them is the learner.
    return Claim("flat", "" if before and after else before or after, lesson, version=version)


def _with_lesson(claim: Claim, file: str, lessons: Sequence[str]) -> Claim:
    """Return `claim` with the lesson that the file's own name tells, if its place tells none, and its version."""
    bare, version = _without_copy(file)
    if version == 0 and (match := _VERSION.search(bare)):
        bare, version = bare[: match.start()], int(match[1])
    named = lesson_named(file, lessons)
    lesson = claim.lesson or (named[0] if named else "")
    exact = bare.lower() == lesson.lower()
    return Claim(claim.kind, claim.learner, lesson, claim.name, claim.late, claim.upload, version, exact)


def _without_copy(stem: str) -> tuple[str, int]:
    """Return a file's stem without what a browser or Jupyter adds to a second copy, and the copy's number, or 0."""
    match = _COPY.search(stem)
    return (stem[: match.start()], int(match[1] or match[2])) if match else (stem, 0)
