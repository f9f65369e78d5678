"""A strict reader of the pages: every tag closed in its turn, no script, no address but those within, no event."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

__all__ = ["HIDDEN", "Page", "read"]

# What must not stand in a page as it is: controls, changes of direction, halves of pairs, what is no character.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\uffff]")
_ALONE = ("meta", "br", "rect", "line")
_ATTRIBUTES = {
    *(
        "aria-label",
        "charset",
        "class",
        "colspan",
        "content",
        "datetime",
        "dir",
        "height",
        "href",
        "http-equiv",
        "lang",
    ),
    *("name", "role", "rx", "scope", "style", "tabindex", "text-anchor", "viewbox", "width", "x", "x1", "x2", "y"),
    *("y1", "y2"),
}


class Page(HTMLParser):
    """What is on a page: its texts, tags, headings, addresses and alternative texts."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.addresses: list[str] = []
        self.labels: list[str] = []
        self.metas: dict[str, str] = {}
        self.language = ""
        self._open: list[str] = []

    @property
    def words(self) -> str:
        """All texts, the style left out."""
        return " ".join(text for text in self.texts if text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert {name for name, _ in attrs} <= _ATTRIBUTES, attrs
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag not in _ALONE:
            self._open.append(tag)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append((int(tag[1]), ""))
        if tag == "meta":
            self.metas[found.get("name") or found.get("http-equiv", "")] = found.get("content", "")
        if "href" in found:
            self.addresses.append(found["href"])
        if tag == "svg":
            self.labels.append(found["aria-label"])
        self.language = found.get("lang", self.language)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _ALONE:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["style"]:
            assert not re.search("url|@import", data)
            return
        self.texts.append(data.strip())
        if self.headings and self._open and re.fullmatch("h[1-4]", self._open[-1]):
            level, words = self.headings[-1]
            self.headings[-1] = (level, words + data)

    def close(self) -> None:
        super().close()
        assert self._open == []


def read(html: str) -> Page:
    """Return what is on a page, having insisted on all that every page has to be."""
    html.encode()
    assert not HIDDEN.search(html)
    page = Page()
    page.feed(html)
    page.close()
    assert html.startswith("<!doctype html>")
    assert not {"script", "img", "link", "iframe", "object", "form", "base", "embed"} & set(page.tags)
    assert page.metas["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert page.metas["viewport"]
    assert page.language == "en"
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(page.labels)
    return page
