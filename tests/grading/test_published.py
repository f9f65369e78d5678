"""What a lesson gives to everybody, from a checkout, from an installed wheel, and from nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from labsupport.errors import UsageError
from labsupport.grading.pages import published as module
from labsupport.grading.pages.published import Published, is_slug, published


def test_a_lesson_of_the_course() -> None:
    found = published("01_rsa")
    assert found.title == "RSA you can hold in your hand"
    assert any("def modinv" in code for code in found.given)
    assert "pow(e, -1, order)" in found.solutions["rsa-keypair"]
    assert not any("pow(e, -1, order)" in code for code in found.given)


def test_without_the_instructor_s_part_there_are_no_solutions(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> Path:
        raise UsageError("not here")

    monkeypatch.setattr(module, "lessons_dir", absent)
    found = published("01_rsa")
    assert found.given
    assert found.solutions == {}


@pytest.mark.parametrize("lesson", ["99_none", "../01_rsa", "", "01_RSA", "01_rsa\n", "01_" + "a" * 61])
def test_a_lesson_that_nobody_knows_is_called_by_its_name(lesson: str) -> None:
    assert published(lesson) == Published(lesson)
    assert is_slug(lesson) == (lesson == "99_none")
