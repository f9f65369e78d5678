"""A judgement taken down and judged again: the same, wherever and whenever; and never silently something else."""

from __future__ import annotations

import importlib
import json
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from labsupport.errors import ReplayMismatch, UnknownExercise
from labsupport.exercises import LESSON_MODULES, catalogue, find
from labsupport.exercises.callee import Answer, Argument, Callee, File, Folder, Handle, Oracle, Url, Wire
from labsupport.exercises.draw import Draw
from labsupport.exercises.journal import observe
from labsupport.exercises.local import LocalCallee
from labsupport.exercises.model import AspectReport, Case, Exercise, Outcome, Report, judge
from labsupport.exercises.plain import Plain
from labsupport.exercises.verdicts import asking, compare
from labsupport.grading import testimony, transcript
from labsupport.grading.records import RecordError, report_to
from labsupport.grading.replay_words import in_words
from labsupport.grading.testimony import Call
from labsupport.grading.transcript import CaseReplay, Observation, Replay, recall, record, replay
from labsupport.pki.keys import generate
from tests.exercises.adversaries import defined
from tests.tools import run

SEED = b"one seed"


def _callee(exercise: Exercise, source: str) -> LocalCallee:
    names = defined(source)
    return LocalCallee({name: names[name] for name in exercise.functions})


def _answers(exercise: Exercise) -> Iterator[str]:
    """Yield the solution and a wrong answer that does not keep the judge waiting."""
    name = next(name for name in LESSON_MODULES if exercise.lesson.endswith(name))
    module = importlib.import_module(f"tests.exercises.answers.{name}")
    yield module.SOLUTIONS[exercise.id]
    slow = getattr(module, "SLOW", ())
    yield next(source for mistake, source in module.WRONG[exercise.id].items() if mistake not in slow)


@dataclass(frozen=True)
class Taken:
    """One judgement, its transcript, and what another process made of that."""

    report: Report
    text: str
    elsewhere: dict[str, Any]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Taken]]:
    """Judge a right and a wrong answer to every exercise, and replay all of them in another process at once."""
    records = [
        record(exercise, _callee(exercise, source), SEED)
        for exercise in catalogue().values()
        for source in _answers(exercise)
    ]
    file: Path = tmp_path_factory.mktemp("transcripts") / "all.json"
    file.write_text(json.dumps([text for _, text in records]), encoding="ascii")
    done = run([sys.executable, "-m", "tests.grading.replay_elsewhere", str(file)], seconds=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[Taken]] = {}
    for (report, text), elsewhere in zip(records, json.loads(done.stdout), strict=True):
        found.setdefault(report.exercise_id, []).append(Taken(report, text, elsewhere))
    return found


@pytest.mark.parametrize("exercise", [pytest.param(exercise, id=exercise.id) for exercise in catalogue().values()])
class TestEveryExercise:
    def test_is_judged_as_without_a_record(self, exercise: Exercise, taken: Mapping[str, list[Taken]]) -> None:
        right, wrong = taken[exercise.id]
        assert (right.report.state, right.report.points) == ("solved", exercise.points)
        assert wrong.report.points < exercise.points
        for each, source in zip((right, wrong), _answers(exercise), strict=True):
            bare = judge(exercise, _callee(exercise, source), SEED)
            assert (bare.points, bare.state, bare.mistake) == (
                each.report.points,
                each.report.state,
                each.report.mistake,
            )

    def test_is_judged_again_alike_in_another_process_decades_later(
        self, exercise: Exercise, taken: Mapping[str, list[Taken]]
    ) -> None:
        for each in taken[exercise.id]:
            here = report_to(each.report) | {"seconds": 0.0}
            assert each.elsewhere["report"] == here
            assert each.elsewhere["then"] == here
            assert each.elsewhere["same"]
            assert all(each.elsewhere["same"])

    def test_tells_every_case(self, exercise: Exercise, taken: Mapping[str, list[Taken]]) -> None:
        for each in taken[exercise.id]:
            told = recall(each.text)
            count = sum(aspect.cases for aspect in each.report.aspects)
            assert sorted(case.number for case in told.cases) == list(range(count))
            assert not told.not_run
            assert all(any(isinstance(said, Call) for said in case.said) for case in told.cases)
            assert (told.exercise_id, told.seed, told.then) == (exercise.id, SEED, each.report)

    def test_has_a_record_of_moderate_length(self, exercise: Exercise, taken: Mapping[str, list[Taken]]) -> None:
        for each in taken[exercise.id]:
            assert each.text.isascii()
            assert len(each.text) < 1_500_000
            assert len(zlib.compress(each.text.encode())) < 250_000

    def test_reads_well_in_eighty_columns(self, exercise: Exercise, taken: Mapping[str, list[Taken]]) -> None:
        for each in taken[exercise.id]:
            words = in_words(replay(each.text))
            assert max(map(len, words.splitlines())) <= 80
            assert exercise.title in words.replace("\n", " ")
            assert words.count("now       the same\n") + words.endswith("now       the same") == len(
                recall(each.text).cases
            )


