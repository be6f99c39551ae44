"""What a detector said about some images, made ready for the paired tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from fakeid.evaluation.calls import call_fake
from fakeid.evaluation.delong import Placements, compute_placements
from fakeid.evaluation.metrics import Floats, Labels
from fakeid.evaluation.ordered_scores import OrderedScores
from fakeid.evaluation.paired import Difference, compare_accuracy, compare_auroc
from fakeid.vocabulary import FAKE


class Answers:
    """Of one run.

    Args:
        label: (n,), 0 or 1.
        logit: (n,), from 0 on called fake (`Scores.count_from`); NaN where the detector broke down.
    """

    def __init__(self, label: Labels, logit: Floats) -> None:
        self._label = label
        self._logit = logit

    def __len__(self) -> int:
        return len(self._label)

    @cached_property
    def right(self) -> Floats:
        """(n,), 1 where the image was called right, else 0; NaN where the detector broke down."""
        right = (call_fake(self._logit) == (self._label == FAKE)).astype(np.float64)
        return np.where(np.isnan(self._logit), np.nan, right)

    @cached_property
    def placements(self) -> Placements:
        """Of the AUROC."""
        return compute_placements(self._label, self._logit)


@dataclass(frozen=True, eq=False)
class MeanAnswers:
    """Of several runs on the same images, averaged image by image.

    Attributes:
        right: (n,), the share of the runs that called each image right.
        placements: The mean of theirs, so that its mean is their mean AUROC.
    """

    right: Floats
    placements: Placements

    def __len__(self) -> int:
        return len(self.right)


_AnyAnswers: TypeAlias = Answers | MeanAnswers


def average_answers(runs: Sequence[Answers]) -> MeanAnswers:
    """Of the seeds of one configuration, on the same images in the same order."""
    placements = [answers.placements for answers in runs]
    return MeanAnswers(
        np.mean([answers.right for answers in runs], axis=0),
        Placements(
            np.mean([each.fakes for each in placements], axis=0), np.mean([each.reals for each in placements], axis=0)
        ),
    )


def pool_answers(parts: Sequence[OrderedScores]) -> Answers:
    """Of one run on several groups of images together."""
    return Answers(np.concatenate([part.label for part in parts]), np.concatenate([part.logit for part in parts]))


def compare_answers(first: Sequence[_AnyAnswers], second: Sequence[_AnyAnswers]) -> tuple[Difference, Difference]:
    """Accuracy and AUROC of the second minus those of the first.

    Args:
        first: One a run, or one a configuration.
        second: The same images, and seeds or counterparts in the same order.
    """
    sides = (first, second)
    return (
        compare_accuracy(*([answers.right for answers in side] for side in sides)),
        compare_auroc(*([answers.placements for answers in side] for side in sides)),
    )
