"""Every exercise of the course, with right answers, wrong ones and ones that know nothing.

The answers are in ``answers/<lesson module>.py``: ``SOLUTIONS`` by exercise; ``WRONG`` by exercise and mistake, further
ones as "mistake (what is different)", and under a label of its own what the card is not meant to know; ``SEEDS``, how
often to try, where judging is cheap: one number, or a number for each exercise. ``SLOW`` names wrong answers that keep
the judge waiting until the time is up.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Mapping
from types import ModuleType

import pytest

from labsupport.exercises import LESSON_MODULES, catalogue
from labsupport.exercises.model import Exercise, judge
from labsupport.grading.callee import SandboxedCallee
from labsupport.tls.loopback import sockets_from
from tests.exercises.adversaries import adversaries, earned, judged, shuffled_cases, vocabulary
from tests.grading.far import Sandboxes

FEW = 3
SEVERAL = 20


def _answers(exercise: Exercise) -> ModuleType:
    module = next(name for name in LESSON_MODULES if exercise.lesson.endswith(name))
    return importlib.import_module(f"tests.exercises.answers.{module}")


def _seeds(exercise: Exercise, at_most: int) -> Iterator[bytes]:
    seeds: int | Mapping[str, int] = getattr(_answers(exercise), "SEEDS", FEW)
    count = seeds.get(exercise.id, FEW) if isinstance(seeds, Mapping) else seeds
    return (f"seed {number}".encode() for number in range(min(at_most, count)))


def _stub(exercise: Exercise) -> str:
    stub = "def {}(*_):\n    raise NotImplementedError('your answer goes here')\n"
    return "".join(stub.format(name) for name in exercise.functions)


EXERCISES = [pytest.param(exercise, id=exercise.id) for exercise in catalogue().values()]
WRONG = [
    pytest.param(exercise, name, source, id=f"{exercise.id}: {name}")
    for exercise in catalogue().values()
    for name, source in _answers(exercise).WRONG[exercise.id].items()
]


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[Sandboxes]:
    with contextlib.closing(Sandboxes()) as those:
        yield those


@pytest.mark.parametrize("exercise", EXERCISES)
class TestEveryExercise:
    def test_gives_the_solution_full_points(self, exercise: Exercise) -> None:
        for seed in _seeds(exercise, SEVERAL):
            report = judged(exercise, _answers(exercise).SOLUTIONS[exercise.id], seed)
            assert (report.state, report.points) == ("solved", exercise.points), str(report)
            warned = getattr(_answers(exercise), "WARNS", {}).get(exercise.id, "")
            assert all(warned and line.startswith(warned) for line in report.printed.splitlines()), report.printed
            assert report.notes == ()

    def test_judges_alike_in_another_process(self, exercise: Exercise, sandboxes: Sandboxes) -> None:
        answers = _answers(exercise)
        wrong = next(iter(answers.WRONG[exercise.id].values()))
        for source in (answers.SOLUTIONS[exercise.id], wrong, _stub(exercise)):
            with sandboxes.learner(source) as learner, sockets_from(learner.bound_socket):
                callee = SandboxedCallee(learner, "exercise-x")
                there = judge(exercise, callee, b"one seed")
            here = judged(exercise, source, b"one seed")
            assert (there.state, there.points, there.mistake) == (here.state, here.points, here.mistake)
            assert [aspect.passed for aspect in there.aspects] == [aspect.passed for aspect in here.aspects]

    def test_gives_the_stub_nothing_and_calls_it_unwritten(self, exercise: Exercise) -> None:
        report = judged(exercise, _stub(exercise))
        assert (report.state, report.points, report.mistake) == ("unwritten", 0, None)

    def test_gives_those_who_know_nothing_nothing(self, exercise: Exercise) -> None:
        words = vocabulary(exercise, _answers(exercise).SOLUTIONS[exercise.id])
        for number, seed in enumerate(_seeds(exercise, 1000)):
            cases = shuffled_cases(exercise, seed)
            for name, function in adversaries(words, number):
                points = earned(exercise, cases, dict.fromkeys(exercise.functions, function))
                assert points == 0, f"{name} earned {points:g} with {seed!r}"

    def test_has_a_wrong_answer_for_each_mistake_it_knows(self, exercise: Exercise) -> None:
        wrong = _answers(exercise).WRONG[exercise.id]
        assert len(wrong) >= 2
        assert {mistake.name for mistake in exercise.mistakes} <= set(wrong)


@pytest.mark.parametrize(("exercise", "name", "source"), WRONG)
def test_a_wrong_answer_fails_and_is_called_by_its_name(exercise: Exercise, name: str, source: str) -> None:
    known = {mistake.name for mistake in exercise.mistakes}
    wanted = name.partition(" (")[0]
    slow = wanted in getattr(_answers(exercise), "SLOW", ())
    for seed in _seeds(exercise, FEW if slow else SEVERAL):
        report = judged(exercise, source, seed)
        assert report.points < exercise.points, f"not noticed with {seed!r}"
        recognised = report.mistake and report.mistake.name
        assert recognised == (wanted if wanted in known else None), str(report)


def test_every_mistake_is_one_plain_sentence() -> None:
    for exercise in catalogue().values():
        names = [mistake.name for mistake in exercise.mistakes]
        assert len(names) == len(set(names))
        for mistake in exercise.mistakes:
            assert mistake.sentence[0].isupper()
            assert mistake.sentence.endswith(".")
            assert "!" not in mistake.sentence
