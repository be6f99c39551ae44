"""Read the command line of `fakeid` and `python -m fakeid`; a command loads what it needs when it is called."""

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
"""Environment variable by which click's shell scripts ask for words."""

_overrides = words("overrides", "[OPTION=VALUE]...")
_directory = click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command.

    Args:
        arguments: What was typed after `fakeid`; None reads it from the process.
    """
    typed = sys.argv[1:] if arguments is None else list(arguments)
    name = "python -m fakeid" if Path(sys.argv[0]).name == "__main__.py" else "fakeid"
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
    """Add a command that hands everything on to Hydra, `--help` as well."""
    settings = {"ignore_unknown_options": True, "allow_extra_args": True}

    @commands.command(name, context_settings=settings, add_help_option=False, help=summary)
    @words("typed", "[OPTION=VALUE]...", type=click.UNPROCESSED)
    def run(typed: tuple[str, ...]) -> None:
        from fakeid.commands import entry_points  # noqa: PLC0415 - Hydra takes a while

        sys.argv = [f"fakeid {name}", *typed]
        (entry_points.run_train if name == "train" else entry_points.run_sweep)()


_add_program("train", "Train one detector and test it, like train.py.")
_add_program("sweep", "Train a grid of detectors and report on it, like sweep.py.")


@commands.command()
@_overrides
def doctor(overrides: tuple[str, ...]) -> None:
    """Describe this machine; say which images are there or missing.

    Looks for the images of a data set, where and how many, without reading one, with the options of train.py. Without
    options it looks for LSUN's databases and ProGAN's samples in this folder. Exits with 1 if something is missing.
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
@path("--output", "FILE", "The list.  [default: a file in paths.runs/plans]")
def plan(overrides: tuple[str, ...], output: Path | None) -> None:
    """Count the images of each kind that a run takes; list them.

    Draws the images of a run as train.py does with the same options, prints the counts and writes the list with a
    digest.
    """
    from fakeid.commands.plan import write_plan  # noqa: PLC0415
    from fakeid.config.compose import compose_config  # noqa: PLC0415

    write_plan(compose_config(overrides), output)


@commands.command()
@_overrides
@click.option("--rebuild", is_flag=True, help="Delete what is packed and start anew.")
@click.option("--verify", is_flag=True, help="Read every byte afterwards and compare the digests.")
def prepare(overrides: tuple[str, ...], rebuild: bool, verify: bool) -> None:
    """Decode and pack the images ahead of the trainings.

    Decodes, prepares and packs the images of a run once, on all cores; the options are those of train.py, and several
    values, as in categories=1,2,5, pack those of a whole grid. Continues where it was stopped.
    """
    from fakeid.config.compose import compose_configs  # noqa: PLC0415
    from fakeid.sweeps.images import prepare as run_prepare  # noqa: PLC0415

    run_prepare(compose_configs(overrides), rebuild=rebuild, verify=verify)


@commands.command()
@_overrides
@number("--per-class", 1000, "Training images of each class.")
@path("--output", "DIR", "Folder of the files.  [default: one in paths.runs/audits]")
def audit(overrides: tuple[str, ...], per_class: int, output: Path | None) -> None:
    """Ask what tells the classes apart without looking for a GAN.

    Compares the files and pixel statistics of reals and fakes, probes how well they tell the class, looks for
    duplicates across training, validation and test, and writes audit.json and audit.html. The options are those of
    train.py.
    """
    from fakeid.commands.audit import run_audit  # noqa: PLC0415
    from fakeid.config.compose import compose_config  # noqa: PLC0415

    run_audit(compose_config(overrides), output, per_class=per_class)


@commands.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="RUN")
@words("targets", "[DIR|OPTION=VALUE]...")
@click.option(
    "--reals", multiple=True, metavar="DIR", help="Real photos alone, in any folders: how many are called fake?"
)
@path("--output", "DIR", "Folder of the files.  [default: one in the run's folder]")
def evaluate(checkpoint: Path, targets: tuple[str, ...], reals: tuple[str, ...], output: Path | None) -> None:
    """Test a detector on new content, new generators, degradations.

    Scores every image, clean and under each degradation, and writes scores.csv, evaluation.json, figures and a page
    with all metrics, the swap test, controls and calibration. Continues where it was stopped.

    RUN is a finished run's folder, or its tested.ckpt.

    DIR are folders to test on, DIR or NAME:DIR, laid out as [generator/][category/]{0_real,1_fake}; test is the run's
    own test images, which are tested where no DIR is given. Of a folder with one class alone, or of
    --reals, the share that is called fake is told.

    Options: evaluation=matrix (default), quick or test, evaluation.degradations=[jpeg-90,blur-1],
    evaluation.per_class=50, evaluation.controls=[NAME], evaluation.cluster=stem, evaluation.oracle=true; those of
    trainer and paths; data.on_bad_image=skip.
    """
    from fakeid.commands.evaluate import evaluate as run_evaluate  # noqa: PLC0415 - torch takes seconds

    run_evaluate(checkpoint, targets, output, reals=reals)


