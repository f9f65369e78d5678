"""Ids and names from outside: as file names, in messages, in spreadsheets."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsupport.grading.names import file_stem, is_usable_id, legible, spreadsheet_safe

anything = st.text(st.characters(), max_size=300) | st.text(st.characters(categories=["Cs", "Cc", "Cf", "L"]))


@pytest.mark.parametrize(
    ("learner", "beginning"),
    [
        ("ada", "ada-"),
        ("Jürgen Groß", "jurgen-gro-"),
        ("a@b.org", "a-b-org-"),
        ("../../etc/passwd", "etc-passwd-"),
        ("CON", "con-"),
        ("עדה", "learner-"),
        ("", "learner-"),
        ("-rf", "rf-"),
        ("a\0b", "a-b-"),
        ("x" * 10_000, "x" * 40 + "-"),
    ],
)
def test_a_file_s_stem_is_readable(learner: str, beginning: str) -> None:
    assert re.fullmatch(re.escape(beginning) + "[0-9a-f]{10}", file_stem(learner))


@given(anything)
def test_a_file_s_stem_is_safe_on_every_system(learner: str) -> None:
    stem = file_stem(learner)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,50}", stem)
    assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)", stem)
    assert stem == file_stem(learner)


@given(anything, anything)
def test_two_ids_have_two_stems(one: str, other: str) -> None:
    assert (file_stem(one) == file_stem(other)) == (one == other)


def test_ids_that_look_alike_have_two_stems() -> None:
    alike = ["Ada", "ada", "ada ", "a-da", "a_da", "a da", "аda", "ada\u200b", "x" * 200, "x" * 199]
    assert len({file_stem(learner) for learner in alike}) == len(alike)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1"])
def test_a_formula_is_made_text_and_stays_readable(text: str) -> None:
    assert spreadsheet_safe(text) == f"'{text}"
    assert spreadsheet_safe(spreadsheet_safe(text)) == f"'{text}"


@pytest.mark.parametrize("text", ["", "ada", "Doe, Jane", "a=b", "O'Neil", "123", "a@b.org"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert spreadsheet_safe(text) == text


@pytest.mark.parametrize("text", ["ada", "Jürgen", "עדה", "=1+1", "a b", "می\u200cخواهم", "a" * 200])
def test_ids_that_can_be_used(text: str) -> None:
    assert is_usable_id(text)


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a" * 201, "a\0", "a\n", "\udcff", "a\u202egnp", "a\u200b", "\ufeffa", "a\u2066", "a\u2028b"],
)
def test_ids_that_cannot_be_used(text: str) -> None:
    assert not is_usable_id(text)


@given(anything)
def test_a_message_shows_every_sign_in_one_line(text: str) -> None:
    line = legible(text)
    assert len(line.splitlines()) <= 1
    assert len(line) <= 160
    line.encode()
    assert "\x1b" not in line
    assert "\u202e" not in line


def test_the_middle_of_a_long_text_is_cut() -> None:
    assert legible("a" * 50 + "b" * 50, 11) == "aaaaa…bbbbb"
