"""A learner's functions in this process: what ``check`` in a notebook judges."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import CoroutineType

from labsupport.exercises.callee import WELCOME, Answer, Argument, Handle, OverQuota
from labsupport.exercises.guard import Ended, OutOfTime, guarded
from labsupport.exercises.plain import NotPlain, Plain, as_plain, base_names, class_name, readable
from labsupport.exercises.scratch import Handed, TooMuch, handed

__all__ = ["LocalCallee", "LocalWire"]

ERROR_TEXT_LIMIT = 500


class LocalCallee:
    """Functions by name, called in this process (see ``callee.Callee``).

    A function cannot harm the judge by accident: it gets copies, and what it raises, prints or returns becomes an
    Answer. It is not locked up, though; judging strangers is the grader's work.
    """

    def __init__(self, functions: Mapping[str, Callable[..., object]]) -> None:
        self._functions = functions
        self._contexts: dict[int, ssl.SSLContext] = {}

    def call(self, function: str, *arguments: Argument, deadline: float = 5.0) -> Answer:
        """Call `function` with copies of `arguments`; KeyError if there is no such function."""
        target = self._functions[function]
        with handed(arguments) as hand:
            ended = guarded(lambda: _perform(target, hand.values), deadline)
            return self._answer(hand, ended, deadline)

    def accept(self, handle: Handle, *, deadline: float = 5.0) -> LocalWire:
        """Accept one TLS connection with the context behind `handle`; KeyError if there is none."""
        return LocalWire(self._contexts[handle.id], deadline)

    def close(self) -> None:
        """Forget every handle."""
        self._contexts.clear()

    def _answer(self, hand: Handed, ended: Ended[_Result], deadline: float) -> Answer:
        result = ended.value
        answer = Answer(late=ended.late, mutated=hand.mutated(), printed=ended.printed, seconds=ended.seconds)
        if ended.running:
            return replace(answer, fault="is still running: restart the kernel to stop it")
        if hand.over_quota is not None:
            return replace(answer, fault=f"asked more than {hand.over_quota:,} times")
        if result is None:
            return replace(answer, fault=f"did not answer in {deadline:g} s", late=True)
        if result.error is not None or result.unwritten:
            return replace(
                answer,
                error=result.error,
                error_bases=result.error_bases,
                error_text=result.error_text,
                unwritten=result.unwritten,
            )
        try:
            return replace(answer, value=self._value(result.value), files=hand.files())
        except NotPlain as stopped:
            return replace(answer, fault=f"returned {stopped}")
        except TooMuch as stopped:
            return replace(answer, fault=str(stopped))

    def _value(self, value: object) -> Plain | Handle:
        if type(value) is ssl.SSLContext:
            number = len(self._contexts) + 1
            self._contexts[number] = value
            return Handle("SSLContext", number)
        return as_plain(value)


@dataclass(frozen=True)
class _Result:
    """What became of a call that came back in time."""

    value: object = None
    error: str | None = None
    error_bases: tuple[str, ...] = ()
    error_text: str = ""
    unwritten: bool = False


def _perform(target: Callable[..., object], values: list[object]) -> _Result:
    try:
        value = target(*values)
        if type(value) is CoroutineType:
            value.close()  # one that is never awaited would warn on stderr
    except OutOfTime:
        raise
    except OverQuota:
        return _Result()  # the hand that gave the oracle remembers the quota
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: none of them may end the kernel
        unwritten = type(error) is NotImplementedError  # its subclasses are failures, not stubs
        return _Result(
            error=class_name(error), error_bases=base_names(error), error_text=_text_of(error), unwritten=unwritten
        )
    return _Result(value=value, unwritten=value is Ellipsis)


def _text_of(error: BaseException) -> str:
    """Return the exception's text; its own ``__str__`` may misbehave too."""
    try:
        return readable(str(error), ERROR_TEXT_LIMIT)
    except OutOfTime:
        raise
    except BaseException:  # as above
        return ""


class LocalWire:
    """The server's end of one connection in memory (see ``callee.Wire``)."""

    def __init__(self, context: ssl.SSLContext, deadline: float) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._left = deadline
        self._greeted = False
        self._over = False
        self._tls: ssl.SSLObject | None = None
        self._context = context

    def exchange(self, data: bytes) -> bytes:
        """Take the client's bytes and return the server's; b"" after the end."""
        if self._over:
            return b""
        self._incoming.write(data)
        # Under guard: a context can carry the learner's own code, in sni_callback for one.
        ended = guarded(self._advance, self._left)
        self._left -= ended.seconds
        if ended.late:
            self._over = True
            return b""
        return self._outgoing.read()

    def close(self) -> None:
        """End the connection."""
        self._over = True

    def _advance(self) -> None:
        self._over = True
        try:
            if self._tls is None:
                self._tls = self._context.wrap_bio(self._incoming, self._outgoing, server_side=True)
            self._tls.do_handshake()
            while self._tls.read(65536):
                if not self._greeted:
                    self._greeted = True
                    self._tls.write(WELCOME)
        except ssl.SSLWantReadError:
            self._over = False
        except OutOfTime:
            raise
        except BaseException:  # OpenSSL refuses, or the learner's callback fails: the alert has been written
            return
