"""What specs are written with: from an `Answer` to an `Outcome`, in words.

The usual spec needs only `asking`, which calls a function and compares. `Raised` stands for an exception wherever an
expected value can stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from labsupport.exercises.callee import Answer, Argument, Callee, File, Folder, Handle, Oracle, Url
from labsupport.exercises.excerpts import cut, shorten, written
from labsupport.exercises.model import Outcome
from labsupport.exercises.plain import Plain, same

__all__ = ["Raised", "answered", "asking", "called", "compare", "shorten", "spoken", "whole_call"]

_ERROR_TEXT = 200  # characters of an exception's text that a card has room for
_WHOLE_CALL = 10_000  # characters


class Raised:
    """Any exception, or one of the classes named, or derived from one: ``Raised("ValueError")``."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def __str__(self) -> str:
        return f"raises {' or '.join(self.names) or 'an exception'}"

    def matches(self, answer: Answer) -> bool:
        """Tell whether `answer` is such an exception."""
        return answer.error is not None and (not self.names or any(map(answer.raised, self.names)))


def called(function: str, *arguments: Argument) -> str:
    """Return the call as a learner would write it, long arguments shortened: ``verifies(5, 14, 3, 33)``."""
    return _call(function, arguments, shorten)


def whole_call(function: str, *arguments: Argument) -> str:
    """Return the call with all that `called` leaves out; empty if that is nothing, or more than a card can hold."""
    whole = _call(function, arguments, written)
    return whole if whole != called(function, *arguments) and len(whole) <= _WHOLE_CALL else ""


def _call(function: str, arguments: Sequence[Argument], write: Callable[[Plain], str]) -> str:
    return f"{function}({', '.join(_argument(argument, write) for argument in arguments)})"


def _argument(argument: Argument, write: Callable[[Plain], str]) -> str:
    if isinstance(argument, Oracle):
        return "<the judge's function>"
    if isinstance(argument, File):
        return f"<path of {argument.name}>"
    if isinstance(argument, Folder):
        return "<path of a folder>"
    if isinstance(argument, Url):
        return repr(str(argument))
    return write(argument)


def spoken(answer: Answer) -> str:
    """Return what the call came to, in words: a value, "raised ValueError: …", or the fault."""
    if answer.fault is not None:
        return answer.fault
    if answer.unwritten:
        return "not written yet"
    if answer.error is not None:
        return f"raised {answer.error}" + (f": {cut(answer.error_text, _ERROR_TEXT)}" if answer.error_text else "")
    if isinstance(answer.value, Handle):
        return f"an ssl.{answer.value.kind}"
    return shorten(answer.value)


def answered(answer: Answer, tried: str = "", expected: str = "an answer") -> Outcome | None:
    """Return the Outcome of an answer that has no value (fault, exception or stub); None if it has one."""
    if answer.fault is None and answer.error is None and not answer.unwritten:
        return None
    return Outcome(
        passed=False,
        tried=tried,
        expected=expected,
        got=spoken(answer),
        fault=answer.fault is not None,
        unwritten=answer.unwritten,
    )


def compare(
    answer: Answer, expected: Plain | Raised, tried: str, rivals: Mapping[str, Plain | Raised] | None = None
) -> Outcome:
    """Compare `answer` with `expected`, types included.

    `rivals` says, by the mistake's name, what each known mistake would have answered here.
    """
    rivals = rivals or {}
    wanted = str(expected) if isinstance(expected, Raised) else shorten(expected)
    if answer.fault is not None or answer.unwritten:
        return answered(answer, tried, wanted) or _never()
    passed = _agrees(answer, expected)
    suspects = frozenset(name for name, rival in rivals.items() if _agrees(answer, rival))
    return Outcome(
        passed=passed,
        tried=tried,
        expected=wanted,
        got=spoken(answer) if passed else spoken(answer) + _other_type(answer, expected),
        suspects=suspects,
        cleared=frozenset(rivals) - suspects,
    )


def _never() -> Outcome:
    raise AssertionError("a fault or a stub always has an outcome")


def _agrees(answer: Answer, expected: Plain | Raised) -> bool:
    if isinstance(expected, Raised):
        return expected.matches(answer)
    return answer.error is None and not isinstance(answer.value, Handle) and same(answer.value, expected)


def _other_type(answer: Answer, expected: Plain | Raised) -> str:
    """Say so when the value has another type than the expected one: 1 and True look alike to a learner."""
    if isinstance(expected, Raised) or answer.error is not None or type(answer.value) is type(expected):
        return ""
    if isinstance(answer.value, Handle) or answer.value is None:
        return ""
    return f" ({_kind(answer.value)}, not {_kind(expected)})"


def _kind(value: Plain) -> str:
    name = type(value).__name__
    return "None" if value is None else f"an {name}" if name[0] in "aeiou" else f"a {name}"


def asking(
    function: str,
    arguments: Sequence[Argument],
    expected: Plain | Raised,
    rivals: Mapping[str, Plain | Raised] | None = None,
    deadline: float = 5.0,
) -> Callable[[Callee], Outcome]:
    """Return a case's `run`: call `function` with `arguments` and compare with `expected`."""

    def run(callee: Callee) -> Outcome:
        answer = callee.call(function, *arguments, deadline=deadline)
        outcome = compare(answer, expected, called(function, *arguments), rivals)
        return outcome if outcome.passed else replace(outcome, whole=whole_call(function, *arguments))

    return run
