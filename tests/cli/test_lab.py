from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labsupport.authoring.places import masters_dir
from labsupport.cli import lab, main
from labsupport.errors import NotebookError
from tests.tools import need, python

SECONDS = 60.0


class Session:
    """``labsupport lab`` in a process of its own, with a home of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.work = folder / "work"
        self.home = folder / "home"
        environment = {
            name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
        }
        self._errors = (folder / "stderr").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "labsupport", "lab", "--dir", str(self.work), "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment | {"HOME": str(self.home), "JUPYTER_CONFIG_DIR": str(self.home / "jupyter")},
        )
        self.lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if "token=" in line:
                break
        assert self.lines, self.errors
        self.url = self.lines[-1].strip()
        address = re.fullmatch(r"(http://localhost:\d+/)lab/.*token=(\w+)", self.url)
        assert address is not None, self.errors
        self.root, self.token = address.groups()

    def get(self, path: str, token: str) -> Any:
        request = urllib.request.Request(self.root + path, headers={"Authorization": f"token {token}"})
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)

    @property
    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    def close(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()
        return code


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    running = Session(tmp_path_factory.mktemp("lab"))
    yield running
    running.close()


def test_without_a_screen_it_prints_few_lines_and_the_address(session: Session) -> None:
    lessons = len(list(masters_dir().glob("*.ipynb")))
    assert session.lines == [
        f"Your working copy: {session.work} ({lessons} new lessons)",
        "Open this address in a browser; Ctrl-C ends JupyterLab:",
        f"  {session.root}lab/tree/00_start.ipynb?token={session.token}",
    ]


def test_the_working_copy_is_what_it_serves(session: Session) -> None:
    served = {entry["name"] for entry in session.get("api/contents", session.token)["content"]}
    assert served == {path.name for path in masters_dir().glob("*.ipynb")}


def test_who_has_no_token_stays_out(session: Session) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        session.get("api/contents", "0" * len(session.token))
    assert refused.value.code == 403
    refused.value.close()


def test_news_and_update_checks_are_off_and_the_persons_own_settings_untouched(session: Session) -> None:
    told = session.get("lab/api/settings/@jupyterlab/apputils-extension:notification", session.token)
    defaults = {name: option["default"] for name, option in told["schema"]["properties"].items()}
    assert (defaults["fetchNews"], defaults["checkForUpdates"]) == ("false", False)
    assert not (session.home / "jupyter" / "lab" / "user-settings").exists()


# In a process of its own: playwright allows one at a time, and the browser tests keep theirs.
LOOK = """
import json, sys
from playwright.sync_api import sync_playwright

chromium, url, milliseconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
flags = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
asked = []
with sync_playwright() as driver:
    browser = driver.chromium.launch(executable_path=chromium, args=[*flags.split(), "--no-first-run"])
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    page.wait_for_selector(".jp-NotebookPanel .jp-RenderedMarkdown h1", timeout=milliseconds)
    # The kernel is up, and with it whatever JupyterLab had to ask at its start.
    page.wait_for_selector('.jp-NotebookPanel [data-status="idle"]', timeout=milliseconds)
    in_front = page.locator(".Toastify__toast").count() + page.locator(".jp-Dialog").count()
    browser.close()
print(json.dumps({"in_front": in_front, "asked": asked}))
"""


@pytest.mark.browser
def test_the_first_lesson_opens_without_a_question_in_front(session: Session) -> None:
    seen = python(LOOK, need("chromium"), session.url, str(SECONDS * 1000), seconds=3 * SECONDS)
    assert seen.returncode == 0, seen.stderr
    told = json.loads(seen.stdout)
    assert told["in_front"] == 0
    elsewhere = [url for url in told["asked"] if "://localhost" not in url and not url.startswith(("data:", "blob:"))]
    assert elsewhere == []
    assert [url for url in told["asked"] if "/lab/api/news" in url or "/lab/api/update" in url] == []


def test_sigterm_ends_it(tmp_path: Path) -> None:
    session = Session(tmp_path, "--no-browser")
    assert session.close() == 0


def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Let nothing start; return the list in which it is noted instead."""
    notes: list[dict[str, Any]] = []
    monkeypatch.setattr(lab, "_start", lambda work, **how: notes.append({"work": work, **how}))
    return notes


