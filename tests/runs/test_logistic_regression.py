"""The fit reaches the optimum of a penalized likelihood, and the best of several candidates on validation images."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fakeid.runs.logistic_regression import fit_linear

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def draw(num_images: int, seed: int, signal: float = 1.0, num_features: int = 5) -> tuple[Floats, Labels]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, num_images)
    features = generator.standard_normal((num_images, num_features)) * [3, 0.01, 1, 1, 1][:num_features] + 7
    features[:, 2] += signal * labels
    return features.astype(np.float32), labels


NOTHING = (np.empty((0, 5), np.float32), np.empty(0, np.int64))


def test_is_the_minimum_of_the_penalized_likelihood() -> None:
    features, labels = draw(200, 0)
    fit = fit_linear(features, labels, *NOTHING)
    assert fit.c == 1
    standardized = (features - features.mean(0, dtype=np.float64)) / features.std(0, dtype=np.float64)
    sign = 2 * labels - 1

    def loss(values: npt.NDArray[np.float64]) -> float:
        logits = standardized @ values[:-1] + values[-1]
        return float(np.logaddexp(0, -sign * logits).sum() + values[:-1] @ values[:-1] / 2)

    found = minimize(loss, np.zeros(6), tol=1e-12).x
    np.testing.assert_allclose([*fit.weight, fit.bias], found, atol=2e-3)


def test_constant_features_do_no_harm() -> None:
    features, labels = draw(100, 0)
    features[:, 4] = 0.5
    fit = fit_linear(features, labels, *NOTHING)
    assert fit.scale[4] == 1
    assert abs(fit.weight[4]) < 1e-9


def test_validation_chooses_the_strength() -> None:
    chosen = set()
    for seed in range(6):
        train, val = draw(40, seed, signal=0.8), draw(300, seed + 100, signal=0.8)
        aurocs = {}
        for c in (0.01, 0.1, 1.0, 10.0):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=1000)).fit(*train)
            aurocs[c] = roc_auc_score(val[1], model.predict_proba(val[0])[:, 1])
        fit = fit_linear(*train, *val)
        assert aurocs[fit.c] == pytest.approx(max(aurocs.values()), abs=1e-4)
        logits = (val[0] - fit.mean) / fit.scale @ fit.weight + fit.bias
        assert roc_auc_score(val[1], logits) == pytest.approx(aurocs[fit.c], abs=1e-4)
        chosen.add(fit.c)
    assert len(chosen) > 1


def test_of_equals_the_strongest_regularization_is_taken() -> None:
    features, labels = draw(60, 0, signal=20)
    assert fit_linear(features, labels, features, labels).c == 0.01


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_in_validation_chooses_nothing(label: int) -> None:
    features, labels = draw(60, 0)
    assert fit_linear(features, labels, features, np.full(60, label)).c == 1


def test_the_same_images_give_the_same_fit() -> None:
    features, labels = draw(60, 0)
    first, second = (fit_linear(features, labels, features, labels) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
