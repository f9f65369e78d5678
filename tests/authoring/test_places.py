from __future__ import annotations

from pathlib import Path

import pytest

from labsupport.authoring import places
from labsupport.errors import UsageError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let labsupport seem to live in a folder of the test's own."""
    package = tmp_path / "labsupport"
    package.mkdir()
    monkeypatch.setattr(places, "_PACKAGE", package)
    return package


def test_in_a_checkout_everything_is_beside_the_package(package: Path) -> None:
    root = package.parent
    (root / "pyproject.toml").touch()
    (root / "notebooks").mkdir()
    (root / "course" / "lessons").mkdir(parents=True)
    assert places.checkout_dir() == root
    assert places.masters_dir() == root / "notebooks"
    assert places.lessons_dir() == root / "course" / "lessons"


def test_a_learners_copy_has_notebooks_but_no_lessons(package: Path) -> None:
    root = package.parent
    (root / "pyproject.toml").touch()
    (root / "notebooks").mkdir()
    assert places.masters_dir() == root / "notebooks"
    with pytest.raises(UsageError, match="course/lessons"):
        places.lessons_dir()


def test_a_wheel_carries_the_notebooks_inside_the_package(package: Path) -> None:
    assert places.checkout_dir() is None
    assert places.masters_dir() == package / "_notebooks"
    with pytest.raises(UsageError, match="instructor's checkout"):
        places.lessons_dir()
