"""HTML page of an evaluation."""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup
from matplotlib.figure import Figure

from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.metrics import NUM_BINS
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.reporting.degradations import describe_degradations
from fakeid.reporting.evaluation.called_fake import tabulate_called_fake
from fakeid.reporting.evaluation.findings import describe_thresholds, list_caveats, list_findings
from fakeid.reporting.evaluation.tables import (
    tabulate_calibration,
    tabulate_controls,
    tabulate_detector,
    tabulate_groups,
    tabulate_matrix,
    tabulate_swap,
    tabulate_test_sets,
    tabulate_thresholds,
    tabulate_worst,
)
from fakeid.reporting.formatting import format_share
from fakeid.reporting.html import render_page
from fakeid.reporting.run.notes import ONE_RUN, list_run_notes
from fakeid.reporting.style import DPI
from fakeid.reporting.svg import LINE_STYLE, inline_svg
from fakeid.reporting.verdict import judge_evaluation

_LABELS: Final = {
    "called_fake": "Share of images called fake, clean and under each degradation",
    "robustness": "AUROC against the strength of each degradation, one line per quadrant",
    "roc": "ROC curves of the quadrants, complete and up to a false-positive rate of 10 %",
    "histograms": "Histograms of the logits of reals and fakes in each quadrant",
    "reliability": "Share of fakes against P(fake) in each quadrant, before and after calibration",
    "spectra": "Mean power spectra of reals and fakes, and their azimuthal means",
    "mistakes": "The misclassified images with the most confident scores",
}
_SECTIONS: Final = {
    "called_fake": "Called fake", "matrix": "Matrix", "robustness": "Robustness", "roc": "ROC",
    "thresholds": "Thresholds", "calibration": "Calibration", "swap": "Swap test", "controls": "Controls",
    "spectra": "Spectra", "mistakes": "Mistakes", "groups": "All groups", "provenance": "What was tested",
    "command": "How to reproduce",
}  # fmt: skip
_DRAWN: Final = ("robustness", "roc", "spectra", "mistakes")  # sections that consist of a figure alone
_OF_BOTH_CLASSES: Final = ("matrix", "thresholds", "calibration", "groups")


def render_evaluation_page(evaluation: Evaluation, figures: Mapping[str, Figure]) -> str:
    """Render the evaluation page: the verdict, then the findings and the numbers behind them.

    Args:
        evaluation: Evaluation to render.
        figures: Figures returned by `plot_evaluation`, or some of them.

    Returns:
        A self-contained HTML document.
    """
    drawn = {name: _embed(figures[name], name, label) for name, label in _LABELS.items() if name in figures}
    return render_page(
        "evaluation.html",
        title=f"Evaluation: {evaluation.title}",
        subtitle=_describe_size(evaluation),
        css=LINE_STYLE,
        styles=("report.css", "sortable.css", "evaluation.css"),
        script="sortable.js",
        sections=_list_sections(evaluation, drawn),
        verdict=judge_evaluation(evaluation),
        evaluation=evaluation,
        caveats=list_caveats(evaluation),
        findings=list_findings(evaluation),
        figures=drawn,
        run_notes=list_run_notes(evaluation),
        one_run=ONE_RUN,
        num_quadrants=len(evaluation.list_names("quadrant")),
        threshold_note=describe_thresholds(evaluation.calibration),
        calibration_note=_describe_calibration(evaluation.calibration),
        **_list_tables(evaluation),
    )


def _list_tables(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "matrix": tabulate_matrix(evaluation),
        "thresholds": tabulate_thresholds(evaluation),
        "calibration": tabulate_calibration(evaluation),
        "swap": tabulate_swap(evaluation.swap) if evaluation.swap else None,
        "controls": tabulate_controls(evaluation),
        "called_fake": tabulate_called_fake(evaluation),
        "worst": tabulate_worst(evaluation),
        "clean_groups": tabulate_groups(evaluation, degraded=False),
        "degraded_groups": tabulate_groups(evaluation, degraded=True),
        "test_sets": tabulate_test_sets(evaluation),
        "detector": tabulate_detector(evaluation),
    }


def _embed(figure: Figure, name: str, label: str) -> dict[str, Markup | int]:
    """Embed a figure with its width in px, so that text is no larger than drawn."""
    return {"svg": inline_svg(figure, name, label), "width": round(figure.get_figwidth() * DPI)}


def _describe_size(evaluation: Evaluation) -> str:
    detector, counts = evaluation.detector, evaluation.count_images()
    return (
        f"{detector.backbone}, {detector.color}, residual {detector.residual}, {detector.image_px} px; "
        f"{counts['real']:,} reals and {counts['fake']:,} fakes, {describe_degradations(evaluation.degradations)}"
    )


def _list_sections(evaluation: Evaluation, figures: Mapping[str, Any]) -> dict[str, str]:
    absent = {name for name in _DRAWN if name not in figures}
    absent |= {name for name in ("swap", "controls") if not getattr(evaluation, name)}
    absent |= set() if evaluation.groups else {*_OF_BOTH_CLASSES}
    absent |= set() if evaluation.one_class else {"called_fake"}
    return {name: title for name, title in _SECTIONS.items() if name not in absent}


def _describe_calibration(calibration: Calibration | None) -> str:
    measure = f"Errors of P(fake); 0 is best: ECE over {NUM_BINS} bins, NLL in nats, Brier."
    if calibration is None:
        return f"{measure} The checkpoint holds no calibration."
    band = "No call is unsure:"
    if calibration.unsure_low < calibration.unsure_high:
        ends = f"from {calibration.unsure_low:.3f} to {calibration.unsure_high:.3f}"
        band = f"A call is unsure if P(fake) is {ends}; outside this band,"
    sign = "\N{MINUS SIGN}" if calibration.bias < 0 else "+"
    return (
        f"{measure} Fitted on validation images of seen content: calibrated logit = {calibration.scale:.3g} "
        f"\N{MULTIPLICATION SIGN} logit {sign} {abs(calibration.bias):.3g}. {band} at most "
        f"{format_share(calibration.max_error)} of the calls on new images of this kind are expected to be wrong."
    )
