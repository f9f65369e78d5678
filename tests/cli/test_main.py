from __future__ import annotations

import argparse
import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import labsupport
from labsupport import cli
from labsupport.cli import main
from labsupport.cli.commands import build_parser
from labsupport.cli.parser import Parser
from labsupport.errors import LabError, LessonError, UsageError

COMMANDS = ["lab", "demo", "serve", "doctor", "build", "run", "release", "grade", "marks", "adjust", "report"]


def subparsers(parser: argparse.ArgumentParser) -> dict[str, Parser]:
    return next(action.choices for action in parser._actions if isinstance(action.choices, dict))


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make the command doctor end with `error`."""

    def run(_: argparse.Namespace) -> int:
        raise error

    parser = build_parser()
    subparsers(parser)["doctor"].set_defaults(run=run)
    monkeypatch.setattr(cli, "build_parser", lambda: parser)


def test_the_commands_are_those_of_the_help() -> None:
    assert list(subparsers(build_parser())) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples_and_every_option_is_explained(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = subparsers(build_parser())[command]
    assert f"labsupport {command}" in (parser.epilog or "")
    assert all(action.help for action in parser._actions), command
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert "examples:" in out
    assert max(map(len, out.splitlines())) <= 120
    for option in parser._option_string_actions:
        assert option in out


def test_every_command_of_the_examples_can_be_parsed() -> None:
    for name, parser in subparsers(build_parser()).items():
        for line in (parser.epilog or "").splitlines()[1:]:
            program, *words = shlex.split(line)
            assert (program, words[0]) == ("labsupport", name)
            assert callable(build_parser().parse_args(words).run)


def test_help_lists_all_commands_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out, err = capsys.readouterr()
    assert all(f"\n  {command} " in out for command in COMMANDS)
    assert "exit codes: 0 good, 1 the thing checked failed, 2 wrong usage" in out
    assert err == ""


def test_without_a_command_the_help_comes_and_the_code_says_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: labsupport" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"labsupport {labsupport.__version__}\n"


def test_python_dash_m_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "labsupport", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == f"labsupport {labsupport.__version__}\n"
    assert done.stderr == ""


def test_help_imports_nothing_heavy() -> None:
    source = (
        "import sys; from labsupport.cli import main; main(['--help']);"
        "heavy = {'cryptography', 'requests', 'IPython', 'matplotlib', 'papermill', 'nbformat', 'jupyterlab', 'h11'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (LabError("the lab is closed"), 1, "labsupport doctor: the lab is closed\n"),
        (UsageError("not like this"), 2, "labsupport doctor: not like this\n"),
        (LessonError("course/x.py:3", "too long"), 1, "course/x.py:3: too long\n"),
        (
            ModuleNotFoundError("No module named 'papermill'", name="papermill.execute"),
            1,
            "labsupport doctor: papermill.execute is not installed; `labsupport doctor` says what to do\n",
        ),
        (PermissionError(13, "Permission denied", "/etc/out"), 1, "labsupport doctor: /etc/out: Permission denied\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_a_person_can_mend_is_one_line_without_a_traceback(
    error: BaseException, code: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, error)
    assert main(["doctor"]) == code
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize(
    "error",
    [ModuleNotFoundError("No module named 'labsupport.x'", name="labsupport.x"), OSError("odd"), ValueError("bug")],
)
def test_a_fault_of_the_program_itself_is_not_hidden(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, error)
    with pytest.raises(type(error)):
        main(["doctor"])


def test_a_reader_that_leaves_early_gets_no_complaint() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "labsupport", "doctor", "--json"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_terminal_that_knows_no_check_marks_still_gets_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert main(["doctor"]) in (0, 1)
    assert b"? Python" in raw.getvalue()


def test_a_stream_that_cannot_be_set_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["--version"]) == 0
    assert out.getvalue().startswith("labsupport ")


def test_the_readme_of_the_package_names_every_command() -> None:
    readme = (Path(labsupport.__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert [command for command in COMMANDS if f"labsupport {command}" not in readme] == []
