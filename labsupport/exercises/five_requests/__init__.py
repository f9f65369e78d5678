"""Specs of lesson 06: two contexts, five requests, a proxy, and a certificate that some verifiers refuse."""

from __future__ import annotations

from labsupport.exercises.five_requests.client import EXERCISE as CLIENT
from labsupport.exercises.five_requests.outcome import EXERCISE as OUTCOME
from labsupport.exercises.five_requests.proxy import EXERCISE as PROXY
from labsupport.exercises.five_requests.server_context import EXERCISE as SERVER_CONTEXT
from labsupport.exercises.five_requests.transcript import EXERCISE as TRANSCRIPT
from labsupport.exercises.five_requests.why import EXERCISE as WHY

__all__ = ["EXERCISES"]

# In the order of the lesson.
EXERCISES = (TRANSCRIPT, OUTCOME, SERVER_CONTEXT, CLIENT, PROXY, WHY)
