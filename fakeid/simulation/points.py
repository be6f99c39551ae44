"""Many drawn pages for each point of the simulation, on all cores; the outcome does not depend on their number."""

import os
import signal
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from typing import Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from rich.console import Console
from rich.progress import Progress, TaskID

from fakeid.evaluation.metrics import Floats
from fakeid.progress import build_progress
from fakeid.seeding import derive_seed
from fakeid.workers import environment_variable, known_start_method

_BLOCK: Final = 10  # repeats that a worker takes at a time


class Point(Protocol):
    """A setting to simulate: a frozen dataclass whose `repr` names it."""

    def simulate(self, rng: np.random.Generator) -> Mapping[str, float]:
        """Draw once and look: 1 and 0 for yes and no, any other number as it is, NaN where there is nothing to say."""


Outcome: TypeAlias = Mapping[str, Floats]
"""What was looked at → (repeats,)."""


class Plan(NamedTuple):
    """A point and how often to draw it."""

    point: Point
    repeats: int


class _Block(NamedTuple):
    point: Point
    seed: int
    repeats: range


def simulate_points(plans: Sequence[Plan], seed: int, processes: int, console: Console) -> dict[Point, Outcome]:
    """Draw every point.

    Args:
        plans: The points, each once.
        seed: Each repeat of each point has its own random numbers, derived from it.
        processes: 1 stays in this one.
        console: Where to show the progress.

    Returns:
        One outcome a point, in their order.
    """
    blocks = [
        _Block(plan.point, seed, range(start, min(start + _BLOCK, plan.repeats)))
        for plan in plans
        for start in range(0, plan.repeats, _BLOCK)
    ]
    with build_progress(console) as progress:
        found = _simulate_here(blocks, progress) if processes == 1 else _spread(blocks, processes, progress)
    collected: dict[Point, list[Mapping[str, float]]] = {plan.point: [] for plan in plans}
    for block, drawn in zip(blocks, found, strict=True):
        collected[block.point] += drawn
    return {point: _stack(drawn) for point, drawn in collected.items()}


def count_cores() -> int:
    """That this process may use: under a container or a scheduler fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _stack(drawn: Sequence[Mapping[str, float]]) -> Outcome:
    names = dict.fromkeys(name for one in drawn for name in one)
    return {name: np.array([one.get(name, np.nan) for one in drawn], dtype=np.float64) for name in names}


def _simulate_here(blocks: Sequence[_Block], progress: Progress) -> list[list[Mapping[str, float]]]:
    task = _add_task(progress, blocks)
    found = []
    for block in blocks:
        found.append(_simulate_block(block))
        progress.advance(task, len(block.repeats))
    return found


def _spread(blocks: Sequence[_Block], processes: int, progress: Progress) -> list[list[Mapping[str, float]]]:
    task = _add_task(progress, blocks)
    executor = ProcessPoolExecutor(processes, get_context("spawn"), _start_worker)
    try:
        # The arrays are small: more threads than one only get in each other's way. Blocks of all kinds are mixed, so
        # that the estimate of the time left is fair from the start.
        with known_start_method(), environment_variable("OMP_NUM_THREADS", "1"):
            futures: dict[Future[list[Mapping[str, float]]], int] = {
                executor.submit(_simulate_block, blocks[place]): int(place)
                for place in np.random.default_rng(0).permutation(len(blocks))
            }
        found: list[list[Mapping[str, float]]] = [[] for _ in blocks]
        for future in as_completed(futures):
            place = futures[future]
            found[place] = future.result()
            progress.advance(task, len(blocks[place].repeats))
    finally:
        executor.shutdown(cancel_futures=True)
    return found


def _add_task(progress: Progress, blocks: Sequence[_Block]) -> TaskID:
    return progress.add_task("simulating", total=sum(len(block.repeats) for block in blocks), unit="draws")


def _start_worker() -> None:
    """Ctrl-C is the parent's business; die with the parent, even when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _simulate_block(block: _Block) -> list[Mapping[str, float]]:
    return [
        block.point.simulate(np.random.default_rng(derive_seed("statistics", block.seed, block.point, repeat)))
        for repeat in block.repeats
    ]
