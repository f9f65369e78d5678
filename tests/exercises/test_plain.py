"""The gate for plain data, and its wire form."""

from __future__ import annotations

import enum
import json
import math
from typing import Any

import pytest
from hypothesis import given

from labsupport.exercises.plain import (
    MAX_SIZE,
    NotPlain,
    Plain,
    as_plain,
    class_name,
    from_wire,
    readable,
    same,
    to_wire,
)
from tests.exercises.values import plain


class Liar(int):
    """Says yes to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Colour(enum.IntEnum):
    RED = 1


class Sly(dict[str, int]):
    def items(self) -> Any:
        raise AssertionError("the gate asks nothing of a subclass")


REFUSED: dict[str, object] = {
    "a subclass of int named Liar; return a plain int": Liar(1),
    "a subclass of int named Colour; return a plain int": Colour.RED,
    "a subclass of dict named Sly; return a plain dict": Sly(k=1),
    "data that holds a subclass of int named Liar; return a plain int": [Liar(1)],
    "data that holds a set; return a list": {"k": {1}},
    "a generator; return a list or a tuple": (number for number in range(3)),
    "a dict_keys; return a list": {}.keys(),
    "a bytearray; return bytes": bytearray(b"x"),
    "a builtin_function_or_method; return what it returns, not the function itself": len,
    "an object; return plain data: None, bool, int, float, str, bytes, list, tuple or dict": object(),
    "an ellipsis; return plain data: None, bool, int, float, str, bytes, list, tuple or dict": ...,
    "a dict with a key that is an int; keys must be plain str": {1: 2},
    "a dict with a key that is a Liar; keys must be plain str": {Liar(1): 2},
    "a str with a lone surrogate, which no file or network can carry": {"\udfff": "\ud800"},
    "an int of 100,001 bits; 100,000 are the limit": 1 << 100_000,
    "more than 100,000 items": [0] * 100_000,
    "more than 8 MB of data": [b"x" * (MAX_SIZE // 2)] * 3,
}


class TestGate:
    @given(plain)
    def test_admits_plain_data_as_a_copy(self, value: Plain) -> None:
        assert same(as_plain(value), value)

    def test_shares_nothing_with_the_original(self) -> None:
        inner = [1]
        copy = as_plain({"k": (inner,)})
        inner.append(2)
        assert copy == {"k": ([1],)}

    @pytest.mark.parametrize("sentence", REFUSED)
    def test_stops_the_rest_with_a_sentence(self, sentence: str) -> None:
        with pytest.raises(NotPlain) as stopped:
            as_plain(REFUSED[sentence])
        assert str(stopped.value) == sentence

    def test_has_a_limit_of_depth(self) -> None:
        def nested(depth: int) -> list[Any]:
            return [nested(depth - 1)] if depth else []

        assert as_plain(nested(32)) == nested(32)
        cycle: list[Any] = []
        cycle.append(cycle)
        for value in (nested(33), cycle):
            with pytest.raises(NotPlain, match="nested more than 32 deep"):
                as_plain(value)

    def test_is_not_drowned_by_shared_parts(self) -> None:
        value: list[Any] = []
        for _ in range(31):
            value = [value, value]
        with pytest.raises(NotPlain, match="more than 100,000 items"):
            as_plain(value)

    def test_admits_the_largest_int(self) -> None:
        assert as_plain((1 << 100_000) - 1) == (1 << 100_000) - 1


class TestWire:
    @given(plain)
    def test_carries_every_plain_value(self, value: Plain) -> None:
        assert same(from_wire(json.loads(json.dumps(to_wire(value)))), value)

    def test_carries_ints_that_python_will_not_print(self) -> None:
        assert from_wire(to_wire(-(1 << 99_000))) == -(1 << 99_000)

    @pytest.mark.parametrize(
        "wire",
        [
            1,
            1.5,
            {},
            {"int": "0x1", "float": "1"},
            {"int": 5},
            {"int": "1.5"},
            {"int": "0x" + "f" * 30_000},
            {"float": "one"},
            {"float": []},
            {"bytes": "***"},
            {"bytes": 5},
            {"tuple": {"int": "0x1"}},
            {"dict": {"k": None}},
            {"dict": [["k"]]},
            {"dict": [["k", None, None]]},
            {"dict": [[["k"], None]]},
            {"dict": [[None, None]]},
            {"object": None},
            [{"pickle": ""}],
            "\ud800",
        ],
    )
    def test_refuses_what_it_does_not_write(self, wire: object) -> None:
        with pytest.raises(NotPlain):
            from_wire(wire)

    def test_refuses_what_is_nested_without_end(self) -> None:
        wire: list[Any] = []
        for _ in range(100_000):
            wire = [wire]
        with pytest.raises(NotPlain):
            from_wire(wire)


class TestSame:
    @pytest.mark.parametrize(
        ("left", "right"), [(True, 1), (1, 1.0), ([1], (1,)), (b"a", "a"), ({"k": True}, {"k": 1}), (None, False)]
    )
    def test_looks_at_the_types_too(self, left: Plain, right: Plain) -> None:
        assert not same(left, right)
        assert same(left, left)

    def test_takes_nan_for_nan(self) -> None:
        assert same([math.nan], [math.nan])
        assert not same(math.nan, 0.0)


class TestNames:
    def test_a_class_cannot_lie_about_its_name(self) -> None:
        class Meta(type):
            __name__ = property(lambda _: "int")

        class Honest(metaclass=Meta):
            pass

        assert class_name(Honest()) == "Honest"

    def test_are_cut_and_made_readable(self) -> None:
        assert class_name(type("x" * 100, (), {})()) == "x" * 79 + "…"

    def test_text_is_cut_with_an_ellipsis(self) -> None:
        assert readable("abc", 3) == "abc"
        assert readable("abcd", 3) == "ab…"
        assert readable("a\ud800b", 3) == "a?b"

    def test_text_of_a_subclass_is_taken_as_it_is(self) -> None:
        class Text(str):
            __slots__ = ()

            def __getitem__(self, _: object) -> str:
                return "nonsense"

        assert type(readable(Text("abcd"), 4)) is str
        assert readable(Text("abcd"), 4) == "abcd"
