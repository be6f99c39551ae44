"""From scores to numbers: pure functions."""
