"""One executed notebook: its outputs as texts, images left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labsupport.authoring.notebook_file import joined
from labsupport.authoring.results import RunResult

__all__ = ["SEEDS", "Run"]

SEEDS = (7, 2024, 987654321)
_IMAGE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")


@dataclass(frozen=True)
class Run:
    """What came of running a notebook once, and the notebook with its outputs."""

    result: RunResult
    notebook: Mapping[str, Any]

    def outputs(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield (cell id, output)."""
        for cell in self.notebook["cells"]:
            for output in cell.get("outputs", ()):
                yield cell["id"], output

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield (cell id, text) of everything that is shown in words or HTML."""
        for cell, output in self.outputs():
            if "text" in output:
                yield cell, joined(output["text"])
            for kind, content in output.get("data", {}).items():
                if not kind.startswith("image/"):
                    yield cell, _IMAGE.sub("", joined(content))
