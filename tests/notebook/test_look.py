"""The look: whatever is escaped is harmless, every colour can be read, everything is balanced HTML."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsupport.notebook import look
from tests.notebook.drawn import contrast


class Balanced(HTMLParser):
    """Counts the tags that are open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag


@given(st.text())
def test_escaped_text_opens_no_tag_and_hides_nothing(text: str) -> None:
    shown = look.escape(text)
    assert not set("<>\"'") & set(shown)
    assert all(char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in shown)
    assert "\x1b" not in look.plain(text)


def test_invisible_characters_are_spelled_out() -> None:
    assert look.plain("a\u202eb\x00c\ud800\n\td") == "a\\u{202e}b\\u{0}c\\u{d800}\n\td"
    assert look.escape('<a href="x">\x1b') == "&lt;a href=&quot;x&quot;&gt;\\u{1b}"


@pytest.mark.parametrize("kind", look.COLOURS)
def test_badges_can_be_read_and_carry_a_word(kind: str) -> None:
    background, ink = look.COLOURS[kind]
    assert contrast(background, ink) >= 4.5
    # Seen against the page of either theme, the badge itself stands out or its word does.
    assert "word" in look.badge("word", kind)


def test_every_part_is_balanced() -> None:
    table = look.table(("a", "<b>"), [["x", look.mono("<y>")], ["", ""]], caption="<c>")
    head = look.headline(look.badge("<w>", "good"), look.facts([("<f>", look.mono("v"))]))
    whole = look.card([head, look.folded("<s>", table), look.table(("a",), [])])
    assert Balanced(whole).stack == []
    assert "<b>" not in whole
    assert whole.count("<tr") == 4
    assert "<caption" not in look.table(("a",), [])


def test_no_colour_stands_without_a_fallback() -> None:
    parts = (look.BORDER, look.MUTED, look.MONO, look.card(["x"]), look.table(("a",), [["b"]]), look.mono("x"))
    for part in parts:
        for piece in part.split("var(")[1:]:
            assert "," in piece.partition(")")[0]
