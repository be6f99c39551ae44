"""The commands beside `train.py`: `python -m fakeid COMMAND --help`. Each loads what it needs when it is called."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from fakeid.terminal import command_line_errors

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command.

    Args:
        arguments: What was typed after `python -m fakeid`; None reads it from the process.
    """
    parser = argparse.ArgumentParser(prog="python -m fakeid", description="Tools beside train.py.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_doctor(commands)
    _add_plan(commands)
    _add_prepare(commands)
    _add_audit(commands)
    _add_evaluate(commands)
    _add_benchmark(commands)
    _add_compare(commands)
    _add_report(commands)
    _add_dashboard(commands)
    _add_status(commands)
    with command_line_errors():
        options = _parse(parser, arguments)
        command = options.pop("command")
        command(**options)


def _parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> dict[str, Any]:
    """As `parse_args`, but lists of words may go on behind `--switches`, where argparse does not look for them."""
    known, more = parser.parse_known_args(arguments)
    options = vars(known)
    words: list[str] | None = next((options[name] for name in ("overrides", "words", "runs") if name in options), None)
    if more and (words is None or any(word.startswith("-") for word in more)):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if words is not None:
        words += more
    return options


def _add_with_options(commands: _Commands, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    """A command that takes the options of `train.py`."""
    parser = commands.add_parser(name, help=summary, description=description)
    parser.add_argument(
        "overrides", nargs="*", metavar="OPTION=VALUE", help="as for train.py, such as data=lsun_progan paths.data=DIR"
    )
    return parser


def _add_doctor(commands: _Commands) -> None:
    parser = _add_with_options(
        commands,
        "doctor",
        "what this machine has; which images are where, how many, and which files are missing",
        "Describes the machine and looks for the images of a data set without reading one. Without options it looks "
        "for LSUN's databases and ProGAN's samples in this folder. Exits with 1 if something is missing.",
    )

    def run(overrides: list[str]) -> None:
        from fakeid.runs.compose import compose_config  # noqa: PLC0415 - each command loads what it needs
        from fakeid.runs.doctor import run_doctor  # noqa: PLC0415

        typed = {word.partition("=")[0] for word in overrides}
        source = [] if "data" in typed else ["data=lsun_progan"]
        place = [] if {"data", "paths.data", "data.real.root"} & typed else ["paths.data=."]
        if not run_doctor(compose_config([*source, *place, *overrides])):
            raise SystemExit(1)

    parser.set_defaults(command=run)


def _add_plan(commands: _Commands) -> None:
    parser = _add_with_options(
        commands,
        "plan",
        "how many images of which kind a run takes, and the list of them",
        "Draws the images of a run as train.py does, prints the counts and writes the list with a digest.",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="the list (default: a file in paths.runs/plans)")

    def run(overrides: list[str], output: Path | None) -> None:
        from fakeid.runs.compose import compose_config  # noqa: PLC0415
        from fakeid.runs.outputs import locate_plan  # noqa: PLC0415
        from fakeid.runs.plan import write_plan  # noqa: PLC0415

        config = compose_config(overrides)
        write_plan(config, output or locate_plan(config))

    parser.set_defaults(command=run)


def _add_prepare(commands: _Commands) -> None:
    parser = _add_with_options(
        commands,
        "prepare",
        "decode and pack the images ahead of the trainings",
        "Decodes, prepares and packs the images of a run once, on all cores; several values, as in categories=1,2,5, "
        "pack those of a whole grid. Continues where it was stopped.",
    )
    parser.add_argument("--rebuild", action="store_true", help="delete what is packed and start anew")
    parser.add_argument("--verify", action="store_true", help="read every byte afterwards and compare the digests")

    def run(overrides: list[str], rebuild: bool, verify: bool) -> None:
        from fakeid.runs.compose import compose_configs  # noqa: PLC0415
        from fakeid.runs.prepare import prepare  # noqa: PLC0415

        prepare(compose_configs(overrides), rebuild=rebuild, verify=verify)

    parser.set_defaults(command=run)


def _add_audit(commands: _Commands) -> None:
    parser = _add_with_options(
        commands,
        "audit",
        "can the classes be told apart without looking for a GAN?",
        "Compares the files and pixel statistics of reals and fakes, probes how well they tell the class, looks for "
        "duplicates across training, validation and test, and writes audit.json and audit.html.",
    )
    parser.add_argument(
        "--per-class", type=_positive, default=1000, help="training images of each class (default: 1000)"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="of the files (default: one in paths.runs/audits)")

    def run(overrides: list[str], per_class: int, output: Path | None) -> None:
        from fakeid.runs.audit import run_audit  # noqa: PLC0415
        from fakeid.runs.compose import compose_config  # noqa: PLC0415
        from fakeid.runs.outputs import locate_audit  # noqa: PLC0415

        config = compose_config(overrides)
        run_audit(config, output or locate_audit(config, per_class), per_class=per_class)

    parser.set_defaults(command=run)


def _add_evaluate(commands: _Commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="test a trained detector on other content, other generators, degraded images",
        description="Scores every image as it is and under each degradation, and writes scores.csv, evaluation.json, "
        "figures and a page with all metrics, the swap test, controls and calibration. Without DIR it tests the run's "
        "own test images. Continues where it was stopped.",
    )
    parser.add_argument("checkpoint", type=Path, metavar="RUN", help="a finished run's folder, or its tested.ckpt")
    parser.add_argument(
        "words",
        nargs="*",
        metavar="DIR|OPTION=VALUE",
        help="folders to test on, DIR or NAME:DIR, laid out as [generator/][category/]{0_real,1_fake}; test is the "
        "run's own test images. Options: evaluation=matrix (default), quick or test, "
        "evaluation.degradations=[jpeg-90,blur-1], evaluation.per_class=50, evaluation.controls=[NAME], "
        "evaluation.cluster=stem, evaluation.oracle=true; those of trainer and paths; data.on_bad_image=skip",
    )
    parser.add_argument("--output", type=Path, help="folder of the files (default: in the run's folder)")

    def run(checkpoint: Path, words: list[str], output: Path | None) -> None:
        from fakeid.runs.evaluation_command import evaluate  # noqa: PLC0415 - torch takes seconds

        evaluate(checkpoint, words, output)

    parser.set_defaults(command=run)


def _add_benchmark(commands: _Commands) -> None:
    parser = commands.add_parser(
        "benchmark",
        help="speed of training or of reading images; the hours of a sweep; do the statistics keep their word?",
        description="training: trains Pelee+HPF for a few steps, as fakeid does in float32 and bf16, and as a loop by "
        "the paper's authors does (float32, NCHW, PIL and ImageFolder, no workers), with freed memory treated as "
        "theirs is and as ours is; each in fresh processes, by turns. data: lists, reads and packs photos and a large "
        "made-up set in the formats of LSUN and ProGAN; takes some minutes and 3 GB in the folder of temporary files. "
        "sweep: estimates the hours of a grid, with the options of sweep.py, from a few steps with each of its "
        "networks, and measures what each cell takes beside; the images need not be there. "
        "statistics: draws scores whose truth is known and counts false claims, intervals that hold the truth, and "
        "true differences that are seen; a quarter of an hour on 2 cores.",
    )
    parser.add_argument(
        "overrides", nargs="*", metavar="WHAT", help="training (default), data, statistics, or sweep [OPTION=VALUE ...]"
    )
    parser.add_argument("--steps", type=_positive, default=4, help="measured steps of each kind (default: 4)")
    parser.add_argument("--rounds", type=_positive, default=3, help="repetitions of training and data (default: 3)")
    training = parser.add_argument_group("training")
    training.add_argument("--image-px", type=_positive, default=256, help="side of the images (default: 256)")
    training.add_argument("--batch-size", type=_positive, default=64, help="images a step (default: 64)")
    training.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto", help="(default: auto)")
    training.add_argument("--threads", type=_positive, help="of the CPU (default: one a core, or OMP_NUM_THREADS)")
    training.add_argument(
        "--compile", dest="compiled", action="store_true", help="also with our backbone compiled; minutes on a CPU"
    )
    data = parser.add_argument_group("data")
    data.add_argument("--photos", type=Path, metavar="DIR", help="JPEG files, such as LSUN's (default: 300 drawn ones)")
    data.add_argument("--records", type=_positive, default=200_000, help="size of the made-up set (default: 200000)")
    data.add_argument("--keys", type=_positive, default=3_000_000, help="keys to list (default: 3000000)")
    grid = parser.add_argument_group("sweep")
    grid.add_argument("--sweep", action="store_true", help="the same as the word sweep")
    grid.add_argument(
        "--cells",
        type=_positive,
        default=4,
        help="tiny cells to train; from 15 on also: does memory grow? (default: 4)",
    )
    statistics = parser.add_argument_group("statistics")
    statistics.add_argument("--pages", type=_positive, default=200, help="draws of each kind (default: 200)")
    statistics.add_argument("--seed", type=int, default=0, help="of the draws (default: 0)")
    statistics.add_argument("--processes", type=_positive, help="at the same time (default: one a core)")
    statistics.add_argument("--out", type=Path, metavar="FILE", help="write Markdown instead of printing the tables")

    def run(overrides: list[str], sweep: bool, cells: int, **options: Any) -> None:
        if sweep and overrides[:1] != ["sweep"]:
            overrides = ["sweep", *overrides]
        what, *rest = overrides or ["training"]
        if what not in ("training", "data", "sweep", "statistics") or (rest and what != "sweep"):
            parser.error(f"expected training, data, statistics, or sweep with options, got {' '.join(overrides)}")
        of_data = {name: options.pop(name) for name in ("photos", "records", "keys")}
        of_statistics = {name: options.pop(name) for name in ("pages", "seed", "processes", "out")}
        if what == "sweep":
            from fakeid.benchmarks.sweep import run_sweep_benchmark  # noqa: PLC0415 - each loads what it needs

            run_sweep_benchmark(rest, cells=cells, steps=options["steps"])
        elif what == "statistics":
            from fakeid.benchmarks.statistics import run_statistics_benchmark  # noqa: PLC0415

            run_statistics_benchmark(**of_statistics)
        elif what == "data":
            from fakeid.benchmarks.data import run_data_benchmark  # noqa: PLC0415 - torch takes seconds

            run_data_benchmark(**of_data, rounds=options["rounds"])
        else:
            from fakeid.benchmarks.training import run_benchmark  # noqa: PLC0415

            run_benchmark(**options)

    parser.set_defaults(command=run)


def _add_compare(commands: _Commands) -> None:
    parser = commands.add_parser(
        "compare",
        help="two detectors or more on the same images: which differences are significant",
        description="Compares each RUN with the first on the test images that all have scored: all of them, seen and "
        "unseen content and generators, each category, test set and degradation; paired tests with Holm's correction, "
        "in a table, a figure and a page. Runs that differ by seed alone count as one detector.",
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="the folder of a finished run, or a scores.csv of any detector"
    )
    parser.add_argument("--all-pairs", action="store_true", help="each with each, not only with the first")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="of the files (default: one in comparisons, beside the first RUN)"
    )

    def run(runs: list[str], output: Path | None, all_pairs: bool) -> None:
        from fakeid.runs.compare import write_comparison  # noqa: PLC0415 - matplotlib takes a second
        from fakeid.runs.outputs import locate_comparison  # noqa: PLC0415

        paths = [Path(name) for name in runs]
        write_comparison(paths, output or locate_comparison(paths, all_pairs=all_pairs), all_pairs=all_pairs)

    parser.set_defaults(command=run)


def _add_report(commands: _Commands) -> None:
    parser = commands.add_parser(
        "report",
        help="tables, figures, paired tests and a page over all finished runs of a folder",
        description="Averages the finished runs below DIR over their seeds, compares them on the same test images, "
        "prints the answer, and writes DIR/report: a page, tables (CSV, Markdown, LaTeX) and figures (PNG, SVG).",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder given as paths.runs")

    def run(directory: Path) -> None:
        from fakeid.runs.report import write_report  # noqa: PLC0415 - matplotlib takes a second

        write_report(directory)

    parser.set_defaults(command=run)


def _add_dashboard(commands: _Commands) -> None:
    parser = commands.add_parser(
        "dashboard",
        help="a W&B report whose panels compare the runs of a folder",
        description="Writes the report of DIR anew, logs it to W&B, and writes a W&B report over the runs: settings "
        "against the number of categories, every run, learning curves, tables. Needs a W&B login and "
        'pip install -e ".[dashboard]"; later calls update the same W&B report.',
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder given as paths.runs")

    def run(directory: Path) -> None:
        from fakeid.runs.dashboard import write_dashboard  # noqa: PLC0415 - wandb takes a second

        write_dashboard(directory)

    parser.set_defaults(command=run)


def _add_status(commands: _Commands) -> None:
    parser = commands.add_parser(
        "status",
        help="what became of the runs of a folder, who is at it, and why some failed",
        description="Lists the runs below DIR, the best on unseen content first. Exits with 1 if one failed or is "
        "damaged.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder given as paths.runs")

    def run(directory: Path) -> None:
        from fakeid.runs.layout import FAILED  # noqa: PLC0415 - each command loads what it needs
        from fakeid.runs.states import DAMAGED  # noqa: PLC0415
        from fakeid.runs.status import print_status  # noqa: PLC0415

        if any(state.name in (FAILED, DAMAGED) for state in print_status(directory).values()):
            raise SystemExit(1)

    parser.set_defaults(command=run)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value
