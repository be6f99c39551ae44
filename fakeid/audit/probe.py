"""Train a small classifier that should fail: if a few numbers tell the classes apart, so can a detector."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import FAKE, REAL
from fakeid.evaluation.metrics import auroc
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.evaluation.records.results import Estimate, Probe
from fakeid.evaluation.statistics.intervals import auroc_interval

LIMIT: Final = 0.6
"""AUROC above which a probe warns."""

LEAST_PER_CLASS: Final = 20
"""Fewest scenes per class; with fewer, the result would be a guess."""

_CHANCE: Final = 0.5
_FOLDS: Final = 5
_WIDENING: Final = (1 + _FOLDS / (_FOLDS - 1)) ** 0.5  # 1.5
_TREES: Final = 40


def run_probe(features: Floats, labels: Labels, groups: Sequence[str], seed: int, names: Sequence[str]) -> Probe | None:
    """Cross-validate the mean of a logistic regression and of extremely randomized trees (Geurts et al. 2006).

    The regression finds a small shift in many features, and the trees find differences that no line separates, such as
    fakes of one size among reals of many. The scores of different folds come from different classifiers and are
    therefore compared by their rank within the fold; pooled as they are, they would push the AUROC of useless features
    below 0.5 (Forman & Scholz 2010). The interval is that of `auroc_interval`, widened by half: other images would also
    train other classifiers, and the classifiers of the folds share most of their training images (Nadeau & Bengio 2003,
    with 1 image tested to 4 trained on). On noise it contains 0.5 about 95 times in 100; the unwidened interval does so
    80 times.

    Args:
        features: Features (n, d), finite.
        labels: Labels (n,), 0 or 1.
        groups: Scene of each image, (n,); a scene is never split between training and test.
        seed: Seed of folds and trees.
        names: Names of the features, (d,).

    Returns:
        The probe, or None with fewer than `LEAST_PER_CLASS` scenes in a class.
    """
    from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415 - takes a second, and most runs remember their audit
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    assert np.isfinite(features).all()
    scenes = np.unique(np.asarray(groups), return_inverse=True)[1]
    if min(len(np.unique(scenes[labels == label])) for label in (REAL, FAKE)) < LEAST_PER_CLASS:
        return None
    ranks = np.zeros(len(labels))
    importance = np.zeros(features.shape[1])
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed % 2**32)
    for known, asked in folds.split(features, labels, scenes):
        linear = make_pipeline(StandardScaler(), LogisticRegression())
        trees = ExtraTreesClassifier(_TREES, max_features=None, min_samples_leaf=3, n_jobs=1, random_state=seed % 2**32)
        scores = sum(
            model.fit(features[known], labels[known]).predict_proba(features[asked])[:, FAKE]
            for model in (linear, trees)
        )
        ranks[asked] = _rank(scores, labels[asked])
        importance += trees.feature_importances_ / _FOLDS
    value = float(auroc(labels, ranks))
    low, high = (
        min(1.0, max(0.0, value + _WIDENING * (float(bound) - value))) for bound in auroc_interval(labels, ranks)
    )
    order = np.argsort(-importance, kind="stable")
    warns = value > LIMIT and low > _CHANCE
    return Probe(Estimate(value, low, high), warns, {names[i]: float(importance[i]) for i in order})


def _rank(scores: Floats, labels: Labels) -> Floats:
    """Compute the share of the fold's images below each score, in [0, 1], with both classes counting half."""
    shares: list[npt.NDArray[np.float64]] = []
    for label in (REAL, FAKE):
        own = np.sort(scores[labels == label])
        if len(own):
            below = np.searchsorted(own, scores, "left") + np.searchsorted(own, scores, "right")
            shares.append(below / (2 * len(own)))
    return np.asarray(np.mean(shares, axis=0))
