"""Draw many pages for each point of the simulation, on all cores; the result does not depend on how many there are."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from joblib import Parallel, cpu_count, delayed, parallel_config
from rich.console import Console

from fakeid.console import build_progress
from fakeid.evaluation.ranking import Floats
from fakeid.seeding import derive_seed

_BATCH: Final = 10  # draws handed to a worker at a time


class Point(Protocol):
    """A setting to simulate: a frozen dataclass, identified by its `repr`."""

    def simulate(self, rng: np.random.Generator) -> Mapping[str, float]:
        """Draw once and report by name: 1 or 0 for yes or no, other numbers unchanged, NaN where undefined."""


Outcome: TypeAlias = Mapping[str, Floats]
"""Name of a reported number → its values, (repeats,)."""


class Plan(NamedTuple):
    """A point and how often to draw it."""

    point: Point
    repeats: int


def simulate_points(plans: Sequence[Plan], seed: int, processes: int | None, console: Console) -> dict[Point, Outcome]:
    """Draw every point.

    Args:
        plans: The points, each once.
        seed: The random numbers of each repeat of each point are derived from it.
        processes: 1 stays in this process; None uses one per core that this process may use.
        console: Where to show the progress.

    Returns:
        One outcome per point, in their order.
    """
    draws = [(plan.point, repeat) for plan in plans for repeat in range(plan.repeats)]
    # All kinds are mixed, so that the estimate of the remaining time is fair from the start.
    order = np.random.default_rng(0).permutation(len(draws)).tolist()
    found: list[Mapping[str, float]] = [{}] * len(draws)
    # The arrays are small: further threads would only slow each other down.
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
