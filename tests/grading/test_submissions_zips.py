"""Zips by an adversary: each bad entry gets one clear line, the others are still found, and nothing is written."""

from __future__ import annotations

import io
import os
import stat
import struct
import tempfile
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsupport.errors import UsageError
from labsupport.grading.submissions.collect import collect
from labsupport.grading.submissions.found import MIB, Limits, SubmissionError
from tests.grading.handed_in import LESSONS, ZIP_TIME, complaint, found, gathered, notebook, zipped

GOOD = "ada/01_rsa.ipynb"


def entry(name: str, **attributes: object) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, ZIP_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info


def with_entry(path: Path, info: zipfile.ZipInfo, content: bytes = b"{}") -> Path:
    """Write a zip with a good entry on each side of a bad one."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry(GOOD), notebook(text=GOOD))
        archive.writestr(info, content)
        archive.writestr(entry("zoe/01_rsa.ipynb"), notebook(text="zoe/01_rsa.ipynb"))
    return path


def the_problem(path: Path) -> str:
    """Return the one line about the bad entry; the two good ones were found."""
    collected = gathered(path)
    assert [each.learner for each in collected] == ["ada", "zoe"]
    (problem,) = collected.problems
    assert problem.startswith(f"{path.name}/")
    assert len(problem.splitlines()) == 1
    assert problem.isprintable()
    assert len(problem) < 300
    return problem


@pytest.mark.parametrize(
    "name",
    ["../eve/01_rsa.ipynb", "eve/../../01_rsa.ipynb", "/etc/01_rsa.ipynb", "C:/eve/01_rsa.ipynb", "c:eve.ipynb",
     "\\\\host\\eve\\01_rsa.ipynb", "..\\eve\\01_rsa.ipynb", "eve/../01_rsa.ipynb"],
)  # fmt: skip
def test_names_that_lead_out_of_the_zip(tmp_path: Path, name: str) -> None:
    assert "leads out of the zip; not read" in the_problem(with_entry(tmp_path / "x.zip", entry(name)))
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (stat.S_IFLNK | 0o777, "a symbolic link, which is not followed"),
        (stat.S_IFIFO | 0o644, "not a file"),
        (stat.S_IFCHR | 0o644, "not a file"),
        (stat.S_IFSOCK | 0o644, "not a file"),
    ],
)
def test_entries_that_are_no_files(tmp_path: Path, mode: int, words: str) -> None:
    info = entry("eve/01_rsa.ipynb", external_attr=mode << 16)
    assert words in the_problem(with_entry(tmp_path / "x.zip", info, b"/etc/passwd"))


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = with_entry(tmp_path / "x.zip", entry("eve/01_rsa.ipynb"), b"0" * (20 * MIB))
    assert "unpacks to over 200 times its size, as a bomb does" in the_problem(path)


def test_a_file_over_the_limit(tmp_path: Path) -> None:
    info = entry("eve/01_rsa.ipynb", compress_type=zipfile.ZIP_STORED)
    path = with_entry(tmp_path / "x.zip", info, b"0" * (33 * MIB))
    assert "over the limit of 33,554,432 bytes; ask for it without its outputs" in the_problem(path)


def test_an_entry_that_lies_about_its_size_costs_no_more_than_it_claims(tmp_path: Path) -> None:
    path = with_entry(tmp_path / "x.zip", entry("eve/01_rsa.ipynb"), b"0" * (20 * MIB))
    content = bytearray(path.read_bytes())
    for marker, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):  # where a header holds the unpacked size
        for place in [each for each in range(len(content)) if content.startswith(marker, each)]:
            if content[place + offset : place + offset + 4] == struct.pack("<L", 20 * MIB):
                content[place + offset : place + offset + 4] = struct.pack("<L", 5000)
    path.write_bytes(content)
    with collect(path, lessons=LESSONS) as collected:
        eve = next(each for each in collected if each.learner == "eve")
        tracemalloc.start()
        message = complaint(eve.read)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert "x.zip/eve/01_rsa.ipynb: damaged in the zip (BadZipFile); download the zip again" in message
        assert peak < MIB
        assert [each.read().learner for each in collected if each is not eve] == ["ada", "zoe"]


def test_the_total_is_bounded(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", content={f"l{number}/01_rsa.ipynb": os.urandom(1000) for number in range(10)})
    with collect(path, lessons=LESSONS, limits=Limits(total=3500)) as collected:
        assert len(collected) == 3
        assert collected.problems == ("x.zip: 7 notebooks left out: together over 3,500 bytes; grade it in parts",)


def test_the_number_of_entries_is_bounded(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", *(f"l{number}/01_rsa.ipynb" for number in range(11)))
    with pytest.raises(UsageError, match=r"x\.zip: a zip of over 10 entries; grade it in parts"):
        collect(path, lessons=LESSONS, limits=Limits(entries=10))
    # And before it is read at all, the list of contents by its size
    with pytest.raises(UsageError, match=r"list of contents of [\d,]+ bytes; grade it in parts"):
        collect(path, lessons=LESSONS, limits=Limits(table=300))


def test_a_list_of_contents_in_the_long_form_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    record = b"PK\6\6" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, 9, 9, 1 << 40, 0)
    path.write_bytes(record + b"PK\6\7" + struct.pack("<LQL", 0, 0, 1) + b"PK\5\6" + b"\xff" * 16 + b"\0\0")
    with pytest.raises(UsageError, match="list of contents of 1,099,511,627,776 bytes"):
        gathered(path)


def test_an_encrypted_entry(tmp_path: Path) -> None:
    path = with_entry(tmp_path / "x.zip", entry("eve/01_rsa.ipynb"))
    content = bytearray(path.read_bytes())
    place = content.index(b"eve/01_rsa.ipynb", content.index(b"PK\1\2")) - 46
    content[place + 8] |= 1
    path.write_bytes(content)
    assert "encrypted; ask for it without a password" in the_problem(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_rare_methods_whose_memory_nobody_bounds(tmp_path: Path, method: int) -> None:
    path = with_entry(tmp_path / "x.zip", entry("eve/01_rsa.ipynb", compress_type=method))
    assert "packed by a rare method" in the_problem(path)


def test_a_damaged_entry_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", content={GOOD: notebook(text="a" * 99), "zoe/01_rsa.ipynb": notebook(text="b")})
    content = bytearray(path.read_bytes())
    start = content.index(GOOD.encode()) + len(GOOD)
    content[start : start + 20] = b"\xff" * 20
    path.write_bytes(content)
    with collect(path, lessons=LESSONS) as collected:
        ada, zoe = collected
        assert "x.zip/ada/01_rsa.ipynb: damaged in the zip" in complaint(ada.read)
        assert zoe.read().content == notebook(text="b")


def test_two_entries_of_one_name_are_two_sources_and_both_are_read(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(tmp_path / "x.zip", content=[(GOOD, notebook(text="first")), (GOOD, notebook(text="second"))])
    assert [text for _, _, text in found(path)] == ["first", "second"]
    assert [[finding.kind for finding in each.findings] for each in gathered(path)] == [["two-sources"]] * 2


def raw_name(path: Path, name: bytes) -> Path:
    """Write a zip whose middle entry has a name that zipfile would not write."""
    placeholder = b"\x7f" * len(name)
    with_entry(path, entry(placeholder.decode()))
    path.write_bytes(path.read_bytes().replace(placeholder, name))
    return path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (b"eve\0/01_rsa.ipynb", "a NUL in its name"),
        (b"eve/\0/01_rsa.ipynb", "a NUL in its name"),
        (b"eve/01_rsa.ipynb\0.txt", "a NUL in its name"),
        (b"eve/01_rsa.txt\0.ipynb", "a NUL in its name"),
        ("\u202egnp.eve/01_rsa.ipynb".encode(), "no learner's id"),
        (b"eve\x1b[31m/01_rsa.ipynb", "no learner's id"),
        (b"eve\n/01_rsa.ipynb", "no learner's id"),
        (b" /01_rsa.ipynb", "nobody can tell whose it is"),
        (b"e" * 300 + b"/01_rsa.ipynb", "no learner's id"),
        (b"e/" * 600 + b"01_rsa.ipynb", "its name is too long"),
        (b"eve/x.ipynb", "nobody can tell which lesson it is"),
        (b"01_rsa/01_rsa.ipynb", "nobody can tell whose it is"),
        (b"01_rsa.ipynb", "nobody can tell whose it is"),
        (b".ipynb/.ipynb/x/../01_rsa.ipynb", None),  # hidden
    ],
)
def test_odd_names(tmp_path: Path, name: bytes, words: str | None) -> None:
    path = raw_name(tmp_path / "x.zip", name)
    if words is None:
        assert (len(gathered(path)), gathered(path).problems) == (2, ())
    else:
        assert words in the_problem(path)


def test_folders_are_entries_too_and_say_nothing(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", GOOD, content={"ada/": b"", "eve.ipynb/": b"", "bob/01_rsa.ipynb.json": b"{}"})
    collected = gathered(path)
    assert len(collected) == 1
    assert collected.problems == (
        "x.zip/bob/01_rsa.ipynb.json: a notebook under another ending? Rename it to end in .ipynb",
    )


def test_a_name_in_no_known_letters_is_still_somebody_s(tmp_path: Path) -> None:
    path = raw_name(tmp_path / "x.zip", b"e\xffe/01_rsa.ipynb")
    assert len(gathered(path)) == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: b"",
        lambda content: b"PK\3\4",
        lambda content: b"PK\5\6" + bytes(18) + b"junk",
        lambda content: content.replace(b"PK\1\2", b"PK\1\3"),
        lambda content: content.replace(b"PK\5\6", b"PK\5\7"),
        lambda content: b"<html>Please log in</html>",
    ],
)
def test_a_broken_zip_is_refused_in_one_line(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path = zipped(tmp_path / "x.zip", GOOD)
    path.write_bytes(spoil(path.read_bytes()))
    assert "x.zip" in complaint(lambda: gathered(path))


def test_an_empty_zip_has_no_notebooks(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\5\6" + bytes(18))
    assert "there are no notebooks here" in complaint(lambda: gathered(tmp_path / "x.zip"))


def test_a_zip_that_goes_away_is_told_and_a_closed_one_too(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", GOOD)
    with collect(path, lessons=LESSONS) as collected:
        (ada,) = collected
        os.truncate(path, 0)
        assert "damaged in the zip" in complaint(ada.read)
    with pytest.raises(SubmissionError):
        ada.read()


def sample() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        names = (GOOD, "zoe/04_authority.ipynb", "doejane_LATE_123_456_01_rsa-1.ipynb")
        stamp = {"ada/01_rsa/timestamp.txt": b"2026-11-30 12:00:00 UTC", "ada/01_rsa/x.ipynb": notebook()}
        return zipped(Path(folder) / "x.zip", *names, content=stamp).read_bytes()


SAMPLE = sample()


def survives(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.zip"
        path.write_bytes(content)
        if complaint(lambda: gathered(path)):
            return
        with collect(path, lessons=LESSONS) as collected:
            for each in collected:
                complaint(each.read)
            for line in (*collected.problems, *collected.notes):
                assert len(line.splitlines()) == 1
                line.encode()


@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_bytes_changed_are_told_in_one_line_each(changes: list[tuple[int, int]]) -> None:
    content = bytearray(SAMPLE)
    for place, byte in changes:
        content[place] = byte
    survives(bytes(content))


HEADERS = [place for place in range(len(SAMPLE)) if SAMPLE.startswith((b"PK\1\2", b"PK\3\4", b"PK\5\6"), place)]


@given(st.sampled_from(HEADERS), st.integers(4, 45), st.binary(min_size=1, max_size=4))
def test_any_change_of_a_header_is_told_in_one_line_each(header: int, offset: int, field: bytes) -> None:
    content = bytearray(SAMPLE)
    content[header + offset : header + offset + len(field)] = field
    survives(bytes(content))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), min_size=1, max_size=5))
def test_any_names_are_found_or_told(names: list[str]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # two of one name, which is what it is about
        for number, name in enumerate(names):
            archive.writestr(entry(f"{name}/{number}_01_rsa.ipynb"), notebook())
    survives(buffer.getvalue())


def test_a_class_of_a_thousand_is_never_in_memory_at_once(tmp_path: Path) -> None:
    noise = os.urandom(50_000)
    content = {f"l{number:04}/01_rsa.ipynb": noise for number in range(1000)}
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    tracemalloc.start()
    with collect(path, lessons=LESSONS) as collected:
        assert len(collected) == 1000
        assert sum(len(each.read().content) for each in collected) == 50_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * MIB
