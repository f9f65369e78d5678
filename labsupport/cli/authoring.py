"""The authors' commands: ``build``, ``run`` and ``release``."""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

from labsupport.cli.parser import Commands, nearest
from labsupport.errors import UsageError

__all__ = ["add", "near"]


def add(commands: Commands) -> None:
    """Register the three commands."""
    _add_build(commands)
    _add_run(commands)
    _add_release(commands)


def _add_build(commands: Commands) -> None:
    parser = commands.add(
        "build",
        _build,
        "build the learner notebooks from the lessons' sources",
        "Every lesson in course/lessons becomes a notebook in notebooks/, without solutions and without outputs. "
        "A source that breaks a rule is named with its line, and nothing is written.",
        "  labsupport build\n  labsupport build --check\n  labsupport build --solutions /tmp/solved",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a notebook is out of step")
    how.add_argument("--solutions", type=Path, metavar="DIR", help="write the solved notebooks into DIR instead")


def _build(arguments: argparse.Namespace) -> int:
    from labsupport.authoring.build import build_all, build_solutions
    from labsupport.authoring.places import lessons_dir, masters_dir

    lessons, notebooks = near(lessons_dir()), near(masters_dir())
    if arguments.solutions is not None:
        for path in build_solutions(lessons, arguments.solutions):
            print(f"solved  {path}")
        return 0
    changed = build_all(lessons, notebooks, check=arguments.check)
    for path in changed:
        print(f"out of step  {path}" if arguments.check else f"built  {path}")
    if not changed:
        print(f"All notebooks in {notebooks} are in step with their lessons.")
    elif arguments.check:
        print("`labsupport build` brings them in step.")
    return 1 if changed and arguments.check else 0


def _add_run(commands: Commands) -> None:
    parser = commands.add(
        "run",
        _run,
        "run notebooks from top to bottom and say what came of each",
        "Without a name every notebook of the course runs.  Exit code 1 when a cell failed; the notebook is then kept "
        "as far as it ran.",
        "  labsupport run\n"
        "  labsupport run 06_five_requests --parameters seed=7\n"
        "  labsupport run --solutions --jobs 2 --out /tmp/executed",
    )
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="a file, or the name of a lesson (all)")
    parser.add_argument("--solutions", action="store_true", help="run the solved build of each")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep every executed notebook in DIR")
    parser.add_argument("--jobs", type=_jobs, metavar="N", help="how many run at once (one for each processor)")
    parser.add_argument(
        "--parameters",
        action="append",
        type=_parameter,
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter of the notebooks; may be given several times",
    )


def _run(arguments: argparse.Namespace) -> int:
    from labsupport.authoring.results import summary
    from labsupport.authoring.run import run_notebooks
    from labsupport.authoring.run_display import RunDisplay

    results = run_notebooks(
        _notebooks(arguments.notebooks),
        solutions=arguments.solutions,
        out=arguments.out,
        jobs=arguments.jobs,
        parameters=dict(arguments.parameters),
        on_progress=RunDisplay(sys.stdout),
    )
    print(f"\n{summary(results)}")
    return 1 if any(result.failure for result in results) else 0


def _notebooks(names: list[str]) -> list[Path]:
    """Return the notebook files of `names`, each a path or a lesson's name; without names those of the course."""
    from labsupport.authoring.places import masters_dir

    course = {path.stem: path for path in sorted(masters_dir().glob("*.ipynb"))}
    if not names:
        return [near(path) for path in course.values()]
    found = []
    for name in names:
        path = Path(name) if Path(name).is_file() else course.get(name)
        if path is None:
            hint = nearest(name, list(course))
            raise UsageError(
                f"{name}: no such notebook; " + (f"did you mean {hint}?" if hint else f"lessons: {', '.join(course)}")
            )
        found.append(near(path))
    return found


def _add_release(commands: Commands) -> None:
    parser = commands.add(
        "release",
        _release,
        "pack the learners' zip: notebooks and library, no solutions",
        "Holds what a learner needs: the notebooks, the library, and what sets them up; neither course/ nor tests. "
        "It is refused while a notebook is out of step with its lesson.",
        "  labsupport release dist",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="where the zip is written")


def _release(arguments: argparse.Namespace) -> int:
    from labsupport.authoring.release import release

    print(f"released  {release(arguments.directory)}")
    return 0


def near(path: Path) -> Path:
    """Return `path` relative to the current folder where it lies below it: shorter to read, and to click on."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of jobs: use 1 or more")
    return int(text)


def _parameter(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not (equals and name.isidentifier()):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE, such as seed=7")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        # What is not a Python literal is text, as it stands.
        return name, value
