"""Evaluation: from scores to numbers, by pure functions."""
