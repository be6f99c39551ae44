"""A comparison of detectors: findings, tables, figure, page."""
