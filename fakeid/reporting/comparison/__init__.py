"""Findings, tables, figure and page of a comparison of detectors."""
