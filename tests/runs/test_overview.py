"""What a sweep says of its seeds before it trains."""

import io
from pathlib import Path

from made_up_sweep import write_run
from rich.console import Console

from fakeid.runs.compose import compose_config
from fakeid.runs.grid import Cell
from fakeid.runs.layout import RunFolder
from fakeid.runs.overview import Overview


def print_plan(root: Path, seeds: range) -> str:
    words = [("logger=csv", f"paths.runs={root}", f"seed={seed}") for seed in seeds]
    configs = [compose_config(list(each)) for each in words]
    cells = [Cell(each, config, RunFolder.locate(config)) for each, config in zip(words, configs, strict=True)]
    console = Console(file=io.StringIO(), width=120)
    Overview(cells, console).print_plan([cell for cell in cells if not cell.run.is_done()])
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_seeds_of_the_whole_grid_count_those_that_are_done_too(tmp_path: Path) -> None:
    for seed in range(2):
        write_run(tmp_path, f"seed={seed}")
    said = print_plan(tmp_path, range(3))
    assert "3 cells: 2 done, 1 new" in said
    assert "1 to train, about" in said
    assert "3 seeds of each configuration; seed=0 trains only one, in 1/3 of the time" in said


def test_one_seed_judges_nothing(tmp_path: Path) -> None:
    assert "one seed: the report shows each run and judges no difference" in print_plan(tmp_path, range(1))
