"""Check the tests and intervals of reports on simulated scores, whose truth is known."""

from fakeid.benchmarks.statistics.document import run_statistics_benchmark

__all__ = ["run_statistics_benchmark"]
