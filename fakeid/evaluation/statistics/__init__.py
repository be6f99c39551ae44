"""Compute intervals, paired tests, corrections for multiple testing, and trends."""
