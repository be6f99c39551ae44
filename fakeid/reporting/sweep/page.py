"""The report over many runs as one HTML page."""

from typing import Final

from fakeid.reporting.html import render_page
from fakeid.reporting.svg import LINE_STYLE, inline_svg
from fakeid.reporting.sweep.evaluations import EVALUATION_NOTE
from fakeid.reporting.sweep.markdown import NEXT_NOTE, TEST_NOTE, TREND_NOTE
from fakeid.reporting.sweep.report import COMMAND, SweepReport

_MANY: Final = 12  # rows; longer lists of differences are folded up


def render_sweep_page(report: SweepReport) -> str:
    """Write the answer first, then what it rests on.

    Returns:
        A self-contained HTML document.
    """
    num_settings = len(report.accuracies)
    return render_page(
        "sweep.html",
        title=f"Report: {report.title}",
        subtitle=(
            f"{len(report.tested)} of {len(report.runs)} runs finished; "
            f"{num_settings} {'setting' if num_settings == 1 else 'settings'}; {report.verdicts}"
        ),
        css=LINE_STYLE,
        styles=("report.css", "sortable.css"),
        script="sortable.js",
        report=report,
        figures=[(figure, inline_svg(figure.plot(), figure.slug, figure.label)) for figure in report.figures],
        not_finished=report.not_finished.without(COMMAND),
        many=_MANY,
        next_note=NEXT_NOTE,
        trend_note=TREND_NOTE,
        test_note=TEST_NOTE,
        evaluation_note=EVALUATION_NOTE,
    )
