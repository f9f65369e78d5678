"""Pairs of answers that are worth a look together: alike where nobody else's are.

Nothing here accuses. What a lesson gives to everybody does not count, nor does what stands in the published solution;
what many learners write counts little, and what is short counts not at all. Fingerprints lie in an inverted index, so
the work grows with the number of answers, not with its square.

No library fits: compare50 is well kept, but is under the GPL and asks for an attrs of 2020 that no JupyterLab runs
with; copydetect has had no release since March 2024 and compares all with all; neither lets common code weigh less.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from labsupport.grading.fingerprints import fingerprints

__all__ = ["EVIDENCE", "LIKENESS", "Alike", "Survey", "survey"]

# Fingerprints that nobody else has: about sixty tokens, seven or eight lines. This is also the shortest answer that is
# looked at. The second is the share of the shorter answer that the other one has too.
EVIDENCE = 24.0
LIKENESS = 0.5
CLOSE_TO_SOLUTION = 0.8

_SMALL_CLASS = 20  # with fewer others, that nobody else writes a thing says less
_NEIGHBOURS = 24  # so many of those who share a fingerprint are paired with each, however many they are


@dataclass(frozen=True)
class Alike:
    """Two learners whose answers are worth a look together.

    `likeness` is the share, by weight, of the shorter answer that the other has too; `evidence` the weight of what
    they share, in fingerprints that nobody else has.
    """

    one: str
    other: str
    likeness: float
    evidence: float


@dataclass(frozen=True)
class Survey:
    """What came of looking at all answers to one exercise.

    `pairs` has the strongest first, and none that only joins learners whom stronger pairs join already: `implied` is
    the number of those. `near_solution` are the learners whose answer is close to the published one, which is no
    fault. `short` is the number of answers that are too short to be told apart.
    """

    pairs: tuple[Alike, ...] = ()
    implied: int = 0
    near_solution: tuple[str, ...] = ()
    compared: int = 0
    short: int = 0


def survey(answers: Mapping[str, str], *, given: Iterable[str] = (), solution: str = "") -> Survey:
    """Look at the answers to one exercise, by learner.

    `given` is code that everybody got: the stub and the lesson's cells; `solution` is the published one, if any.
    """
    common = frozenset[int]().union(*map(fingerprints, given))
    published = fingerprints(solution) - common
    marks = {learner: fingerprints(code) - common for learner, code in answers.items()}
    near = tuple(learner for learner in marks if published and _near(marks[learner], published))
    marks = {learner: own - published for learner, own in marks.items()}
    compared = {learner: own for learner, own in marks.items() if len(own) >= EVIDENCE}
    # How common a thing is, all answers tell, the short ones too.
    weights = _weights(Counter(mark for own in marks.values() for mark in own), len(marks))
    found = sorted(_alike(compared, weights), key=lambda pair: (-pair.evidence, pair.one, pair.other))
    pairs = tuple(_joining(found))
    return Survey(pairs, len(found) - len(pairs), near, len(compared), len(marks) - len(compared))


def _near(own: frozenset[int], published: frozenset[int]) -> bool:
    """Tell whether an answer consists of the published one, or all but."""
    return len(own & published) >= CLOSE_TO_SOLUTION * len(own | published)


def _weights(owners: Mapping[int, int], learners: int) -> dict[int, float]:
    """Return what each fingerprint says: 1 if at most two of many have it, 0 if everybody has it."""
    others = max(learners - 1, 1)
    scale = math.log(max(others, _SMALL_CLASS))
    return {mark: math.log(others / max(count - 1, 1)) / scale for mark, count in owners.items()}


def _alike(marks: Mapping[str, frozenset[int]], weights: Mapping[int, float]) -> Iterator[Alike]:
    totals = {learner: _weight(own, weights) for learner, own in marks.items()}
    for one, other in _candidates(marks):
        evidence = _weight(marks[one] & marks[other], weights)
        smaller = min(totals[one], totals[other])
        if evidence >= EVIDENCE and evidence >= LIKENESS * smaller:
            yield Alike(one, other, evidence / smaller, evidence)


def _weight(marks: Iterable[int], weights: Mapping[int, float]) -> float:
    return math.fsum(weights[mark] for mark in marks)


def _candidates(marks: Mapping[str, frozenset[int]]) -> Iterator[tuple[str, str]]:
    """Yield the pairs that share enough fingerprints to be looked at."""
    index: dict[int, list[str]] = defaultdict(list)
    for learner, own in marks.items():
        for mark in own:
            index[mark].append(learner)
    shared = Counter(
        (one, other)
        for owners in index.values()
        for place, one in enumerate(owners)
        for other in owners[place + 1 : place + 1 + _NEIGHBOURS]
    )
    # No weight is above 1: with fewer in common there cannot be enough.
    yield from (pair for pair, count in shared.items() if count >= EVIDENCE)


def _joining(pairs: Iterable[Alike]) -> Iterator[Alike]:
    """Yield the pairs that join learners whom no earlier pair joins, directly or through others."""
    leaders: dict[str, str] = {}

    def leader(learner: str) -> str:
        while (above := leaders.get(learner, learner)) != learner:
            leaders[learner] = leaders.get(above, above)
            learner = above
        return learner

    for pair in pairs:
        one, other = leader(pair.one), leader(pair.other)
        if one != other:
            leaders[one] = other
            yield pair
