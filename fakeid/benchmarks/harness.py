"""Provide the tools of all benchmarks: fresh processes, alternating rounds, timing, medians and tables."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any, TypeVar

from rich import box
from rich.table import Table

from fakeid.errors import WorkerError

_Result = TypeVar("_Result")


def in_fresh_process(function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Call a function in a new process, so that nothing done before affects what it measures.

    Args:
        function: Module-level function. Its exceptions are raised here, and its output goes to standard error.
        arguments: Arguments of the call; they and the result are pickled.

    Returns:
        Result of the call.

    Raises:
        WorkerError: The system killed the process.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # keeps the terminal's Ctrl-C from it; it is killed below, without a traceback
    )
    with process:
        try:
            answered, _ = process.communicate(pickle.dumps((function, arguments)))
        except BaseException:
            process.kill()
            process.wait()
            raise
    if not answered:
        raise WorkerError(
            "the system killed a process that measures, most likely because memory ran out: use smaller images, or "
            "fewer at a time"
        )
    result, failure = pickle.loads(answered)
    if failure is not None:
        raise failure
    answer: _Result = result
    return answer


def _answer() -> None:
    answer: tuple[object, Exception | None]
    with os.fdopen(os.dup(1), "wb") as sender:
        os.dup2(2, 1)  # output of the function must not mix with the answer
        try:
            function, arguments = pickle.load(sys.stdin.buffer)
            answer = function(*arguments), None
        except Exception as error:
            answer = None, error
        pickle.dump(answer, sender)


def take_turns(ways: Mapping[str, Callable[[int], float]], rounds: int) -> dict[str, float]:
    """Measure each of several ways once per round, so that changes of the machine's load affect all alike.

    Args:
        ways: Measuring functions by name, called with the number of the round, from 0.
        rounds: Number of rounds.

    Returns:
        Median over the rounds by name.
    """
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, measure in ways.items():
            found[name].append(measure(number))
    return {name: median(numbers) for name, numbers in found.items()}


def time_call(measured: Callable[..., object], *arguments: object) -> float:
    """Measure the duration of a call in seconds."""
    start = time.perf_counter()
    measured(*arguments)
    return time.perf_counter() - start


def build_table(*headings: str) -> Table:
    """Build an empty table with an unnamed first column and right-aligned columns of numbers."""
    table = Table("", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


if __name__ == "__main__":
    _answer()
