"""Plain data for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["plain"]

text = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text | st.binary()
plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(text, inner),
    max_leaves=30,
)
