"""All figures of an evaluation at once, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.scores import Scores
from fakeid.reporting.contact_sheet import Images, caption_mistakes, plot_mistakes
from fakeid.reporting.evaluation_matrix import plot_matrix
from fakeid.reporting.reliability_figure import plot_reliability
from fakeid.reporting.robustness import plot_robustness
from fakeid.reporting.roc_zoom import plot_roc_zoom
from fakeid.reporting.score_histograms import plot_score_histograms
from fakeid.reporting.spectra import plot_spectra


@dataclass(frozen=True, eq=False)
class ShownImages:
    """The pixels that an evaluation shows, as tested; RGB uint8 (n, H, W, 3), all of one size.

    Attributes:
        reals: For the spectra.
        fakes_by_name: Likewise, by generator.
        false_alarms: Reals called fake, and their scores: what `find_mistakes` picked.
        misses: Fakes called real, likewise.
    """

    reals: Images
    fakes_by_name: Mapping[str, Images]
    false_alarms: tuple[Images, Scores]
    misses: tuple[Images, Scores]


def plot_evaluation(
    evaluation: Mapping[str, Any],
    scores: Scores,
    trained_on: TrainedOn,
    calibration: Calibration | None,
    images: ShownImages | None,
    *,
    narrow: bool = False,
) -> dict[str, Figure]:
    """Name → figure, for files, W&B and the page.

    Args:
        evaluation: See `render_evaluation_page`.
        scores: What it was computed from.
        trained_on: What counts as seen.
        calibration: None where none was fitted.
        images: None leaves out the spectra and the mistakes; without degradations there is no robustness.
        narrow: For a phone; the matrix has no such form, for the page has it as a table.
    """
    figures = {} if narrow else {"matrix": plot_matrix(evaluation)}
    if len(evaluation["degradations"]) > 1:
        figures["robustness"] = plot_robustness(evaluation, narrow=narrow)
    figures |= {
        "roc": plot_roc_zoom(scores, trained_on, calibration, evaluation.get("threshold"), narrow=narrow),
        "histograms": plot_score_histograms(
            scores, trained_on, calibration, evaluation.get("threshold"), narrow=narrow
        ),
        "reliability": plot_reliability(scores, trained_on, calibration, narrow=narrow),
    }
    if images is not None:
        figures["spectra"] = plot_spectra(images.reals, images.fakes_by_name, narrow=narrow)
        (alarms, alarm_scores), (misses, miss_scores) = images.false_alarms, images.misses
        captions = [caption_mistakes(found) for found in (alarm_scores, miss_scores)]
        figures["mistakes"] = plot_mistakes(alarms, captions[0], misses, captions[1])
    return figures
