"""Report on the runs of a folder, finished or not: the paper's tables and figures, and one page."""

import shutil
from pathlib import Path
from typing import Any, Final

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from yaml import YAMLError  # type: ignore[import-untyped]

from fakeid.config.choices import LoggerName
from fakeid.errors import DamagedFileError, DataError
from fakeid.evaluation.ordered_scores import OrderedScores, split_by_category, split_by_quadrant
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.records.run_summary import check_options
from fakeid.evaluation.scores import count_from, read_scores
from fakeid.io import clear_output_errors, write_csv, write_text
from fakeid.reporting.renderers import render_markdown, tabulate
from fakeid.reporting.svg import write_figure
from fakeid.reporting.sweep.configurations import FinishedRun
from fakeid.reporting.sweep.page import render_summary_markdown, render_sweep_markdown, render_sweep_page
from fakeid.reporting.sweep.report import FolderRun, SweepReport, build_sweep_report
from fakeid.reporting.sweep.tables import list_numbers, tabulate_claims, tabulate_effects, tabulate_runs
from fakeid.reporting.table import Table
from fakeid.runs.layout import DONE, RunFolder, RunStatus, find_runs
from fakeid.runs.provenance import render_command
from fakeid.runs.states import DAMAGED, read_state

_UNREADABLE: Final = "unreadable"


def write_report(directory: Path, console: Console | None = None) -> SweepReport:
    """Average, compare and plot the finished runs, and print the answer and the averages.

    The following files are written below `directory/report`: `index.html`, `report.md`, `numbers.csv` (all metrics),
    `runs.csv`, `differences.csv`, `effects.csv`, `tables/*.{csv,md,tex}`, `figures/*.{png,svg}`. If the runs were
    tracked by W&B, the report is also logged there as a run.

    Args:
        directory: Folder with one subfolder per run.
        console: Console to print on; None uses the terminal.

    Raises:
        DataError: The folder does not exist, or it has no finished run.
        OutputError: The report cannot be written.
    """
    console = console or Console(highlight=False)
    report = read_report(directory)
    folder = directory / "report"
    with clear_output_errors(folder, "paths.runs"):
        _write_files(report, folder)
    console.print(f"{len(report.tested)} of {len(report.runs)} runs finished; {report.verdicts}\n")
    console.print(render_summary_markdown(report), soft_wrap=True, markup=False)
    console.print(f"written to {folder / 'index.html'}", soft_wrap=True)
    if any((run.config.get("logger") or {}).get("name") == LoggerName.wandb.value for run in report.tested):
        from fakeid.sweeps.tracking import track_report  # noqa: PLC0415 - wandb takes a second

        track_report(report, directory, console)
    return report


def read_report(directory: Path) -> SweepReport:
    """Average and compare the finished runs without writing or printing anything.

    Raises:
        DataError: The folder does not exist, or it has no finished run.
    """
    runs = [_read_run(run) for run in find_runs(directory)]
    if not any(run.tested for run in runs):
        raise DataError(f"no run in {directory} is finished ({len(runs)} begun); train one with paths.runs={directory}")
    return build_sweep_report(directory.resolve().name, runs)


def _read_run(run: RunFolder) -> FolderRun:
    name = run.path.name
    status, state = run.read_status(), read_state(run).name
    if state == DAMAGED:
        return FolderRun(name, _UNREADABLE, run.find_damage() or "", _read_command(run), None)
    if state != DONE:
        return FolderRun(name, state, _tell_progress(status) if status else "", _read_command(run), None)
    try:
        evaluation, quarters = _read_evaluation(run)
        summary = run.read_summary()
        images = split_by_category(count_from(read_scores(run.scores), summary.threshold.logit))
        tested = FinishedRun(name, summary, images, evaluation, quarters)
        if images.keys() != summary.categories.keys():
            raise DamagedFileError(f"{run.scores} is damaged (its categories are not those of {run.summary.name})")
        command = render_command(run, tested.config)
    except (OSError, ValueError, KeyError) as error:
        return FolderRun(name, _UNREADABLE, f"{type(error).__name__}: {error}", _read_command(run), None)
    return FolderRun(name, state, "", command, tested)


def _tell_progress(status: RunStatus) -> str:
    done = f"{status.epochs_done} of {status.epochs} epochs, last update {status.updated}"
    return f"{status.reason} ({done})" if status.reason else done


def _read_evaluation(run: RunFolder) -> tuple[Evaluation | None, dict[str, OrderedScores]]:
    if not run.evaluation.numbers.exists():  # written last
        return None, {}
    evaluation = run.evaluation.read_numbers()
    controls = [part.name for part in evaluation.test_sets if part.control]
    scores = count_from(read_scores(run.evaluation.scores), evaluation.threshold.logit)
    judged = scores[~scores.test_set.isin(controls)]
    return evaluation, split_by_quadrant(judged, evaluation.trained_on)


def _read_command(run: RunFolder) -> str:
    try:
        config: Any = OmegaConf.to_container(OmegaConf.load(run.config))
    except (OSError, ValueError, YAMLError, OmegaConfBaseException):
        return ""  # the run failed before the file was written, or it is damaged
    try:
        return render_command(run, dict(check_options(config)))
    except ValueError:
        return ""  # written by another release


def _write_files(report: SweepReport, folder: Path) -> None:
    # Tables and figures of an earlier report may have other names.
    for name in ("tables", "figures"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for accuracies in report.accuracies:
        _write_table(folder / "tables" / f"{accuracies.slug}.csv", accuracies.table)
        write_text(folder / "tables" / f"{accuracies.slug}.md", render_markdown(accuracies.table))
        write_text(folder / "tables" / f"{accuracies.slug}.tex", accuracies.render_latex())
    for figure in report.figures:
        write_figure(folder / "figures", figure.slug, figure.plot())
    for evaluation in report.evaluations:
        _write_table(folder / "tables" / f"{evaluation.slug}.csv", evaluation.table)
    write_csv(folder / "numbers.csv", *list_numbers(report.configurations))
    _write_table(folder / "runs.csv", tabulate_runs(report.configurations))
    _write_table(folder / "differences.csv", tabulate_claims(report.listed_claims))
    _write_table(folder / "effects.csv", tabulate_effects(report.effects))
    write_text(folder / "report.md", render_sweep_markdown(report))
    write_text(folder / "index.html", render_sweep_page(report))


def _write_table(path: Path, table: Table) -> None:
    write_csv(path, *tabulate(table))
