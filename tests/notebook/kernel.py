"""A few cells in a real kernel: what a notebook would show."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

__all__ = ["outputs"]


def outputs(cells: list[str], folder: Path) -> list[list[dict[str, Any]]]:
    """Run the cells one after another in a fresh kernel and return the outputs of each."""
    nbformat: Any = importlib.import_module("nbformat")  # without types
    from jupyter_core.utils import ensure_event_loop
    from nbclient import NotebookClient

    empty: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    made = [{**empty, "id": f"cell-{number}", "source": cell} for number, cell in enumerate(cells)]
    written = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})
    notebook = nbformat.reads(written, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    try:
        client.execute()
    finally:
        # nbclient makes an event loop and leaves it open.
        ensure_event_loop().close()
    return [cell.outputs for cell in notebook.cells]
