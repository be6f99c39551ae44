"""The commands of `fakeid benchmark`; each loads what it needs when it is called."""

from pathlib import Path
from typing import Any

import click

from fakeid.commands.command_line import SuggestingGroup, number, path, words


@click.group(cls=SuggestingGroup, default="training")
def benchmark() -> None:
    """Measure training (default), reading, a sweep, the statistics."""


@benchmark.command()
@number("--steps", 4, "Measured steps of each kind.")
@number("--rounds", 3, "Repetitions.")
@number("--image-px", 256, "Side of the images.")
@number("--batch-size", 64, "Images a step.")
@click.option("--device", type=click.Choice(("auto", "cpu", "gpu")), default="auto", show_default=True)
@number("--threads", None, "Of the CPU.  [default: one a core, or OMP_NUM_THREADS]")
@click.option("--compile", "compiled", is_flag=True, help="Also with our backbone compiled; minutes on a CPU.")
def training(**options: Any) -> None:
    """Train for a few steps beside the loop of the paper's authors.

    Pelee+HPF, as fakeid does in float32 and bf16, and as a loop by the paper's authors does (float32, NCHW, PIL and
    ImageFolder, no workers), with freed memory treated as theirs is and as ours is; each in fresh processes, by turns.
    """
    from fakeid.benchmarks.training import run_benchmark  # noqa: PLC0415 - torch takes seconds

    run_benchmark(**options)


@benchmark.command()
@path("--photos", "DIR", "JPEG files, such as LSUN's.  [default: 300 drawn ones]")
@number("--rounds", 3, "Repetitions.")
def data(**options: Any) -> None:
    """Measure how photos are read, packed and paired with copies."""
    from fakeid.benchmarks.data import run_data_benchmark  # noqa: PLC0415 - torch takes seconds

    run_data_benchmark(**options)


@benchmark.command()
@words("overrides", "[OPTION=VALUE]...")
@number("--steps", 4, "Measured steps with each network.")
@number("--cells", 4, "Tiny cells to train.")
def sweep(overrides: tuple[str, ...], steps: int, cells: int) -> None:
    """Estimate the hours of a grid, with the options of sweep.py.

    From a few steps with each of its networks; also measures what each cell takes beside. The images need not be there.
    """
    from fakeid.benchmarks.sweep import run_sweep_benchmark  # noqa: PLC0415 - each loads what it needs

    run_sweep_benchmark(overrides, num_runs=cells, steps=steps)


@benchmark.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="RUN")
@number("--rounds", 7, "Repetitions.")
@number("--batch-size", 16, "Squares that are scored at once.")
def prediction(**options: Any) -> None:
    """Score by torch and by onnxruntime.

    Exports the detector of RUN and scores the same images by both on the CPU, by turns.
    """
    from fakeid.benchmarks.prediction import run_prediction_benchmark  # noqa: PLC0415 - torch takes seconds

    run_prediction_benchmark(**options)


@benchmark.command()
@number("--pages", 200, "Draws of each kind.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draws.")
@number("--processes", None, "At the same time.  [default: one a core]")
@path("--out", "FILE", "Write Markdown instead of printing the tables.")
def statistics(**options: Any) -> None:
    """Count false claims, failing intervals and missed differences.

    Draws scores whose truth is known, and gives them to the code of the reports; a quarter of an hour on 2 cores.
    """
    from fakeid.benchmarks.statistics import run_statistics_benchmark  # noqa: PLC0415

    run_statistics_benchmark(**options)