def test_an_answer_survives_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = started(monkeypatch)
    work = tmp_path / "work"
    assert main(["lab", "--dir", str(work), "--no-browser", "--port", "9000"]) == 0
    assert notes == [{"work": work, "port": 9000, "browser": False}]
    first = work / "00_start.ipynb"
    edited = json.loads(first.read_text())
    edited["cells"][0]["source"] = "# My own title"
    first.write_text(json.dumps(edited))
    capsys.readouterr()
    assert main(["lab", "--dir", str(work)]) == 0
    assert json.loads(first.read_text())["cells"][0]["source"] == "# My own title"
    assert capsys.readouterr().out == f"Your working copy: {work}\n"


def test_a_file_that_is_no_notebook_is_left_alone_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started(monkeypatch)
    (tmp_path / "00_start.ipynb").write_text("half a no")
    assert main(["lab", "--dir", str(tmp_path)]) == 0
    assert (tmp_path / "00_start.ipynb").read_text() == "half a no"
    [_, line] = capsys.readouterr().out.splitlines()
    assert line.startswith(f"  {tmp_path}/00_start.ipynb")
    assert line.endswith("; left as it is")


def test_the_courses_own_folder_is_not_worked_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "--dir", str(masters_dir())]) == 2
    assert "the course's own folder" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "work").write_text("a file is in the way")
    assert main(["lab", "--dir", str(tmp_path / "work")]) == 1
    err = capsys.readouterr().err
    assert err.startswith("labsupport lab: ")
    assert err.count("\n") == 1
    assert NotebookError.__name__ not in err


@pytest.mark.parametrize(
    ("environment", "platform", "seen"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({"BROWSER": "w3m"}, "linux", True),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, "darwin", False),
        ({"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "DISPLAY": ":10"}, "linux", True),
    ],
)
def test_a_browser_opens_only_where_somebody_would_see_it(
    environment: dict[str, str], platform: str, seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert lab.has_screen(environment) is seen


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_is_let_in_and_each_session_has_a_token_of_its_own(
    user: int, allowed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    first, second = (lab.options(tmp_path, port=None, browser=True) for _ in range(2))
    assert ("--ServerApp.allow_root=True" in first) is allowed
    tokens = [option for option in first + second if option.startswith("--IdentityProvider.token=")]
    assert len(set(tokens)) == 2
    assert all(len(token.partition("=")[2]) >= 32 for token in tokens)


def test_kernels_are_told_to_encrypt_where_they_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zmq

    told = "--KernelManager.transport_encryption=auto"
    monkeypatch.setattr(zmq, "has", lambda _: False)
    assert told not in lab.options(tmp_path, port=None, browser=False)


def test_the_address_is_told_even_where_a_browser_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from jupyterlab.labapp import LabApp

    def start() -> None:
        print("started")
        for callback in callbacks:
            callback()

    callbacks: list[Callable[[], None]] = []
    server = SimpleNamespace(
        port=8899,
        base_url="/",
        identity_provider=SimpleNamespace(token="t0ken"),
        io_loop=SimpleNamespace(add_callback=callbacks.append),
        start=start,
    )
    shutil.copytree(masters_dir(), tmp_path / "work")
    monkeypatch.setattr(LabApp, "initialize_server", lambda argv: server)
    monkeypatch.setenv("BROWSER", "w3m")
    assert main(["lab", "--dir", str(tmp_path / "work")]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "started",
        "JupyterLab runs until Ctrl-C.",
        "  http://localhost:8899/lab/tree/00_start.ipynb?token=t0ken",
    ]
