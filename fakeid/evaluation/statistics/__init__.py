"""Intervals, paired tests, corrections and trends."""
