import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import accuracy_score, average_precision_score, recall_score, roc_auc_score

from fakeid.evaluation import metrics

RANK_METRICS = [(metrics.auroc, roc_auc_score), (metrics.average_precision, average_precision_score)]
MEANS = (metrics.accuracy, metrics.real_accuracy, metrics.fake_accuracy)


def draw_group(seed: int, n: int, num_values: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 3 == 0).astype(np.int64)
    logits = rng.normal(labels * 1.0, 1.0)
    return labels, np.round(logits * num_values) / num_values if num_values else logits


@pytest.mark.parametrize("num_values", [None, 1, 2, 10], ids=lambda value: f"ties{value}")
@pytest.mark.parametrize("n", [3, 50, 1001])
@pytest.mark.parametrize(("ours", "oracle"), RANK_METRICS)
def test_rank_metrics_match_scikit_learn(ours, oracle, n, num_values):
    labels, logits = draw_group(n, n, num_values)
    assert float(ours(labels, logits)) == pytest.approx(oracle(labels, logits), abs=1e-12)


@pytest.mark.parametrize(("ours", "oracle"), RANK_METRICS)
def test_rank_metrics_match_scikit_learn_at_extreme_logits(ours, oracle):
    labels = np.array([0, 0, 1, 1, 0, 1, 0, 1])
    logits = np.array([-800.0, 800.0, 800.0, 799.0, 40.0, 43.0, 41.0, -800.0])
    assert float(ours(labels, logits)) == pytest.approx(oracle(labels, logits), abs=1e-15)
    # Infinities rank where 900 would.
    finite, infinite = (np.array([-x, x, x, 1.0, 2.0, 3.0, 0.0, -x]) for x in (900.0, np.inf))
    assert ours(labels, infinite) == ours(labels, finite)


def test_logits_that_float32_probabilities_cannot_tell_apart_are_ranked():
    labels, logits = np.array([0, 1, 0, 1]), np.array([40.0, 41.0, 42.0, 43.0])
    assert metrics.auroc(labels, logits) == 0.75


@pytest.mark.parametrize(("ours", "oracle"), RANK_METRICS)
def test_repeats_are_scikit_learns_sample_weights(ours, oracle):
    labels, logits = draw_group(7, 60, 2)
    repeats = np.random.default_rng(1).integers(0, 3, size=(2, 5, 60))
    result = ours(labels, logits, repeats)
    assert result.shape == (2, 5)
    for index in np.ndindex(2, 5):
        expected = oracle(labels, logits, sample_weight=repeats[index])
        assert result[index] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", [metrics.auroc, metrics.average_precision])
def test_repeats_that_drop_a_class_give_nan_there_only(metric):
    labels, logits = np.array([0, 0, 1, 1]), np.array([0.0, 1.0, 2.0, 3.0])
    result = metric(labels, logits, np.array([[1, 1, 1, 1], [0, 0, 1, 1], [1, 2, 0, 0]]))
    np.testing.assert_array_equal(np.isnan(result), [False, True, True])


@pytest.mark.parametrize("labels", [[], [0, 0], [1, 1, 1]], ids=["nothing", "reals", "fakes"])
@pytest.mark.parametrize("metric", [metrics.auroc, metrics.average_precision])
def test_one_class_has_no_ranking(metric, labels):
    result = metric(np.array(labels, dtype=np.int64), np.linspace(-1, 1, len(labels)))
    assert np.isnan(float(result))


def test_accuracies_match_scikit_learn():
    labels, logits = draw_group(3, 500)
    called_fake = logits >= 0
    assert metrics.accuracy(labels, logits) == pytest.approx(accuracy_score(labels, called_fake))
    assert metrics.fake_accuracy(labels, logits) == pytest.approx(recall_score(labels, called_fake))
    assert metrics.real_accuracy(labels, logits) == pytest.approx(recall_score(labels, called_fake, pos_label=0))


def test_a_probability_of_one_half_is_called_fake():
    assert metrics.accuracy(np.array([1]), np.array([0.0])) == 1
    assert metrics.accuracy(np.array([0]), np.array([0.0])) == 0


def test_accuracy_without_images_is_nan():
    labels, logits = np.array([1, 1]), np.array([1.0, -1.0])
    assert np.isnan(metrics.real_accuracy(labels, logits))
    assert metrics.fake_accuracy(labels, logits) == metrics.accuracy(labels, logits) == 0.5


@pytest.mark.parametrize("metric", [metrics.accuracy, metrics.auroc, metrics.average_precision])
def test_a_broken_detector_gets_no_numbers(metric):
    assert np.isnan(float(metric(np.array([0, 1, 1]), np.array([0.0, np.nan, 1.0]))))


groups = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.int64, n, elements=st.integers(0, 1)).filter(lambda labels: 0 < labels.sum() < len(labels)),
        hnp.arrays(np.int64, n, elements=st.integers(-20, 20)),
    )
)


@given(groups)
def test_auroc_depends_on_the_order_only(group):
    labels, ranks = group
    value = metrics.auroc(labels, ranks.astype(float))
    assert metrics.auroc(labels, ranks / 3 - 7) == value
    assert metrics.auroc(labels, np.exp(ranks.astype(float))) == value
    assert metrics.auroc(labels, ranks.astype(float) ** 3) == value


@given(groups)
def test_auroc_is_symmetric_in_the_classes(group):
    labels, ranks = group
    logits = ranks.astype(float)
    value = metrics.auroc(labels, logits)
    assert metrics.auroc(1 - labels, -logits) == pytest.approx(value, abs=1e-12)
    assert metrics.auroc(labels, -logits) == pytest.approx(1 - value, abs=1e-12)


@given(groups)
def test_every_metric_lies_between_0_and_1(group):
    labels, ranks = group
    for metric in (*MEANS, metrics.auroc, metrics.average_precision):
        assert 0 <= float(metric(labels, ranks.astype(float))) <= 1
