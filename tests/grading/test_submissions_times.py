"""Times: due dates, nbgrader's timestamps, zips and files; each with its zone, and what is late by which clock."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import struct
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsupport.grading.submissions.times import file_time, how_late, in_words, parse_due, stamp_time, zip_time
from tests.grading.handed_in import complaint, gathered, write, zipped

HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-01T23:59", "2026-12-01T22:59"),
        ("2026-07-01 23:59", "2026-07-01T21:59"),
        ("2026-12-01T23:59:30", "2026-12-01T22:59:30"),
        ("2026-12-01T23:59Z", "2026-12-01T23:59"),
        ("2026-12-01T23:59+01:00", "2026-12-01T22:59"),
        ("2026-12-01T23:59-0500", "2026-12-02T04:59"),
        (" 2026-12-01T00:00Z ", "2026-12-01T00:00"),
    ],
)
def test_a_due_date(text: str, utc: str) -> None:
    due = parse_due(text)
    assert due.utcoffset() is not None
    assert due == dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-12-01",  # its beginning, or its end?
        "01.12.2026 23:59",
        "2026-13-01T00:00",
        "2026-12-01T25:00",
        "2026-12-01T23:59+99:00",
        "2026-12-01T23:59 CET",
        "2026-W49-2T23:59",
        "٢٠٢٦-12-01T23:59",
        "2026-12-01T23:59\n\x1b[31m",
        "0001-01-01T00:00",
        "x" * 10_000,
    ],
)
def test_what_is_no_due_date_is_refused_in_one_line(text: str) -> None:
    message = complaint(lambda: parse_due(text))
    assert "not a due date; write 2026-12-01T23:59" in message
    assert message.isprintable()
    assert len(message) < 250


@given(st.text(max_size=40))
def test_any_text_is_a_due_date_or_refused(text: str) -> None:
    assert complaint(lambda: parse_due(text)) or parse_due(text).utcoffset() is not None


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2015-02-02 15:58:23.948203 America/Los_Angeles\n", "2015-02-02T23:58:23.948203"),
        ("2015-07-02 15:58:23.948203 America/Los_Angeles", "2015-07-02T22:58:23.948203"),
        ("2019-05-30 11:44:01.911849 UTC", "2019-05-30T11:44:01.911849"),
        ("2019-05-30 11:44:01", "2019-05-30T11:44:01"),  # nbgrader reads it as UTC
        ("2019-05-30 11:44:01 +0200", "2019-05-30T09:44:01"),
        ("2019-05-30T11:44:01+02:00", "2019-05-30T09:44:01"),
        ("2019-05-30 11:44:01 CEST", "2019-05-30T09:44:01"),  # the short name of the zone here
        ("2019-05-30 11:44:01 GMT", "2019-05-30T11:44:01"),
    ],
)
def test_a_timestamp_of_nbgrader_s(text: str, utc: str) -> None:
    assert stamp_time(text) == dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    ["", " ", "yesterday", "2019-05-30 11:44:01 XYZT", "2019-05-30 11:44:01 ../../etc/passwd", "2019-05-30 11:44:01 /",
     "2019-05-30 11:44:01 America", "2019-05-30 11:44:01Z UTC", "\0 UTC", "2019-05-30 11:44:01 +9999"],
)  # fmt: skip
def test_what_is_no_timestamp_of_nbgrader_s(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time that nbgrader writes"):
        stamp_time(text)


@given(st.text(max_size=40) | st.text(max_size=10).map(lambda zone: f"2019-05-30 11:44:01 {zone}"))
def test_any_text_is_a_timestamp_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert stamp_time(text).utcoffset() is not None


def test_a_zip_s_time_has_the_zone_here_unless_it_holds_seconds() -> None:
    info = zipfile.ZipInfo("x", (2026, 7, 1, 12, 0, 0))
    moment, clock = zip_time(info)
    assert moment == dt.datetime(2026, 7, 1, 10, tzinfo=dt.UTC)
    assert "no zone and are read as local time here" in clock
    info.extra = struct.pack("<HH2s", 0x7075, 2, b"ab") + struct.pack("<HHBi", 0x5455, 5, 1, 1_782_900_000)
    assert zip_time(info) == (dt.datetime.fromtimestamp(1_782_900_000, dt.UTC), "the zip")


@pytest.mark.parametrize(
    "date", [(1980, 1, 1, 0, 0, 0), (2026, 0, 0, 0, 0, 0), (2026, 2, 31, 0, 0, 0), (2026, 1, 1, 31, 63, 62)]
)
def test_a_zip_s_entry_without_a_time(date: tuple[int, int, int, int, int, int]) -> None:
    info = zipfile.ZipInfo("x")
    info.date_time = date
    assert zip_time(info)[0] is None


@given(st.binary(max_size=40))
def test_any_extra_field_is_no_harm(extra: bytes) -> None:
    info = zipfile.ZipInfo("x", (2026, 7, 1, 12, 0, 0))
    info.extra = extra
    moment, _ = zip_time(info)
    assert moment is None or moment.utcoffset() is not None


@given(st.floats() | st.integers())
def test_any_time_of_a_file_is_no_harm(seconds: float) -> None:
    moment = file_time(seconds)
    assert moment is None or moment.utcoffset() is not None


@pytest.mark.parametrize(
    ("lateness", "words"),
    [
        (dt.timedelta(seconds=1), "less than a minute"),
        (dt.timedelta(minutes=1), "1 minute"),
        (dt.timedelta(hours=2, minutes=5, seconds=59), "2 hours 5 minutes"),
        (dt.timedelta(days=1, minutes=3), "1 day 3 minutes"),
        (dt.timedelta(days=40, hours=1, minutes=3), "40 days 1 hour"),
    ],
)
def test_how_late(lateness: dt.timedelta, words: str) -> None:
    assert how_late(lateness) == words


def test_in_words() -> None:
    assert in_words(parse_due("2026-12-01T23:59")) == "2026-12-01 23:59 CET"


def test_late_is_said_with_the_clock_that_says_so(tmp_path: Path) -> None:
    write(tmp_path / "in", "ada/01_rsa/x.ipynb", "bob/01_rsa/x.ipynb", "cy/01_rsa/x.ipynb", "di/01_rsa/x.ipynb")
    stamps = {"ada": "2026-12-01 23:04:00.0 UTC", "bob": "2026-12-01 22:59:00.0 UTC", "cy": "?", "di": "9" * 5000}
    for learner, stamp in stamps.items():
        (tmp_path / "in" / learner / "01_rsa" / "timestamp.txt").write_text(stamp)
    for path in (tmp_path / "in").rglob("*.ipynb"):
        os.utime(path, (1_796_169_600, 1_796_169_600))  # 2026-12-02 00:00 UTC
    collected = gathered(tmp_path / "in", due=parse_due("2026-12-01T23:59"))
    ada, bob, cy, _ = collected
    assert [finding.text for finding in ada.findings] == [
        (
            "Handed in 5 minutes after it was due: at 2026-12-02 00:04 CET, according to nbgrader's timestamp; "
            "it was due at 2026-12-01 23:59 CET."
        )
    ]
    assert bob.findings == ()
    assert "1 hour 1 minute" in cy.findings[0].text
    assert "the file's own date" in cy.findings[0].text
    assert sorted(collected.notes) == [
        "in/cy/01_rsa/timestamp.txt: “?” is not a time that nbgrader writes; the file's own date is taken",
        "in/di/01_rsa/timestamp.txt: too long for a time; the file's own date is taken",
    ]


def test_a_zip_of_folders_is_late_by_its_entries(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", "ada/01_rsa.ipynb")
    (entry,) = gathered(path, due=parse_due("2026-11-30T11:00+01:00"))
    assert [finding.kind for finding in entry.findings] == ["late"]
    assert "according to the zip, whose times have no zone and are read as local time here" in entry.findings[0].text
    (entry,) = gathered(path, due=parse_due("2026-11-30T12:00+01:00"))
    assert entry.findings == ()
    assert entry.submitted_at == dt.datetime(2026, 11, 30, 11, tzinfo=dt.UTC)


def test_without_a_due_date_nothing_is_late(tmp_path: Path) -> None:
    write(tmp_path, "ada/01_rsa.ipynb")
    (entry,) = gathered(tmp_path)
    assert entry.findings == ()
    assert entry.submitted_at is not None
    assert entry.submitted_at.utcoffset() == HOUR or entry.submitted_at.utcoffset() == 2 * HOUR
