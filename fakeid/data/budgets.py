"""How many images a run takes, and how many it can take of those that there are."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

_PAPER: Final = (25_000, 2_500, 2_000)
"""Training, validation (ours) and test images of a class, in whose proportion a budget is lowered."""


@dataclass(frozen=True)
class Budget:
    """Images of each class.

    Attributes:
        train: Over all training categories, shared out as `train // k` (Lee & Park 2021); None takes as many as there
            are, the same number from each category and class.
        val: Likewise over all training categories, `val // k`; 0 takes none, None a tenth of each category, or all that
            are marked as such.
        test: In each test category; None takes a quarter of a seen category and the whole of an unseen one, or all
            that are marked as such, the same number from both classes.
    """

    train: int | None
    val: int | None
    test: int | None

    def __str__(self) -> str:
        """As it is typed."""
        return " ".join(
            f"data.{name}_per_class={'null' if count is None else count}"
            for name, count in (("train", self.train), ("val", self.val), ("test", self.test))
        )


def fit_budget(wanted: Budget, fits: Callable[[Budget], bool], num_categories: int) -> Budget | None:
    """Lower a budget until the images suffice: first in the paper's proportions, then up to what was wanted.

    Args:
        wanted: No number of the answer is larger, but each category gets an image; None and 0 stay.
        fits: Whether the images suffice; if they do, they also suffice for less.
        num_categories: How many share the training and validation images.

    Returns:
        None where no budget fits.
    """
    train, val, test = _PAPER

    def scale(num: int) -> Budget:
        return Budget(
            max(num, num_categories),
            _lower(wanted.val, num * val // train, num_categories),
            _lower(wanted.test, num * test // train, 1),
        )

    best = _find_largest(lambda num: fits(scale(num)), 1, wanted.train or train)
    if best is None:
        return None
    budget = scale(best)
    if wanted.test and budget.test:
        lowered = budget
        more = _find_largest(lambda num: fits(replace(lowered, test=num)), budget.test, wanted.test)
        budget = replace(budget, test=more)
    if wanted.val and budget.val:
        roomy = budget
        more = _find_largest(lambda num: fits(replace(roomy, val=num)), budget.val, max(budget.val, wanted.val))
        budget = replace(budget, val=more)
    return replace(budget, train=None) if wanted.train is None else budget


def _lower(wanted: int | None, most: int, least: int) -> int | None:
    return max(min(wanted, most), least) if wanted else wanted


def _find_largest(holds: Callable[[int], bool], least: int, most: int) -> int | None:
    """The largest number of a range for which it holds, if it does for all below; None if not for the least."""
    if not holds(least):
        return None
    low, high = least, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
