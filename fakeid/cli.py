"""Parse the command line of `fakeid` and `python -m fakeid`; each command imports what it needs when it is called."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from fakeid import __version__
from fakeid.benchmarks.command_group import benchmark
from fakeid.commands.command_line import SuggestingGroup, explain_usage, number, path, words
from fakeid.errors import ConfigError
from fakeid.terminal import command_line_errors

_COMPLETION: Final = "_FAKEID_COMPLETE"
"""Environment variable with which click's shell scripts ask for completions."""

_overrides = words("overrides", "[OPTION=VALUE]...")
_directory = click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command.

    Args:
        arguments: Words typed after `fakeid`; None takes those of `sys.argv`.
    """
    typed = sys.argv[1:] if arguments is None else list(arguments)
    name = "python -m fakeid" if Path(sys.argv[0]).parts[-2:] == ("fakeid", "__main__.py") else "fakeid"
    if _COMPLETION in os.environ:
        commands.main(typed, prog_name="fakeid", complete_var=_COMPLETION)
    with command_line_errors():
        try:
            with commands.make_context(name, typed or ["--help"]) as context:
                commands.invoke(context)
        except click.exceptions.Exit as end:
            raise SystemExit(end.exit_code) from None
        except click.Abort:
            raise KeyboardInterrupt from None
        except click.UsageError as error:
            raise ConfigError(explain_usage(error)) from None


@click.group(cls=SuggestingGroup)
@click.version_option(__version__, message="fakeid %(version)s")
def commands() -> None:
    """Train and judge detectors of GAN-generated images."""


def _add_program(name: str, summary: str) -> None:
    """Add a command that passes all arguments to Hydra, including `--help`."""
    settings = {"ignore_unknown_options": True, "allow_extra_args": True}

    @commands.command(name, context_settings=settings, add_help_option=False, help=summary)
    @words("typed", "[OPTION=VALUE]...", type=click.UNPROCESSED)
    def run(typed: tuple[str, ...]) -> None:
        from fakeid.commands import entry_points  # noqa: PLC0415 - Hydra takes a while

        sys.argv = [f"fakeid {name}", *typed]
        (entry_points.run_train if name == "train" else entry_points.run_sweep)()


_add_program("train", "Train and test one detector, like train.py.")
_add_program("sweep", "Train a grid of detectors and report on it, like sweep.py.")


@commands.command()
@_overrides
def doctor(overrides: tuple[str, ...]) -> None:
    """Describe this machine and list present and missing images.

    Locates and counts the images of a data set without reading them. Takes the options of train.py; without options,
    looks for LSUN's databases and ProGAN's samples in the current folder. Exits with 1 if something is missing.
    """
    from fakeid.commands.doctor import run_doctor  # noqa: PLC0415
    from fakeid.config.compose import compose_config  # noqa: PLC0415 - each command loads what it needs

    typed = {word.partition("=")[0] for word in overrides}
    source = [] if "data" in typed else ["data=lsun_progan"]
    place = [] if {"data", "paths.data", "data.real.root"} & typed else ["paths.data=."]
    if not run_doctor(compose_config([*source, *place, *overrides])):
        raise SystemExit(1)


@commands.command()
@_overrides
@path("--output", "FILE", "CSV file of the list.  [default: a file in paths.runs/plans]")
def plan(overrides: tuple[str, ...], output: Path | None) -> None:
    """Count and list the images that a run uses.

    Selects the images of a run as train.py does with the same options, prints the counts of each kind and a digest,
    and writes the list of images.
    """
    from fakeid.commands.plan import write_plan  # noqa: PLC0415
    from fakeid.config.compose import compose_config  # noqa: PLC0415

    write_plan(compose_config(overrides), output)


@commands.command()
@_overrides
@click.option("--rebuild", is_flag=True, help="Delete the packed images and start over.")
@click.option("--verify", is_flag=True, help="Read every byte afterwards and compare the digests.")
def prepare(overrides: tuple[str, ...], rebuild: bool, verify: bool) -> None:
    """Decode and pack images before training.

    Decodes, prepares and packs the images of a run once, on all cores. Takes the options of train.py; with several
    values, as in categories=1,2,5, packs the images of a whole grid. Continues where it was stopped.
    """
    from fakeid.config.compose import compose_configs  # noqa: PLC0415
    from fakeid.sweeps.images import prepare as run_prepare  # noqa: PLC0415

    run_prepare(compose_configs(overrides), rebuild=rebuild, verify=verify)


@commands.command()
@_overrides
@number("--per-class", 1000, "Training images of each class to examine.")
@path("--output", "DIR", "Output folder.  [default: one in paths.runs/audits]")
def audit(overrides: tuple[str, ...], per_class: int, output: Path | None) -> None:
    """Check whether anything but GAN traces separates the classes.

    Compares the files and pixel statistics of reals and fakes, measures how well they predict the class, looks for
    duplicates across training, validation and test images, and writes audit.json and audit.html. Takes the options of
    train.py.
    """
    from fakeid.commands.audit import run_audit  # noqa: PLC0415
    from fakeid.config.compose import compose_config  # noqa: PLC0415

    run_audit(compose_config(overrides), output, per_class=per_class)


@commands.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="RUN")
@words("targets", "[DIR|OPTION=VALUE]...")
@click.option(
    "--reals", multiple=True, metavar="DIR", help="Folder of real photos only, nested in any way; may be repeated."
)
@path("--output", "DIR", "Output folder.  [default: one in the run's folder]")
def evaluate(checkpoint: Path, targets: tuple[str, ...], reals: tuple[str, ...], output: Path | None) -> None:
    """Test a detector on new content, generators and degradations.

    Scores every image, clean and under each degradation, and writes scores.csv, evaluation.json, figures and a page
    with all metrics, the swap test, controls and calibration. Continues where it was stopped.

    RUN is the folder of a finished run, or its tested.ckpt.

    Each DIR, written DIR or NAME:DIR, is a folder to test on, laid out as [generator/][category/]{0_real,1_fake}. The
    word test stands for the run's own test images, which are used if no DIR is given. For folders with a single class
    and for --reals, the share of images called fake is reported.

    Options: evaluation=matrix (default), quick or test; evaluation.degradations=[jpeg-90,blur-1],
    evaluation.per_class=50, evaluation.controls=[NAME], evaluation.cluster=stem, evaluation.oracle=true; the options
    of trainer and paths; data.on_bad_image=skip.
    """
    from fakeid.commands.evaluate import evaluate as run_evaluate  # noqa: PLC0415 - torch takes seconds

    run_evaluate(checkpoint, targets, output, reals=reals)


@commands.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="RUN")
@click.argument("places", nargs=-1, required=True, metavar="PATH...")
@path("--csv", "FILE", "Write one CSV row per image.")
@click.option("--json", metavar="FILE", help="Write one line of JSON per image; - is standard output.")
@click.option("--resume", is_flag=True, help="Continue FILE where it was cut off.")
@click.option("--once", is_flag=True, help="Skip the check that calls survive mild changes; 4 times as fast.")
@click.option("--anyway", is_flag=True, help="Accept a detector trained on drawings (data=demo).")
@click.option("--device", type=click.Choice(("cpu", "cuda", "mps")), help="[default: the fastest]")
@path("--evidence", "DIR", "Write a figure per image that shows where its score comes from.")
@path("--genuine", "FILE", "Photo known to be genuine, shown in each figure for comparison.")
@number("--max-tiles", 64, "Maximum number of squares scored per image.")
@number("--max-megapixels", 100, "Refuse larger images.")
def predict(checkpoint: Path, places: tuple[str, ...], **options: Any) -> None:
    """Judge images as real, fake or unsure, and say why.

    RUN is the folder of a finished run, or its tested.ckpt. Each PATH is an image, a folder of images, or a pattern in
    quotes.

    The verdict is unsure if calls at the image's score were wrong too often on validation images, or if the call flips
    after JPEG 90, scaling by 0.9 or a shifted crop. Large images are scored in squares at full resolution. Caveats
    follow where an image differs from the training images, for example in its codec. A file that cannot be read
    becomes a row with its error.
    """
    from fakeid.commands.predict import PredictOptions  # noqa: PLC0415 - torch takes seconds
    from fakeid.commands.predict import predict as run_predict  # noqa: PLC0415

    run_predict(checkpoint, places, PredictOptions(**options))


@commands.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--reals", multiple=True, required=True, metavar="PATH", help="Real photos; may be given several times.")
@click.option("--fpr", "rate", type=float, default=0.05, show_default=True, help="Share of them to call fake.")
@path("--output", "FILE", "New checkpoint.  [default: calibrated.ckpt beside RUN's]")
@click.option("--anyway", is_flag=True, help="Accept a detector trained on drawings (data=demo).")
@click.option("--device", type=click.Choice(("cpu", "cuda", "mps")), help="[default: the fastest]")
def calibrate(checkpoint: Path, reals: tuple[str, ...], rate: float, output: Path | None, **options: Any) -> None:
    """Set the threshold of a detector from your own photos.

    Scores real photos that were not trained on and are of the kind to be judged, and writes a new checkpoint whose
    threshold calls 5 % of them fake, with an interval of that rate for further photos of the kind. Scores within the
    uncertainty of the threshold are unsure. A rate of 5 % needs at least 19 photos; hundreds narrow the interval.
    """
    from fakeid.commands.calibrate import calibrate as run_calibrate  # noqa: PLC0415 - torch takes seconds

    run_calibrate(checkpoint, reals, rate, output, **options)


@commands.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="RUN")
@click.argument("output", type=click.Path(path_type=Path), metavar="OUTPUT")
def export(checkpoint: Path, output: Path) -> None:
    """Export a detector as one ONNX file.

    The graph maps RGB uint8 (N, H, W, 3) to logits and P(fake); `fakeid predict OUTPUT` runs it with onnxruntime,
    without torch. The file is kept only if its scores agree with torch's. A model card beside it says what the detector
    was trained on, how well it performs and what it is for.
    """
    from fakeid.commands.export import export as run_export  # noqa: PLC0415 - torch takes seconds

    run_export(checkpoint, output)


@commands.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--all-pairs", is_flag=True, help="Compare every pair, not only each RUN with the first.")
@path("--output", "DIR", "Output folder.  [default: one in comparisons, beside the first RUN]")
def compare(runs: tuple[Path, ...], output: Path | None, all_pairs: bool) -> None:
    """Test which differences between detectors are significant.

    Compares each RUN with the first on the test images that all of them scored. A RUN is the folder of a finished run,
    or a scores.csv of any detector. Compares all images, seen and unseen content and generators, and each category,
    test set and degradation, by paired tests with Holm's correction, and writes a table, a figure and a page. Runs that
    differ only by seed count as one detector.
    """
    from fakeid.commands.compare import write_comparison  # noqa: PLC0415 - matplotlib takes a second

    write_comparison(runs, output, all_pairs=all_pairs)


@commands.command()
@_directory
def report(directory: Path) -> None:
    """Write tables, figures and a page about the runs in a folder.

    Averages the finished runs below DIR (the paths.runs of their training) over their seeds, compares them on the same
    test images, prints the answer, and writes DIR/report: a page, tables (CSV, Markdown, LaTeX) and figures (PNG, SVG).
    """
    from fakeid.sweeps.report import write_report  # noqa: PLC0415 - matplotlib takes a second

    write_report(directory)


@commands.command()
@_directory
def dashboard(directory: Path) -> None:
    """Write a W&B report whose panels compare the runs in a folder.

    Rewrites the report of DIR, logs it to W&B, and creates a W&B report about the runs: settings against the number of
    categories, every run, learning curves, and tables. Needs a W&B login and pip install -e ".[dashboard]"; later calls
    update the same W&B report.
    """
    from fakeid.commands.dashboard import write_dashboard  # noqa: PLC0415 - wandb takes a second

    write_dashboard(directory)


@commands.command()
@_directory
def status(directory: Path) -> None:
    """Show the state of each run in a folder and why runs failed.

    Lists the runs below DIR, the best on unseen content first, and the process that last worked on each unfinished one.
    Exits with 1 if a run failed or is damaged.
    """
    from fakeid.commands.status import print_status  # noqa: PLC0415
    from fakeid.runs.layout import FAILED  # noqa: PLC0415 - each command loads what it needs
    from fakeid.runs.states import DAMAGED  # noqa: PLC0415

    if any(state.name in (FAILED, DAMAGED) for state in print_status(directory).values()):
        raise SystemExit(1)


commands.add_command(benchmark)
