"""Every exception that labsupport raises on purpose.

The tree::

    LabError                    one clear line: what, where, what to do
    ├── CertificateRefused      a certificate authority declines to sign (pki)
    ├── CannotListen            a server finds no loopback port (tls.servers)
    ├── GradebookError          a gradebook cannot be opened, read or written (grading.gradebook)
    ├── LessonError             a lesson's source breaks a rule: file, line, reason (authoring)
    │   └── LessonFaults        several at once, a line each; it lives in authoring.faults
    ├── NotebookError           a file is not a notebook that can be read (authoring)
    ├── NoSandbox               learners' code cannot be locked up here (grading.sandbox)
    ├── RecordError             a record of the grader's is not in the form of this version (grading)
    ├── ReplayMismatch          an exercise is not judged any more as its record says (exercises)
    ├── SubmissionError         a file that was handed in cannot be read (grading.submissions)
    ├── UnknownExercise         an exercise id that no lesson has (exercises)
    └── UsageError              a command or a verb was called with words it does not know

Inside the library verification raises; at the ``check`` and ``attempt`` boundaries, once, it becomes a value.
"""

from __future__ import annotations

__all__ = [
    "CannotListen",
    "CertificateRefused",
    "GradebookError",
    "LabError",
    "LessonError",
    "NoSandbox",
    "NotebookError",
    "RecordError",
    "ReplayMismatch",
    "SubmissionError",
    "UnknownExercise",
    "UsageError",
]


class LabError(Exception):
    """Base of every error here; ``str(error)`` is one line that a person can act on."""


class CertificateRefused(LabError):
    """A certificate authority declines to issue: the text names the rule and the request's fault."""


class CannotListen(LabError):
    """A server could not bind its loopback port."""


class GradebookError(LabError):
    """A gradebook cannot be opened, read or written; the text names the file and what to do."""


class LessonError(LabError):
    """A lesson's source breaks a rule of the builder.

    `where` is ``file:line``, `reason` one sentence.
    """

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class NotebookError(LabError):
    """A notebook file is missing, not JSON, or not a notebook."""


class NoSandbox(LabError):
    """Learners' code cannot be locked up here; the text says what to do."""


class RecordError(LabError):
    """A record of the grader's is not in the form that this version writes."""


class SubmissionError(LabError):
    """A file that was handed in cannot be read: the text names it, what is wrong, and what to do."""


class ReplayMismatch(LabError):
    """A judgement asks for something else than its record holds: the exercise's spec has changed since."""


class UnknownExercise(LabError):
    """An exercise id that no lesson has."""


class UsageError(LabError):
    """A command or a lesson verb was called in a way it does not know; exit code 2 at the command line."""
