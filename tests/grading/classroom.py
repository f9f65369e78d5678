"""A class and what it hands in: pupils with notebooks and the marks that these deserve, on disk and as a zip."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.grading import notebooks
from tests.grading.cheats import CHEATS
from tests.tools import ROOT

__all__ = ["FULL", "START", "Graded", "Pupil", "answering", "class_of_50", "graded", "honest", "write", "zipped"]

START, ANSWER = "00_start", "exercise-start-verifies"
FULL = {"00_start": 1.0, "01_rsa": 12.0, "04_authority": 12.0, "06_five_requests": 13.0}


@dataclass(frozen=True)
class Pupil:
    """One submission: `points` are those of the whole lesson; None where nobody could judge it."""

    learner: str
    content: bytes
    points: float | None
    lesson: str = START


@dataclass(frozen=True)
class Graded:
    """What a run of the command said: the records by learner, its exit code, and the other lines."""

    records: Mapping[str, Mapping[str, Any]]
    code: int
    complaints: str
    gradebook: Path = field(default=Path(), compare=False)

    def points(self, learner: str) -> float | None:
        """Return a learner's points; None where there are none."""
        record = self.records[learner]
        return None if record["unjudged"] else record["points"]


def answering(exercise: str, source: str, lesson: str = START) -> bytes:
    """Return the solved notebook of a lesson with another answer to one exercise."""
    notebook = notebooks.solved(lesson)
    notebooks.cell_of(notebook, f"exercise-{exercise}")["source"] = source
    return notebooks.as_bytes(notebook)


def honest(learner: str, lesson: str = START) -> Pupil:
    """Return a pupil whose answers are all right."""
    return Pupil(learner, notebooks.as_bytes(notebooks.solved(lesson)), FULL[lesson], lesson)


def write(pupils: Iterable[Pupil], folder: Path) -> Path:
    """Write ``folder/LEARNER/LESSON.ipynb`` for each; return the folder."""
    for pupil in pupils:
        path = folder / pupil.learner / f"{pupil.lesson}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pupil.content)
    return folder


def zipped(pupils: Iterable[Pupil], path: Path) -> Path:
    """Write the same as a zip; return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for pupil in pupils:
            archive.writestr(f"{pupil.learner}/{pupil.lesson}.ipynb", pupil.content)
    return path


def graded(submissions: Path, gradebook: Path, *options: str, seconds: float = 300.0) -> Graded:
    """Run ``labsupport grade`` on what was handed in; options are further ones."""
    command = [sys.executable, "-P", "-m", "labsupport", "grade", str(submissions), "--json", *options]
    command += ["--gradebook", str(gradebook)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, check=False, cwd=gradebook.parent, env=environment
    )
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return Graded({record["learner"]: record for record in records}, done.returncode, done.stderr, gradebook)


def _wrong() -> Sequence[Pupil]:
    wrong = ("True", "False", "signature ** e % n", "pow(message, e, n) == signature", "signature ** e == message")
    head = "def verifies(message, signature, e, n):\n    return "
    zero = [
        Pupil(f"wrong-{number}", answering("start-verifies", head + text), 0.0) for number, text in enumerate(wrong)
    ]
    modexp = "def modexp(mul, base, exponent):\n    return 1\n"
    return [
        *zero,
        Pupil("wrong-modexp", answering("rsa-modexp", modexp, "01_rsa"), 10.0, "01_rsa"),
        Pupil(
            "wrong-tlv", answering("authority-shared", "def tlv(*_): return b''", "04_authority"), 11.0, "04_authority"
        ),
        *(
            Pupil(f"blank-{lesson}", notebooks.as_bytes(notebooks.master(lesson)), 0.0, lesson)
            for lesson in notebooks.LESSONS
        ),
    ]


def _odd() -> Sequence[Pupil]:
    """Return notebooks whose answers are right, however they were kept and come along."""
    colab = notebooks.solved(START)
    for cell in colab["cells"]:
        cell.pop("id")
    colab |= {"nbformat_minor": 0}
    colab["metadata"] |= {"colab": {"provenance": []}}
    outputs = notebooks.solved(START)
    for cell in outputs["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stderr", "text": ["x\n"] * 1000}]
            cell["execution_count"] = 7
    reordered = notebooks.solved(START)
    reordered["cells"].reverse()
    twice = notebooks.solved(START)
    notebooks.put(twice, ANSWER, dict(notebooks.cell_of(twice, ANSWER)))
    uncheck = notebooks.solved(START)
    uncheck["cells"].remove(notebooks.cell_of(uncheck, "check-start-verifies"))
    helper = notebooks.solved(START)
    notebooks.cell_of(helper, ANSWER)["source"] = "def verifies(*x):\n    return helper(*x)\n"
    notebooks.put(
        helper, ANSWER, notebooks.code("import warnings\ndef helper(m, s, e, n):\n    return pow(s, e, n) == m")
    )
    notebooks.put(
        helper, ANSWER, notebooks.code("warnings.warn('x')\nprint('x' * 10**6)\n%matplotlib inline\n!ls\n1/0")
    )
    files = {
        "colab": colab,
        "outputs": outputs,
        "reordered": reordered,
        "twice": twice,
        "uncheck": uncheck,
        "helper": helper,
    }
    kernel = notebooks.solved(START)
    kernel["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    return [Pupil(name, notebooks.as_bytes(file), 1.0) for name, file in (files | {"kernel": kernel}).items()]


def _broken() -> Sequence[Pupil]:
    whole = notebooks.as_bytes(notebooks.solved(START))
    return [
        Pupil("broken-empty", b"", None),
        Pupil("broken-half", whole[: len(whole) // 2], None),
        Pupil("broken-latin", whole.replace(b"{", b"{\xff\xfe", 1), None),
        Pupil("broken-list", b"[" * 100_000, None),
        Pupil("broken-other", notebooks.as_bytes(notebooks.solved("01_rsa")), None),
    ]


_HOSTILE = (
    "an input transformer",
    "other messages",
    "equal to all",
    "a million digits",
    "leaves at once",
    "forged lines in the call",
    "the heap",
    "kills all",
    "leaves a message",
    "a message left behind",
    "signal handlers",
    "a process that stays",
)


@functools.cache
def class_of_50() -> tuple[Pupil, ...]:
    """Return a class: honest, wrong, broken and hostile pupils, with the marks that they deserve."""
    hostile = [
        Pupil(f"hostile-{number:02}", answering("start-verifies", CHEATS[name].source), CHEATS[name].points)
        for number, name in enumerate(_HOSTILE)
    ]
    others = [*_wrong(), *_odd(), *_broken(), *hostile]
    lessons = ("01_rsa", "01_rsa", "04_authority", "04_authority", "06_five_requests", "06_five_requests")
    rest = 50 - len(others) - len(lessons)
    return (
        *(honest(f"honest-{number:02}") for number in range(rest)),
        *(honest(f"honest-{number:02}", lesson) for number, lesson in enumerate(lessons, rest)),
        *others,
    )
