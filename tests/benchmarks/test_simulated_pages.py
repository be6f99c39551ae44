"""Simulated runs agree with their summaries and scores."""

import numpy as np
from sklearn.metrics import accuracy_score, roc_auc_score

from fakeid.benchmarks.statistics.pages import CATEGORIES, SEEN_BONUS, DrawnConfiguration, draw_page
from fakeid.benchmarks.statistics.scores import calibrate_model

LAYOUT = (DrawnConfiguration("rgb", categories=5), DrawnConfiguration("hsv", categories=10))


def test_summaries_have_the_numbers_of_the_scores() -> None:
    model = calibrate_model(0.85, 0.065)
    page = draw_page(LAYOUT, 2, model, [model.find_signal(0.85)] * 2, 30, np.random.default_rng(0))
    assert [(run.config["color"]["name"], run.seed) for run in page.runs] == [
        ("rgb", 0), ("rgb", 1), ("hsv", 0), ("hsv", 1),
    ]  # fmt: skip
    assert len({run.name for run in page.runs}) == 4
    label = page.drawn.label
    for run, logits in zip(page.runs, page.drawn.logits, strict=True):
        assert run.held_out == CATEGORIES[-1]
        assert run.list_categories(seen=True) == list(CATEGORIES[: run.categories])
        for place, (name, group) in enumerate(run.summary.categories.items()):
            assert (group.num_real, group.num_fake) == (30, 30)
            assert group.read("accuracy").value == accuracy_score(label, logits[place] >= 0)
            np.testing.assert_allclose(group.read("auroc").value, roc_auc_score(label, logits[place]), rtol=1e-12)
            assert run.images[name].digest == page.runs[0].images[name].digest


def test_what_was_trained_on_is_easier() -> None:
    model = calibrate_model(0.85, 0.03)
    page = draw_page(LAYOUT, 1, model, [1.0, 1.0], 5, np.random.default_rng(0))
    np.testing.assert_allclose(page.signals[1] - page.signals[0], [0.0] * 5 + [SEEN_BONUS] * 5 + [0.0])
