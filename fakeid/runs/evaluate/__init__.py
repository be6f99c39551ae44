"""Evaluate a trained detector: list its test sets, score, measure, and write the page."""
