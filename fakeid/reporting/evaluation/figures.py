"""All figures of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.scores import Scores
from fakeid.reporting.contact_sheet import Images, plot_mistakes
from fakeid.reporting.evaluation.called_fake import plot_called_fake
from fakeid.reporting.evaluation.curves import plot_reliability, plot_roc_zoom, plot_score_histograms
from fakeid.reporting.evaluation.robustness import plot_matrix, plot_robustness
from fakeid.reporting.evaluation.spectra import plot_spectra


@dataclass(frozen=True, eq=False)
class ShownImages:
    """The images that an evaluation shows, as tested: RGB uint8 (n, H, W, 3), all of one size.

    Attributes:
        reals: Reals for the spectra.
        fakes_by_name: Fakes for the spectra, by generator.
        called_fake: Reals called fake and their scores, as picked by `find_mistakes`.
        called_real: Fakes called real and their scores, likewise.
    """

    reals: Images
    fakes_by_name: Mapping[str, Images]
    called_fake: tuple[Images, Scores]
    called_real: tuple[Images, Scores]


def plot_evaluation(evaluation: Evaluation, scores: Scores, images: ShownImages | None) -> dict[str, Figure]:
    """Plot all figures of an evaluation for files, W&B and the page.

    Without degradations there is no robustness figure. With a single class there are only the share called fake and the
    mistakes.

    Args:
        evaluation: Results of the evaluation.
        scores: Scores that the results were computed from, without controls.
        images: Images to show; None leaves out the spectra and the mistakes.

    Returns:
        Figures by name.
    """
    figures = {"called_fake": plot_called_fake(evaluation)} if evaluation.one_class else {}
    if evaluation.groups:
        figures |= _plot_both_classes(evaluation, scores, images)
    if images is not None and (evaluation.groups or len(images.called_fake[1]) or len(images.called_real[1])):
        figures["mistakes"] = plot_mistakes(images.called_fake, images.called_real)
    return figures


def _plot_both_classes(evaluation: Evaluation, scores: Scores, images: ShownImages | None) -> dict[str, Figure]:
    figures = {"matrix": plot_matrix(evaluation)}
    if len(evaluation.degradations) > 1:
        figures["robustness"] = plot_robustness(evaluation)
    trained_on, calibration, threshold = evaluation.trained_on, evaluation.calibration, evaluation.threshold
    figures["roc"] = plot_roc_zoom(scores, trained_on, calibration, threshold)
    figures["histograms"] = plot_score_histograms(scores, trained_on, calibration, threshold)
    figures["reliability"] = plot_reliability(scores, trained_on, calibration)
    if images is not None:
        figures["spectra"] = plot_spectra(images.reals, images.fakes_by_name)
    return figures
