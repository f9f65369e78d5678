"""The protocol between a spec and a learner's function, wherever the function lives.

A spec calls through `Callee` and gets back an `Answer`; it cannot tell whether the function sits in this notebook's
kernel (`local`) or in a process of its own (`room`, seen from `conversation`). Arguments are plain data or one of the
markers `Oracle`, `File`, `Folder` and `Url`, which arrive as what a learner expects: a callable, a path, a path, an
address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol, TypeAlias

from labsupport.exercises.plain import NotPlain, Plain, as_plain

__all__ = [
    "GREETING",
    "WELCOME",
    "Answer",
    "Argument",
    "Callee",
    "File",
    "Folder",
    "Handle",
    "Oracle",
    "OverQuota",
    "Url",
    "Wire",
    "as_arguments",
]

GREETING = b"hello"
WELCOME = b"welcome"


class OverQuota(BaseException):
    """An oracle was asked too often: ends the call, past every ``except Exception`` of the function."""


class Oracle:
    """A callable of the judge's as an argument: plain data in, plain data out.

    `function` may raise: the callee sees ``ValueError(text)``. After `quota` questions the call ends with a fault.
    `asked` counts the questions so far; the count is the judge's, whatever the callee says.
    """

    def __init__(self, function: Callable[..., Plain], quota: int = 100_000) -> None:
        self._function = function
        self.quota = quota
        self.asked = 0

    def answer(self, *question: object) -> Plain:
        """Answer one question as the callee sees it.

        Raises TypeError if the question is not plain data, ValueError if the judge's function raises,
        and OverQuota after `quota` questions.
        """
        try:
            plain = [as_plain(argument) for argument in question]
        except NotPlain as stopped:
            raise TypeError(f"the question was {stopped}") from None
        self.asked += 1
        if self.asked > self.quota:
            raise OverQuota
        try:
            return as_plain(self._function(*plain))
        except Exception as error:  # whatever the judge's function raises is its answer
            raise ValueError(str(error)) from None


@dataclass(frozen=True)
class File:
    """Arrives as the path (str) of a file of mode 0600 in a private folder that is gone after the call."""

    name: str
    content: bytes

    def __post_init__(self) -> None:
        if self.name in ("", ".", "..") or "/" in self.name:
            raise ValueError(f"not a file name: {self.name!r}")


@dataclass(frozen=True)
class Folder:
    """Arrives as the path (str) of a private folder with `files`; what it holds afterwards is ``Answer.files``.

    Names are relative paths with ``/``. A call takes one Folder at most.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.files:
            path = PurePosixPath(name)
            if not path.parts or path.is_absolute() or ".." in path.parts:
                raise ValueError(f"not a relative path: {name!r}")


@dataclass(frozen=True)
class Url:
    """Arrives as ``https://host:port/path``; for the length of the call `host` resolves to loopback."""

    host: str
    port: int
    path: str = "/"

    def __str__(self) -> str:
        return f"https://{self.host}:{self.port}{self.path}"


Argument: TypeAlias = "Plain | Oracle | File | Folder | Url"


def as_arguments(arguments: Sequence[Argument]) -> list[Argument]:
    """Return a deep copy of the plain ones among `arguments`, the others as they are.

    Raises ValueError for what a spec must not hand over: data that is not plain, more than one Folder.
    """
    if sum(isinstance(argument, Folder) for argument in arguments) > 1:
        raise ValueError("a call takes one Folder at most")
    marked = Oracle | File | Folder | Url
    return [argument if isinstance(argument, marked) else as_plain(argument) for argument in arguments]


@dataclass(frozen=True)
class Handle:
    """An object that stays where the function lives, such as an ``ssl.SSLContext``; good until the callee closes."""

    kind: str
    id: int


@dataclass(frozen=True)
class Answer:
    """What one call came to. `fault` tells it if set, else `error`, else `value`."""

    value: Plain | Handle = None
    error: str | None = None  # the exception's class name: "it raised ValueError" is a result too
    error_bases: tuple[str, ...] = ()  # the built-in classes that it is derived from, but Exception and BaseException
    error_text: str = ""  # the exception's text, cut to 500 characters
    fault: str | None = None  # a sentence without its subject: "did not answer in 5 s"
    late: bool = False  # the fault is the deadline's
    unwritten: bool = False  # the stub's NotImplementedError, or an Ellipsis
    mutated: tuple[int, ...] = ()  # positions, from 0, of the arguments that it changed
    printed: str = ""  # stdout, stderr and warnings, cut to 4000 characters
    files: Mapping[str, bytes] = field(default_factory=dict)  # what a Folder argument held afterwards
    seconds: float = field(default=0.0, compare=False)

    def raised(self, name: str) -> bool:
        """Tell whether it raised the exception called `name`, or one that is caught by that name as well."""
        return name == self.error or name in self.error_bases


class Wire(Protocol):
    """One TLS connection, of which the judge is the client, in memory."""

    def exchange(self, data: bytes) -> bytes:
        """Hand over the client's bytes and return what the server sends back; b"" when it has nothing to say."""
        ...

    def close(self) -> None:
        """End the connection; closing twice is harmless."""
        ...


class Callee(Protocol):
    """A learner's functions, wherever they live."""

    def call(self, function: str, *arguments: Argument, deadline: float = 5.0) -> Answer:
        """Call `function`; `deadline` in seconds. Raises only for a mistake of the spec's."""
        ...

    def accept(self, handle: Handle, *, deadline: float = 5.0) -> Wire:
        """Accept one TLS connection with the ``ssl.SSLContext`` behind `handle`.

        Once the server's handshake is complete it answers the client's first data (``b"hello"``) with ``b"welcome"``.
        When the server refuses, its alert comes back, then nothing more. `deadline` in seconds is for the whole
        connection.
        """
        ...

    def close(self) -> None:
        """Let go of everything; closing twice is harmless."""
        ...
