"""The report over many runs: averages, tests, answer, tables, figures, page."""
