"""Metrics that depend on the order of the logits alone: no threshold, and no logit too large."""

import numpy as np
import numpy.typing as npt

from fakeid.evaluation.ranking import Floats, Ranking, divide


def compute_auroc(ranking: Ranking) -> Floats:
    """Chance that a random fake scores higher than a random real, ties counting half.

    The area under the ROC curve by trapezoids; it equals the Mann-Whitney statistic with midranks (Hanley & McNeil
    1982).

    Returns:
        (...) in [0, 1], NaN where a class is absent.
    """
    fakes, reals = ranking.fakes, ranking.reals
    if fakes.shape[-1] == 0:
        return np.full(fakes.shape[:-1], np.nan)
    # Before the first step both counts are 0.
    area = 0.5 * fakes[..., 0] * reals[..., 0]
    area = area + 0.5 * np.einsum("...t,...t->...", np.diff(reals), fakes[..., 1:] + fakes[..., :-1])
    return divide(area, fakes[..., -1] * reals[..., -1])


def compute_average_precision(ranking: Ranking) -> Floats:
    """Precision averaged over the fakes: the sum of precision times gained recall over all distinct logits.

    As scikit-learn defines it: equal logits are one threshold, nothing is interpolated. A detector that guesses
    reaches the share of fakes.

    Returns:
        (...) in [0, 1], NaN where a class is absent.
    """
    fakes, reals = ranking.fakes, ranking.reals
    if fakes.shape[-1] == 0:
        return np.full(fakes.shape[:-1], np.nan)
    # Repeats of 0 can leave nothing above the highest logits; no recall is gained there.
    precision = fakes / np.maximum(fakes + reals, 1e-300)
    gained = fakes[..., 0] * precision[..., 0]
    gained = gained + np.einsum("...t,...t->...", np.diff(fakes), precision[..., 1:])
    one_class = reals[..., -1] == 0
    return divide(gained, np.where(one_class, 0.0, fakes[..., -1]))


def compute_eer(ranking: Ranking) -> Floats:
    """Equal error rate: where as large a share of the reals is called fake as of the fakes is called real.

    Where no threshold makes the two equal, the ROC curve is followed along a straight line between the two thresholds
    around that point, as for tied logits in the AUROC; not along the convex hull.

    Returns:
        (...) in [0, 1], 0.5 for guessing, NaN where a class is absent.
    """
    if ranking.fakes.shape[-1] == 0:
        return np.full(ranking.fakes.shape[:-1], np.nan)
    false_alarms = divide(ranking.reals, ranking.num_reals[..., None])
    excess = divide(ranking.fakes, ranking.num_fakes[..., None])
    excess += false_alarms
    excess -= 1  # false alarms minus misses, from -1 rising to 1
    after = np.count_nonzero(excess < 0, axis=-1)
    alarms_before, alarms_after = _at(false_alarms, after - 1, 0.0), _at(false_alarms, after, np.nan)
    excess_before, excess_after = _at(excess, after - 1, -1.0), _at(excess, after, np.nan)
    way = excess_before / (excess_before - excess_after)
    return np.asarray(alarms_before + way * (alarms_after - alarms_before))


def compute_tpr_at_fpr(ranking: Ranking, limit: float) -> Floats:
    """Share of the fakes called fake by the best threshold that calls at most this share of the reals fake.

    Conservative: nothing is interpolated, and equal logits are called alike. With fewer than 1 / limit reals, no false
    alarm at all is allowed.

    Args:
        ranking: The group.
        limit: In [0, 1].

    Returns:
        (...) in [0, 1], 0 where each threshold that finds a fake exceeds the limit, NaN where a class is absent.
    """
    allowed = divide(ranking.reals, ranking.num_reals[..., None]) <= limit
    found = _at(ranking.fakes, np.count_nonzero(allowed, axis=-1) - 1, 0.0)
    return divide(found, np.where(ranking.num_reals == 0, 0.0, ranking.num_fakes))


def _at(values: Floats, place: npt.ArrayLike, before: float) -> Floats:
    """One value of each row of (..., t); at place -1, what comes before the first."""
    places = np.asarray(place)
    if values.shape[-1] == 0:
        return np.full(places.shape, before)
    taken = np.take_along_axis(values, np.clip(places, 0, values.shape[-1] - 1)[..., None], axis=-1)[..., 0]
    return np.where(places < 0, before, taken)
