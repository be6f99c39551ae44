"""Carry out one run from options to results: list the images, pack, audit, fit, calibrate, test and evaluate.

Several processes may train one network together as a `Team`. All of them fit; only the first one does the rest. The
others wait while it is `ahead()`, and learn from `agree()` whether there is anything left to train. In a run with one
process, the usual case, both do nothing.
"""

from dataclasses import replace
from typing import Any, Final

from omegaconf import OmegaConf
from rich.console import Console

from fakeid.audit.result import AuditResult
from fakeid.checkpoints import read_checkpoint
from fakeid.config.parse import Config, to_plain
from fakeid.console import StatusLine, print_sentence
from fakeid.data.cache.packs import PackedImages
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.plans import Plan
from fakeid.evaluation.records.run_summary import AuditDigest, RunSummary
from fakeid.io import parse_record, to_plain_record, write_record, write_text
from fakeid.processes import is_sweep_process
from fakeid.reporting.formatting import format_count
from fakeid.reporting.run.notes import describe_sizes, sizes_differ
from fakeid.reporting.verdict import judge_run
from fakeid.runs.audit import audit_plan
from fakeid.runs.context import RunContext, build_context
from fakeid.runs.evaluate.evaluation import run_evaluation
from fakeid.runs.evaluate.test_sets import check_places
from fakeid.runs.evaluate.tracking import track_evaluation
from fakeid.runs.fit import build_data, build_module, check_shares, fit
from fakeid.runs.images import RunImages, list_images, measure_sizes, prepare_images, print_codec
from fakeid.runs.layout import DONE, RUNNING, RunFolder
from fakeid.runs.provenance import SCORING_PRECISION, describe_environment, write_overrides
from fakeid.runs.show import build_console, check_same_images, print_warnings, show_run
from fakeid.runs.states import is_complete, lacks_evaluation
from fakeid.runs.test import calibrate, compute_results, compute_scores, measure_speed, write_figures
from fakeid.training.checkpoint import load_module
from fakeid.training.predict import Scorer
from fakeid.training.team import Team, find_processes, start_processes
from fakeid.training.tracking import track_run
from fakeid.training.trainer import choose_device, cpu_as_asked

_SAID: Final[set[str]] = set()
"""The audit warnings that a sweep has already printed; its cells use the same images."""


def run_training(config: Config, console: Console | None = None, *, in_sweep: bool = False) -> RunSummary | None:
    """Train and test what the options describe, unless it is already done.

    Args:
        config: Checked options.
        console: Console on which progress and the table are printed; None uses the terminal.
        in_sweep: Whether to print one line at the end instead of the table.

    Returns:
        Content of the run's `summary.json`; None in a process that trains beside the first.

    Raises:
        FakeidError: An error that the user can fix; no earlier results are lost.
        KeyboardInterrupt: The user pressed Ctrl-C; the same call continues.
    """
    with cpu_as_asked(config.trainer):
        device = choose_device(config.trainer.accelerator.value)
        processes = find_processes(config.trainer.devices, device, config.optim.batch_size)
        if processes.size > 1 and not processes.starter:
            start_processes(processes.size)
            return RunFolder.locate(config).read_summary()
        team = Team(processes, device)
        if not team.is_first:
            _fit_beside(build_context(config, Console(quiet=True), team))
            return None
        return _train(build_context(config, console or build_console(), team), in_sweep)


def _fit_beside(context: RunContext) -> None:
    """Train beside the first process of the team, if there is something to train."""
    config, console = context.config, context.console
    with context.team.ahead():
        pass  # the first process lists, packs and audits
    if context.team.agree(False):
        images = list_images(config, console)
        packed = prepare_images(config, images, console)
        fit(context, build_data(context, images.plan, packed))


def _train(context: RunContext, in_sweep: bool) -> RunSummary:
    """Carry out all steps of a run in the first process of the team."""
    config, run = context.config, context.run
    check_places(config)
    images = list_images(config, context.console)
    with run.lock():
        complete = is_complete(run, config)
        try:
            with context.team.ahead():
                data = _prepare(context, images)
            context.team.agree(data is not None)
            if not complete:
                _complete(context, images.plan, data)
        except BaseException as error:
            run.write_failure(error)
            raise
        return show_run(run, context.console, in_sweep)


