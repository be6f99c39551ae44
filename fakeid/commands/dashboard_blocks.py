"""Build the text and panels of a W&B report about the runs in a folder; needs `wandb-workspaces`."""

from typing import Any, Final

import wandb_workspaces.reports.v2.interface as wr

from fakeid.reporting.sweep.report import SweepReport
from fakeid.sweeps.tracking import CATEGORIES, collect_curves, collect_tables, name_curve
from fakeid.training.tracked_fields import AXES, EPOCH, LEARNING_CURVES, SETTING, describe_config, make_key
from fakeid.training.tracking import TRAIN_JOB, Place

_RESULTS: Final = ("unseen/accuracy", "seen/accuracy", "unseen/auroc")
_COLUMNS: Final = 24  # width of a panel grid
_HALF: Final = _COLUMNS // 2
_CURVE_HEIGHT: Final = 8
_CURVES: Final = {
    "held_out_accuracy": "accuracy on the held-out category, the same images throughout",
    "unseen_accuracy": "accuracy on unseen content, which changes with the number of categories",
    "unseen_auroc": "AUROC on unseen content",
    "unseen_real_accuracy": "accuracy on unseen reals",
    "unseen_fake_accuracy": "accuracy on unseen fakes",
}


def build_dashboard(report: SweepReport, place: Place, entity: str, report_run: str) -> wr.Report:
    """Build the W&B report without sending it.

    Args:
        report: Report of the folder.
        place: W&B project, entity and group of its runs.
        entity: W&B user or team that will own the W&B report.
        report_run: ID of the W&B run that holds the report's curves, tables and figures.
    """

    def grid(runs: wr.Runset, panels: list[Any]) -> wr.PanelGrid:
        return wr.PanelGrid(runsets=[runs], panels=panels)

    return wr.Report(
        project=place.project,
        entity=entity,
        title=f"fakeid: {report.title}"[:128],
        description=str(report.answer[0]),
        width="fluid",
        blocks=[
            *(wr.P(str(sentence)) for sentence in (*report.misplaced, *report.answer, report.caveat)),
            wr.H2("Settings against the number of training categories"),
            grid(_select_report(report_run), _build_curves(report, report_run)),
            wr.H2("Every run"),
            grid(_select_runs(report, place), _build_comparisons(report)),
            wr.H2("Learning curves"),
            grid(_select_runs(report, place), _build_learning_curves()),
            wr.H2("Tables"),
            grid(_select_report(report_run), _build_tables(report)),
        ],
    )


def _select_report(report_run: str) -> wr.Runset:
    return wr.Runset(name="report", filters=f"Metric('ID') == {_quote(report_run)}")


def _select_runs(report: SweepReport, place: Place) -> wr.Runset:
    if place.group is None:  # the project may hold other runs
        wanted = f"Metric('ID') in [{', '.join(_quote(run.name) for run in report.tested)}]"
    else:
        wanted = f"Metric('Group') == {_quote(place.group)} and Metric('JobType') == {_quote(TRAIN_JOB)}"
    return wr.Runset(
        name="runs",
        filters=wanted,
        pinned_columns=[*(f"config:{axis}.value" for axis in AXES), *(f"summary:{name}" for name in _RESULTS)],
        order=[wr.OrderBy(wr.SummaryMetric(_RESULTS[0]))],
    )


def _quote(text: str) -> str:
    """Quote a string for the filter language, which would interpret signs such as = and <."""
    return "'" + "".join(sign if sign.isalnum() or sign in "-_./ " else f"\\U{ord(sign):08x}" for sign in text) + "'"


def _build_curves(report: SweepReport, report_run: str) -> list[Any]:
    lines = {each.setting: each for each in report.configurations}
    logged = {name for row in collect_curves(report.configurations) for name in row}
    panels: list[Any] = []
    for quantity, title in _CURVES.items():
        names = {name_curve(quantity, each): setting.name for setting, each in lines.items()}
        if logged.isdisjoint(names):  # without a held-out category, for example
            continue
        panels.append(
            wr.LinePlot(
                title=title,
                x=CATEGORIES,
                y=list(names),
                title_x="number of training categories",
                line_titles={f"{report_run}:{name}": label for name, label in names.items()},
                layout=_place(len(panels), height=_CURVE_HEIGHT),
            )
        )
    figures = [make_key("figures", figure.slug) for figure in report.figures]
    below = _CURVE_HEIGHT * -(-len(panels) // 2)
    return [*panels, wr.MediaBrowser(media_keys=figures, num_columns=2, layout=_wide(below, 14))]


def _build_comparisons(report: SweepReport) -> list[Any]:
    configs = [describe_config(run.config) for run in report.tested]
    varied = [axis for axis in AXES if len({config[axis] for config in configs}) > 1] or [CATEGORIES]
    scatters: tuple[tuple[str, wr.Config | wr.SummaryMetric, str], ...] = (
        ("Unseen accuracy by number of categories", wr.Config(CATEGORIES), "unseen/accuracy"),
        ("Seen against unseen content", wr.SummaryMetric("seen/accuracy"), "unseen/accuracy"),
        ("Reals against fakes, unseen content", wr.SummaryMetric("unseen/real_accuracy"), "unseen/fake_accuracy"),
        ("Unseen AUROC by number of categories", wr.Config(CATEGORIES), "unseen/auroc"),
    )
    columns: list[wr.Config | wr.SummaryMetric] = [
        *(wr.Config(axis) for axis in varied),
        *(wr.SummaryMetric(name) for name in reversed(_RESULTS)),
    ]
    return [
        *(
            wr.ScatterPlot(title=title, x=x, y=wr.SummaryMetric(y), layout=_place(i, height=8))
            for i, (title, x, y) in enumerate(scatters)
        ),
        wr.ParallelCoordinatesPlot(
            title="From the options to the result",
            columns=[wr.ParallelCoordinatesPlotColumn(metric=metric) for metric in columns],
            layout=_wide(16, 10),
        ),
    ]


def _build_learning_curves() -> list[Any]:
    return [
        wr.LinePlot(
            title=f"{name}, mean of each setting",
            x=EPOCH,
            y=[name],
            groupby=wr.Config(SETTING),
            groupby_aggfunc="mean",
            groupby_rangefunc="minmax",
            layout=_place(i, height=7),
        )
        for i, name in enumerate(LEARNING_CURVES)
    ]


def _build_tables(report: SweepReport) -> list[Any]:
    return [
        wr.WeavePanelSummaryTable(table_name=name, layout=_wide(10 * i, 10))
        for i, name in enumerate(collect_tables(report))
    ]


def _place(index: int, height: int) -> wr.Layout:
    """Place a panel in a grid of two per row."""
    return wr.Layout(x=index % 2 * _HALF, y=index // 2 * height, w=_HALF, h=height)


def _wide(y: int, height: int) -> wr.Layout:
    return wr.Layout(x=0, y=y, w=_COLUMNS, h=height)
