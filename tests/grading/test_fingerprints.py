"""Fingerprints: what a copy can be dressed up with leaves no trace, and nothing that is handed in can harm."""

from __future__ import annotations

import warnings

import pytest

from labsupport.grading.fingerprints import GRAM, WINDOW, fingerprints, plain_code, tokens
from tests.grading.written import DRESSED, HONEST, OTHERS

# Others make parts of the code new; those must leave everything as it was.
INVISIBLE = ("renamed", "reordered", "reformatted", "commented", "typed", "other constants", "spelt out")


@pytest.mark.parametrize("dress", [*INVISIBLE, "everything at once"])
def test_a_dress_leaves_no_trace(dress: str) -> None:
    assert DRESSED[dress] != HONEST
    assert fingerprints(DRESSED[dress]) == fingerprints(HONEST)


def test_other_work_has_other_fingerprints() -> None:
    own = fingerprints(HONEST)
    for other in OTHERS:
        assert len(own & fingerprints(other)) < len(own) / 4


def test_which_name_stands_where_is_seen() -> None:
    one, other = (f"def f(a, b, c):\n    return {term} - c * (a + b) - a * b" for term in ("a * b", "b * a"))
    assert fingerprints(one) != fingerprints(other)


def test_every_run_of_a_certain_length_leaves_a_fingerprint() -> None:
    run = "pow(min(max(1, 2), 3), 4)"
    assert len(tokens(run)) >= GRAM + WINDOW - 1
    one, other = f"alpha = [{run}]\nreturn_(alpha)", f"def beta(x):\n    while x: yield {run}"
    assert fingerprints(one) & fingerprints(other)


def test_library_names_are_kept_and_chosen_ones_are_not() -> None:
    assert tokens("key.public_key(a, 'x', 0x1F) if pow else Mine") == [
        *("~key", ".", "public_key", "(", "~a", ",", "'", ",", "0", ")", "if", "pow", "else", "~Mine")
    ]
    assert tokens("self.take", frozenset({"take"})) == ["~self", ".", "~take"]


def test_what_nobody_reads_is_gone() -> None:
    idle = "    idle = 3\n    print(a)\n    if 0:\n        g()\n"
    code = f"def f(a: int = 2) -> int:\n    'Words.'\n{idle}    a += 1\n    return a"
    assert plain_code(code) == "def f(a=2):\n    a = a + 1\n    return a"


def test_a_print_that_is_part_of_the_work_stays() -> None:
    assert "print" in plain_code("def f(x):\n    return [print(each) for each in x]")


@pytest.mark.parametrize(
    "code",
    [
        *("(" * 9_999, "-" * 19_000 + "1", "a" + ".a" * 9_900, "lambda:" * 2_800 + "1", "1 if 1 else " * 1_600 + "1"),
        *('"""' + "'''" * 30_000, "x = 1\n" * 100_000, "if a:1\n" + "elif a:1\n" * 2_200, "1" * 19_000, "x='\ud800"),
        *("a = '\\d'\0", "", "#", "\\", "\u202e\x1b[31m\u2028x", "def"),
    ],
    ids=range(16),
)
def test_nothing_that_is_handed_in_harms(code: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(isinstance(mark, int) for mark in fingerprints(code))


def test_code_that_does_not_parse_is_read_all_the_same() -> None:
    own, broken = fingerprints(HONEST), fingerprints(DRESSED["broken"])
    assert len(own & broken) > len(own) / 2
