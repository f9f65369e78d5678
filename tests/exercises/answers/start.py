"""Right and wrong answers to the exercises of lesson 00."""

from __future__ import annotations

from tests.exercises.answers.lesson import solutions

__all__ = ["SEEDS", "SOLUTIONS", "WRONG"]

SEEDS = 1000


def _verifies(expression: str) -> str:
    return f"def verifies(message, signature, e, n):\n    return {expression}\n"


SOLUTIONS = solutions("00_start")

WRONG = {
    "start-verifies": {
        "always-true": _verifies("True"),
        "always-false": _verifies("False"),
        "opposite": _verifies("pow(signature, e, n) != message"),
        "returns-the-number": _verifies("signature ** e % n"),
        "wrong-direction": _verifies("pow(message, e, n) == signature"),
        "no-modulus": _verifies("signature ** e == message"),
        "multiplies": _verifies("signature * e % n == message"),
        "caret": _verifies("(signature ^ e) % n == message"),
        "exponent-and-modulus-swapped": _verifies("pow(signature, n, e) == message"),
        "reduces-the-message": _verifies("(signature ** e - message) % n == 0"),
        # Not known by name: the card falls back on its hint.
        "returns one or nought": _verifies("int(pow(signature, e, n) == message)"),
        "prints instead of returning": _verifies("print(pow(signature, e, n) == message)"),
        "only the last digit": _verifies("pow(signature, e, n) % 10 == message % 10"),
        "all but the last digit": _verifies("pow(signature, e, n) // 10 == message // 10"),
        "only as many digits": _verifies("len(str(pow(signature, e, n))) == len(str(message))"),
    }
}
