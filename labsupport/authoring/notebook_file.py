"""Notebook files: read with mercy, written in the one form that Jupyter writes, and never half."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from labsupport.errors import NotebookError

__all__ = ["cells_of", "joined", "metadata_of", "notebook_bytes", "parse_notebook", "read_notebook", "write_atomically"]


def read_notebook(path: Path) -> dict[str, Any]:
    """Read a notebook of any 4.x format; raise NotebookError if the file is missing or no notebook."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotebookError(f"{path}: cannot be read: {error.strerror}") from error
    return parse_notebook(content, str(path))


def parse_notebook(content: bytes, what: str) -> dict[str, Any]:
    """Read a notebook of any 4.x format from its file's content; raise NotebookError, about `what`, if it is none."""
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NotebookError(f"{what}: not a notebook: the file is not JSON in UTF-8") from error
    try:
        cells_of(notebook)
    except NotebookError as error:
        raise NotebookError(f"{what}: {error}") from None
    return cast("dict[str, Any]", notebook)


def cells_of(notebook: object) -> list[dict[str, Any]]:
    """Return the cells of a parsed notebook; raise NotebookError if it has none of format 4."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise NotebookError("not a notebook of format 4: it has no list of cells")
    return [cell for cell in cells if isinstance(cell, dict)]


def metadata_of(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata of a notebook's cell, or of a notebook; nothing if it has none that can be read."""
    metadata = cell.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def joined(text: object) -> str:
    """Return a multi-line string of a notebook, which files keep as a list of lines, as one string."""
    if isinstance(text, list):
        return "".join(part for part in text if isinstance(part, str))
    return text if isinstance(text, str) else ""


def notebook_bytes(notebook: Mapping[str, Any]) -> bytes:
    """Return the file's content, byte for byte as nbformat writes it: sorted keys, sources as lists of lines."""
    cells = [{**cell, "source": joined(cell["source"]).splitlines(keepends=True)} for cell in notebook["cells"]]
    notebook = {**notebook, "cells": cells}
    try:
        return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    except UnicodeEncodeError:
        # Half a surrogate pair, which JSON can spell and UTF-8 cannot.
        return (json.dumps(notebook, indent=1, sort_keys=True) + "\n").encode()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file in one step: whoever reads, and whatever fails, finds the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
