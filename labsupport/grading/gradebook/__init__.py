"""Marks that stay: attempts, results, transcripts and corrections of a class in one SQLite file."""

from __future__ import annotations

from labsupport.grading.gradebook.book import Gradebook

__all__ = ["Gradebook"]
