"""A folder's report as one run of Weights & Biases, in the group of the runs that it sums up."""

import secrets
import shlex
import shutil
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from wandb.sdk.wandb_run import Run

from fakeid.choices import LoggerName
from fakeid.errors import DamagedFileError
from fakeid.files import read_json, write_json
from fakeid.reporting.sweep_report import SweepReport
from fakeid.runs.report_values import (
    CATEGORIES,
    CURVES,
    Table,
    collect_curves,
    collect_tables,
    describe_report,
    sum_up_report,
)
from fakeid.training.loggers import build_table, collect_figures
from fakeid.training.tracking import REPORT_JOB, Tracker


@dataclass(frozen=True)
class Place:
    """Where the runs of a folder are in W&B."""

    project: str
    entity: str | None
    group: str | None


def find_place(report: SweepReport) -> Place | None:
    """Where most of the finished runs that were tracked are; None where none was."""
    loggers = [run.config.get("logger") or {} for run in report.tested]
    places = Counter(
        Place(logger["project"], logger["entity"], logger["group"])
        for logger in loggers
        if logger.get("name") == LoggerName.wandb.value
    )
    return places.most_common(1)[0][0] if places else None


def track_report(report: SweepReport, directory: Path, console: Console) -> str | None:
    """Log tables, figures, curves and the answer as one run; nothing where the runs themselves were not tracked.

    A later call replaces what an earlier one logged: the run's identity is kept in `directory/report/wandb.json`.

    Args:
        report: Of the folder; its files are written already.
        directory: Holds one folder a run.
        console: Told where the run is.

    Returns:
        The identity of the run; None where there is none, or W&B failed, which costs the report nothing.
    """
    place = find_place(report)
    try:
        return _track(report, place, directory, console) if place else None
    except Exception as error:
        warnings.warn(f"W&B has no summary of {directory} ({error}); its report is complete", stacklevel=2)
        return None


def _track(report: SweepReport, place: Place, directory: Path, console: Console) -> str:
    folder = directory / "report"
    run_id = recall(folder, "run")
    if run_id is None:
        run_id = f"report-{secrets.token_hex(4)}"
        remember(folder, "run", run_id)
    shutil.rmtree(folder / "wandb", ignore_errors=True)  # of an earlier, offline call
    tracker = _ReportTracker(
        folder, run_id, describe_report(report), job_type=REPORT_JOB, project=place.project, entity=place.entity,
        group=place.group, tags=[REPORT_JOB],
    )  # fmt: skip
    tracker.log_report(
        collect_curves(report.cells),
        collect_tables(report),
        sorted((folder / "figures").glob("*.png")),
        sum_up_report(report),
    )
    url = tracker.url
    if tracker.finish():
        line = f"W&B has the report offline; to upload it and the runs: {render_upload(directory)}"
        console.print(line, soft_wrap=True, markup=False)
    elif url:
        console.print(f"W&B has the report too: {url}", soft_wrap=True, markup=False)
    return run_id


def render_upload(directory: Path) -> str:
    """The command that uploads whatever lies offline in the folder, for a POSIX shell."""
    return f"wandb sync {shlex.quote(str(directory))}/*/wandb/offline-run-*"


def recall(folder: Path, name: str) -> str | None:
    """What `wandb.json` of a report's folder keeps under this name."""
    return _read_memory(folder).get(name)


def remember(folder: Path, name: str, value: str) -> None:
    """Keep it."""
    write_json(folder / "wandb.json", {**_read_memory(folder), name: value})


def _read_memory(folder: Path) -> dict[str, str]:
    """Empty where there is none, or a damaged one: W&B then gets a new run."""
    try:
        memory: dict[str, str] = read_json(folder / "wandb.json", {str: str})
    except (FileNotFoundError, DamagedFileError):
        return {}
    return memory


class _ReportTracker(Tracker):
    @property
    def url(self) -> str | None:
        # W&B warns of its own when it is asked for the address of an offline run.
        return None if self._run is None or self._run.settings.mode != "online" else self._run.url

    def log_report(
        self,
        curves: Sequence[Mapping[str, float]],
        tables: Mapping[str, Table],
        figures: Sequence[Path],
        summary: Mapping[str, Any],
    ) -> None:
        def log(run: Run) -> None:
            # The list of runs needs none of them: their last values are of whatever the most categories are.
            run.define_metric(CATEGORIES, summary="none")
            for quantity in CURVES:
                run.define_metric(f"{quantity}/*", step_metric=CATEGORIES, summary="none")
            for row in curves:
                run.log(dict(row))
            run.log({name: build_table(*table) for name, table in tables.items()} | collect_figures(figures))
            run.summary.update(dict(summary))

        self._with_run(log)
