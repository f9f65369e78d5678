"""Specs of lesson 01: a key, the inverse, powers, signatures, what protects a key, and a forgery."""

from __future__ import annotations

from labsupport.exercises.rsa.factor import EXERCISE as FACTOR
from labsupport.exercises.rsa.forge import EXERCISE as FORGE
from labsupport.exercises.rsa.inverse import EXERCISE as INVERSE
from labsupport.exercises.rsa.keypair import EXERCISE as KEYPAIR
from labsupport.exercises.rsa.modexp import EXERCISE as MODEXP
from labsupport.exercises.rsa.sign import EXERCISE as SIGN

__all__ = ["EXERCISES"]

# In the order of the lesson.
EXERCISES = (KEYPAIR, INVERSE, MODEXP, SIGN, FACTOR, FORGE)
