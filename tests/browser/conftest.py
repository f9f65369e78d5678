"""One JupyterLab and one Chromium for all browser tests; a new page for each; screenshots kept and named at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import SHOTS, Lab, Shoot, running_lab
from tests.tools import need

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_taken: list[Path] = []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    # Not longer than its module: while playwright is open no other event loop can run in this thread.
    program = need("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        # One for all pages: JupyterLab's scripts are loaded once.
        yield browser.new_context(viewport={"width": 1400, "height": 1000})
        browser.close()


@pytest.fixture(scope="module")
def lab(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    opened = chromium.new_page()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shoot() -> Shoot:
    """Return a function that keeps a picture of a page, or of a part of one, under a name."""
    SHOTS.mkdir(exist_ok=True)

    def taken(seen: Any, name: str) -> None:
        path = SHOTS / f"{name}.png"
        seen.screenshot(path=path)
        _taken.append(path)

    return taken


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say where the pictures are."""
    if _taken:
        terminalreporter.section("screenshots")
        for path in _taken:
            terminalreporter.line(str(path))
