"""Turn scores into metrics and judgments with pure functions."""
