"""Log the report on a folder as one run of Weights & Biases, in the group of the runs that it summarizes."""

import secrets
import shlex
import shutil
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from wandb.sdk.wandb_run import Run

from fakeid.config.choices import LoggerName
from fakeid.errors import DamagedFileError
from fakeid.io import read_record, write_json
from fakeid.reporting.renderers import tabulate
from fakeid.reporting.sweep.configurations import Configuration
from fakeid.reporting.sweep.report import SweepReport
from fakeid.reporting.sweep.tables import tabulate_averages, tabulate_claims, tabulate_effects, tabulate_runs
from fakeid.training.tracked_fields import make_key, spread
from fakeid.training.tracking import REPORT_JOB, Place, Tracker, build_table, collect_figures, read_place

CATEGORIES: Final = "categories"
"""The quantity on the horizontal axis of the curves."""

CURVES: Final = (
    *("held_out_accuracy", "unseen_accuracy", "seen_accuracy"),
    *("unseen_real_accuracy", "unseen_fake_accuracy", "unseen_auroc"),
)
"""The quantities with a curve for each setting; only the first uses the same images at every number of categories."""


def find_place(report: SweepReport) -> Place | None:
    """Find where most of the finished and tracked runs are; None if none was tracked."""
    loggers = [run.config.get("logger") or {} for run in report.tested]
    places = Counter(read_place(logger) for logger in loggers if logger.get("name") == LoggerName.wandb.value)
    return places.most_common(1)[0][0] if places else None


def track_report(report: SweepReport, directory: Path, console: Console) -> None:
    """Log tables, figures, curves and the answer as one run, unless the runs themselves were not tracked.

    A later call replaces what an earlier one logged: the run's ID is stored in `directory/report/wandb.json`. If W&B
    fails, the report is complete without it.

    Args:
        report: Report on the folder, whose files are already written.
        directory: Folder with one subfolder per run.
        console: Console on which the location of the run is printed.
    """
    place = find_place(report)
    if place is None:
        return
    try:
        _track(report, place, directory, console)
    except Exception as error:
        warnings.warn(f"W&B has no summary of {directory} ({error}); its report is complete", stacklevel=2)


def _track(report: SweepReport, place: Place, directory: Path, console: Console) -> None:
    folder = directory / "report"
    run_id = recall(folder, "run")
    if run_id is None:
        run_id = f"report-{secrets.token_hex(4)}"
        remember(folder, "run", run_id)
    shutil.rmtree(folder / "wandb", ignore_errors=True)  # left by an earlier offline call
    tracker = Tracker(folder, run_id, _describe_report(report), place, job_type=REPORT_JOB, tags=[REPORT_JOB])
    tracker.use(lambda run: _log(run, report, sorted((folder / "figures").glob("*.png"))))
    url = tracker.url
    if tracker.finish():
        line = f"W&B has the report offline; to upload it and the runs: {render_upload(directory)}"
        console.print(line, soft_wrap=True, markup=False)
    elif url:
        console.print(f"W&B has the report too: {url}", soft_wrap=True, markup=False)


def _log(run: Run, report: SweepReport, figures: Sequence[Path]) -> None:
    # The list of runs needs none of them: their last values belong to the largest number of categories.
    run.define_metric(CATEGORIES, summary="none")
    for quantity in CURVES:
        run.define_metric(f"{quantity}/*", step_metric=CATEGORIES, summary="none")
    for row in collect_curves(report.configurations):
        run.log(row)
    tables = {name: build_table(*table) for name, table in collect_tables(report).items()}
    run.log(tables | collect_figures(figures))
    run.summary.update(sum_up_report(report))


def render_upload(directory: Path) -> str:
    """Format the command that uploads all offline runs of the folder, for a POSIX shell."""
    return f"wandb sync {shlex.quote(str(directory))}/*/wandb/offline-run-*"


def recall(folder: Path, name: str) -> str | None:
    """Look up the value stored under a name in `wandb.json` of a report's folder."""
    return _read_memory(folder).get(name)


