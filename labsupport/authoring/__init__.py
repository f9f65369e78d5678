"""From a lesson's source to notebooks, and from notebooks to results.

============================ =========================================================================
what happens                 where
============================ =========================================================================
a lesson is read             `source` (cells), `regions` (solutions in them), `faults` (what is wrong)
it is held to the rules      `rules` (size, imports, exercises and checks), `leaks` (secrecy)
notebooks are built          `build`, `notebook_file` (reading and writing them)
the learner's copy is kept   `working_copy`, `learner_cells` (what is whose), `cell_format` (what is valid)
notebooks are run            `run`, `results`, `run_display`; `kernels`, `kernel_manager`, `kernel_template`
the release is made          `release`
============================ =========================================================================

`places` knows where all of it lies.
"""

__all__: list[str] = []