@commands.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="RUN")
@click.argument("places", nargs=-1, required=True, metavar="PATH...")
@path("--csv", "FILE", "Write a row for each image.")
@click.option("--json", metavar="FILE", help="Write a line of JSON for each image; - is standard output.")
@click.option("--resume", is_flag=True, help="Continue FILE where it was cut off.")
@click.option("--once", is_flag=True, help="Score once: do not check that calls survive mild changes; 4 times as fast.")
@click.option("--anyway", is_flag=True, help="Take a detector that was trained on drawings too.")
@click.option("--device", type=click.Choice(("cpu", "cuda", "mps")), help="[default: the fastest]")
@path("--evidence", "DIR", "Draw for each image where its score comes from.")
@path("--genuine", "FILE", "A photo that you know to be genuine, drawn beside.")
@number("--max-tiles", 64, "Squares of an image that are scored, at most.")
@number("--max-megapixels", 100, "Larger images are refused.")
def predict(checkpoint: Path, places: tuple[str, ...], **options: Any) -> None:
    """Say of images whether they are real, fake, or unsure, and why.

    RUN is a finished run's folder, or its tested.ckpt. PATH are images, folders of images, and patterns in quotes.

    An image is unsure where calls at its score were wrong too often on validation images, or where the call flips after
    JPEG 90, scaling by 0.9 or a shifted crop. Large images are scored in squares at full resolution. What a verdict
    does not know of an image, such as a codec that was not trained on, follows as a caveat. A file that cannot be read
    is a row with its error.
    """
    from fakeid.commands.predict import PredictOptions  # noqa: PLC0415 - torch takes seconds
    from fakeid.commands.predict import predict as run_predict  # noqa: PLC0415

    run_predict(checkpoint, places, PredictOptions(**options))


@commands.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--reals", multiple=True, required=True, metavar="PATH", help="Real photos; may be given several times.")
@click.option("--fpr", "rate", type=float, default=0.05, show_default=True, help="Share of them to be called fake.")
@path("--output", "FILE", "The new checkpoint.  [default: calibrated.ckpt beside RUN's]")
@click.option("--anyway", is_flag=True, help="Take a detector that was trained on drawings too.")
@click.option("--device", type=click.Choice(("cpu", "cuda", "mps")), help="[default: the fastest]")
def calibrate(checkpoint: Path, reals: tuple[str, ...], rate: float, output: Path | None, **options: Any) -> None:
    """Choose the threshold by your own photos.

    Scores real photos that were not trained on, of the kind that will be judged, and writes a new checkpoint whose
    threshold calls 5 % of them fake, with the interval of that rate for more of the kind. What lies within the
    uncertainty of the threshold is unsure. 19 photos are the least for 5 %; hundreds make the interval narrow.
    """
    from fakeid.commands.calibrate import calibrate as run_calibrate  # noqa: PLC0415 - torch takes seconds

    run_calibrate(checkpoint, reals, rate, output, **options)


@commands.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="RUN")
@click.argument("output", type=click.Path(path_type=Path), metavar="OUTPUT")
def export(checkpoint: Path, output: Path) -> None:
    """Write a detector as one ONNX file.

    The graph takes RGB uint8 (N, H, W, 3) and gives logits and P(fake); `fakeid predict OUTPUT` runs it by onnxruntime,
    without torch. It is compared with torch before it is kept. Beside it a model card says what it was trained on, how
    well it does, and what it is for.
    """
    from fakeid.commands.export import export as run_export  # noqa: PLC0415 - torch takes seconds

    run_export(checkpoint, output)


@commands.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--all-pairs", is_flag=True, help="Each with each, not only with the first.")
@path("--output", "DIR", "Folder of the files.  [default: one in comparisons, beside the first RUN]")
def compare(runs: tuple[Path, ...], output: Path | None, all_pairs: bool) -> None:
    """Test which differences between detectors are significant.

    Compares each RUN, the folder of a finished run or a scores.csv of any detector, with the first on the test images
    that all have scored: all of them, seen and unseen content and generators, each category, test set and degradation;
    paired tests with Holm's correction, in a table, a figure and a page. Runs that differ by seed alone count as one
    detector.
    """
    from fakeid.commands.compare import write_comparison  # noqa: PLC0415 - matplotlib takes a second

    write_comparison(runs, output, all_pairs=all_pairs)


@commands.command()
@_directory
def report(directory: Path) -> None:
    """Write tables, figures and a page over the runs of a folder.

    Averages the finished runs below DIR, which was given as paths.runs, over their seeds, compares them on the same
    test images, prints the answer, and writes DIR/report: a page, tables (CSV, Markdown, LaTeX) and figures (PNG, SVG).
    """
    from fakeid.sweeps.report import write_report  # noqa: PLC0415 - matplotlib takes a second

    write_report(directory)


@commands.command()
@_directory
def dashboard(directory: Path) -> None:
    """Write a W&B report whose panels compare the runs of a folder.

    Writes the report of DIR anew, logs it to W&B, and writes a W&B report over the runs: settings against the number
    of categories, every run, learning curves, tables. Needs a W&B login and pip install -e ".[dashboard]"; later calls
    update the same W&B report.
    """
    from fakeid.commands.dashboard import write_dashboard  # noqa: PLC0415 - wandb takes a second

    write_dashboard(directory)


@commands.command()
@_directory
def status(directory: Path) -> None:
    """Say what became of the runs of a folder, and why some failed.

    Lists the runs below DIR and who is at them, the best on unseen content first. Exits with 1 if one failed or is
    damaged.
    """
    from fakeid.commands.status import print_status  # noqa: PLC0415
    from fakeid.runs.layout import FAILED  # noqa: PLC0415 - each command loads what it needs
    from fakeid.runs.states import DAMAGED  # noqa: PLC0415

    if any(state.name in (FAILED, DAMAGED) for state in print_status(directory).values()):
        raise SystemExit(1)


commands.add_command(benchmark)