def remember(folder: Path, name: str, value: str) -> None:
    """Store a value under a name in `wandb.json` of a report's folder."""
    write_json(folder / "wandb.json", {**_read_memory(folder), name: value})


def _read_memory(folder: Path) -> dict[str, str]:
    """Read `wandb.json`; empty if it is missing or damaged, and W&B then gets a new run."""
    try:
        return read_record(folder / "wandb.json", dict[str, str])
    except (FileNotFoundError, DamagedFileError):
        return {}


def name_curve(quantity: str, configuration: Configuration) -> str:
    """Return the name under which a quantity is logged for the setting of a configuration."""
    return make_key(quantity, configuration.setting.name.lower())


def collect_curves(configurations: Sequence[Configuration]) -> list[dict[str, float]]:
    """Collect one row per number of categories, in rising order, with the values of each setting."""
    rows: dict[int, dict[str, float]] = {
        k: {CATEGORIES: k} for k in sorted({each.categories for each in configurations})
    }
    for configuration in configurations:
        estimates = (
            configuration.measure_held_out(), configuration.average(seen=False), configuration.average(seen=True),
            configuration.measure("unseen", "real_accuracy"), configuration.measure("unseen", "fake_accuracy"),
            configuration.measure("unseen", "auroc"),
        )  # fmt: skip
        for quantity, estimate in zip(CURVES, estimates, strict=True):
            if estimate.value is not None:
                rows[configuration.categories][name_curve(quantity, configuration)] = estimate.value
    return list(rows.values())


def collect_tables(report: SweepReport) -> dict[str, tuple[list[str], list[list[Any]]]]:
    """Collect the tables as columns of numbers, the paper's tables first.

    Returns:
        Name under which a table is logged → its column names, which W&B can query, such as `unseen_accuracy_low`, and
        its rows.
    """
    tables = {accuracies.slug: accuracies.table for accuracies in report.accuracies}
    tables |= {"averages": tabulate_averages(report.configurations), "runs": tabulate_runs(report.configurations)}
    tables |= {evaluation.slug: evaluation.table for evaluation in report.evaluations}
    if report.effects:
        tables["effects"] = tabulate_effects(report.effects)
    if report.listed_claims:
        tables["differences"] = tabulate_claims(report.listed_claims)
    spread_out = {make_key("tables", slug): tabulate(table) for slug, table in tables.items()}
    return {name: (_name_columns(columns), rows) for name, (columns, rows) in spread_out.items()}


def _name_columns(names: Sequence[str]) -> list[str]:
    """Build unique column names that W&B can query; names of categories may differ only in special characters."""
    keys: list[str] = []
    for name in names:
        key, number = make_key(name), 1
        while key in keys:
            number += 1
            key = f"{make_key(name)}_{number}"
        keys.append(key)
    return keys


def _describe_report(report: SweepReport) -> Mapping[str, Any]:
    """Describe what varies between the runs of a report."""
    return {
        "folder": report.title,
        "settings": list(dict.fromkeys(each.setting.name for each in report.configurations)),
        CATEGORIES: sorted({each.categories for each in report.configurations}),
        "seeds": sorted({run.seed for run in report.tested}),
    }


def sum_up_report(report: SweepReport) -> dict[str, Any]:
    """Collect the answer, counts, and the results of the best configuration if the report names one."""
    summary: dict[str, Any] = {
        "answer": " ".join(map(str, report.answer)),
        "caveat": report.caveat,
        "finished_runs": len(report.tested),
        "unfinished_runs": len(report.unfinished),
        "audit_warnings": [warning.text for warning in report.warnings],
        "misplaced_thresholds": [finding.text for finding in report.misplaced],
        "comparisons": len(report.listed_claims),
        "comparisons_significant": sum(claim.is_significant for claim in report.listed_claims),
    }
    # A single configuration is the best one.
    best = report.configurations[0] if len(report.configurations) == 1 else report.claims.named_best
    if best:
        summary |= {
            "best/cell": best.name,
            **spread("best/unseen_accuracy", best.average(seen=False)),
            **spread("best/seen_accuracy", best.average(seen=True)),
            **spread("best/unseen_auroc", best.measure("unseen", "auroc")),
        }
    return summary
