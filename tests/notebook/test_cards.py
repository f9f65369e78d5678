"""Cards: what they say, in which order, escaped, and readable in any theme."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from labsupport.exercises.model import AspectReport, Mistake, Outcome, Report, State
from labsupport.notebook import look
from labsupport.notebook.cards import ACCENT, mark, notice, report_card

NASTY = "<script>alert(1)</script> \"q\" 'a' & \x07 \x1b[31m \u202e \u2066 \ud800"


class _Reader(HTMLParser):
    """Collects the text and the tags, and insists that every tag is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[str] = []
        self.styles: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._open.append(tag)
        assert {name for name, _ in attrs} <= {"style"}
        self.styles += [value for _, value in attrs if value]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip().rstrip(","))

    def close(self) -> None:
        super().close()
        assert self._open == []


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def _words(html: str) -> list[str]:
    return [text for text in _read(html).text if text]


def _report(state: State = "partly", mistake: Mistake | None = None, text: str = "f(2)") -> Report:
    aspects = (
        AspectReport("small numbers", 1, 1, 3, 3, 3),
        AspectReport("large numbers", 0, 0.5, 1, 3, 5, Outcome(False, text, "4", text)),
        AspectReport("halves", 0, 0.5, 0, 1, 2, Outcome(False, "f(1)", "2", "not written yet", unwritten=True)),
    )
    return Report("x", "Double", 1, 2, state, aspects, mistake, "Twice.", ("A note.",), "printed\n")


class TestReportCard:
    def test_says_everything_in_order(self) -> None:
        assert _words(report_card(_report(), ("Not kept.",))) == [
            *("1 of 2 points", "partly solved", "Double"),
            *("✓", "small numbers", "3 of 3 right"),
            *("✗", "large numbers", "1 of 5 right", "2 not tried"),
            *("tried", "f(2)", "expected", "4", "came", "f(2)"),
            *("–", "halves", "not written yet"),
            "Twice.",
            "A note.",
            "Not kept.",
            *("what it printed", "printed"),
        ]

    def test_has_one_pointer(self) -> None:
        html = report_card(_report(mistake=Mistake("adds", "It adds.")))
        assert "It adds." in _words(html)
        assert "Twice." not in _words(html)

    def test_folds_away_the_whole_call_where_there_is_more_of_it(self) -> None:
        outcome = Outcome(False, "f([1, … (9 in all)])", "4", "5", whole="f([1, 2, 3, 4, 5, 6, 7, 8, 9])")
        html = report_card(Report("x", "Double", 0, 1, "wrong", (AspectReport("a", 0, 1, 0, 1, 1, outcome),)))
        words = _words(html)
        assert words[words.index("came") :] == ["came", "5", "the whole call", "f([1, 2, 3, 4, 5, 6, 7, 8, 9])"]

    def test_points_nowhere_when_solved(self) -> None:
        solved = Report("x", "Double", 1, 1, "solved", (AspectReport("a", 1, 1, 3, 3, 3),), None, "Twice.")
        assert _words(report_card(solved)) == ["1 of 1 point", "solved", "Double", "✓", "a", "3 of 3 right"]
        assert ACCENT not in report_card(solved)

    def test_folds_away_what_was_printed(self) -> None:
        reader = _read(report_card(_report()))
        assert reader.tags.count("details") == 1
        assert "open" not in reader.tags

    def test_escapes_whatever_a_learner_can_write(self) -> None:
        report = Report(
            "x",
            NASTY,
            0,
            1,
            "wrong",
            (AspectReport(NASTY, 0, 1, 0, 1, 1, Outcome(False, NASTY, NASTY, NASTY, whole=NASTY)),),
            Mistake("m", NASTY),
            "",
            (NASTY,),
            NASTY,
        )
        places = 10  # title, aspect, the three rows, the whole call, pointer, two notes, output
        html = report_card(report, (NASTY,))
        assert "script" not in _read(html).tags
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)
        html.encode()
        assert html.count("\\u{202e}") == places


class TestLook:
    def test_every_colour_has_a_fallback_or_is_one_of_the_pairs(self) -> None:
        pairs = {colour for pair in look.COLOURS.values() for colour in pair}
        for style in _read(report_card(_report(), ("x",)) + notice("a", "b")).styles:
            for value in re.findall(r"(?:color|background|border[\w-]*): ([^;]*)", style):
                bare = set(re.findall(r"#[0-9a-fA-F]{3,6}", re.sub(r"var\([^)]*\)", "", value)))
                assert bare <= pairs, style
                assert all("," in variable for variable in re.findall(r"var\(([^)]*)", value)), style

    @pytest.mark.parametrize("pair", look.COLOURS.values(), ids=look.COLOURS)
    def test_badges_have_contrast(self, pair: tuple[str, str]) -> None:
        assert _contrast(*pair) >= 4.5

    @pytest.mark.parametrize("page", ["#ffffff", "#111111"])
    def test_the_stripe_stands_out(self, page: str) -> None:
        fallback = re.search("#[0-9a-f]{6}", ACCENT)
        assert fallback is not None
        assert _contrast(fallback.group(), page) >= 3

    @pytest.mark.parametrize(("page", "ink"), [("#ffffff", "#212121"), ("#111111", "#e0e0e0")])
    def test_muted_text_is_readable(self, page: str, ink: str) -> None:
        opacity = float(look.MUTED.removeprefix("opacity: "))
        assert _contrast(_blended(ink, page, opacity), page) >= 4.5

    def test_marks_are_told_apart_without_colour(self) -> None:
        signs = [_words(mark(name))[0] for name in ("passed", "failed", "partly", "open")]
        assert signs == ["✓", "✗", "½", "–"]


def test_a_notice_is_one_line() -> None:
    assert _words(notice("not checked", "<b>no</b>")) == ["not checked", "<b>no</b>"]


def _channels(colour: str) -> list[float]:
    return [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _blended(ink: str, page: str, opacity: float) -> str:
    mixed = [opacity * a + (1 - opacity) * b for a, b in zip(_channels(ink), _channels(page), strict=True)]
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in mixed)
