"""Specs of lesson 04: a root, requests, issuing to strangers, shared bytes, an autopsy, and an intermediate."""

from __future__ import annotations

from labsupport.exercises.authority.autopsy import EXERCISE as AUTOPSY
from labsupport.exercises.authority.intermediate import EXERCISE as INTERMEDIATE
from labsupport.exercises.authority.issue import EXERCISE as ISSUE
from labsupport.exercises.authority.request import EXERCISE as REQUEST
from labsupport.exercises.authority.root import EXERCISE as ROOT
from labsupport.exercises.authority.shared import EXERCISE as SHARED

__all__ = ["EXERCISES"]

# In the order of the lesson.
EXERCISES = (ROOT, REQUEST, ISSUE, SHARED, AUTOPSY, INTERMEDIATE)
