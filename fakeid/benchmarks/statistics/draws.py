"""Many drawn pages for each point of the simulation, on all cores; the outcome does not depend on their number."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from joblib import Parallel, cpu_count, delayed, parallel_config
from rich.console import Console

from fakeid.console import build_progress
from fakeid.evaluation.ranking import Floats
from fakeid.seeding import derive_seed

_BATCH: Final = 10  # draws that a worker takes at a time


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


def simulate_points(plans: Sequence[Plan], seed: int, processes: int | None, console: Console) -> dict[Point, Outcome]:
    """Draw every point.

    Args:
        plans: The points, each once.
        seed: Each repeat of each point has its own random numbers, derived from it.
        processes: 1 stays in this one; None takes one for each core that this process may use.
        console: Where to show the progress.

    Returns:
        One outcome a point, in their order.
    """
    draws = [(plan.point, repeat) for plan in plans for repeat in range(plan.repeats)]
    # All kinds are mixed, so that the estimate of the time left is fair from the start.
    order = np.random.default_rng(0).permutation(len(draws)).tolist()
    found: list[Mapping[str, float]] = [{}] * len(draws)
    # The arrays are small: more threads than one only get in each other's way.
    with parallel_config("loky", inner_max_num_threads=1), build_progress(console) as progress:
        task = progress.add_task("simulating", total=len(draws), unit="draws")
        parallel = Parallel(n_jobs=processes or cpu_count(), return_as="generator", batch_size=_BATCH)
        drawn = parallel(delayed(_simulate)(*draws[place], seed) for place in order)
        for place, one in zip(order, drawn, strict=True):
            found[place] = one
            progress.advance(task)
    each = iter(found)
    return {plan.point: _stack(list(islice(each, plan.repeats))) for plan in plans}


def _simulate(point: Point, repeat: int, seed: int) -> Mapping[str, float]:
    return point.simulate(np.random.default_rng(derive_seed("statistics", seed, point, repeat)))


def _stack(drawn: Sequence[Mapping[str, float]]) -> Outcome:
    names = dict.fromkeys(name for one in drawn for name in one)
    return {name: np.array([one.get(name, np.nan) for one in drawn], dtype=np.float64) for name in names}
