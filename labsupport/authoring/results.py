"""What came of running a notebook: how far it got, where it failed, which points its checks gave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labsupport.authoring.notebook_file import joined, metadata_of

__all__ = ["Failure", "Progress", "RunResult", "failure_of", "marks", "summary"]

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Failure:
    """Where a run stopped: the cell's id and first line (empty if no cell began), and the last line of the error."""

    cell: str
    first_line: str
    error: str

    def __str__(self) -> str:
        return f"cell {self.cell} ({self.first_line}): {self.error}" if self.cell else self.error


@dataclass(frozen=True)
class RunResult:
    """What came of one run: `cells` is how many code cells ran, `kept` where the executed notebook is, if it is."""

    name: str
    notebook: Path
    cells: int
    seconds: float
    earned: float
    possible: float
    failure: Failure | None = None
    kept: Path | None = None


@dataclass(frozen=True)
class Progress:
    """How far a run is: `begun` of `cells` code cells; `seconds` since it began; `result` once it has ended."""

    name: str
    begun: int
    cells: int
    seconds: float
    result: RunResult | None


def marks(notebook: Mapping[str, Any]) -> tuple[float, float]:
    """Return the points that the check cells of an executed notebook gave, and those that they could have given."""
    earned = possible = 0.0
    for cell in notebook["cells"]:
        grading = metadata_of(cell).get("nbgrader")
        points = grading.get("points") if isinstance(grading, dict) and grading.get("grade") else None
        if isinstance(points, int | float):
            possible += points
            earned += min(_number(cell), points)
    return earned, possible


def _number(check: Mapping[str, Any]) -> float:
    """Return the bare number, not below 0, that a check cell shows as plain text; 0 if it shows anything else."""
    for output in check.get("outputs", ()):
        if output["output_type"] == "execute_result":
            text = joined(output["data"].get("text/plain"))
            return float(text) if re.fullmatch(r"\d+(\.\d+)?", text.strip()) else 0.0
    return 0.0


def failure_of(notebook: Mapping[str, Any], begun: Mapping[str, Any] | None, error: Exception) -> Failure:
    """Say which cell failed, and how: the one that shows an error, or the last one `begun` when the kernel failed."""
    kind = type(error).__name__
    if kind == "PapermillExecutionError":
        for cell in notebook["cells"]:
            for output in _errors(cell):
                return _failure(cell, _last_line("\n".join(output["traceback"]), output["ename"]))
    known = {"CellTimeoutError": "the cell did not end in time", "DeadKernelError": "the kernel died"}
    return _failure(begun, known.get(kind) or _last_line(str(error), kind))


def _errors(cell: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for output in cell.get("outputs", ()):
        # papermill lets a notebook end itself with sys.exit(0).
        if output["output_type"] == "error" and (output["ename"], output["evalue"]) not in (
            ("SystemExit", ""),
            ("SystemExit", "0"),
        ):
            yield output


def _last_line(text: str, kind: str) -> str:
    """Return the last line that says something, with the kind of error in front where it does not say that itself."""
    lines = [line.strip() for line in _COLOUR.sub("", text).split("\n") if line.strip()]
    if not lines:
        return kind
    return lines[-1] if kind in lines[-1] else f"{kind}: {lines[-1]}"


def _failure(cell: Mapping[str, Any] | None, error: str) -> Failure:
    if cell is None:
        return Failure("", "", error)
    return Failure(cell.get("id", "without id"), joined(cell["source"]).strip().partition("\n")[0], error)


def summary(results: Sequence[RunResult]) -> str:
    """Return a table of all results: cells, seconds and points of each, with the totals; then what failed, where."""
    rows = [("notebook", "cells", "seconds", "points", "")]
    rows += [
        (
            result.name,
            f"{result.cells}",
            f"{result.seconds:.1f}",
            f"{result.earned:g}/{result.possible:g}",
            "failed" if result.failure else "ok",
        )
        for result in results
    ]
    if len(results) > 1:
        cells, seconds = sum(result.cells for result in results), sum(result.seconds for result in results)
        earned, possible = sum(result.earned for result in results), sum(result.possible for result in results)
        rows.append(("together", f"{cells}", f"{seconds:.1f}", f"{earned:g}/{possible:g}", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}  {row[4]}".rstrip()
        for row in rows
    ]
    for result in results:
        if result.failure:
            lines += ["", f"{result.name}: {result.failure}"]
            lines += [f"  the notebook as far as it ran: {result.kept}"] if result.kept else []
    return "\n".join(lines)
