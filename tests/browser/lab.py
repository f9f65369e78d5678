"""A real JupyterLab on a working copy of its own, and a notebook in it as a person uses it: menus, cells, keys."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools import ROOT

__all__ = ["SHOTS", "Lab", "Notebook", "Shoot", "running_lab"]

SHOTS = ROOT / "shots"
# Keeps a picture of a page, or of a part of one, under a name.
Shoot = Callable[[Any, str], None]
# JupyterLab is slow to start on a busy machine, and lesson 06 runs for ten seconds or more.
SECONDS = 120
_ADDRESS = re.compile(r"http://\S+/lab/tree/\S+\?token=\w+")
_NUMBER = re.compile(r"\[\d+\]:")
_THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: the address of its first page, its working copy, and its settings."""

    address: str
    work: Path
    settings: Path

    def url(self, notebook: str) -> str:
        """Return the address of a notebook of the working copy, in a layout of its own: no tabs of earlier pages."""
        layout = f"/lab/workspaces/{secrets.token_hex(4)}/tree/"
        return self.address.replace("/lab/tree/00_start.ipynb", layout + notebook)

    def dress(self, theme: str) -> None:
        """Choose the theme of the pages that are opened from now on."""
        # All cells stay in the page, so that a test can look at any of them without scrolling there.
        self._set("@jupyterlab/notebook-extension/tracker", {"windowingMode": "none"})
        self._set("@jupyterlab/apputils-extension/themes", {"theme": _THEMES[theme]})

    def _set(self, plugin: str, values: Mapping[str, object]) -> None:
        path = self.settings / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """Run ``labsupport lab`` until the block ends, away from the settings of whoever runs the tests."""
    work, settings, config = folder / "work", folder / "settings", folder / "config"
    config.mkdir()
    mine = {
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "labsupport", "lab", "--dir", str(work), "--no-browser", "--port", "0"]
    log = (folder / "stderr").open("w+")
    with (
        log,
        subprocess.Popen(command, env={**os.environ, **mine}, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            yield Lab(_address(process), work, settings)
        finally:
            process.terminate()
            process.wait(30)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = _ADDRESS.search(line)
        if found:
            return found[0]
    raise AssertionError(f"labsupport lab ended with {process.wait(30)}, and told no address")


class Notebook:
    """A notebook of `lab` in a browser's page."""

    def __init__(self, page: Any, lab: Lab, name: str) -> None:
        self.page = page
        self._cells = json.loads((lab.work / name).read_text(encoding="utf-8"))["cells"]
        page.set_default_timeout(SECONDS * 1000)
        page.goto(lab.url(name))
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        # What is run before the kernel has been heard of is lost.
        page.get_by_text(re.compile(r"^Python 3.*\| Idle$")).wait_for()

    def index(self, cell_id: str) -> int:
        """Return the position of a cell."""
        return next(number for number, cell in enumerate(self._cells) if cell["id"] == cell_id)

    def last_containing(self, text: str) -> int:
        """Return the position of the last code cell whose source has `text`."""
        found = [n for n, cell in enumerate(self._cells) if cell["cell_type"] == "code" and text in cell["source"]]
        return found[-1]

    def cell(self, index: int) -> Any:
        """Return the cell at a position."""
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def outputs(self, index: int) -> Any:
        """Return what stands below a cell."""
        return self.cell(index).locator(".jp-OutputArea-output")

    def run_all(self) -> None:
        """Choose Run All Cells from the menu and wait until the last cell has run."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
        last = max(number for number, cell in enumerate(self._cells) if cell["cell_type"] == "code")
        self._wait_for_number(last)

    def run(self, index: int) -> None:
        """Run one cell again and wait until it has a new number."""
        prompt = self._prompt(index)
        before = prompt.inner_text()
        prompt.click()
        self.page.keyboard.press("Control+Enter")
        self._wait_for_number(index, other_than=before)

    def write(self, index: int, source: str) -> None:
        """Replace the source of a cell, as typing does."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Escape")

    def errors(self) -> list[str]:
        """Return everything that is shown as an error or on stderr."""
        broken = self.page.locator(
            '.jp-OutputArea-output [data-mime-type="application/vnd.jupyter.stderr"], '
            '.jp-OutputArea-output [data-mime-type="application/vnd.jupyter.error"], '
            '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"], '
            '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]'
        )
        found: list[str] = broken.all_inner_texts()
        return found

    def _prompt(self, index: int) -> Any:
        return self.cell(index).locator(".jp-InputArea-prompt").first

    def _wait_for_number(self, index: int, other_than: str | None = None) -> None:
        from playwright.sync_api import expect

        seen = expect(self._prompt(index))
        if other_than is not None:
            seen.not_to_have_text(other_than, timeout=SECONDS * 1000)
        seen.to_have_text(_NUMBER, timeout=SECONDS * 1000)
