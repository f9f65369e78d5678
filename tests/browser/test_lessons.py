"""The lessons in a real JupyterLab in a real browser, worked through as a learner does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from labsupport.exercises import catalogue, find
from tests.browser.lab import Lab, Notebook, Shoot
from tests.browser.sight import FAINT, WIDE

pytestmark = pytest.mark.browser

OUTPUTS = ".jp-RenderedHTMLCommon.jp-OutputArea-output"

HEAD = "def verifies(message: int, signature: int, e: int, n: int) -> bool:\n    return "
EXERCISE = "start-verifies"

# The exercises of each lesson that has any.
LESSONS: dict[str, list[str]] = {}
for exercise_id, exercise in catalogue().items():
    LESSONS.setdefault(exercise.lesson, []).append(exercise_id)


def test_lesson_00_from_run_all_to_solved(lab: Lab, page: Any, shoot: Shoot) -> None:
    lab.dress("light")
    notebook = Notebook(page, lab, "00_start.ipynb")
    notebook.run_all()
    assert notebook.errors() == []

    # Figures: seen, and with words for those who do not see them.
    figures = page.locator(".jp-OutputArea-output img[alt]")
    assert figures.count() == 2
    for figure in figures.all():
        assert len(figure.get_attribute("alt") or "") > 50
        assert figure.evaluate("image => image.naturalWidth") > 500
    shoot(page, "00-light")

    # Tables and cards.
    log = notebook.outputs(notebook.last_containing("pair.server2.log"))
    assert "PEER_DID_NOT_RETURN_A_CERTIFICATE" in log.inner_text()
    assert log.locator("table").count() == 1

    exercise, check = notebook.index(f"exercise-{EXERCISE}"), notebook.index(f"check-{EXERCISE}")
    card, progress = notebook.outputs(check), notebook.last_containing("progress()")
    assert "not written yet" in card.inner_text()
    assert "not begun" in notebook.outputs(progress).inner_text()

    # Wrong, in a way that the course knows.
    notebook.write(exercise, f"{HEAD}pow(message, e, n) == signature")
    notebook.run(exercise)
    notebook.run(check)
    (known,) = (mistake for mistake in find(EXERCISE).mistakes if mistake.name == "wrong-direction")
    assert "not right yet" in card.inner_text()
    assert known.sentence in card.inner_text()
    card.scroll_into_view_if_needed()
    shoot(page, "00-wrong")
    notebook.run(progress)
    assert "begun" in notebook.outputs(progress).inner_text()

    # Right.
    notebook.write(exercise, f"{HEAD}pow(signature, e, n) == message")
    notebook.run(exercise)
    notebook.run(check)
    assert "solved" in card.inner_text()
    assert "1 of 1 point" in card.inner_text()
    assert known.sentence not in card.inner_text()
    shoot(page, "00-solved")
    notebook.run(progress)
    written = notebook.outputs(progress).inner_text()
    assert re.search(r"\bsolved\b", written)
    assert (lab.work / ".progress.json").is_file()

    assert "official Jupyter news" not in page.inner_text("body")
    assert notebook.errors() == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("slug", [slug for slug in LESSONS if len(LESSONS[slug]) > 1])
def test_a_lesson_reaches_its_end_and_can_be_read(lab: Lab, page: Any, shoot: Shoot, slug: str, theme: str) -> None:
    lab.dress(theme)
    notebook = Notebook(page, lab, f"{slug}.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    figures = page.locator(".jp-OutputArea-output img[alt]")
    assert figures.count() >= 3
    assert all(len(figure.get_attribute("alt") or "") > 50 for figure in figures.all())
    for exercise_id in LESSONS[slug]:
        assert "not written yet" in notebook.outputs(notebook.index(f"check-{exercise_id}")).inner_text()
    assert page.evaluate(FAINT, OUTPUTS) == []
    figures.nth(2).scroll_into_view_if_needed()
    shoot(page, f"{slug[:2]}-{theme}")
    assert "official Jupyter news" not in page.inner_text("body")


SPKI = "x509.load_der_x509_csr(csr_der).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)"
FORGE, SHARED_KEY = (
    "def forge(sign, e, n, message):\n    return ",
    "def shared_key(csr_der, certificate_der):\n    return ",
)
# Exercise, a wrong answer, the mistake that it is known by, and a right answer.
ANSWERS = {
    "rsa-forge": (
        f"{FORGE}pow(message, e, n)",
        "public-operation",
        f"{FORGE}sign(message * pow(2, e, n) % n) * pow(2, -1, n) % n",
    ),
    "authority-shared": (
        f"{SHARED_KEY}None",
        "always-none",
        f"{SHARED_KEY}(csr_der.find(i), certificate_der.find(i), len(i)) if (i := {SPKI}) in certificate_der else None",
    ),
}


@pytest.mark.parametrize("exercise_id", ANSWERS)
def test_an_exercise_answered_wrong_and_right(lab: Lab, page: Any, shoot: Shoot, exercise_id: str) -> None:
    wrong, mistake, right = ANSWERS[exercise_id]
    lab.dress("light")
    notebook = Notebook(page, lab, f"{find(exercise_id).lesson}.ipynb")
    notebook.run_all()
    exercise, check = notebook.index(f"exercise-{exercise_id}"), notebook.index(f"check-{exercise_id}")
    card = notebook.outputs(check)
    (known,) = (each for each in find(exercise_id).mistakes if each.name == mistake)
    for answer, word in ((wrong, "not right yet"), (right, "solved")):
        notebook.write(exercise, answer)
        notebook.run(exercise)
        notebook.run(check)
        assert word in card.inner_text()
        assert (known.sentence in card.inner_text()) == (answer is wrong)
        card.scroll_into_view_if_needed()
        shoot(page, f"{exercise_id}-{word.split()[0]}")
    assert notebook.errors() == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_can_be_read_in_both_themes(lab: Lab, page: Any, shoot: Shoot, theme: str) -> None:
    lab.dress(theme)
    notebook = Notebook(page, lab, "00_start.ipynb")
    notebook.run_all()
    assert page.locator(f'body[data-jp-theme-light="{str(theme == "light").lower()}"]').count() == 1
    assert page.evaluate(FAINT, OUTPUTS) == []
    figure = page.locator(".jp-OutputArea-output img[alt]").nth(1)
    figure.scroll_into_view_if_needed()
    shoot(page, f"00-{theme}-figures")


@pytest.mark.parametrize("slug", ["00_start", "01_rsa", "04_authority"])
def test_on_a_phone_nothing_but_tables_and_figures_is_wider_than_the_screen(
    lab: Lab, page: Any, shoot: Shoot, slug: str
) -> None:
    lab.dress("light")
    notebook = Notebook(page, lab, f"{slug}.ipynb")
    notebook.run_all()
    page.set_viewport_size({"width": 390, "height": 844})
    # The file browser would leave no room for a notebook.
    page.keyboard.press("Control+B")
    page.locator("#jp-left-stack").wait_for(state="hidden")
    notebook.outputs(notebook.index(f"check-{LESSONS[slug][0]}")).scroll_into_view_if_needed()
    shoot(page, f"{slug[:2]}-phone")
    assert page.evaluate(WIDE, OUTPUTS) == []
