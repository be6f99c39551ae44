"""Two configurations with a known difference: what a report and `compare` find, and whether intervals contain it."""

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

import numpy as np

from fakeid.benchmarks.statistics.claims import ACCURACY, METRICS
from fakeid.benchmarks.statistics.pages import CATEGORIES, DrawnConfiguration, Page, draw_page
from fakeid.benchmarks.statistics.scores import ScoreModel, calibrate_model
from fakeid.config.constants import CAMERA, FAKE, LABEL_NAMES, REAL
from fakeid.evaluation.comparison import Detector, Group, build_groups, compare_detectors
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.scores import Scores, build_scores
from fakeid.evaluation.statistics.paired_tests import Difference
from fakeid.reporting.comparison.findings import judge_measured
from fakeid.reporting.significance import BETTER, WORSE
from fakeid.reporting.sweep.claims import compare_configurations
from fakeid.reporting.sweep.configurations import collect_configurations

_LAYOUT: Final = (DrawnConfiguration("rgb"), DrawnConfiguration("hsv"))
_GENERATOR: Final = "gan"


@dataclass(frozen=True)
class TwoConfigurations:
    """A report over two configurations with 10 categories each; the second is better than the first, or equally good.

    Attributes:
        seeds: Seeds of each configuration.
        deviation: Standard deviation between runs of the accuracy on the held-out category.
        difference: Difference of the mean accuracies over runs and images, on content of average difficulty.
        per_class: Test images of each class and category.
    """

    seeds: int
    deviation: float
    difference: float
    per_class: int = 100

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """Draw one page and look at the claim about the second configuration, by metric.

        With one run each, the truth is the difference between these two networks on further images; with several, that
        between the configurations on further runs and images.

        Returns:
            `better` and `worse`: 1 where the second is called that. `holds`: 1 where the interval contains the truth.
            `width`: that of the interval.
        """
        model, page = _draw(self, rng)
        (claim,) = compare_configurations(collect_configurations(page.runs)).settings
        truths = _find_truths(model, page, self.seeds)
        found = {}
        for metric, verdict in (("accuracy", claim.verdict), ("auroc", claim.auroc_verdict)):
            difference: Difference = getattr(claim, metric)
            # A report orders configurations as in the paper's tables: RGB comes first, as here.
            found[f"better {metric}"] = float(verdict == BETTER)
            found[f"worse {metric}"] = float(verdict == WORSE)
            found[f"holds {metric}"] = float(difference.low <= truths[metric] <= difference.high)
            found[f"width {metric}"] = difference.high - difference.low
        return found


@dataclass(frozen=True)
class TwoDetectors(TwoConfigurations):
    """The same two configurations, judged by `compare`."""

    def simulate(self, rng: np.random.Generator) -> dict[str, float]:
        """Return 1 where any group is claimed to differ, and where the second is called better on unseen content."""
        _, page = _draw(self, rng)
        logits = page.drawn.logits.reshape(2, self.seeds, -1)
        label = _list_images(self.per_class).label.to_numpy()
        seeds = tuple(range(self.seeds))
        detectors = [Detector(name, side, seeds) for name, side in zip(("first", "second"), logits, strict=True)]
        (comparison,) = compare_detectors([(detectors[0], detectors[1])], label, _list_groups(self.per_class))
        verdicts = {
            (row.name, metric): judge_measured(getattr(row, metric)) for row in comparison.rows for metric in METRICS
        }
        better = {f"better {metric}": float(verdicts[CATEGORIES[-1], metric] == BETTER) for metric in METRICS}
        return {"any": float(any(verdict in (BETTER, WORSE) for verdict in verdicts.values())), **better}


def _draw(pair: TwoConfigurations, rng: np.random.Generator) -> tuple[ScoreModel, Page]:
    model = calibrate_model(ACCURACY, pair.deviation)
    signals = [model.find_signal(ACCURACY + sign * pair.difference / 2) for sign in (-1, 1)]
    return model, draw_page(_LAYOUT, pair.seeds, model, signals, pair.per_class, rng)


def _find_truths(model: ScoreModel, page: Page, seeds: int) -> dict[str, float]:
    """Find the true difference, second minus first, on the held-out category: of one run each, or of all runs."""
    if seeds == 1:
        signals, shifts = page.drawn.signals[:, -1], page.drawn.shifts[:, -1]
        sides = {"accuracy": model.run_accuracy(signals, shifts), "auroc": model.run_auroc(signals)}
    else:
        held_out = page.signals[:, -1]
        sides = {"accuracy": model.mean_accuracy(held_out), "auroc": model.mean_auroc(held_out)}
    return {metric: float(second - first) for metric, (first, second) in sides.items()}


@cache
def _list_images(per_class: int) -> Scores:
    """List the images in the order of a page's logits."""
    images = list(product(CATEGORIES, (REAL, FAKE), range(per_class)))
    return build_scores(
        key=[f"{category}/{LABEL_NAMES[label]}/{number}" for category, label, number in images],
        label=[label for _, label, _ in images],
        category=[category for category, _, _ in images],
        generator=[_GENERATOR if label == FAKE else CAMERA for _, label, _ in images],
        logit=np.zeros(len(images)),
    )


@cache
def _list_groups(per_class: int) -> list[Group]:
    trained_on = TrainedOn(CATEGORIES[:-1], (_GENERATOR,))
    return build_groups(_list_images(per_class), [trained_on, trained_on], CATEGORIES)
