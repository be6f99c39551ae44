"""Define the commands of `fakeid benchmark`; each imports what it needs when it is called."""

from pathlib import Path
from typing import Any

import click

from fakeid.commands.command_line import SuggestingGroup, number, path, words


@click.group(cls=SuggestingGroup, default="training")
def benchmark() -> None:
    """Measure training (default), data, sweeps or statistics."""


@benchmark.command()
@number("--steps", 4, "Measured steps of each loop.")
@number("--rounds", 3, "Repetitions.")
@number("--image-px", 256, "Side of the images in pixels.")
@number("--batch-size", 64, "Images per step.")
@click.option("--device", type=click.Choice(("auto", "cpu", "gpu")), default="auto", show_default=True)
@number("--threads", None, "CPU threads.  [default: one per core, or OMP_NUM_THREADS]")
@click.option("--compile", "compiled", is_flag=True, help="Also measure fakeid's backbone compiled; minutes on a CPU.")
def training(**options: Any) -> None:
    """Compare training speed with the loop of the paper's authors.

    Trains Pelee+HPF for a few steps, with fakeid in float32 and bf16, and with the loop of the paper's authors
    (float32, NCHW, PIL and ImageFolder, no workers), which is measured with freed memory handled its own way and
    fakeid's way. The loops take turns, each in fresh processes.
    """
    from fakeid.benchmarks.training import run_benchmark  # noqa: PLC0415 - torch takes seconds

    run_benchmark(**options)


@benchmark.command()
@path("--photos", "DIR", "Folder of JPEG files, such as LSUN's.  [default: 300 procedurally drawn ones]")
@number("--rounds", 3, "Repetitions.")
def data(**options: Any) -> None:
    """Measure how fast photos are read, packed and copied."""
    from fakeid.benchmarks.data import run_data_benchmark  # noqa: PLC0415 - torch takes seconds

    run_data_benchmark(**options)


@benchmark.command()
@words("overrides", "[OPTION=VALUE]...")
@number("--steps", 4, "Measured steps with each network.")
@number("--cells", 4, "Tiny cells to train.")
def sweep(overrides: tuple[str, ...], steps: int, cells: int) -> None:
    """Estimate how many hours a grid takes on this machine.

    Takes the options of sweep.py. Measures a few steps with each network of the grid, and the overhead of each cell on
    tiny ones. The images need not be present.
    """
    from fakeid.benchmarks.sweep import run_sweep_benchmark  # noqa: PLC0415 - each loads what it needs

    run_sweep_benchmark(overrides, num_runs=cells, steps=steps)


@benchmark.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), metavar="RUN")
@number("--rounds", 7, "Repetitions.")
@number("--batch-size", 16, "Squares scored at once.")
def prediction(**options: Any) -> None:
    """Compare prediction speed of torch and onnxruntime.

    Exports the detector of RUN and scores the same images with both on the CPU, in turns.
    """
    from fakeid.benchmarks.prediction import run_prediction_benchmark  # noqa: PLC0415 - torch takes seconds

    run_prediction_benchmark(**options)


@benchmark.command()
@number("--pages", 200, "Simulated pages of each kind.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the simulation.")
@number("--processes", None, "Parallel processes.  [default: one per core]")
@path("--out", "FILE", "Write Markdown instead of printing the tables.")
def statistics(**options: Any) -> None:
    """Count false claims, failing intervals and missed differences.

    Simulates scores whose truth is known and passes them to the code of the reports. Takes a quarter of an hour on 2
    cores.
    """
    from fakeid.benchmarks.statistics import run_statistics_benchmark  # noqa: PLC0415

    run_statistics_benchmark(**options)
