"""Report tables of configurations, runs and differences, shared by all renderers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.records.run_summary import POOLED, AuditDigest
from fakeid.reporting.formatting import format_number
from fakeid.reporting.significance import Judged, list_cells
from fakeid.reporting.sweep.claims import Claim
from fakeid.reporting.sweep.configurations import METRICS, Configuration, FinishedRun, order_categories
from fakeid.reporting.sweep.effects import Effect, SettingTrend
from fakeid.reporting.sweep.paper_tables import AVERAGES
from fakeid.reporting.sweep.settings import explain_short_names
from fakeid.reporting.table import Cell, Column, Form, Line, Table
from fakeid.reporting.verdict import judge

CONFIGURATION: Final = (Column("setting"), Column("categories", Form.COUNT), Column("seeds", Form.COUNT))
"""Columns that identify a configuration; see `name_configuration`."""

NEXT_RUN: Final = Column("one more run", Form.PERCENT)
"""Column of the range of a further training, which is known from several seeds only."""

_SHOWN_CATEGORIES: Final = 2
_JUDGED: Final = (
    Column("accuracy, points", Form.POINTS, name="accuracy difference"),
    Column("p (Holm)", Form.P_VALUE, name="accuracy p (Holm)"),
    Column("verdict"),
    Column("AUROC", Form.UNITS, name="AUROC difference"),
    Column("p (Holm)", Form.P_VALUE, name="AUROC p (Holm)"),
    Column("verdict on AUROC"),
)


def name_configuration(configuration: Configuration) -> tuple[str, int, int]:
    """Return the name of the setting, the number of categories and the number of seeds."""
    return configuration.setting.name, configuration.categories, len(configuration.runs)


def link_run(name: str) -> str:
    """Return the address of a run folder, relative to the report page, which is in a folder beside the runs."""
    return f"../{quote(name)}/"


def explain_names(configurations: Sequence[Configuration]) -> tuple[str, Table]:
    """Explain short names of settings by a text and a table; both are empty if there is nothing to explain."""
    sentences, pairs = explain_short_names([each.setting for each in configurations])
    return " ".join(sentences), Table.of("", [Column("name"), Column("stands for")], pairs)


def tabulate_averages(configurations: Sequence[Configuration]) -> Table:
    """Tabulate averages over categories, as in the paper; the AUROC is of their pooled images.

    With several seeds, `one more run` is the range in which the unseen accuracy of a further training lands on these
    test images.
    """
    columns = [
        *CONFIGURATION,
        Column("unseen acc. %", Form.PERCENT, name="unseen accuracy"),
        NEXT_RUN,
        Column("held-out acc. %", Form.PERCENT, name="held-out accuracy"),
        Column("seen acc. %", Form.PERCENT, name="seen accuracy"),
        Column("unseen AUROC", Form.UNIT),
    ]
    rows: list[Line] = [
        [
            *name_configuration(each),
            unseen := each.average(seen=False),
            Estimate(None, unseen.next_low, unseen.next_high),
            each.measure_held_out(),
            each.average(seen=True),
            each.measure("unseen", "auroc"),
        ]
        for each in configurations
    ]
    return Table.of("Averages", columns, rows)


def tabulate_classes(configurations: Sequence[Configuration]) -> Table:
    """Tabulate real and fake images separately, over the pooled images of seen and of unseen categories."""
    columns, places = list(CONFIGURATION), []
    for group in reversed(POOLED):
        for metric, title, form in (
            ("real_accuracy", "real acc. %", Form.PERCENT),
            ("fake_accuracy", "fake acc. %", Form.PERCENT),
            ("auroc", "AUROC", Form.UNIT),
        ):
            columns.append(Column(f"{group} {title}", form, name=f"{group} {title.replace('acc. %', 'accuracy')}"))
            places.append((group, metric))
    rows: list[Line] = [
        [*name_configuration(each), *(each.measure(*place) for place in places)] for each in configurations
    ]
    return Table.of("Real and fake apart", columns, rows)


def tabulate_claims(claims: Sequence[Claim], title: str = "") -> Table:
    """Tabulate comparisons: the two configurations, the images, the differences and their significance."""
    columns = [Column("this"), Column("against"), Column("images of"), Column("images", Form.COUNT), CONFIGURATION[2]]
    rows: list[Line] = [
        [
            *(claim.second.name, claim.first.name, _name_categories(claim.categories)),
            *(claim.num_images, len(claim.seeds)),
            *_list_judged(claim),
        ]
        for claim in claims
    ]
    return Table.of(title, [*columns, *_JUDGED], rows)


def tabulate_effects(effects: Sequence[Effect], title: str = "") -> Table:
    """Tabulate effects of single options over all pairs of configurations, with their significance."""
    columns = [Column("option"), Column("against"), Column("images of")]
    columns += [Column(name, Form.COUNT) for name in ("images", "pairs")]
    rows: list[Line] = [
        [
            *(f"{effect.option}={effect.value}", effect.against, effect.group),
            *(effect.num_images, effect.num_pairs),
            *_list_judged(effect),
        ]
        for effect in effects
    ]
    return Table.of(title, [*columns, *_JUDGED], rows)


def _list_judged(judged: Judged) -> list[Cell]:
    return [
        *list_cells(judged.accuracy, judged.accuracy_p, judged.verdict),
        *list_cells(judged.auroc, judged.auroc_p, judged.auroc_verdict),
    ]


def tabulate_trends(trends: Sequence[SettingTrend]) -> Table:
    """Tabulate slopes of accuracy on the held-out category, in percentage points per additional category."""
    columns = [Column("setting"), Column("runs", Form.COUNT), Column("held-out category", Form.SLOPE)]
    rows: list[Line] = [
        [trend.setting.name, line.num_runs, Estimate(line.slope, line.low, line.high)]
        for trend in trends
        for line in [trend.held_out]
    ]
    return Table.of("Trend over categories", columns, rows)


def tabulate_runs(configurations: Sequence[Configuration]) -> Table:
    """Tabulate finished runs: setting, categories and seed first, then results."""
    columns = [
        *(Column("setting"), Column("categories", Form.COUNT), Column("seed", Form.COUNT), Column("verdict")),
        *(Column(f"{name} acc. %", Form.PERCENT, name=f"{name} accuracy") for name in ("unseen", "seen", "held-out")),
        Column("unseen AUROC", Form.UNIT),
        *(Column(f"unseen {name} acc. %", Form.PERCENT, name=f"unseen {name} accuracy") for name in ("real", "fake")),
        *(Column("minutes", Form.NUMBER), Column("images/s", Form.RATE), Column("images"), Column("run")),
    ]
    rows: list[Line] = [_list_run(each, run) for each in configurations for run in each.runs]
    return Table.of("Runs", columns, rows)


def _list_run(configuration: Configuration, run: FinishedRun) -> Line:
    alone = replace(configuration, runs=(run,))
    seconds = run.summary.seconds
    measured = (
        *(alone.average(seen=False), alone.average(seen=True), alone.measure_held_out()),
        *(alone.measure("unseen", metric) for metric in ("auroc", "real_accuracy", "fake_accuracy")),
    )
    return [
        *(configuration.setting.name, run.categories, run.seed, judge(run.summary, run.evaluation).verdict.value),
        *(estimate.value for estimate in measured),
        *(None if seconds is None else seconds / 60, run.summary.images_per_second),
        *(_shorten_digest(run), Cell(run.name, link=link_run(run.name))),
    ]


def tabulate_provenance(runs: Sequence[FinishedRun]) -> Table:
    """Tabulate the images of runs, their audit, and the code, precision and machine of the training.

    Runs that agree in all of these share one row.
    """
    headings = ("images", "train / val / test", "audit", "code", "precision", "threads", "device")
    counts = Counter(_describe_origin(run) for run in runs)
    return Table.of(
        "Images, audit, machine",
        [*map(Column, headings), Column("runs", Form.COUNT)],
        [[*origin, count] for origin, count in counts.items()],
    )


def _describe_origin(run: FinishedRun) -> tuple[str, ...]:
    summary = run.summary
    device = summary.machine.device if summary.machine else None
    return (
        _shorten_digest(run),
        " / ".join(f"{count:,}" for count in summary.data.images.values()) if summary.data else "",
        _describe_audit(summary.audit) if summary.audit else "not audited",
        (summary.git_commit or "unknown")[:10],
        *(str(value or "") for value in (summary.precision, summary.threads, device)),
    )


def _shorten_digest(run: FinishedRun) -> str:
    return run.summary.data.digest[:8] if run.summary.data else ""


def _describe_audit(audit: AuditDigest) -> str:
    """Describe an audit by its verdict and the AUROC of its probes."""
    numbers = [f"{name} {format_number(probe.auroc.value, Form.UNIT)}" for name, probe in audit.probes.items() if probe]
    return f"{audit.verdict} (AUROC by {', '.join(numbers)})" if numbers else audit.verdict


def _name_categories(categories: Sequence[str]) -> str:
    more = len(categories) - _SHOWN_CATEGORIES
    shown = ", ".join(categories[:_SHOWN_CATEGORIES])
    return f"{shown}, {more} more" if more > 0 else shown


def list_numbers(configurations: Sequence[Configuration]) -> tuple[list[str], list[list[Any]]]:
    """List every metric of every configuration, one number per row, for other tools.

    One more run lands between `next_low` and `next_high`, see `fakeid.reporting.sweep.configurations`.

    Returns:
        The column names, and rows with one value per column; undefined values are None.
    """
    columns = ["setting", "paper_table", "model", "color", "dropout", "variant", "budget", "categories", "seeds"]
    columns += ["group", "seen", "metric", "value", "low", "high", "next_low", "next_high"]
    rows: list[list[Any]] = []
    for configuration in configurations:
        setting = configuration.setting
        head = [setting.name, setting.table, setting.model, setting.color, setting.dropout, setting.variant]
        head += [setting.budget, configuration.categories, len(configuration.runs)]
        found = [(name, seen, "accuracy", configuration.average(seen=seen)) for name, seen in AVERAGES.items()]
        groups = [(f"{name} pooled", name, name == "seen") for name in POOLED]
        groups += [(name, name, configuration.is_seen(name)) for name in order_categories([configuration])]
        found += [
            (title, seen, metric, configuration.measure(group, metric))
            for title, group, seen in groups
            for metric in METRICS
        ]
        rows += [
            [*head, title, seen, metric, mean.value, mean.low, mean.high, mean.next_low, mean.next_high]
            for title, seen, metric, mean in found
        ]
    return columns, rows