# A small exercise, whose spec the tests change


def _spec(
    first: int = 2,
    second: Callable[[int], Plain] = lambda number: number,
    label: str = "weather",
    aspects: tuple[str, ...] = ("one", "two"),
    looks: int = 1,
) -> Exercise:
    """Return an exercise that calls ``f`` with what the other arguments say."""

    def run_case(number: int, draw: Draw, callee: Callee) -> Outcome:
        oracle = Oracle(lambda *asked: second(int(str(asked[0]))), quota=2)
        for _ in range(looks):
            observe(label, lambda: "rain", number)
        answer = callee.call("f", oracle, first + number, draw.below(1000), File("a.txt", b"text"), Folder(), URL)
        assert observe("key", lambda: 1) == 1
        return replace(compare(answer, first + number, f"case {number}"), notes=(f"asked {oracle.asked}",))

    def cases(draw: Draw) -> Iterator[Case]:
        observe("morning", lambda: "sun")
        for number, aspect in enumerate(aspects):

            def case(callee: Callee, number: int = number) -> Outcome:
                return run_case(number, draw.child(str(number)), callee)

            yield Case(aspect, case)

    names = dict.fromkeys(aspects, 1.0)
    return Exercise("toy", "00_start", "A toy", float(len(names)), ("f",), names, cases)


URL = Url("a.test", 443)


def _f(ask: Callable[[int], int], number: int, drawn: int, *_: object) -> int:
    generate()  # a learner's own key is none of the judge's observations
    print("\x1b[31mred")
    ask(drawn)
    return number


def _toy(monkeypatch: pytest.MonkeyPatch, exercise: Exercise) -> None:
    monkeypatch.setattr(transcript, "find", {"toy": exercise}.__getitem__)


def _text(exercise: Exercise | None = None, f: Callable[..., object] = _f) -> str:
    return record(exercise or _spec(), LocalCallee({"f": f}), SEED)[1]


class TestASpecThatChanged:
    def test_not_at_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _toy(monkeypatch, _spec())
        again = replay(_text())
        assert again.agrees
        assert again.report == again.then
        assert [said.label for said in again.drawn if isinstance(said, Observation)] == ["morning"]

    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            (_spec(first=3), "toy, case .: f is given another argument 2 than then"),
            (_spec(label="climate"), "case .: the record has saw weather in the place of this: climate"),
            (_spec(looks=2), "case .: the record has call f in the place of this: weather"),
            (_spec(looks=0), "case .: the record has saw weather in the place of this: f"),
            (_spec(second=lambda number: number + 1), "case .: f asked a question that is answered otherwise now"),
            (_spec(aspects=("one", "two", "two")), "toy: it has other cases than the 2 of then"),
            (_spec(aspects=("two", "one")), "toy: it has other cases than the 2 of then"),
        ],
    )
    def test_is_told_and_no_verdict_given(self, monkeypatch: pytest.MonkeyPatch, changed: Exercise, words: str) -> None:
        text = _text()
        _toy(monkeypatch, changed)
        with pytest.raises(ReplayMismatch, match=rf"{words}.*changed since"):
            replay(text)
        assert recall(text).report is None

    def test_so_that_it_asks_less(self, monkeypatch: pytest.MonkeyPatch) -> None:
        text = _text(_spec(looks=2))
        told = json.loads(text)
        for case in told["ran"]:
            case["said"].append(case["said"][0])
        _toy(monkeypatch, _spec(looks=2))
        with pytest.raises(ReplayMismatch, match="goes on where the judge has done: saw weather"):
            replay(json.dumps(told))

    def test_so_that_cases_run_in_another_order_or_not_at_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _toy(monkeypatch, _spec())
        told = json.loads(_text())
        told["ran"].reverse()
        with pytest.raises(ReplayMismatch, match="did not run in this place"):
            replay(json.dumps(told))
        del told["ran"][1]
        with pytest.raises(ReplayMismatch):
            replay(json.dumps(told))
        told = json.loads(_text())
        told["ran"].append(told["ran"][0])
        with pytest.raises(ReplayMismatch, match="it ran then, and does not run now"):
            replay(json.dumps(told))

    def test_so_that_it_is_gone(self) -> None:
        with pytest.raises(UnknownExercise):
            replay(_text())


