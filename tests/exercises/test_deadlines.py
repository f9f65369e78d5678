"""Lessons 01 and 04: a check of functions that never answer is over within two seconds."""

from __future__ import annotations

import pytest

from labsupport.exercises import catalogue
from labsupport.exercises.callee import Answer, Argument, Handle, Wire
from labsupport.exercises.model import Exercise, judge

EXERCISES = [each for each in catalogue().values() if each.lesson in ("01_rsa", "04_authority")]


class Endless:
    """Answers nothing in time, and adds up for how long it was waited for."""

    def __init__(self) -> None:
        self.waited = 0.0

    def call(self, _function: str, *_arguments: Argument, deadline: float = 5.0) -> Answer:
        self.waited += deadline
        return Answer(fault=f"did not answer in {deadline:g} s", late=True)

    def accept(self, handle: Handle, *, deadline: float = 5.0) -> Wire:
        raise NotImplementedError

    def close(self) -> None:
        """There is nothing to let go of."""


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.id)
def test_nobody_waits_for_more_than_two_seconds(exercise: Exercise) -> None:
    for number in range(5):
        endless = Endless()
        report = judge(exercise, endless, f"order {number}".encode())
        assert 0 < endless.waited < 1.9
        assert report.points == 0
