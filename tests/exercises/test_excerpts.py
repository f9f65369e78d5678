"""Values in few characters."""

from __future__ import annotations

import pytest
from hypothesis import given

from labsupport.exercises.excerpts import cut, shorten, written
from labsupport.exercises.plain import Plain, same
from tests.exercises.values import plain

WRITTEN: dict[str, Plain] = {
    "None": None,
    "True": True,
    "-33": -33,
    "1" + "0" * 35: 10**35,
    "0x800000000000…00000000 (2,048 bits)": 1 << 2047,
    "-0x80000000000…00000000 (100,000 bits)": -(1 << 99_999),
    "1.5": 1.5,
    '"it\'s"': "it's",
    "'\\u202e\\x07\\ud800'": "\u202e\x07\ud800",
    "'" + "x" * 100 + "'… (500 characters)": "x" * 500,
    "b'0\\x82'": b"\x30\x82",
    "b'" + "\\x00" * 12 + "'… (935 bytes)": b"\x00" * 935,
    "[]": [],
    "(1,)": (1,),
    "()": (),
    "[1, (2, 'a')]": [1, (2, "a")],
    "{'k': [b'x']}": {"k": [b"x"]},
    "['" + "x" * 98 + "'… (500 characters)]": ["x" * 500],
    "[1, '" + "x" * 81 + "'… (100 characters), 1]": [1, "x" * 100, 1],
    "('" + "x" * 84 + "'… (800 characters), … (2 in all))": ("x" * 800, "y" * 300),
    f"[{', '.join(map(str, range(28)))}, … (1,000 in all)]": list(range(1000)),
}


class TestShorten:
    @pytest.mark.parametrize("text", WRITTEN)
    def test_writes_values_as_python_does(self, text: str) -> None:
        assert shorten(WRITTEN[text]) == text

    @pytest.mark.parametrize(
        "value", [list(range(1000)), ["x" * 500] * 3, {f"key {n}": n for n in range(1000)}, [[[[0] * 99]]]]
    )
    def test_leaves_out_what_is_too_long(self, value: Plain) -> None:
        assert len(shorten(value)) <= 120
        assert "…" in shorten(value)
        assert shorten(value)[-1] in "]}"

    @given(plain)
    def test_never_says_more_than_120_characters(self, value: Plain) -> None:
        assert len(shorten(value)) <= 120
        shorten(value).encode()


def test_text_is_cut_with_an_ellipsis() -> None:
    assert [cut("abc", 3), cut("abcd", 3)] == ["abc", "ab…"]


@given(plain)
def test_what_is_written_in_full_reads_as_it_was(value: Plain) -> None:
    assert same(eval(written(value), {"nan": float("nan"), "inf": float("inf")}), value)


def test_what_is_written_in_full_may_be_huge() -> None:
    assert eval(written({"k": (1 << 50_000,)})) == {"k": (1 << 50_000,)}
