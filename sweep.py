"""Train a grid of detectors and report on all of them: `python sweep.py -m`, `python sweep.py --help`."""

import hydra
from omegaconf import DictConfig

from fakeid.completion import complete_values
from fakeid.config import parse, register_schema
from fakeid.option_help import register_help
from fakeid.terminal import command_line_errors, user_errors

with user_errors():  # OpenCV, which it loads, may not fit into the memory that is allowed
    from fakeid.runs.sweeper import register_sweeper

register_schema()
register_help()
complete_values(grids=True)
register_sweeper()


@hydra.main(version_base="1.3", config_path="conf", config_name="sweep")
def main(cfg: DictConfig) -> None:
    """Train one cell; whatever goes wrong stays with this cell, whose folder says what it was."""
    config = parse(cfg)
    from fakeid.runs.cell import train_cell  # noqa: PLC0415 - torch is loaded only once the grid is known to be right

    train_cell(config)


if __name__ == "__main__":
    with command_line_errors():
        main()
