"""Split a test into its four quadrants: content that was trained on or not, by generators that were or not."""

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

from fakeid.config.constants import FAKE, OWN_TEST_SET, REAL

if TYPE_CHECKING:  # pages need the names of quadrants, and not pandas
    import pandas as pd

    from fakeid.evaluation.scores import Scores


@dataclass(frozen=True)
class TrainedOn:
    """The content and the generators that a detector was trained on; all else is unseen.

    Attributes:
        categories: Names of contents.
        generators: Names of generators, without the camera.
        held_out: The category that was kept for the test of unseen content; None where none was.
    """

    categories: tuple[str, ...]
    generators: tuple[str, ...]
    held_out: str | None = None


class Quadrant(NamedTuple):
    """One quadrant of a test: content seen or unseen, by generators seen or unseen.

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


def select_quadrant(scores: "Scores", trained_on: TrainedOn, quadrant: Quadrant) -> "Scores":
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
    content = scores.category.isin(trained_on.categories) == quadrant.seen_content
    generator = scores.generator.isin(trained_on.generators) == quadrant.seen_generator
    return select_with_reals(scores, (scores.label == FAKE) & content & generator, content)


def select_with_reals(scores: "Scores", fakes: "pd.Series[bool]", content: "pd.Series[bool] | None" = None) -> "Scores":
    """Select some fakes, and those reals of a content to tell them from: of the same test sets, or borrowed.

    Args:
        scores: All images.
        fakes: (n,), which images to tell from reals.
        content: (n,), whether an image shows the content; None where all do.
    """
    if not fakes.any():
        return scores[fakes]
    reals = scores.label == REAL
    if content is not None:
        reals &= content
    sets, have_reals = (set(scores.test_set[chosen].unique()) for chosen in (fakes, reals))
    lenders = (sets & have_reals) | ({OWN_TEST_SET} if sets - have_reals else set())
    return scores[fakes | (reals & scores.test_set.isin(lenders))]
