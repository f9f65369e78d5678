from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from labsupport.authoring.notebook_file import joined, notebook_bytes, parse_notebook, read_notebook, write_atomically
from labsupport.errors import NotebookError


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"cells": {}}', b'{"worksheets": []}', b'\xff{"cells": []}', b"[" * 100_000],
)
def test_what_is_no_notebook_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match=r"x\.ipynb: not a notebook"):
        read_notebook(path)
    assert path.read_bytes() == content


def test_content_is_read_as_the_file_would_be() -> None:
    assert parse_notebook(b'{"cells": []}', "ada's") == {"cells": []}
    with pytest.raises(NotebookError, match="ada's: not a notebook"):
        parse_notebook(b"{", "ada's")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="No such file"):
        read_notebook(tmp_path / "x.ipynb")


def test_a_byte_order_mark_and_unknown_keys_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(b'\xef\xbb\xbf{"cells": [], "extra": 1}')
    assert read_notebook(path) == {"cells": [], "extra": 1}


def test_text_in_lines_is_joined() -> None:
    assert joined(["a\n", "b"]) == joined("a\nb") == "a\nb"
    assert joined(["a", 1, None]) == "a"
    assert joined(None) == ""


def test_sources_are_written_as_lines_and_keys_sorted() -> None:
    content = notebook_bytes({"nbformat": 4, "cells": [{"source": "a\nü\n", "id": "x"}]})
    assert json.loads(content)["cells"][0]["source"] == ["a\n", "ü\n"]
    assert content.startswith(b'{\n "cells"')
    assert "ü".encode() in content
    assert content.endswith(b"}\n")


def test_a_write_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.ipynb"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [found.name for found in path.parent.iterdir()] == ["x.ipynb"]
    beside = tmp_path / "beside"
    beside.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(beside.stat().st_mode)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "x.ipynb", b"one")
    assert [found.name for found in tmp_path.iterdir()] == ["x.ipynb"]


def test_half_a_surrogate_pair_survives() -> None:
    content = notebook_bytes({"cells": [{"source": "a\ud800ü"}]})
    assert json.loads(content)["cells"][0]["source"] == ["a\ud800ü"]
