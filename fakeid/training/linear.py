"""A linear classifier on given features, fitted at once."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

_STRENGTHS: Final = (0.01, 0.1, 1.0, 10.0)  # of C, the strongest regularization first
_UNCHOSEN: Final = 1.0  # scikit-learn's default
_ITERATIONS: Final = 10_000


class LinearFit(NamedTuple):
    """A logistic regression on standardized features; its logit is `(x - mean) / scale @ weight + bias`.

    Attributes:
        mean: (F,) float64 of the training features.
        scale: (F,) float64, their standard deviation, 1 for constant ones.
        weight: (F,) float64.
        bias: Of the logit.
        c: Inverse strength of the L2 regularization.
    """

    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    bias: float
    c: float


def fit_linear(features: Features, labels: Labels, val_features: Features, val_labels: Labels) -> LinearFit:
    """Fit a logistic regression with scikit-learn, in float64; the same input gives the same fit.

    For the features of Li et al. 2020 it stands in for their own classifier, a linear layer trained with SGD on raw
    features; the two are regularized and scaled differently.

    Args:
        features: (n, F), of both classes.
        labels: (n,), 0 real and 1 fake.
        val_features: (m, F), m may be 0.
        val_labels: (m,). Where both classes are there, C is the one of 0.01, 0.1, 1 and 10 with the highest AUROC on
            them, the smallest of equals; else it is 1. They are not trained on afterwards.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - takes a second, and few models need it
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    scaler = StandardScaler().fit(features.astype(np.float64))
    standardized, val_standardized = (
        scaler.transform(each.astype(np.float64)) if len(each) else each for each in (features, val_features)
    )
    choosing = len(np.unique(val_labels)) == 2
    best, best_auroc = None, -1.0
    for c in _STRENGTHS if choosing else (_UNCHOSEN,):
        model = LogisticRegression(C=c, max_iter=_ITERATIONS).fit(standardized, labels)
        auroc = roc_auc_score(val_labels, model.decision_function(val_standardized)) if choosing else 0.0
        if auroc > best_auroc:
            best, best_auroc = model, auroc
    assert best is not None
    return LinearFit(scaler.mean_, scaler.scale_, best.coef_[0], float(best.intercept_[0]), float(best.C))
