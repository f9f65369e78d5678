"""``check``: the number, the words, the card; and learners' functions on their worst days."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from labsupport.exercises import find
from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Case, Exercise
from labsupport.exercises.verdicts import asking
from labsupport.notebook import check as check_module
from labsupport.notebook.check import Checked, check

RIGHT = "start-verifies"
EXAMPLE = 'check("start-verifies", verifies)'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABSUPPORT_PROGRESS", raising=False)


def verifies(message: int, signature: int, e: int, n: int) -> bool:
    return pow(signature, e, n) == message


def _card(checked: Checked) -> str:
    return checked._repr_mimebundle_()["text/html"]


class TestResult:
    def test_is_a_bare_number_as_plain_text(self) -> None:
        right, wrong = check(RIGHT, verifies), check(RIGHT, lambda *_: True)
        assert [right.points, wrong.points] == [1.0, 0.0]
        assert [right._repr_mimebundle_()["text/plain"], repr(wrong)] == ["1.0", "0.0"]

    def test_is_words_when_printed(self) -> None:
        assert str(check(RIGHT, verifies)).startswith("Verify a signature with the public key: solved, 1 of 1 point\n")
        assert "→ It says True whatever it is given." in str(check(RIGHT, lambda *_: True))

    def test_is_a_card_for_people(self) -> None:
        assert "solved" in _card(check(RIGHT, verifies))
        assert "It says True whatever it is given." in _card(check(RIGHT, lambda *_: True))

    def test_is_neutral_about_a_stub(self) -> None:
        def stub(*_: object) -> None:
            raise NotImplementedError("your answer goes here")

        for unwritten in (stub, lambda *_: ...):
            checked = check(RIGHT, unwritten)
            assert checked.points == 0
            assert "not written yet" in _card(checked)
            assert "✗" not in _card(checked)
            assert not Path(".progress.json").exists()

    def test_keeps_the_progress(self) -> None:
        assert check(RIGHT, verifies).note is None
        assert Path(".progress.json").exists()

    def test_says_in_one_line_that_progress_cannot_be_kept(self) -> None:
        Path(".progress.json").mkdir()
        checked = check(RIGHT, verifies)
        assert checked.points == 1.0
        assert str(checked).splitlines()[-1] == f"{checked.note}"
        assert str(checked.note).startswith("Your progress was not kept: ")
        assert str(checked.note) in _card(checked)


class TestComplaints:
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (("start-verify", verifies), "there is no exercise called 'start-verify': did you mean start-verifies?"),
            ((RIGHT,), f"this check takes 1 function, and was given 0: write {EXAMPLE}"),
            (
                (RIGHT, verifies, 5),
                'this check takes 1 function, and was given 2: write check("start-verifies", verifies)',
            ),
            ((RIGHT, True), f"this check takes the function itself, not what it returns: write {EXAMPLE}"),
        ],
    )
    def test_are_one_line_worth_nothing(self, arguments: tuple[Any, ...], complaint: str) -> None:
        checked = check(*arguments)
        assert (checked.complaint, str(checked), checked.points, repr(checked)) == (complaint, complaint, 0.0, "0.0")
        assert "not checked" in _card(checked)

    @pytest.mark.parametrize("strange", [5, None, ["start-verifies"], verifies])
    def test_include_ids_that_are_none(self, strange: Any) -> None:
        assert check(strange, verifies).complaint

    def test_a_fault_of_the_course_is_not_the_learners(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(_: Draw) -> Iterable[Case]:
            raise LookupError("a key is missing")

        exercise = Exercise("x", "00_start", "X", 1, ("f",), {"a": 1}, broken)
        monkeypatch.setattr(check_module, "find", lambda _: exercise)
        checked = check("x", verifies)
        assert checked.complaint == (
            "The check itself failed, which is no fault of yours: LookupError: a key is missing"
        )


class TestSeveralFunctions:
    @pytest.fixture(autouse=True)
    def _exercise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def cases(_: Draw) -> Iterable[Case]:
            yield Case("a", asking("double", [2], 4))
            yield Case("a", asking("halve", [2], 1))

        exercise = Exercise("x", "00_start", "X", 1, ("double", "halve"), {"a": 1}, cases)
        monkeypatch.setattr(check_module, "find", lambda _: exercise)

    def test_are_told_apart_by_name(self) -> None:
        def double(n: int) -> int:
            return 2 * n

        def halve(n: int) -> int:
            return n // 2

        assert check("x", halve, double).points == check("x", double, halve).points == 1

    def test_or_by_position(self) -> None:
        assert check("x", lambda n: 2 * n, lambda n: n // 2).points == 1
        assert check("x", lambda n: n // 2, lambda n: 2 * n).points == 0


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


def _recursing(*arguments: int) -> object:
    return _recursing(*arguments)


def _exiting(*_: int) -> None:
    sys.exit("enough")


def _starting_threads(*_: int) -> bool:
    for _number in range(3):
        threading.Thread(target=time.sleep, args=(0.01,), daemon=True).start()  # short-lived on purpose
    return True


def _printing(*_: int) -> bool:
    for _number in range(100):
        print("x" * 1_000_000)
    return True


def _raising(*_: int) -> None:
    raise ValueError("<script>alert('no')</script>")


def _generating(*_: int) -> Iterable[int]:
    yield 1


BAD_DAYS: dict[str, tuple[Callable[..., object], str]] = {
    "raises": (_raising, "raised ValueError: &lt;script&gt;alert(&#x27;no&#x27;)&lt;/script&gt;"),
    "returns the wrong type": (lambda *_: 1, "1 (an int, not a bool)"),
    "returns None": (lambda *_: None, "None"),
    "returns a liar": (lambda *_: Liar(1), "returned a subclass of int named Liar; return a plain int"),
    "returns NaN": (lambda *_: float("nan"), "nan (a float, not a bool)"),
    "returns a huge int": (lambda *_: 1 << 10_000_000, "returned an int of 10,000,001 bits; 100,000 are the limit"),
    "returns a large int": (lambda *_: 1 << 50_000, "0x100000000000…00000000 (50,001 bits) (an int, not a bool)"),
    "returns a generator": (_generating, "returned a generator; return a list or a tuple"),
    "recurses for ever": (_recursing, "raised RecursionError"),
    "exits": (_exiting, "raised SystemExit: enough"),
    "interrupts itself": (lambda *_: (_ for _ in ()).throw(KeyboardInterrupt), "raised KeyboardInterrupt"),
    "takes too few arguments": (lambda message: True, "raised TypeError: "),
    "prints 100 MB": (_printing, "what it printed"),
    "starts threads": (_starting_threads, "True"),
}


class TestBadDays:
    @pytest.mark.parametrize("day", BAD_DAYS)
    def test_are_told_in_words_and_the_next_check_is_right(self, day: str, capfd: pytest.CaptureFixture[str]) -> None:
        function, words = BAD_DAYS[day]
        checked = check(RIGHT, function)
        assert checked.points == 0
        assert words in _card(checked)
        assert len(_card(checked)) < 20_000
        assert check(RIGHT, verifies).points == 1
        assert capfd.readouterr() == ("", "")

    def test_changed_arguments_are_noted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        exercise = Exercise(
            "x", "00_start", "X", 1, ("f",), {"a": 1}, lambda _: [Case("a", asking("f", [[3, 1]], [1, 3]))]
        )
        monkeypatch.setattr(check_module, "find", lambda _: exercise)

        def f(numbers: list[int]) -> list[int]:
            numbers.sort()
            return numbers

        checked = check("x", f)
        assert checked.points == 1
        assert "f changed what it was given: argument 1." in _card(checked)

    def test_endless_work_is_asked_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        exercise = find(RIGHT)
        asked: list[object] = []

        def cases(draw: Draw) -> Iterable[Case]:
            return [
                Case(case.aspect, lambda callee: asking("verifies", [1, 2, 3, 4], True, deadline=0.1)(callee))
                for case in exercise.cases(draw)
            ]

        quick = Exercise("x", "00_start", "X", 1, ("verifies",), dict(exercise.aspects), cases)
        monkeypatch.setattr(check_module, "find", lambda _: quick)

        def endless(*_: int) -> None:
            asked.append(1)
            while True:
                pass

        checked = check("x", endless)
        assert "did not answer in 0.1 s" in _card(checked)
        assert len(asked) == 1


KERNEL_CELLS = {
    "import": "import sys\nfrom labsupport import check, progress",
    "stub": """
        def verifies(m, s, e, n):
            raise NotImplementedError('your answer goes here')
        check('start-verifies', verifies)""",
    "raises": "check('start-verifies', lambda *a: 1 / 0)",
    "exits": "check('start-verifies', lambda *a: sys.exit())",
    "loops": """
        def loops(*a):
            while True:
                try:
                    pass
                except BaseException:
                    pass
        check('start-verifies', loops)""",
    "recurses": """
        def again(*a):
            return again(*a)
        check('start-verifies', again)""",
    "asks": "check('start-verifies', lambda *a: input())",
    "prints": "check('start-verifies', lambda *a: print('out', file=sys.stderr))",
    "right": "check('start-verifies', lambda m, s, e, n: pow(s, e, n) == m)",
    "map": "progress()",
}


@pytest.mark.notebooks
def test_a_kernel_stays_usable(tmp_path: Path) -> None:
    from nbclient import NotebookClient

    # nbformat's own functions, without types
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(source)) for source in KERNEL_CELLS.values()]  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = {name: cell.outputs for name, cell in zip(KERNEL_CELLS, notebook.cells, strict=True)}
    assert outputs["import"] == []
    for name in list(KERNEL_CELLS)[1:]:
        assert [output.output_type for output in outputs[name]] == ["execute_result"], name
    said = {name: outputs[name][0].data for name in list(KERNEL_CELLS)[1:]}
    assert said["right"]["text/plain"] == "1.0"
    assert {data["text/plain"] for name, data in said.items() if name not in ("right", "map")} == {"0.0"}
    for name, words in {
        "stub": "not written yet",
        "raises": "raised ZeroDivisionError",
        "exits": "raised SystemExit",
        "loops": "did not answer in 5 s",
        "recurses": "raised RecursionError",
        "asks": "raised EOFError",
        "prints": "what it printed",
        "right": "34 of 34 right",
        "map": "Your map of the course",
    }.items():
        assert words in said[name]["text/html"], name
    assert "✓ Verify a signature with the public key: solved" in said["map"]["text/plain"]


def test_checking_needs_no_ipython() -> None:
    code = "import sys, labsupport; labsupport.check; print('IPython' in sys.modules, 'matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
