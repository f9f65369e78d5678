"""What format 4.5 allows in a notebook's cell; whatever a file holds beyond that is left out, never the text.

Written out here because nbformat takes seconds to import, and the working copy is looked after at every start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from labsupport.authoring.notebook_file import joined

__all__ = ["ID", "sound_cell", "sound_results"]

ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_JSON = re.compile(r"application/(.*\+)?json")


def sound_cell(cell: Mapping[str, Any], id_: str) -> dict[str, Any]:
    """Return the cell with the given id in the form that format 4.5 asks for; a type it does not know becomes raw."""
    kind = cell.get("cell_type")
    sound = {
        "cell_type": kind if kind in ("code", "markdown") else "raw",
        "id": id_,
        "metadata": _sound_metadata(cell.get("metadata")),
        "source": joined(cell.get("source")),
    }
    if kind == "code":
        sound |= sound_results(cell)
    elif _is_attachments(cell.get("attachments")):
        sound["attachments"] = cell["attachments"]
    return sound


def sound_results(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs and the execution count of a code cell, as far as they are valid."""
    outputs, count = cell.get("outputs"), cell.get("execution_count")
    return {
        "execution_count": count if _is_count(count) else None,
        "outputs": [output for output in outputs if _is_output(output)] if isinstance(outputs, list) else [],
    }


def _sound_metadata(metadata: object) -> dict[str, Any]:
    if not isinstance(metadata, dict):
        return {}
    return {key: value for key, value in metadata.items() if key not in _METADATA or _METADATA[key](value)}


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value))


def _is_count(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


def _is_bundle(value: object) -> bool:
    return isinstance(value, dict) and all(_is_text(data) or _JSON.fullmatch(kind) for kind, data in value.items())


def _is_attachments(value: object) -> bool:
    return isinstance(value, dict) and all(_is_bundle(bundle) for bundle in value.values())


def _is_tags(value: object) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(tag, str) and re.fullmatch(r"[^,\n]+", tag) for tag in value)
        and len(set(value)) == len(value)
    )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_execution(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(time, str) for time in value.values())


# The keys of a cell's metadata that have a form; all others are free.
_METADATA: Mapping[str, Callable[[object], bool]] = {
    "collapsed": lambda value: isinstance(value, bool),
    "execution": _is_execution,
    "format": lambda value: isinstance(value, str),
    "jupyter": lambda value: isinstance(value, dict),
    "name": _is_name,
    "scrolled": lambda value: isinstance(value, bool) or value == "auto",
    "tags": _is_tags,
}

_OUTPUTS: Mapping[str, Mapping[str, Callable[[Any], bool]]] = {
    "display_data": {"data": _is_bundle, "metadata": lambda value: isinstance(value, dict)},
    "error": {
        "ename": lambda value: isinstance(value, str),
        "evalue": lambda value: isinstance(value, str),
        "traceback": lambda value: isinstance(value, list) and _is_text(value),
    },
    "execute_result": {
        "data": _is_bundle,
        "execution_count": _is_count,
        "metadata": lambda value: isinstance(value, dict),
    },
    "stream": {"name": lambda value: isinstance(value, str), "text": _is_text},
}


def _is_output(output: object) -> bool:
    if not isinstance(output, dict) or output.get("output_type") not in _OUTPUTS:
        return False
    form = _OUTPUTS[output["output_type"]]
    return set(output) == {"output_type", *form} and all(valid(output[key]) for key, valid in form.items())
