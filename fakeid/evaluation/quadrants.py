"""Split a test into four quadrants: seen or unseen content combined with seen or unseen generators."""

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

from fakeid.config.constants import FAKE, OWN_TEST_SET, REAL

if TYPE_CHECKING:  # pages need the names of quadrants, but not pandas
    import pandas as pd

    from fakeid.evaluation.scores import Scores


@dataclass(frozen=True)
class TrainedOn:
    """The content and generators that a detector was trained on; everything else is unseen.

    Attributes:
        categories: Names of the training categories.
        generators: Names of the training generators, not including the camera.
        held_out: Category held out to test unseen content; None if there is none.
    """

    categories: tuple[str, ...]
    generators: tuple[str, ...]
    held_out: str | None = None


class Quadrant(NamedTuple):
    """One quadrant of a test: seen or unseen content combined with seen or unseen generators.

    Attributes:
        seen_content: Whether the categories of its images were trained on.
        seen_generator: Whether the generators of its fakes were trained on.
    """

    seen_content: bool
    seen_generator: bool

    def __str__(self) -> str:
        content, generator = ("seen" if seen else "unseen" for seen in self)
        return f"{content} content, {generator} generators"


QUADRANTS: Final = tuple(Quadrant(*seen) for seen in product((True, False), repeat=2))
"""All quadrants, from the easiest to the hardest."""


def select_quadrant(scores: "Scores", trained_on: TrainedOn, quadrant: Quadrant) -> "Scores":
    """Select the fakes of a quadrant and the reals to distinguish them from.

    These are the reals with the same content (seen or unseen) in the test sets that the fakes come from. A test set
    without any real of that content borrows the reals of the detector's own test set.

    Args:
        scores: Scores under one or several degradations.
        trained_on: Content and generators that count as seen.
        quadrant: Quadrant to select.

    Returns:
        Selected rows in the order of `scores`; empty if there is no fake.
    """
    content = scores.category.isin(trained_on.categories) == quadrant.seen_content
    generator = scores.generator.isin(trained_on.generators) == quadrant.seen_generator
    return select_with_reals(scores, (scores.label == FAKE) & content & generator, content)


def select_with_reals(scores: "Scores", fakes: "pd.Series[bool]", content: "pd.Series[bool] | None" = None) -> "Scores":
    """Select given fakes and the reals to distinguish them from: those of the same test sets, or borrowed ones.

    Args:
        scores: Scores of all images.
        fakes: Mask of the fakes to select, (n,).
        content: Mask of the images from which reals may be taken, (n,); None for all images.
    """
    if not fakes.any():
        return scores[fakes]
    reals = scores.label == REAL
    if content is not None:
        reals &= content
    sets, have_reals = (set(scores.test_set[chosen].unique()) for chosen in (fakes, reals))
    lenders = (sets & have_reals) | ({OWN_TEST_SET} if sets - have_reals else set())
    return scores[fakes | (reals & scores.test_set.isin(lenders))]
