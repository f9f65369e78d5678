"""Notebook files: read with mercy, written in the one form that Jupyter writes, and never half."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labsupport.errors import NotebookError

__all__ = ["joined", "notebook_bytes", "read_notebook", "write_atomically"]


def read_notebook(path: Path) -> dict[str, Any]:
    """Read a notebook of any 4.x format; raise NotebookError if the file is missing or no notebook."""
    try:
        notebook = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise NotebookError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise NotebookError(f"{path}: not a notebook: the file is not JSON in UTF-8") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise NotebookError(f"{path}: not a notebook of format 4: it has no list of cells")
    return notebook


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
