from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labsupport.authoring.results import Failure, RunResult, failure_of, marks, summary


def check(points: float, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"nbgrader": {"grade": True, "points": points}}, "outputs": list(outputs)}


def shows(text: object, **other: str) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": {"text/plain": text, **other}}


def raises(name: str, value: str, *traceback: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": list(traceback)}


class PapermillExecutionError(Exception):
    """A stand-in: the real one costs an import of papermill."""


@pytest.mark.parametrize(
    ("outputs", "earned"),
    [
        ([shows("2.0")], 2.0),
        ([shows(["1", ".5"])], 1.5),
        ([{"output_type": "stream", "text": "7"}, shows("1.0"), shows("2.0")], 1.0),
        ([shows("0.0", **{"text/html": "2.0 of 2.0"})], 0.0),
        ([shows("99")], 2.0),
        ([shows("-1")], 0.0),
        ([shows("nan")], 0.0),
        ([shows("inf")], 0.0),
        ([shows("2.0 points")], 0.0),
        ([shows("True")], 0.0),
        ([{"output_type": "execute_result", "data": {"text/html": "2.0"}}], 0.0),
        ([{"output_type": "display_data", "data": {"text/plain": "2.0"}}], 0.0),
        ([], 0.0),
    ],
)
def test_points_are_the_bare_number_of_the_plain_text(outputs: list[dict[str, Any]], earned: float) -> None:
    assert marks({"cells": [check(2.0, *outputs)]}) == (earned, 2.0)


def test_points_of_all_checks_are_added_and_other_cells_ignored() -> None:
    notebook = {
        "cells": [
            check(2, shows("2.0")),
            check(1.5, shows("0.5")),
            {"metadata": {}, "outputs": [shows("7")]},
            {"metadata": {"nbgrader": {"grade": False, "solution": True}}, "outputs": [shows("7")]},
            {"metadata": {}},
            {"metadata": {"nbgrader": []}},
            check("two", shows("7")),  # type: ignore[arg-type]  # a file may say anything
        ]
    }
    assert marks(notebook) == (2.5, 3.5)


@pytest.mark.parametrize(
    ("output", "error"),
    [
        (raises("ValueError", "no", "\x1b[0;31mValueError\x1b[0m: no"), "ValueError: no"),
        (raises("ValueError", "a\nb\n", "Traceback\nValueError: a\n", "b\n\n"), "ValueError: b"),
        (raises("StopIteration", ""), "StopIteration"),
    ],
)
def test_a_failed_cell_is_named_with_its_first_line_and_the_errors_last(output: dict[str, Any], error: str) -> None:
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "source": "x"},
        {"id": "fine", "source": "sys.exit(0)", "outputs": [raises("SystemExit", "0")]},
        {"id": "c1", "source": ["\n", "boom()\n", "more"], "outputs": [shows("1"), output]},
    ]
    failure = failure_of({"cells": cells}, cells[0], PapermillExecutionError())
    assert failure == Failure("c1", "boom()", error)
    assert str(failure) == f"cell c1 (boom()): {error}"


@pytest.mark.parametrize(
    ("name", "said"), [("CellTimeoutError", "the cell did not end in time"), ("DeadKernelError", "the kernel died")]
)
def test_a_failed_kernel_is_put_down_to_the_cell_that_ran(name: str, said: str) -> None:
    error = type(name, (Exception,), {})("many words")
    cells = [{"source": "loop()", "outputs": [raises("KeyboardInterrupt", "")]}]
    assert failure_of({"cells": cells}, cells[0], error) == Failure("without id", "loop()", said)


def test_before_the_first_cell_there_is_only_the_error() -> None:
    failure = failure_of({"cells": []}, None, RuntimeError("no kernel\n\n"))
    assert str(failure) == "RuntimeError: no kernel"
    assert str(failure_of({"cells": []}, None, RuntimeError())) == "RuntimeError"
    assert str(failure_of({"cells": []}, None, PapermillExecutionError())) == "PapermillExecutionError"


def test_the_summary_is_a_table_with_totals_and_the_failures_below() -> None:
    fine = RunResult("00_start", Path("00_start.ipynb"), 9, 1.25, 2.0, 2.0)
    failure = Failure("c7", "boom()", "ValueError: no")
    bad = RunResult("06_five_requests", Path("06.ipynb"), 31, 10.0, 0.0, 12.5, failure, Path("kept/06.ipynb"))
    assert summary([fine]).split("\n") == [
        "notebook  cells  seconds  points",
        "00_start      9      1.2     2/2  ok",
    ]
    assert summary([fine, bad]).split("\n") == [
        "notebook          cells  seconds  points",
        "00_start              9      1.2     2/2  ok",
        "06_five_requests     31     10.0  0/12.5  failed",
        "together             40     11.2  2/14.5",
        "",
        "06_five_requests: cell c7 (boom()): ValueError: no",
        "  the notebook as far as it ran: kept/06.ipynb",
    ]
    unstarted = RunResult("x", Path("x.ipynb"), 0, 1.0, 0.0, 0.0, Failure("", "", "RuntimeError: no kernel"))
    assert summary([unstarted]).split("\n")[2:] == ["", "x: RuntimeError: no kernel"]
