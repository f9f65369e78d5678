"""What is shipped and how it is installed: pyproject, constraints, environment.yml, the wheel, the Makefile."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import labsupport
from tests.nbgrader_course import nbgrader_program
from tests.tools import ROOT, need

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = PYPROJECT["project"]
DIRECT = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = [Requirement(line) for lines in PROJECT["optional-dependencies"].values() for line in lines]


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in found}


def committed() -> list[Path]:
    need("git")
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True, timeout=60)
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


# --- requirements ---------------------------------------------------------------------------------------------------


def test_every_direct_dependency_has_a_lower_bound_and_nothing_else() -> None:
    for requirement in DIRECT:
        assert [specifier.operator for specifier in requirement.specifier] == [">="], requirement


def test_constraints_are_plain_exact_versions_each_name_once() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+", line) for line in lines)
    assert len(pins()) == sum(not line.startswith("#") for line in lines)


def test_constraints_pin_every_direct_dependency_within_its_bound() -> None:
    pinned = pins()
    for requirement in [*DIRECT, *EXTRAS]:
        name = canonicalize_name(requirement.name)
        if name != "mtls-lab":
            assert pinned[name] in requirement.specifier, requirement


def test_nbgrader_comes_with_its_own_extra_and_no_other() -> None:
    extras = PROJECT["optional-dependencies"]
    asked = {extra: {Requirement(line).name for line in lines} for extra, lines in extras.items()}
    bundled = {extra: {name for line in lines for name in Requirement(line).extras} for extra, lines in extras.items()}
    assert [extra for extra in extras if "nbgrader" in asked[extra] | bundled[extra]] == ["nbgrader"]
    assert "nbgrader" not in {requirement.name for requirement in DIRECT}


def test_the_distribution_is_what_it_says() -> None:
    assert PROJECT["name"] == "mtls-lab"
    assert PROJECT["license"] == "BSD-3-Clause"
    assert PROJECT["requires-python"] == ">=3.11"
    assert PROJECT["scripts"] == {"labsupport": "labsupport.cli:main"}


def test_the_conda_environment_is_python_pip_and_this_project() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == PROJECT["name"]
    assert environment["channels"] == ["conda-forge"]
    python, pip, through_pip = environment["dependencies"]
    assert pip == "pip"
    assert through_pip == {"pip": ["--constraint constraints.txt", "--editable ."]}
    name, *bounds = Requirement(python).name, *sorted(map(str, Requirement(python).specifier))
    assert name == "python"
    # From what pyproject requires to the newest version that it names.
    versions = [Version(line.rpartition(" ")[2]) for line in PROJECT["classifiers"] if "Python :: 3." in line]
    newest = max(versions)
    assert bounds == [f"<{newest.major}.{newest.minor + 1}", PROJECT["requires-python"]]
    # No library is named a second time: what is needed is said in pyproject.
    named = {Requirement(line).name for line in environment["dependencies"] if isinstance(line, str)}
    assert not named & {requirement.name for requirement in DIRECT}


def test_no_committed_file_names_a_package_index_or_this_machine() -> None:
    # Put together here, so that this file does not name one either.
    address = re.compile("|".join(["index-" + "url", "/sim" + "ple/", "py" + "pi.org", "find-" + "links"]))
    texts = {path: path.read_bytes().decode("utf-8", "replace") for path in committed() if path.suffix != ".png"}
    assert [str(path) for path, text in texts.items() if address.search(text)] == []


def test_no_private_key_is_committed() -> None:
    begin = b"-----BEGIN " + b"(EC |RSA |ENCRYPTED )?PRIVATE KEY-----\n[A-Za-z0-9+/]{20}"
    assert [str(path) for path in committed() if re.search(begin, path.read_bytes())] == []


# --- the wheel ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    folder = tmp_path_factory.mktemp("wheel")
    # Where the build backend is installed nothing has to be fetched for it.
    here = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", *here, "--wheel-dir", str(folder), str(ROOT)],
        check=True,
        timeout=300,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    [built] = folder.glob("*.whl")
    assert built.name == f"mtls_lab-{labsupport.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "installed")
    return zipfile.Path(built)


def names(wheel: zipfile.Path) -> list[str]:
    archive = wheel.root
    assert isinstance(archive, zipfile.ZipFile)
    return [name for name in archive.namelist() if not name.endswith("/")]


def test_the_wheel_holds_the_library_and_the_notebooks_and_no_more(wheel: zipfile.Path) -> None:
    tops = {name.split("/")[0] for name in names(wheel)}
    assert tops == {"labsupport", f"mtls_lab-{labsupport.__version__}.dist-info"}
    assert "labsupport/py.typed" in names(wheel)
    shipped = {name.rpartition("/")[2] for name in names(wheel) if name.startswith("labsupport/_notebooks/")}
    assert shipped == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert "00_start.ipynb" in shipped


def test_the_wheel_holds_no_solution(wheel: zipfile.Path) -> None:
    marker = "### " + "BEGIN SOLUTION"
    for name in names(wheel):
        text = wheel.joinpath(name).read_text(encoding="utf-8") if name.endswith((".py", ".ipynb")) else ""
        assert not re.search(rf"^ *{marker}", text.replace("\\n", "\n"), re.MULTILINE), name


def test_each_notebook_records_the_course_version() -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
        assert metadata["labsupport"]["course_version"] == labsupport.__version__


def test_an_installed_wheel_finds_its_notebooks_and_has_no_lessons_to_build(
    wheel: zipfile.Path, tmp_path: Path
) -> None:
    installed = Path(str(wheel)).parent / "installed"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    source = "from labsupport.authoring.places import masters_dir; print(masters_dir())"
    assert Path(run("-c", source).stdout.strip()) == installed / "labsupport" / "_notebooks"
    refused = run("-m", "labsupport", "build")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("labsupport build: the lessons' sources")
    assert refused.stderr.count("\n") == 1


# --- make -----------------------------------------------------------------------------------------------------------


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [need("make"), "--no-print-directory", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={name: value for name, value in os.environ.items() if name not in ("PYTHON", "ARGS")} | environment,
    )


def test_the_makefile_keeps_to_what_gnu_make_3_81_knows() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    newer = [
        r"\.ONESHELL",
        r"\$\(file ",
        r"!=",
        r"::=",
        r"\$\(guile",
        r"^\s*undefine",
        r"&:",
        r"\$\(intcmp",
        r"\$\(let ",
    ]
    assert [feature for feature in newer if re.search(feature, text, re.MULTILINE)] == []
    # A recipe line that needs more than a plain sh would need more than bash 3.2 may have, too.
    assert "SHELL := /bin/sh" in text


def test_make_alone_shows_the_targets_and_every_target_is_explained() -> None:
    shown = make()
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == make("help").stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony is not None
    for target in phony[1].split():
        assert target == "help" or f"make {target} " in shown.stdout


@pytest.mark.parametrize(
    ("python", "folder"), [("", ".venv"), ("python3.13", ".venv-3.13"), ("/opt/bin/python3.12", ".venv-3.12")]
)
def test_each_python_has_an_environment_of_its_own(python: str, folder: str) -> None:
    planned = make("--dry-run", "--always-make", "lab", *([f"PYTHON={python}"] if python else [])).stdout
    assert f'sh .ci/venv {folder} "" {python}'.rstrip() in planned
    assert f"{folder}/bin/labsupport lab" in planned


def test_a_second_run_installs_nothing(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    venv.mkdir()
    for stamp in (".for-lab", ".for-test", ".for-nbgrader"):
        (venv / stamp).touch()
    assert make("--dry-run", "lab", f"VENV={venv}").stdout.strip() == f"{venv}/bin/labsupport lab"
    for target in ("test", "bench"):
        assert ".ci/venv" not in make("--dry-run", target, f"VENV={venv}", f"NBGRADER={venv}").stdout


@pytest.mark.parametrize(
    ("target", "wanted"), [("lab", False), ("check", False), ("search", False), ("test", True), ("bench", True)]
)
def test_nbgrader_has_an_environment_of_its_own_where_it_is_asked(target: str, wanted: bool) -> None:
    planned = make("--dry-run", "--always-make", target, "PYTHON=python3.13").stdout
    assert ("sh .ci/venv .venv-nbgrader nbgrader python3.13\n" in planned) is wanted
    assert "sh .ci/venv .venv-3.13 " in planned


def test_who_has_no_nbgrader_reads_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nbgrader has no environment") as missing:
        nbgrader_program(tmp_path)
    [target] = re.findall(r"make (\S+)", str(missing.value))
    assert "sh .ci/venv .venv-nbgrader nbgrader" in make("--dry-run", "--always-make", target).stdout
    program = tmp_path / ".venv-nbgrader" / "bin" / "nbgrader"
    program.parent.mkdir(parents=True)
    program.touch()
    assert nbgrader_program(tmp_path) == program


def test_the_whole_suite_is_held_to_its_coverage_and_a_part_is_not() -> None:
    assert "--fail-under=95" in make("--dry-run", "test").stdout
    part = make("--dry-run", "test", "ARGS=tests/pki").stdout
    assert "-m pytest tests/pki" in part
    assert "--fail-under" not in part


# --- the environments -----------------------------------------------------------------------------------------------

# Stands for an interpreter: answers what .ci/venv asks, and writes down what pip is told.
FAKE = """#!/bin/sh
case "$*" in
    *version_info\\[:2\\]*print* | *print*version_info*) echo {version} ;;
    *ensurepip*) exit {lacks_venv} ;;
    "-c "*) exit 0 ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip install "*) echo "$*" >>pip-was-told; echo "a line of pip"; exit {pip_fails} ;;
