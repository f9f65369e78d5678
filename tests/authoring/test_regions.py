from __future__ import annotations

from labsupport.authoring.regions import STUB, learner_text, solution_rows, solved_text
from labsupport.authoring.source import SourceCell

TEXT = """\
def sign(m):
    ### BEGIN SOLUTION
    return m
    ### END SOLUTION

def verify(s):
    if s:
        ### BEGIN SOLUTION
        a = 1

        return a
        ### END SOLUTION
    return False"""

CELL = SourceCell("code", TEXT, 1, {"exercise": "x"})


def test_each_region_becomes_a_stub_at_its_own_indentation() -> None:
    assert learner_text(CELL) == (
        f"def sign(m):\n    {STUB}\n\ndef verify(s):\n    if s:\n        {STUB}\n    return False"
    )


def test_the_solved_text_is_the_source_without_its_markers() -> None:
    assert solved_text(CELL) == "\n".join(line for line in TEXT.split("\n") if "###" not in line)
    compile(solved_text(CELL), "solved", "exec")


def test_the_rows_of_a_solution_are_those_between_the_markers() -> None:
    lines = TEXT.split("\n")
    assert [lines[row].strip() for row in sorted(solution_rows(CELL))] == ["return m", "a = 1", "", "return a"]


def test_a_cell_without_regions_is_left_alone() -> None:
    plain = SourceCell("code", "a = 1\n\nb = 2", 1)
    assert learner_text(plain) == solved_text(plain) == plain.text
    assert solution_rows(plain) == set()