def _prepare(context: RunContext, images: RunImages) -> PackedDataModule | None:
    """Check everything, then clear what is to be recomputed; None if nothing is left to train."""
    config, run, console, plan = context.config, context.run, context.console, images.plan
    if not config.force and (damage := run.find_damage()):
        print_sentence(console, f"{damage}; continuing from the remaining files")
    if run.is_tested() and not config.force:
        check_same_images(run, images)
        done = "done" if is_complete(run, config) else "trained and tested"
        console.print(f"{run.path} is {done}; force=true starts it over", soft_wrap=True)
        return None
    check_shares(plan, context.team.processes.size)
    _announce(context, plan)
    module = build_module(config)  # a wrong network or a bad image is found before an old run is cleared
    sizes = measure_sizes(config, module.hparams["center_px"])
    print_warnings([describe_sizes(sizes)] if sizes_differ(sizes) else [], console)
    print_codec(images.codec, console)
    packed = prepare_images(config, images, console)
    audit = _audit(config, images, packed, console)
    if config.force:
        run.clear()
    check_same_images(run, images)
    write_text(run.config, OmegaConf.to_yaml(to_plain(config)))
    write_overrides(run, config)
    if audit:
        write_record(run.audit, audit)
    return build_data(context, plan, packed)


def _announce(context: RunContext, plan: Plan) -> None:
    """Print what is about to be trained and tested."""
    size, device = context.team.processes.size, context.device.upper()
    where = f"{size} processes, each on its {device}" if size > 1 else f"the {device}"
    context.console.print(f"run {context.run.path.name} on {where} in {context.precision}")
    context.console.print(
        f"train {len(plan.train):,} images of {format_count(len(plan.seen), 'category', 'categories')}, "
        f"validate {len(plan.val):,}, test {len(plan.test):,} of {len(plan.seen) + len(plan.unseen)}; "
        f"held out: {plan.held_out or 'nothing'}"
    )


def _audit(config: Config, images: RunImages, packed: PackedImages, console: Console) -> AuditResult | None:
    if config.data.audit_per_class == 0:
        return None
    with StatusLine(console, "looking at the images"):
        audit = audit_plan(config, images, packed, config.data.audit_per_class)
    print_sentence(console, f"audit: {audit.verdict}")
    print_warnings(audit.warnings, console, said=_SAID if is_sweep_process() else None)
    return audit


def _complete(context: RunContext, plan: Plan, data: PackedDataModule | None) -> None:
    """Do what is left of a run: all of it, or without data only the evaluation."""
    config, run, epochs = context.config, context.run, context.config.optim.epochs
    if data or not run.is_done():  # a finished training is already in W&B
        with track_run(config, run.path, context.console) as tracker:
            if data:
                _fit_and_test(replace(context, tracker=tracker), plan, data)
            if tracker:
                tracker.log_results(run.read_summary(), sorted(run.figures.glob("*.png")))
    run.write_status(RUNNING, epochs_done=epochs, epochs=epochs)
    evaluation = run_evaluation(run.path, config, context.console) if lacks_evaluation(run, config) else None
    run.write_status(DONE, epochs_done=epochs, epochs=epochs)
    if evaluation:
        track_evaluation(config, run, evaluation, context.console)


def _fit_and_test(context: RunContext, plan: Plan, data: PackedDataModule) -> None:
    config, run = context.config, context.run
    module = fit(context, data)
    tested = load_module(run.tested)
    scorer = Scorer(tested, device=context.device)
    calibration = calibrate(context, plan, data, scorer)
    context.console.print(f"testing {len(data.test_set):,} images")
    scores = compute_scores(context, data, scorer)
    seconds, images_per_second = measure_speed(run)
    summary = RunSummary(
        **_describe_run(context, data),
        **vars(compute_results(plan, scores, calibration, config.protocol.threshold)),
        seconds=seconds,
        images_per_second=images_per_second,
        sizes=measure_sizes(config, tested.hparams["center_px"]),
        epoch_chosen=read_checkpoint(run.tested)["epoch"] + 1,
        parameters=sum(weight.numel() for weight in module.detector.parameters()),
    )
    summary = replace(summary, verdict=judge_run(summary).to_record())
    write_figures(run, plan, data.test_set, scores, summary)
    write_record(run.summary, summary)  # last: its presence means that the run is tested


def _describe_run(context: RunContext, data: PackedDataModule) -> dict[str, Any]:
    """Collect the fields of a summary other than the results of the test."""
    run, audit = context.run, context.run.read_audit()
    return {
        "run": run.path.name,
        "precision": context.precision,
        "scoring_precision": SCORING_PRECISION,
        "skipped_images": data.skipped,
        "data": run.read_data(),
        "audit": parse_record(to_plain_record(audit), AuditDigest) if audit else None,
        "config": to_plain(context.config),
        **describe_environment(context.device),
        "processes": context.team.processes.size,
    }
