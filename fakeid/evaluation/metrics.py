"""How good a detector is on a group of images: pure functions of labels and logits.

Labels (n,) are 0 for real and 1 for fake, logits (n,) float64 of any size, infinities included. Where a number has no
meaning it is NaN, never an exception: a rank metric of a group with one class, an accuracy of no images, and everything
as soon as one logit is NaN (a detector that broke down must not pass for one that says "real").

Rank metrics also take `repeats` (..., n), how often each image counts, and then give an array of shape (...): a
bootstrap needs no second sort.
"""

import numpy as np
import numpy.typing as npt

from fakeid.vocabulary import FAKE, REAL

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def accuracy(labels: Labels, logits: Floats) -> float:
    """Share of images called right; called fake from P(fake) = 0.5 on, which is a logit of 0."""
    if len(logits) == 0 or np.isnan(logits).any():
        return float("nan")
    return float(np.mean((logits >= 0) == (labels == FAKE)))


def real_accuracy(labels: Labels, logits: Floats) -> float:
    """Share of the real images called real: the true negative rate."""
    return accuracy(labels[labels == REAL], logits[labels == REAL])


def fake_accuracy(labels: Labels, logits: Floats) -> float:
    """Share of the fake images called fake: the true positive rate, or recall."""
    return accuracy(labels[labels == FAKE], logits[labels == FAKE])


def auroc(labels: Labels, logits: Floats, repeats: npt.ArrayLike | None = None) -> Floats:
    """Chance that a random fake scores higher than a random real, ties counting half.

    The area under the ROC curve equals the Mann-Whitney statistic with midranks (Hanley & McNeil 1982). It depends on
    the order of the logits only, so none is too large.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
        repeats: (..., n), not negative, how often each image counts; once by default.

    Returns:
        (...) in [0, 1], NaN where a class is absent.
    """
    fakes, reals = count_above(labels, logits, repeats)
    return auroc_of_counts(fakes, reals)


def average_precision(labels: Labels, logits: Floats, repeats: npt.ArrayLike | None = None) -> Floats:
    """Precision averaged over the fakes: the sum of precision times gained recall over all distinct logits.

    As scikit-learn defines it: equal logits are one threshold, nothing is interpolated. A detector that guesses
    reaches the share of fakes.

    Args:
        labels: (n,), 0 or 1.
        logits: (n,).
        repeats: (..., n), not negative, how often each image counts; once by default.

    Returns:
        (...) in [0, 1], NaN where a class is absent.
    """
    fakes, reals = count_above(labels, logits, repeats)
    return average_precision_of_counts(fakes, reals)


def count_above(labels: Labels, logits: Floats, repeats: npt.ArrayLike | None = None) -> tuple[Floats, Floats]:
    """Fakes and reals at or above each distinct logit, from the highest down: all that rank metrics depend on.

    Returns:
        Two arrays (..., t) for t distinct logits. All NaN when a logit is NaN.
    """
    counts = np.ones(len(logits)) if repeats is None else np.asarray(repeats)
    if np.isnan(logits).any():
        nothing = np.full((*counts.shape[:-1], 1), np.nan)
        return nothing, nothing
    order = np.argsort(-logits, kind="stable")
    falling = logits[order]
    last_of_ties = np.append(falling[1:] != falling[:-1], True)[: len(falling)]
    counts = counts[..., order]  # (..., n)
    fakes = np.cumsum(counts * (labels[order] == FAKE), axis=-1, dtype=np.float64)
    reals = np.cumsum(counts * (labels[order] == REAL), axis=-1, dtype=np.float64)
    if last_of_ties.all():
        return fakes, reals
    return fakes[..., last_of_ties], reals[..., last_of_ties]  # (..., t)


def auroc_of_counts(fakes: Floats, reals: Floats) -> Floats:
    """`auroc` from what `count_above` gives: trapezoids under the ROC curve."""
    if fakes.shape[-1] == 0:
        return np.full(fakes.shape[:-1], np.nan)
    # Before the first step both counts are 0.
    area = 0.5 * fakes[..., 0] * reals[..., 0]
    area = area + 0.5 * np.einsum("...t,...t->...", np.diff(reals), fakes[..., 1:] + fakes[..., :-1])
    return _divide(area, fakes[..., -1] * reals[..., -1])


def average_precision_of_counts(fakes: Floats, reals: Floats) -> Floats:
    """`average_precision` from what `count_above` gives."""
    if fakes.shape[-1] == 0:
        return np.full(fakes.shape[:-1], np.nan)
    # Repeats of 0 can leave nothing above the highest logits; no recall is gained there.
    precision = fakes / np.maximum(fakes + reals, 1e-300)
    gained = fakes[..., 0] * precision[..., 0]
    gained = gained + np.einsum("...t,...t->...", np.diff(fakes), precision[..., 1:])
    one_class = reals[..., -1] == 0
    return _divide(gained, np.where(one_class, 0.0, fakes[..., -1]))


def _divide(numerator: Floats, denominator: Floats) -> Floats:
    """The quotient, NaN where the denominator is 0."""
    missing = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=missing, where=np.asarray(denominator) != 0)
    return missing
