"""The learner's release: one zip with the notebooks, the library and what sets them up, and no solution anywhere."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from labsupport import __version__
from labsupport.authoring.build import build_all
from labsupport.authoring.leaks import shown, solution_lines
from labsupport.authoring.notebook_file import write_atomically
from labsupport.authoring.places import checkout_dir
from labsupport.authoring.rules import Spec
from labsupport.authoring.source import lesson_paths, read_lesson
from labsupport.errors import LabError, UsageError

__all__ = ["SETUP", "release"]

# What `make lab`, pip and conda read.
SETUP = (".ci/venv", "LICENSE", "Makefile", "constraints.txt", "environment.yml", "pyproject.toml")
# A zip file knows no time before this one.
_TIME = (1980, 1, 1, 0, 0, 0)

_README = """\
# Mutual TLS, hands on

The learner's copy of the course, version {version}. You need Python 3.11 or newer; nothing here uses the internet
once it is installed.

    make lab

sets up an environment in `.venv` the first time and opens JupyterLab on the first lesson. Without make, in an
environment of your own: `pip install -c constraints.txt -e .`, then `labsupport lab`. With conda:
`conda env create -f environment.yml`.

You work on copies of the notebooks, in the folder `work`. To upgrade, unpack a newer release over this one and start
it again: your answers and your own cells move into the new lessons, and the old files stay beside them.

Lessons:

{lessons}

`labsupport --help` lists the tools; `labsupport doctor` says what is missing on this machine.
"""


def release(directory: Path, *, root: Path | None = None, catalogue: Mapping[str, Spec] | None = None) -> Path:
    """Write ``mtls-lab-<version>.zip`` to `directory` and return its path.

    `root` is the checkout, by default the one that labsupport runs from. The same checkout gives the same bytes.
    Raises UsageError outside of a checkout, LessonFaults for a lesson that breaks a rule, LabError if notebooks are
    out of step with their lessons, if a file is missing, or if a file would show a line of a solution.
    """
    root = root or checkout_dir()
    if root is None:
        raise UsageError("a release is made from a checkout of the course, which this is not")
    stale = build_all(root / "course" / "lessons", root / "notebooks", check=True, catalogue=catalogue)
    if stale:
        names = ", ".join(path.name for path in stale)
        raise LabError(f"out of step with their lessons: {names}; `labsupport build` writes them anew")
    contents = dict(sorted(_contents(root)))
    _refuse_solutions(root, contents)
    path = directory / f"mtls-lab-{__version__}.zip"
    write_atomically(path, _zipped(contents, f"mtls-lab-{__version__}/"))
    return path


def _contents(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of every file of the release."""
    for name in SETUP:
        if not (root / name).is_file():
            raise LabError(f"{root / name}: is missing, and a learner needs it")
        yield name, (root / name).read_bytes()
    for path in (root / "notebooks").glob("*.ipynb"):
        yield f"notebooks/{path.name}", path.read_bytes()
    for path in (root / "labsupport").rglob("*"):
        parts = path.relative_to(root).parts
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in parts):
            yield "/".join(parts), path.read_bytes()
    lessons = [read_lesson(path) for path in lesson_paths(root / "course" / "lessons")]
    titles = "\n".join(f"- `{lesson.slug}.ipynb`: {lesson.title}" for lesson in lessons)
    yield "README.md", _README.format(version=__version__, lessons=titles).encode()


def _refuse_solutions(root: Path, contents: Mapping[str, bytes]) -> None:
    """Raise LabError if a file beside the library shows a line of a solution; the builder has seen the notebooks."""
    secret = [line for path in lesson_paths(root / "course" / "lessons") for line in solution_lines(read_lesson(path))]
    for name, content in contents.items():
        if not name.startswith(("labsupport/", "notebooks/")):
            text = content.decode("utf-8", "replace")
            for line in secret:
                if shown(line, text):
                    raise LabError(f'{name}: shows a line of the solution of "{line.exercise}": {line.text}')


def _zipped(contents: Mapping[str, bytes], folder: str) -> bytes:
    """Return a zip file that depends on nothing but the contents: one time for all, and no compressor's taste."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(folder + name, _TIME)
            entry.create_system = 3  # Unix, so that the permissions count
            entry.external_attr = (0o755 if name.startswith(".ci/") else 0o644) << 16
            file.writestr(entry, content)
    return archive.getvalue()
