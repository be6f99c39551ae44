"""Share of images called fake in test sets with a single class, clean and under each degradation."""

from matplotlib.figure import Figure

from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.records.results import UNKNOWN
from fakeid.reporting.degradations import name_conditions
from fakeid.reporting.forest import ForestDot, ForestPanel, ForestRow, ForestSeries, plot_forest
from fakeid.reporting.run.notes import name_chosen_threshold, name_threshold
from fakeid.reporting.table import Column, Form, Table


def tabulate_called_fake(evaluation: Evaluation) -> Table:
    """Tabulate the share of images called fake in each test set with a single class."""
    columns = [
        Column("test set"), Column("class"), Column("degradation"), Column("images", Form.COUNT),
        Column("called fake %", Form.PERCENT),
    ]  # fmt: skip
    rows = [
        (rate.test_set, rate.label, rate.degradation, rate.num_images, rate.called_fake)
        for rate in evaluation.one_class
    ]
    return Table.of("Called fake", columns, rows)


def plot_called_fake(evaluation: Evaluation) -> Figure:
    """Plot the shares called fake with 95 % intervals, one row per degradation and one color per test set."""
    known = evaluation.calibration
    rates = {(rate.test_set, rate.degradation): rate.called_fake for rate in evaluation.one_class}
    names = dict.fromkeys((rate.test_set, rate.label) for rate in evaluation.one_class)
    series = [
        ForestSeries(
            f"{label}s of {name}",
            [[ForestDot(rates.get((name, word), UNKNOWN)) for word in evaluation.degradations]],
        )
        for name, label in names
    ]
    wished = known.false_alarm_rate if known else 0.5
    place = name_chosen_threshold(wished) if known else name_threshold("half")
    return plot_forest(
        [ForestRow(name_conditions([word])) for word in evaluation.degradations],
        [ForestPanel("Called fake", f"% at {place}", Form.PERCENT, wished)],
        series,
        reference=f"{100 * wished:g} %" + (", for which the threshold was chosen" if known else ""),
    )
