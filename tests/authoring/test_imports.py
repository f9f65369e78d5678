from __future__ import annotations

import importlib
import sys

import pytest

from labsupport.authoring.imports import without


def test_an_import_fails_inside_the_block_and_succeeds_after_it() -> None:
    name = "this"
    assert name not in sys.modules
    with without(name), pytest.raises(ImportError):
        importlib.import_module(name)
    assert name not in sys.modules


def test_what_is_imported_already_stays() -> None:
    with without("json"):
        assert importlib.import_module("json") is sys.modules["json"]
    assert "json" in sys.modules


def test_the_module_can_be_imported_again_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), without("antigravity"):
        raise ZeroDivisionError
    assert "antigravity" not in sys.modules
