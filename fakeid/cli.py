"""The commands beside `train.py`: `python -m fakeid COMMAND --help`. Each loads what it needs when it is called."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from fakeid.terminal import user_errors


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command.

    Args:
        arguments: What was typed after `python -m fakeid`; None reads it from the process.
    """
    parser = argparse.ArgumentParser(prog="python -m fakeid", description="Tools beside train.py.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_benchmark(commands)
    _add_report(commands)
    options = vars(parser.parse_args(arguments))
    command = options.pop("command")
    with user_errors():
        command(**options)


def _add_benchmark(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "benchmark",
        help="images per second of training, against a loop as the paper's authors wrote it",
        description="Trains Pelee+HPF for a few steps, as fakeid and as a paper-style loop do (float32, NCHW, "
        "PIL and ImageFolder, no workers); prints images per second and their ratio.",
    )
    parser.add_argument("--image-px", type=_positive, default=256, help="side of the images (default: 256)")
    parser.add_argument("--batch-size", type=_positive, default=64, help="images a step (default: 64)")
    parser.add_argument("--steps", type=_positive, default=4, help="measured steps of each kind (default: 4)")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto")
    parser.add_argument(
        "--compile", dest="compiled", action="store_true", help="compile our backbone first; takes minutes on a CPU"
    )

    def run(**options: object) -> None:
        from fakeid.runs.benchmark import run_benchmark  # noqa: PLC0415 - torch takes seconds

        run_benchmark(**options)  # type: ignore[arg-type]

    parser.set_defaults(command=run)


def _add_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "report",
        help="accuracy against the number of training categories, over all finished runs of a folder",
        description="Averages the finished runs below DIR over their seeds, prints the table and writes it to "
        "DIR/report with the figure.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder given as paths.runs")

    def run(directory: Path) -> None:
        from fakeid.runs.report import write_report  # noqa: PLC0415 - matplotlib takes a second

        write_report(directory)

    parser.set_defaults(command=run)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value
