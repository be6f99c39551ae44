"""Tables of words, as comparisons and evaluations still hand them on."""

Rows = tuple[list[str], list[list[str]]]
"""Headings, and rows of as many cells."""
