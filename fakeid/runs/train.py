"""One run from options to numbers: find or continue it, train, test, and write everything to its folder."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from omegaconf import OmegaConf
from pytorch_lightning.loggers import Logger
from rich.console import Console

from fakeid.config import Config, to_plain
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.packed import PackedImages
from fakeid.data.plans import Plan
from fakeid.data.sources.contract import Source
from fakeid.errors import CheckpointError, DamagedFileError
from fakeid.evaluation.run_summary import AuditDigest, DataRecord, Machine, RunSummary
from fakeid.files import clear_output_errors, lock_folder, write_json, write_text
from fakeid.progress import StatusLine
from fakeid.records import parse_record, write_record
from fakeid.reporting.conditions import describe_sizes, sizes_differ
from fakeid.reporting.renderers import render_terminal
from fakeid.reporting.tables import list_misplaced, render_line, tabulate_run
from fakeid.reporting.verdict import judge_run
from fakeid.reporting.verdict_lines import render_verdict
from fakeid.runs.assist import build_data, check_shares, prepare_assistance
from fakeid.runs.audit import audit_plan, list_warnings, print_warnings
from fakeid.runs.calibrate import calibrate
from fakeid.runs.codec import choose_codec, print_codec
from fakeid.runs.evaluate import evaluate_run
from fakeid.runs.evaluation_sets import check_places
from fakeid.runs.fit import build_module, fit
from fakeid.runs.images import list_images, prepare_images
from fakeid.runs.launching import is_sweep_process
from fakeid.runs.layout import DONE, RUNNING, RunFolder
from fakeid.runs.next_steps import list_next_steps
from fakeid.runs.provenance import SCORING_PRECISION, describe_environment
from fakeid.runs.results import compute_results, compute_scores, measure_speed, write_figures
from fakeid.runs.sizes import measure_sizes
from fakeid.runs.states import is_complete
from fakeid.runs.tracked_evaluation import track_evaluation
from fakeid.runs.tracking import track_run
from fakeid.training.checkpoint import load_module, read_checkpoint
from fakeid.training.processes import Leader, follow
from fakeid.training.trainer import choose_device, choose_precision, cpu_as_asked
from fakeid.training.world import World, find_world

_SAID: Final[set[str]] = set()
"""Warnings of the audit that a sweep has printed: its cells look at the same images."""


def run_training(config: Config, console: Console | None = None, *, in_sweep: bool = False) -> RunSummary | None:
    """Train and test what the options describe, unless that was done already.

    Args:
        config: Checked options.
        console: Where progress and the table are printed; None is the terminal.
        in_sweep: Print one line at the end in place of the table.

    Returns:
        What the run's `summary.json` holds; None in a process that torchrun or srun started beside the first.

    Raises:
        FakeidError: Something that the user can mend; nothing that was there before is lost.
        KeyboardInterrupt: Ctrl-C; the same call continues.
    """
    with cpu_as_asked(config.trainer):
        console = console or _build_console()
        device = choose_device(config.trainer.accelerator.value)
        world = find_world(config.trainer.devices, device, config.optim.batch_size)
        assist = partial(prepare_assistance, config)
        if world.rank > 0:
            follow(world, assist)
            return None
        with Leader(world, assist) as leader:
            return _lead(config, leader, device, console, in_sweep)


def _lead(config: Config, leader: Leader, device: str, console: Console, in_sweep: bool) -> RunSummary:
    run = RunFolder.locate(config)
    check_places(config)
    source, plan = list_images(config, console)
    with clear_output_errors(run.path, "paths.runs"):
        run.path.mkdir(parents=True, exist_ok=True)
        busy = f"the run {run.path} is in progress in another process; wait for it, or change an option"
        with lock_folder(run.path, wait=False, busy=busy):
            if is_complete(run, config):
                _check_same_images(config, run, plan, source)
                console.print(f"{run.path} is done; force=true starts it over", soft_wrap=True)
                return _show(run, console, in_sweep)
            try:
                _run(config, run, plan, source, leader, device, console)
            except BaseException as error:
                run.write_failure(error)
                raise
            return _show(run, console, in_sweep)


def _run(
    config: Config, run: RunFolder, plan: Plan, source: Source, leader: Leader, device: str, console: Console
) -> None:
    """What is left to do: all of it, or the evaluation alone."""
    data = None
    if not config.force and (damage := run.find_damage()):
        console.print(f"{damage}; going on from what else is there", soft_wrap=True, markup=False)
    if run.is_tested() and not config.force:
        _check_same_images(config, run, plan, source)
        console.print(f"{run.path} is trained and tested; force=true starts it over", soft_wrap=True)
    else:
        check_shares(plan, leader.world)
        _describe(config, run, plan, device, leader.world, console)
        data = _begin(config, run, plan, source, leader.world, device, console)
    epochs = config.optim.epochs
    if data or not run.is_done():  # a training that was done is in W&B already
        with track_run(config, run, console) as tracker:
            if data:
                _train_and_test(
                    config, run, plan, data, leader, device=device, console=console,
                    loggers=tracker.lightning_loggers() if tracker else [],
                )  # fmt: skip
            if tracker:
                tracker.log_results(run.read_summary(), sorted(run.figures.glob("*.png")))
    run.write_status(RUNNING, epochs_done=epochs, epochs=epochs)
    evaluation = evaluate_run(config, run, console)
    run.write_status(DONE, epochs_done=epochs, epochs=epochs)
    if evaluation:
        track_evaluation(config, run, evaluation, console)


def _begin(
    config: Config, run: RunFolder, plan: Plan, source: Source, world: World, device: str, console: Console
) -> PackedDataModule:
    """Find all mistakes, then clear what is to be made anew."""
    module = build_module(config)  # a wrong network or a bad image is found before an old run is cleared
    sizes = measure_sizes(config, module.hparams["center_px"])
    print_warnings([describe_sizes(sizes)] if sizes_differ(sizes) else [], console)
    print_codec(choose_codec(config, source, plan), console)
    packed = prepare_images(config, plan, source, console)
    audit = _audit(config, plan, source, packed, console)
    if config.force:
        run.clear()
    _check_same_images(config, run, plan, source)
    write_text(run.config, OmegaConf.to_yaml(to_plain(config)))
    if audit:
        write_json(run.audit, audit)
    return build_data(config, plan, packed, device, world)


def _build_console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120  # of a log file
    return console


def _check_same_images(config: Config, run: RunFolder, plan: Plan, source: Source) -> None:
    """Refuse to continue or show a run whose images have changed under it."""
    now = DataRecord(
        source=source.describe(),
        digest=plan.digest(),
        images={split: len(records) for split, records in plan.splits().items()},
        codec=json.loads(json.dumps(choose_codec(config, source, plan).to_plain())),
    )
    way_out = "force=true starts it over, paths.runs=DIR keeps both"
    try:
        before = run.read_data() if run.data.exists() else now
    except DamagedFileError as error:
        raise DamagedFileError(f"{error}, so nobody knows which images the run was begun with; {way_out}") from error
    if before != now:
        raise CheckpointError(f"{run.path} was begun with other images than there are now; {way_out}")
    write_record(run.data, now)


def _describe(config: Config, run: RunFolder, plan: Plan, device: str, world: World, console: Console) -> None:
    """Say what is about to happen."""
    precision = choose_precision(config.trainer.precision.value, device)
    where = f"{world.size} processes, each on its {device.upper()}" if world.size > 1 else f"the {device.upper()}"
    console.print(f"run {run.path.name} on {where} in {precision}")
    console.print(
        f"train {len(plan.train):,} images of {len(plan.seen)} categories, validate {len(plan.val):,}, "
        f"test {len(plan.test):,} of {len(plan.seen) + len(plan.unseen)}; held out: {plan.held_out or 'nothing'}"
    )


def _audit(config: Config, plan: Plan, source: Source, packed: PackedImages, console: Console) -> dict[str, Any] | None:
    if config.data.audit_per_class == 0:
        return None
    with StatusLine(console, "looking at the images"):
        audit = audit_plan(config, plan, source, packed, config.data.audit_per_class)
    console.print(f"audit: {audit['verdict']}", soft_wrap=True)
    print_warnings(list_warnings(audit), console, said=_SAID if is_sweep_process() else None)
    return audit


def _train_and_test(
    config: Config, run: RunFolder, plan: Plan, data: PackedDataModule, leader: Leader, *, device: str,
    loggers: Sequence[Logger], console: Console,
) -> None:  # fmt: skip
    precision = choose_precision(config.trainer.precision.value, device)
    with leader.training(device):
        module = fit(
            config, run, data, device=device, precision=precision, loggers=loggers, console=console, world=leader.world
        )
    tested = load_module(run.tested)
    calibration = calibrate(config, run, plan, data, tested, device=device, precision=precision)
    console.print(f"testing {len(data.test_set):,} images")
    scores = compute_scores(run, data, tested, device=device)
    seconds, images_per_second = measure_speed(run)
    summary = RunSummary(
        **_describe_run(config, run, data, precision, device, leader.world),
        **vars(compute_results(plan, scores, calibration, config.protocol.threshold)),
        seconds=seconds,
        images_per_second=images_per_second,
        sizes=measure_sizes(config, tested.hparams["center_px"]),
        epoch_chosen=read_checkpoint(run.tested)["epoch"] + 1,
        parameters=sum(weight.numel() for weight in module.detector.parameters()),
    )
    summary = replace(summary, verdict=judge_run(summary).to_record())
    write_figures(run, plan, data.test_set, scores, summary)
    write_record(run.summary, summary)  # last: who finds it, finds a tested run


def _describe_run(
    config: Config, run: RunFolder, data: PackedDataModule, precision: str, device: str, world: World
) -> dict[str, Any]:
    """Describe what a summary says beside the numbers of the test."""
    environment = describe_environment(device)
    return {
        "run": run.path.name,
        "precision": precision,
        "scoring_precision": SCORING_PRECISION,
        "skipped_images": data.skipped,
        "data": run.read_data(),
        "audit": _shorten(audit) if (audit := run.read_audit()) else None,
        "config": to_plain(config),
        **environment,
        "machine": Machine(**environment["machine"]),
        "processes": world.size,
    }


def _shorten(audit: dict[str, Any]) -> AuditDigest:
    """Keep of an audit what a summary holds."""
    return parse_record({**audit, "warnings": list_warnings(audit)}, AuditDigest)


def _show(run: RunFolder, console: Console, in_sweep: bool) -> RunSummary:
    summary = run.read_summary()
    if in_sweep:
        console.print(f"done: {render_line(summary)}\n", soft_wrap=True)
        return summary
    console.print()
    judgement = judge_run(summary)
    console.print(render_verdict(judgement))
    console.print(render_terminal(tabulate_run(summary), dense=True))
    for sentence in list_misplaced(summary):
        console.print(sentence, soft_wrap=True)
    console.print()
    print_warnings(summary.warnings, console)
    for label, path in (
        ("numbers", run.summary), ("scores", run.scores), ("figures", run.figures), ("weights", run.tested),
    ):  # fmt: skip
        console.print(f"{label:8} {path}", soft_wrap=True)
    console.print("", *list_next_steps(run, judgement), sep="\n", soft_wrap=True, markup=False)
    return summary
