"""Pairs that are worth a look together: copies are found in every dress, honest work is left in peace."""

from __future__ import annotations

import random

import pytest

from labsupport.authoring.places import lessons_dir
from labsupport.authoring.regions import learner_text, solved_text
from labsupport.authoring.source import read_lesson
from labsupport.grading import similarity
from labsupport.grading.similarity import EVIDENCE, LIKENESS, Survey, survey
from tests.grading.written import DRESSED, HONEST, OTHERS, STUB

NAMES = ("alpha", "beta", "gamma", "delta", "rest", "total", "left", "right", "acc", "num", "out", "cur", "nxt")
SHORT = "def modinv(a, n):\n    g, x, _ = egcd(a, n)\n    return x % n\n"


def random_work(seed: int) -> str:
    """Return code that nobody else writes."""
    chance = random.Random(seed)
    names = chance.sample(NAMES, 7)

    def term(depth: int) -> str:
        if depth > 2 or chance.random() < 0.4:
            return chance.choice([*names, "7"])
        if chance.random() < 0.7:
            return f"({term(depth + 1)} {chance.choice('+-*%&^')} {term(depth + 1)})"
        return f"{chance.choice(['pow', 'max', 'min', 'abs', 'sum'])}({term(depth + 1)}, {term(depth + 1)})"

    lines = [f"    {chance.choice(names)} = {term(0)}" for _ in range(chance.randint(4, 20))]
    return "\n".join([f"def records({', '.join(names[:3])}):", *lines, f"    return {', '.join(names)}"])


def a_class(size: int = 30) -> dict[str, str]:
    """Return the answers of a class in which nobody copied."""
    honest = {f"honest{number}": code for number, code in enumerate((HONEST, *OTHERS))}
    return honest | {f"other{number}": random_work(number) for number in range(size - len(honest))}


def names(found: Survey) -> list[set[str]]:
    return [{pair.one, pair.other} for pair in found.pairs]


def test_honest_answers_are_left_in_peace() -> None:
    found = survey(a_class(), given=[STUB])
    assert (found.pairs, found.implied) == ((), 0)
    assert found.compared > 20


@pytest.mark.parametrize("dress", DRESSED)
@pytest.mark.parametrize("size", [6, 30])
def test_a_copy_is_found_in_every_dress(dress: str, size: int) -> None:
    found = survey(a_class(size) | {"copy": DRESSED[dress]}, given=[STUB])
    assert names(found) == [{"honest0", "copy"}]
    assert found.pairs[0].likeness >= LIKENESS
    assert found.pairs[0].evidence >= EVIDENCE


def test_what_is_really_rewritten_counts_as_rewritten() -> None:
    rewritten = HONEST.replace(
        "    for step in range(count):\n        total = total * 256 + data[place + step]",
        "    while count > 0:\n        count, total = count - 1, (total << 8) + data[place]\n        place += 1",
    ).replace("return total, place + count", "return total, place")
    assert rewritten.count("while") == HONEST.count("while") + 1
    (pair,) = survey(a_class() | {"copy": rewritten}, given=[STUB]).pairs
    assert pair.likeness < 0.9
    # Where everything is written anew, the idea alone is no likeness.
    assert survey({"idea": HONEST, "work": OTHERS[2], **a_class()}, given=[STUB]).pairs != ()
    assert survey({"work": OTHERS[2]} | {k: v for k, v in a_class().items() if k != "honest3"}).pairs == ()


@pytest.mark.parametrize("size", [2, 3, 30])
def test_short_answers_are_never_named(size: int) -> None:
    found = survey({f"learner{number}": SHORT for number in range(size)}, given=[STUB])
    assert (found.pairs, found.compared, found.short) == ((), 0, size)
    twins = survey(a_class() | {"one": SHORT, "two": SHORT})
    assert twins.pairs == ()


@pytest.mark.parametrize("size", [2, 5, 40])
def test_what_everybody_writes_is_no_evidence(size: int) -> None:
    found = survey({f"learner{number}": HONEST for number in range(size)})
    assert found.pairs == ()


def test_what_many_write_is_little_evidence() -> None:
    half = a_class(60) | {f"same{number}": HONEST for number in range(30)}
    assert survey(half, given=[STUB]).pairs == ()


def test_a_few_who_share_are_joined_by_as_few_pairs_as_it_takes() -> None:
    found = survey(a_class(30) | {f"same{number}": HONEST for number in range(4)}, given=[STUB])
    assert len(found.pairs) == 4
    assert set().union(*names(found)) == {"honest0", "same0", "same1", "same2", "same3"}
    assert found.implied == 6


def test_what_the_lesson_gives_does_not_count() -> None:
    given = OTHERS[1]
    class_ = {learner: code for learner, code in a_class().items() if code != given}
    with_given = {learner: f"{given}\n{code}" for learner, code in class_.items()}
    few = dict(list(with_given.items())[10:12])
    assert survey({**class_, **few}, given=[STUB, given]).pairs == ()
    # Two who took the same from somewhere else are a pair.
    assert names(survey({**class_, **few}, given=[STUB])) == [set(few)]


def test_likeness_to_the_published_solution_is_marked_and_nothing_else() -> None:
    class_ = a_class() | {"one": DRESSED["renamed"], "two": DRESSED["padded"]}
    found = survey(class_, given=[STUB], solution=HONEST)
    assert set(found.near_solution) == {"honest0", "one", "two"}
    assert found.pairs == ()
    # What two share beyond it still counts.
    found = survey(class_ | {f"{each}-more": HONEST + OTHERS[1] for each in "ab"}, given=[STUB], solution=HONEST)
    assert {"a-more", "b-more"} in names(found)


def test_the_course_s_own_solutions_are_near_themselves_and_no_pair() -> None:
    for path in sorted(lessons_dir().glob("[0-9]*.py")):
        for cell in read_lesson(path).cells:
            if cell.role == "exercise":
                code = solved_text(cell)
                class_ = {**a_class(), "one": code, "two": code}
                found = survey(class_, given=[learner_text(cell)], solution=code)
                assert found.pairs == ()
                assert set(found.near_solution) in ({"one", "two"}, set())


def test_order_is_no_matter_and_nothing_is_no_trouble() -> None:
    class_ = a_class() | {"copy": DRESSED["everything at once"], "empty": "", "stub": STUB}
    backwards = dict(reversed(class_.items()))
    assert names(survey(class_)) == names(survey(backwards))
    assert survey({}) == Survey()
    assert survey({"alone": HONEST}).pairs == ()


def test_a_thousand_answers_are_not_compared_all_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    weighed = 0
    weigh = similarity._weight

    def counted(*arguments: object) -> float:
        nonlocal weighed
        weighed += 1
        return weigh(*arguments)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(similarity, "_weight", counted)
    class_ = {f"learner{number}": random_work(number) for number in range(1_000)}
    class_ |= {f"same{number}": HONEST for number in range(100)}
    found = survey(class_)
    assert set().union(*names(found)) <= {f"same{number}" for number in range(100)}
    # Once for each answer, and for each of the hundred with its neighbours.
    assert weighed <= 1_100 + 100 * 24 + 1_000
