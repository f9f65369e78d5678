"""The figures of lesson 01, and the measurements behind them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from labsupport.errors import UsageError
from labsupport.notebook.figures import rsa_times
from labsupport.notebook.figures.rsa import cost, factoring, key_sizes, powers
from labsupport.rsa import is_prime
from tests.notebook.drawn import boxes, contrast, crossing, inks, outside, words

TIMES = {"make a key": {1024: 10.0, 4096: 700.0}, "sign": {1024: 0.1, 4096: 3.0}, "verify": {1024: 0.01, 4096: 0.07}}
DRAWN: dict[str, Callable[[], Any]] = {
    "powers": lambda: powers(33, 3, 5),
    "one power": lambda: powers(35, 5),
    "cost": cost,
    "factoring": lambda: factoring({20: 1e-5, 24: 4e-5, 28: 1.6e-4, 44: 0.041}),
    "sizes": lambda: key_sizes(TIMES),
}


@pytest.fixture(params=DRAWN)
def figure(request: pytest.FixtureRequest) -> Any:
    return DRAWN[request.param]().figure


def test_no_text_lies_on_another_or_leaves_the_paper(figure: Any) -> None:
    # Axes keep the labels of ticks that are out of sight.
    texts = [(text, box) for text, box in boxes(figure) if not re.fullmatch(r"[\d−]+|\$.*\$", text)]
    assert texts
    assert crossing(texts) == []
    assert outside(texts, figure.bbox) == []


def test_every_ink_can_be_read(figure: Any) -> None:
    faint = [(what, ink) for what, ink in inks(figure) if contrast(ink, "#ffffff") < 4.5]
    assert faint == []


def test_it_has_a_message_and_words_for_those_who_do_not_see_it(figure: Any) -> None:
    assert all(ax.get_title(loc="left") for ax in figure.axes)
    assert len(figure.get_label()) > 80


def test_power_3_is_a_permutation_with_nine_fixed_points() -> None:
    ax: Any = powers(33, 3)
    moved, fixed = ax.collections
    assert len(moved.get_offsets()) == 24
    assert [int(x) for x, _ in fixed.get_offsets()] == [0, 1, 10, 11, 12, 21, 22, 23, 32]
    assert sorted(int(y) for points in ax.collections for _, y in points.get_offsets()) == list(range(33))
    assert "9 stay: 0, 1, 10, 11, 12, 21, 22, 23, 32" in ax.figure.get_label()


def test_power_5_is_none() -> None:
    ax: Any = powers(33, 5)
    assert ax.get_title(loc="left") == f"Power 5: only {len({pow(x, 5, 33) for x in range(33)})} of 33 results"


@pytest.mark.parametrize(("n", "exponents"), [(1, (3,)), (5000, (3,)), (33, ()), (33, (1, 3, 5, 7))])
def test_what_does_not_fit_is_refused(n: int, exponents: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="one to three exponents"):
        powers(n, *exponents)


def test_the_cost_is_counted() -> None:
    ax: Any = cost(10)
    naive, clever = (list(line.get_ydata()) for line in ax.lines)
    assert naive == [2**bits - 1 for bits in range(1, 11)]
    assert all(count <= 2 * bits for bits, count in enumerate(clever, start=1))


def test_the_line_of_factoring_is_that_of_the_measurements() -> None:
    figure: Any = factoring({20: 1e-5, 40: 1e-2}, to_bits=2020).figure
    assert "Measured: twice as long every 2.0 bits" in [ax.get_title(loc="left") for ax in figure.axes]
    # Three powers of ten in 20 bits, hence 297 more in 1,980.
    assert "10 to the 295" in words(figure)
    with pytest.raises(UsageError, match="at least two sizes"):
        factoring({20: 1.0})


def test_the_price_of_length_is_said_without_powers_of_ten() -> None:
    figure: Any = key_sizes(TIMES).figure
    assert figure.get_label().startswith("Making a key costs most, verifying least.")
    assert "make a key: 10 ms at 1024 bits, 700 ms at 4096." in figure.get_label()
    assert "verify: 0.01 ms" in figure.get_label()


def test_times_are_measured() -> None:
    assert rsa_times.seconds_to_factor(20, 7, rounds=1) > 0
    with pytest.raises(ValueError, match="at least 16 bits"):
        rsa_times.seconds_to_factor(8, 7)


def test_keys_are_measured_at_each_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rsa_times, "_SIZES", (1024, 1536))
    times = rsa_times.key_times()
    assert list(times) == ["make a key", "sign", "verify"]
    assert all(set(sizes) == {1024, 1536} and min(sizes.values()) > 0 for sizes in times.values())


def test_a_fresh_modulus_is_no_prime_and_new_each_time() -> None:
    first, second = rsa_times.fresh_modulus(56), rsa_times.fresh_modulus(56)
    assert first.bit_length() == second.bit_length() == 56
    assert first != second
    assert not is_prime(first)