esac
"""
SHIM = "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n"


class Machine:
    """A machine with a few interpreters and the few programs that the script may use."""

    def __init__(self, folder: Path, shell: str) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.shell = shell
        self.bin.mkdir()
        for program in ("sh", "cat", "cp", "mkdir", "rm"):
            (self.bin / program).symlink_to(need(program))

    def put(self, name: str, text: str = "", *, lacks_venv: int = 0, pip_fails: int = 0) -> Path:
        version = re.sub(r"^\D*", "", name) or "3.11"
        path = self.bin / name if "/" not in name else self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or FAKE.format(version=version, lacks_venv=lacks_venv, pip_fails=pip_fails))
        path.chmod(0o755)
        return path

    def venv(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [need("bash"), "--posix"] if self.shell == "bash" else [need(self.shell)]
        return subprocess.run(
            [*command, str(ROOT / ".ci" / "venv"), *arguments],
            cwd=self.folder,
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def told(self) -> str:
        return (self.folder / "pip-was-told").read_text()


@pytest.fixture(params=["dash", "bash"])
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Machine:
    return Machine(tmp_path, request.param)


def test_the_newest_python_that_really_runs_is_taken(machine: Machine) -> None:
    machine.put("python3.13", SHIM)
    machine.put("python3.12")
    machine.put("python3.11")
    done = machine.venv(".venv", "test")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"Making .venv with {machine.bin}/python3.12",
        "Installing the course with its test tools into .venv (the first time takes a minute or two)",
    ]
    assert machine.told.endswith("--constraint constraints.txt --editable .[test]\n")


def test_pyenv_is_asked_where_its_shim_does_not_run(machine: Machine) -> None:
    machine.put("python3.13", SHIM)
    machine.put("python3.11")
    machine.put("pyenv", f"#!/bin/sh\necho '{machine.folder}/with blanks'\n")
    hidden = machine.put("with blanks/versions/3.13.0/bin/python3.13")
    done = machine.venv(".venv", "")
    assert done.stdout.startswith(f"Making .venv with {hidden}\n")
    assert machine.told.endswith("--editable .\n")


def test_the_python_that_is_asked_for_is_taken_or_missed(machine: Machine) -> None:
    machine.put("python3.13")
    machine.put("python3.11")
    assert f"{machine.bin}/python3.11" in machine.venv(".venv-3.11", "", "python3.11").stdout
    refused = machine.venv(".venv-3.12", "", "python3.12")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "python3.12 is not here, does not run, or is older than 3.11.\n"


def test_where_venv_is_missing_the_debian_package_is_named(machine: Machine) -> None:
    machine.put("python3.13", lacks_venv=1)
    refused = machine.venv(".venv", "")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.splitlines() == [
        f"{machine.bin}/python3.13 cannot make virtual environments: its venv module is not installed.",
        "On Debian and Ubuntu:  sudo apt install python3.13-venv",
    ]
    # One that is a little older and complete is better than none.
    machine.put("python3.12")
    assert f"{machine.bin}/python3.12" in machine.venv(".venv", "").stdout


def test_where_there_is_no_python_it_says_so(machine: Machine) -> None:
    refused = machine.venv(".venv", "")
    assert refused.returncode == 1
    assert refused.stderr.startswith("The course needs Python 3.11, 3.12 or 3.13")


def test_an_environment_that_works_is_kept_and_a_broken_one_made_again(machine: Machine) -> None:
    machine.put("python3.11")
    machine.venv(".venv", "")
    machine.put("python3.13")
    kept = machine.venv(".venv", "dev")
    assert "Making" not in kept.stdout
    machine.put(".venv/bin/python", SHIM)
    again = machine.venv(".venv", "dev")
    assert again.stdout.startswith(f"Making .venv with {machine.bin}/python3.13\n")


def test_when_pip_fails_its_log_is_shown(machine: Machine) -> None:
    machine.put("python3.13", pip_fails=1)
    failed = machine.venv(".venv", "")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[0] == "a line of pip"
    assert failed.stderr.splitlines()[1].startswith("pip could not install the course: its log is above")


def test_the_ci_script_is_sound_bash_and_needs_no_terminal() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run([need("bash"), "-n", str(script)], check=False, timeout=60).returncode == 0
    text = script.read_text(encoding="utf-8")
    assert "set -euo pipefail" in text
    for target in ("make check", "make test"):
        assert target in text
