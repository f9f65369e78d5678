"""Draws: replayable, independent, evenly spread."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsupport.exercises.draw import Draw
from labsupport.rsa import is_prime


def _some(draw: Draw) -> list[object]:
    return [
        draw.bytes(1000),
        draw.bits(7),
        draw.below(10),
        draw.between(-3, 3),
        draw.coin(),
        draw.choice("abc"),
        draw.shuffled(range(9)),
        draw.prime(20),
        draw.word(),
    ]


def test_the_same_seed_gives_the_same_values() -> None:
    assert _some(Draw(b"seed")) == _some(Draw(b"seed"))
    assert _some(Draw(b"seed")) != _some(Draw(b"other"))


def test_without_a_seed_the_system_gives_one_that_can_be_replayed() -> None:
    first, second = Draw(), Draw()
    assert first.seed != second.seed
    assert len(first.seed) == 32
    assert _some(Draw(first.seed)) == _some(first)


def test_children_are_streams_of_their_own() -> None:
    parent = Draw(b"seed")
    before = _some(parent.child("a"))
    parent.bytes(100)
    assert _some(parent.child("a")) == before
    assert _some(parent.child("b")) != before
    assert _some(parent.child("a").child("b")) != _some(parent.child("ab"))
    assert _some(Draw(b"seed")) not in (before, _some(parent.child("")))


def test_bytes_do_not_depend_on_the_portions() -> None:
    whole, parts = Draw(b"seed"), Draw(b"seed")
    assert whole.bytes(2000) == b"".join(parts.bytes(count) for count in (0, 1, 511, 513, 975))


@given(st.binary(), st.integers(1, 600))
def test_bits_and_below_keep_their_bounds(seed: bytes, limit: int) -> None:
    draw = Draw(seed)
    assert 0 <= draw.bits(limit) < 1 << limit
    assert 0 <= draw.below(limit) < limit
    assert -limit <= draw.between(-limit, limit) <= limit
    assert draw.between(limit, limit) == limit


def test_values_are_evenly_spread() -> None:
    draw = Draw(b"seed")
    for counts in (Counter(draw.below(5) for _ in range(5000)), Counter(draw.choice("abcde") for _ in range(5000))):
        assert len(counts) == 5
        assert all(850 < count < 1150 for count in counts.values())
    assert 850 < sum(draw.coin() for _ in range(2000)) < 1150


def test_shuffling_reaches_every_order_and_loses_nothing() -> None:
    draw = Draw(b"seed")
    orders = Counter(tuple(draw.shuffled("abc")) for _ in range(600))
    assert len(orders) == 6
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)
    assert draw.shuffled([]) == []


@pytest.mark.parametrize("bits", [2, 3, 8, 40, 256])
def test_primes_have_exactly_as_many_bits(bits: int) -> None:
    prime = Draw(b"seed").prime(bits)
    assert prime.bit_length() == bits
    assert is_prime(prime)


def test_words_can_be_host_names() -> None:
    draw = Draw(b"seed")
    words = {draw.word() for _ in range(200)}
    assert len(words) > 190
    assert all(len(word) == 6 and word.isascii() and word.isalpha() and word.islower() for word in words)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="below 1"):
        Draw().below(0)
    with pytest.raises(ValueError, match="2 bits"):
        Draw().prime(1)