@pytest.mark.parametrize(
    ("change", "now"),
    [
        ({"notes": ("another",), "suspects": frozenset({"other"})}, "the same"),
        ({"expected": "5"}, "the same verdict, in other words: ✗ expected 5; came 4"),
        ({"passed": True}, "another verdict: ✓ 4"),
    ],
)
def test_a_case_is_told_by_what_a_reader_sees_of_it(change: dict[str, object], now: str) -> None:
    then = Outcome(False, "f(1)", "3", "4", notes=("one",))
    case = CaseReplay(0, "all", (), then, replace(then, **change))  # type: ignore[arg-type]  # fields of an Outcome
    whole = Report("rsa-sign", "Sign", 0, 1, "wrong", (AspectReport("all", 0, 1, 0, 1, 1, then),))
    words = " ".join(in_words(Replay("rsa-sign", b"0", whole, (case,), report=whole)).split())
    assert f"then ✗ expected 3; came 4 now {now}" in words


class TestATamperedTranscript:
    def test_comes_to_another_verdict(self) -> None:
        exercise = find("rsa-keypair")
        right = next(_answers(exercise))
        _, text = record(exercise, _callee(exercise, right), SEED)
        told = json.loads(text)
        case = next(case for case in told["ran"] if "value" in case["said"][0][4])
        case["said"][0][4]["value"]["tuple"][0] = {"int": "0x5"}
        again = replay(json.dumps(told))
        assert again.report is not None
        assert (again.then.points, again.report.points) == (2.0, 1.0)
        assert not again.agrees
        (other,) = [each for each in again.cases if not each.agrees]
        assert other.number == case["case"]
        words = in_words(again)
        assert "another verdict in 1 case" in " ".join(words.split())
        assert "another verdict: ✗" in words

    def test_does_not_keep_what_was_observed_of_another_answer(self) -> None:
        exercise = find("authority-root")
        _, text = record(exercise, _callee(exercise, next(_answers(exercise))), SEED)
        told = json.loads(text)
        case = next(case for case in told["ran"] if any(entry[1].startswith("verify code") for entry in case["said"]))
        case["said"][0][4] = {"error": "ValueError"}
        with pytest.raises(ReplayMismatch, match="goes on where the judge has done"):
            replay(json.dumps(told))

    @pytest.mark.parametrize(
        "change",
        [
            {"transcript": 2},
            {"seed": "no hex"},
            {"seed": 5},
            {"aspects": [1, 2]},
            {"ran": [{}]},
            {"ran": [{"case": 7, "said": [], "outcome": {}}]},
            {"ran": [{"case": 0, "said": [], "outcome": {"passed": True}}]},
            {"drawn": [["saw", "x", "", {"int": "z"}]]},
            {"drawn": [["call", "f", [], [], {"late": 1}]]},
            {"drawn": [["call", "f", [], [], {"more": 1}]]},
            {"drawn": [["call", "f", [], [], {"files": []}]]},
            {"drawn": [["call", "f", [{"file": "a", "content": 5}], [], {}]]},
            {"drawn": [["call", "f", [], [5], {}]]},
            {"drawn": [["said", "f"]]},
            {"drawn": [5]},
            {"report": {}},
        ],
        ids=str,
    )
    def test_is_refused_where_it_is_none(self, change: dict[str, Any]) -> None:
        told = json.loads(_text()) | change
        with pytest.raises(RecordError):
            recall(json.dumps(told))

    @pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", "[" * 100_000])
    def test_is_refused_where_it_is_something_else(self, text: str) -> None:
        with pytest.raises(RecordError, match="not a transcript"):
            replay(text)


class TestConversation:
    def test_is_kept_in_full(self) -> None:
        (first, *_) = recall(_text()).cases
        call = next(said for said in first.said if isinstance(said, Call))
        assert call.function == "f"
        assert call.arguments[3:] == (File("a.txt", b"text"), Folder(), URL)
        assert isinstance(call.arguments[0], Oracle)
        (question,) = call.questions
        assert question.asked == (call.arguments[2],)
        assert question.reply == call.arguments[2]
        assert (call.answer.value, call.answer.printed) == (call.arguments[1], "\x1b[31mred\n")

    def test_is_harmless_in_a_terminal(self) -> None:
        words = in_words(recall(_text()))
        assert "\x1b" not in words
        assert "printed   \\u{1b}[31mred" in words
        assert "not judged again" in words

    @pytest.mark.parametrize(
        "f",
        [
            lambda ask, number, *_: [ask(1) for _ in range(9)] and number,  # more than the quota
            lambda ask, number, *_: ask("no number"),  # what the judge's function raises
            lambda ask, number, *_: ask(object()),  # no plain data: not a question at all
            lambda ask, number, *_: None,
            lambda ask, number, drawn, file, folder, url: Path(folder, "out").write_bytes(b"\xff") and number,
        ],
    )
    def test_of_every_kind_can_be_had_again(self, monkeypatch: pytest.MonkeyPatch, f: Callable[..., object]) -> None:
        _toy(monkeypatch, _spec())
        report, text = record(_spec(), LocalCallee({"f": f}), SEED)
        again = replay(text)
        assert again.report == report
        calls = [said for case in again.cases for said in case.said if isinstance(said, Call)]
        over = any(question.over for call in calls for question in call.questions)
        assert over == ("one too many" in in_words(again))

    def test_is_cut_where_a_callee_says_too_much(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(testimony, "ROOM", 20_000)
        _toy(monkeypatch, _spec())

        def talkative(ask: Callable[[object], object], number: int, *_: object) -> object:
            return "x" * 15_000 if number == 2 else [ask(1 << 90_000)]

        report, text = record(_spec(), LocalCallee({"f": talkative}), SEED)
        assert len(text) < 40_000
        faults = [aspect.failing.got for aspect in report.aspects if aspect.failing and aspect.failing.fault]
        assert faults == ["said more than the judge takes down in one exercise (4 MB)"]
        assert replay(text).report == report


class Fading:
    """A callee that answers right at first, and then comes to `end`."""

    def __init__(self, answers: Callee, end: Answer, patience: int) -> None:
        self._answers = answers
        self._end = end
        self._patience = patience

    def call(self, function: str, *arguments: Argument, deadline: float = 5.0) -> Answer:
        self._patience -= 1
        return self._answers.call(function, *arguments, deadline=deadline) if self._patience >= 0 else self._end

    def accept(self, handle: Handle, *, deadline: float = 5.0) -> Wire:
        return self._answers.accept(handle, deadline=deadline)

    def close(self) -> None:
        self._answers.close()


@pytest.mark.parametrize("name", ["rsa-keypair", "authority-issue", "five-requests-server2-context"])
@pytest.mark.parametrize(
    "end",
    [
        Answer(fault="did not answer in 5 s", late=True, printed="so far"),
        Answer(fault="ended its process"),
        Answer(error="NotImplementedError", unwritten=True),
    ],
    ids=["late", "dead", "unwritten"],
)
def test_a_callee_that_fails_in_the_middle_is_judged_again_alike(name: str, end: Answer) -> None:
    exercise = find(name)
    report, text = record(exercise, Fading(_callee(exercise, next(_answers(exercise))), end, 5), SEED)
    again = replay(text)
    assert again.report == report
    assert again.agrees
    assert bool(again.not_run) == end.late
    if end.late:
        assert len(again.cases) + len(again.not_run) == sum(aspect.cases for aspect in report.aspects)
        assert "not run:" in in_words(again)


def test_a_judgement_without_a_seed_of_ours_has_a_fresh_one() -> None:
    exercise = find("start-verifies")
    texts = [record(exercise, _callee(exercise, next(_answers(exercise))))[1] for _ in range(2)]
    seeds = {recall(text).seed for text in texts}
    assert len(seeds) == 2
    assert all(len(seed) == 32 for seed in seeds)
    assert all(replay(text).agrees for text in texts)


def test_a_connection_that_nobody_observed_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_case(callee: Callee) -> Outcome:
        answer = callee.call("f")
        assert isinstance(answer.value, Handle)
        callee.accept(answer.value).close()
        return Outcome(True, "", "", "")

    exercise = Exercise("toy", "00_start", "A toy", 1.0, ("f",), {"one": 1.0}, lambda _: [Case("one", run_case)])
    _toy(monkeypatch, exercise)
    source = "import ssl\ndef f(): return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)"
    _, text = record(exercise, _callee(exercise, source))
    with pytest.raises(ReplayMismatch, match="nobody is there"):
        replay(text)


def test_asking_is_enough_for_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [Case("one", asking("f", [number], number)) for number in range(4)]
    exercise = Exercise("toy", "00_start", "A toy", 1.0, ("f",), {"one": 1.0}, lambda _: cases)
    _toy(monkeypatch, exercise)
    assert replay(_text(exercise, lambda number: number)).agrees
