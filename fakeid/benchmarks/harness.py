"""What every benchmark measures with: fresh processes, rounds in turns, seconds, medians and one look of tables."""

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
    """Call a function in a new process, so that nothing done before changes what it measures.

    Args:
        function: Can be imported there, with its module; what it raises is raised here, what it prints is an error's.
        arguments: Can be pickled, as its result can.

    Raises:
        WorkerError: The system ended the process.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # a terminal sends Ctrl-C to all its processes; this one is ended without a word
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
            "the system ended a process that measures, most likely because memory ran out: ask for smaller images, or "
            "for fewer at a time"
        )
    result, failure = pickle.loads(answered)
    if failure is not None:
        raise failure
    answer: _Result = result
    return answer


def _answer() -> None:
    answer: tuple[object, Exception | None]
    with os.fdopen(os.dup(1), "wb") as sender:
        os.dup2(2, 1)  # what the function prints must not mix with its answer
        try:
            function, arguments = pickle.load(sys.stdin.buffer)
            answer = function(*arguments), None
        except Exception as error:
            answer = None, error
        pickle.dump(answer, sender)


def take_turns(ways: Mapping[str, Callable[[int], float]], rounds: int) -> dict[str, float]:
    """Measure each of several ways once a round, so that whatever changes on the machine meanwhile hits all alike.

    Args:
        ways: Called with the number of the round, from 0.
        rounds: How many.

    Returns:
        The median over the rounds of each way.
    """
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, measure in ways.items():
            found[name].append(measure(number))
    return {name: median(numbers) for name, numbers in found.items()}


def time_call(measured: Callable[..., object], *arguments: object) -> float:
    """Measure the seconds that a call takes."""
    start = time.perf_counter()
    measured(*arguments)
    return time.perf_counter() - start


def build_table(*headings: str) -> Table:
    """Start a table whose columns but the first are numbers."""
    table = Table("", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


if __name__ == "__main__":
    _answer()
