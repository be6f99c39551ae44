"""Show a finished run: its verdict, its table and the next commands. It does not load torch, so it appears at once."""

import json
import os
import shlex
from collections.abc import Sequence
from typing import Final

from rich.console import Console

from fakeid.config.parse import Config
from fakeid.console import print_sentence
from fakeid.errors import CheckpointError, DamagedFileError
from fakeid.evaluation.records.run_summary import DataRecord, RunSummary
from fakeid.evaluation.verdict import Verdict
from fakeid.io import write_record
from fakeid.reporting.renderers import render_terminal
from fakeid.reporting.run.tables import list_misplaced, render_line, tabulate_run
from fakeid.reporting.verdict import Judgement, judge_run, render_verdict
from fakeid.runs.evaluate.test_sets import check_places
from fakeid.runs.images import RunImages, list_images
from fakeid.runs.layout import RunFolder
from fakeid.runs.states import is_complete

_PROCESSES: Final = ("RANK", "SLURM_STEP_NUM_TASKS")
"""The environment variables of torchrun and srun, under which every process would print."""

_LEARNED_NOTHING: Final = (Verdict.AT_CHANCE, Verdict.INVERTED)


def show_finished(config: Config) -> bool:
    """Print the table of the run that the options describe, if nothing is left to do.

    Returns:
        Whether it was printed.

    Raises:
        FakeidError: The images are not those of the run, or another process is working on it, as in `run_training`.
    """
    run = RunFolder.locate(config)
    if any(name in os.environ for name in _PROCESSES) or not is_complete(run, config):
        return False
    console = build_console()
    check_places(config)
    images = list_images(config, console)
    with run.lock():
        check_same_images(run, images)
        console.print(f"{run.path} is done; force=true starts it over", soft_wrap=True)
        show_run(run, console)
    return True


def build_console() -> Console:
    """Build the console of a training."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120  # columns of a log file
    return console


def check_same_images(run: RunFolder, images: RunImages) -> None:
    """Refuse to continue or show a run whose images have changed.

    Raises:
        CheckpointError: The images have changed.
        DamagedFileError: The record of the images is damaged.
    """
    now = DataRecord(
        source=images.source.describe(),
        digest=images.plan.digest(),
        images={split: len(records) for split, records in images.plan.splits().items()},
        codec=json.loads(json.dumps(images.codec.to_plain())),
    )
    way_out = "force=true starts it over, paths.runs=DIR keeps both"
    try:
        before = run.read_data() if run.data.exists() else now
    except DamagedFileError as error:
        raise DamagedFileError(f"{error}, so the images of the run are not known; {way_out}") from error
    if before != now:
        raise CheckpointError(f"{run.path} was started with other images than there are now; {way_out}")
    write_record(run.data, now)


def show_run(run: RunFolder, console: Console, in_sweep: bool = False) -> RunSummary:
    """Print the verdict, the table and the file paths of a finished run, or one line in a sweep.

    Returns:
        Content of `summary.json`.
    """
    summary = run.read_summary()
    if in_sweep:
        console.print(f"done: {render_line(summary)}\n", soft_wrap=True)
        return summary
    console.print()
    judgement = judge_run(summary)
    console.print(render_verdict(judgement))
    console.print(render_terminal(tabulate_run(summary), dense=True))
    for sentence in list_misplaced(summary):
        print_sentence(console, sentence)
    console.print()
    print_warnings(summary.warnings, console)
    for label, path in (
        ("numbers", run.summary), ("scores", run.scores), ("figures", run.figures), ("weights", run.tested),
    ):  # fmt: skip
        console.print(f"{label:8} {path}", soft_wrap=True)
    console.print("", *list_next_steps(run, judgement), sep="\n", soft_wrap=True, markup=False)
    return summary


def print_warnings(warnings: Sequence[str], console: Console, *, said: set[str] | None = None) -> None:
    """Print each warning, highlighted.

    Args:
        warnings: Warnings to print.
        console: Console to print on.
        said: Warnings to leave out; those printed are added.
    """
    for warning in warnings:
        if said is not None and warning in said:
            continue
        if said is not None:
            said.add(warning)
        print_sentence(console, f"WARNING: {warning}", style="bold red")


def list_next_steps(run: RunFolder, judgement: Judgement) -> list[str]:
    """List the lines to print below the table of a run.

    Args:
        run: Folder of a tested run.
        judgement: Judgement of its test.
    """
    place = shlex.quote(str(run.path))
    evaluate = [
        f"python -m fakeid evaluate {place}",
        "  its test images under JPEG, blur, rescaling and more, as tables and a page",
    ]
    if run.evaluation.page.exists():
        evaluate = [f"{shlex.quote(str(run.evaluation.page))}", "  the page with the results of the evaluation"]
    own = [
        f"python -m fakeid evaluate {place} DIR",
        "  your own images, laid out as DIR/[generator/][category/]{0_real,1_fake}",
    ]
    if judgement.verdict not in _LEARNED_NOTHING:
        return ["next:", *(f"  {line}" for line in (*evaluate, *own))]
    curve = shlex.quote(str(run.figures / "learning_curve.png"))
    return [
        "next:",
        f"  {curve}",
        "    does the training loss fall? If not, try another optim.learning_rate, or more optim.epochs;",
        "    if it does, more images (data.train_per_class) or more categories",
    ]
