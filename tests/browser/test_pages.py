"""The grader's pages in a real browser: on a desk and on a phone, in light and dark, with nothing from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labsupport.grading.pages.report import feedback_path, write_lesson
from tests.browser.lab import Shoot
from tests.browser.sight import FAINT, WIDE
from tests.grading.classes import LESSON, class_of, nasty

pytestmark = pytest.mark.browser

SIZES = {"desk": {"width": 1200, "height": 900}, "phone": {"width": 375, "height": 812}}
# What a page of each kind is called here, and where it lies.
PAGES = {
    "class": Path("class") / f"{LESSON}.html",
    "feedback": feedback_path("learner0005", LESSON),
    "unjudged": feedback_path("learner0009", LESSON),
    "hostile": feedback_path(nasty(30).learner, LESSON),
}
OPEN_ALL = "() => document.querySelectorAll('details').forEach(details => { details.open = true })"
NARROW = """() => [...document.querySelectorAll("th, td, li, p, dd")]
    .filter(cell => cell.textContent.length > 8 && cell.clientWidth < 60).map(cell => cell.textContent)"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pages")
    write_lesson(out, LESSON, (*class_of(50), nasty(30)))
    return out


@pytest.fixture
def asked(page: Any) -> list[str]:
    """Return the list of all that the page asks for and complains of; nothing may be on it but the page itself."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    page.on("console", lambda message: found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("dialog", lambda dialog: found.append(dialog.message))
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read(
    page: Any, written: Path, shoot: Shoot, asked: list[str], name: str, size: str, theme: str
) -> None:
    page.set_viewport_size(SIZES[size])
    page.emulate_media(color_scheme=theme)
    address = (written / PAGES[name]).as_uri()
    page.goto(address)
    shoot(page, f"page-{name}-{size}-{theme}")
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(WIDE, "main") == []
    assert page.evaluate(NARROW) == []
    assert page.evaluate(FAINT, "main") == []
    assert page.locator("script, img, iframe, object, embed, link").count() == 0
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    assert dark == (theme == "dark")
    assert asked == [address]


def test_what_is_folded_is_printed(page: Any, written: Path) -> None:
    page.goto((written / PAGES["feedback"]).as_uri())
    answer = page.locator("details.code pre").first
    assert not answer.is_visible()
    page.emulate_media(media="print")
    assert answer.evaluate("element => element.getBoundingClientRect().height") > 0
    page.emulate_media(media="screen")
