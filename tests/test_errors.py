"""The exception tree is the one that its module draws."""

from __future__ import annotations

import re

from labsupport import errors
from labsupport.errors import LabError, LessonError


def test_the_drawing_shows_the_tree() -> None:
    drawn = re.findall(r"^    [├└]── (\w+)", errors.__doc__ or "", re.MULTILINE)
    assert {cls.__name__ for cls in LabError.__subclasses__()} == set(drawn)
    assert set(errors.__all__) == {"LabError", *drawn}


def test_every_error_is_one_that_can_be_caught_at_once_and_says_what_it_is() -> None:
    for name in errors.__all__:
        error = getattr(errors, name)
        assert issubclass(error, LabError)
        assert error.__doc__


def test_a_lesson_error_has_its_place_and_its_reason() -> None:
    error = LessonError("lesson.py:7", "a cell has 13 lines")
    assert str(error) == "lesson.py:7: a cell has 13 lines"
    assert (error.where, error.reason) == ("lesson.py:7", "a cell has 13 lines")
