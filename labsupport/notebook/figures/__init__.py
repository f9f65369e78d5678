"""Figures: Axes in and out, labels where the data are, words for those who do not see them.

Every function takes ``ax=None``, draws into it or into a figure of its own, and returns the Axes.  The figure's label
(`Figure.get_label()`) carries the alt text, made from the same data.
"""
