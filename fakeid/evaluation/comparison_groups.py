"""The groups of images on which detectors are compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn, select_quadrant, select_with_reals
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.images.degradation import DEFAULT_DEGRADATIONS
from fakeid.vocabulary import FAKE

ALL: Final = "all"
QUADRANT: Final = "quadrant"
CATEGORY: Final = "category"
TEST_SET: Final = "test_set"
DEGRADATION: Final = "degradation"

_Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Group:
    """Some of the images.

    Attributes:
        kind: `ALL`, `QUADRANT` (seen and unseen content and generators), `CATEGORY`, `TEST_SET` or `DEGRADATION`.
        name: For people.
        rows: (n,), where its images stand.
    """

    kind: str
    name: str
    rows: _Rows


def build_groups(
    images: Scores, trained_on: Sequence[TrainedOn] | None = None, categories: Sequence[str] = ()
) -> list[Group]:
    """List all images, the quarters of seen and unseen, each category, each test set, each degradation.

    All but the last are of clean images (degradation `none`). Categories, test sets and degradations are listed
    where there are several. Content and generators count as seen where all detectors were trained on them and as
    unseen where none was; what some were trained on is a group of its own. A test set without reals borrows those of
    the detectors' own, see `fakeid.evaluation.quadrants`.

    Args:
        images: That all detectors scored.
        trained_on: Of each detector; None where it is not known of all of them.
        categories: The order in which to list them; others follow by name.

    Returns:
        Those with images.
    """
    # Selecting keeps rows together, so the column of the logits can carry where each row stood.
    numbered = replace(images, logit=np.arange(len(images), dtype=np.float64))
    clean = numbered.select(images.degradation == NO_DEGRADATION)
    groups = [Group(ALL, "all images", _rows(clean))]
    groups += _split_by_training(clean, trained_on) if trained_on is not None else ()
    names = _order(clean.category, categories)
    if len(names) > 1:
        groups += [Group(CATEGORY, name, _rows(clean.select(clean.category == name))) for name in names]
    sets = _order(clean.test_set, ())
    if len(sets) > 1:
        groups += [Group(TEST_SET, name, _rows(_select_test_set(clean, name))) for name in sets]
    degradations = [name for name in _order(images.degradation, DEFAULT_DEGRADATIONS) if name != NO_DEGRADATION]
    groups += [Group(DEGRADATION, name, _rows(numbered.select(images.degradation == name))) for name in degradations]
    return [group for group in groups if len(group.rows)]


def _split_by_training(clean: Scores, trained_on: Sequence[TrainedOn]) -> Iterator[Group]:
    categories = [set(known.categories) for known in trained_on]
    generators = [set(known.generators) for known in trained_on]
    by_all = [set.intersection(*names) for names in (categories, generators)]
    by_any = [set.union(*names) for names in (categories, generators)]
    for quadrant in QUADRANTS:
        # Unseen is what none was trained on: all but the union.
        seen = [
            tuple(every if is_seen else some) for is_seen, every, some in zip(quadrant, by_all, by_any, strict=True)
        ]
        yield Group(QUADRANT, str(quadrant), _rows(select_quadrant(clean, TrainedOn(seen[0], seen[1]), quadrant)))
    disputed = [sorted(some - every) for every, some in zip(by_all, by_any, strict=True)]
    content, generator = np.isin(clean.category, disputed[0]), np.isin(clean.generator, disputed[1])
    fakes = clean.label == FAKE
    yield Group(QUADRANT, "content seen by some", _rows(select_with_reals(clean, content, fakes & content)))
    others = select_with_reals(clean, ~content, fakes & ~content & generator)
    yield Group(QUADRANT, "other content, generators seen by some", _rows(others))


def _select_test_set(clean: Scores, name: str) -> Scores:
    within = clean.test_set == name
    fakes = within & (clean.label == FAKE)
    return select_with_reals(clean, np.ones_like(fakes), fakes) if fakes.any() else clean.select(within)


def _order(column: npt.NDArray[np.str_], first: Sequence[str]) -> list[str]:
    found = np.unique(column).tolist()
    return [*(name for name in first if name in found), *(name for name in found if name not in first)]


def _rows(numbered: Scores) -> _Rows:
    return numbered.logit.astype(np.intp)
