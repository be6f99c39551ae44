"""What the tool's tests and intervals do where the truth is known, because the scores are drawn."""

from fakeid.benchmarks.statistics.document import run_statistics_benchmark

__all__ = ["run_statistics_benchmark"]
