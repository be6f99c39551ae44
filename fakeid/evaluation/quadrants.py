"""Split a test into its four quadrants: content that was trained on or not, by generators that were or not."""

from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import FAKE, OWN_TEST_SET, REAL
from fakeid.evaluation.scores import NO_DEGRADATION, OrderedScores, Scores, order_by_key


@dataclass(frozen=True)
class TrainedOn:
    """What a detector has met in training; all else is unseen.

    Attributes:
        categories: Names of contents.
        generators: Names of generators, without the camera.
        held_out: The category that was kept for the test of unseen content; None where none was.
    """

    categories: tuple[str, ...]
    generators: tuple[str, ...]
    held_out: str | None = None


class Quadrant(NamedTuple):
    """One quadrant.

    Attributes:
        seen_content: Whether its images show what was trained on.
        seen_generator: Whether its fakes are made by a generator that was trained on.
    """

    seen_content: bool
    seen_generator: bool

    def __str__(self) -> str:
        content, generator = ("seen" if seen else "unseen" for seen in self)
        return f"{content} content, {generator} generators"


QUADRANTS: Final = tuple(Quadrant(*seen) for seen in product((True, False), repeat=2))
"""From the easiest to the hardest."""


def select_quadrant(scores: Scores, trained_on: TrainedOn, quadrant: Quadrant) -> Scores:
    """Select the fakes of a quadrant, and the reals that they are to be told from.

    Those are the reals with the same content in the test sets from which the fakes come. A test set without any real
    of that content borrows those of the detector's own test set.

    Args:
        scores: Of one degradation or several.
        trained_on: What counts as seen.
        quadrant: Which one.

    Returns:
        In the order of `scores`; empty where there is no fake.
    """
    content = np.isin(scores.category, trained_on.categories) == quadrant.seen_content
    generator = np.isin(scores.generator, trained_on.generators) == quadrant.seen_generator
    return select_with_reals(scores, content, (scores.label == FAKE) & content & generator)


def select_with_reals(scores: Scores, content: npt.NDArray[np.bool_], fakes: npt.NDArray[np.bool_]) -> Scores:
    """Select some fakes, and those reals of a content to tell them from: of the same test sets, or borrowed.

    Args:
        scores: All images.
        content: (n,), whether an image shows the content.
        fakes: (n,), which images to tell from reals.
    """
    reals = (scores.label == REAL) & content
    if not fakes.any():
        return scores.select(fakes)
    sets = set(np.unique(scores.test_set[fakes]).tolist())
    have_reals = set(np.unique(scores.test_set[reals]).tolist())
    lenders = (sets & have_reals) | ({OWN_TEST_SET} if sets - have_reals else set())
    return scores.select(fakes | (reals & np.isin(scores.test_set, sorted(lenders))))


def split_by_quadrant(scores: Scores, trained_on: TrainedOn) -> dict[str, OrderedScores]:
    """Split them by seen and unseen content and generators; those without images are left out."""
    clean = scores.select(scores.degradation == NO_DEGRADATION)
    parts = {str(quadrant): select_quadrant(clean, trained_on, quadrant) for quadrant in QUADRANTS}
    return {name: order_by_key(part) for name, part in parts.items() if len(part)}
