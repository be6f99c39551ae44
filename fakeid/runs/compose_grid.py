"""The cells that `python sweep.py -m` would have, from the same words."""

from collections.abc import Sequence

from hydra import compose
from omegaconf import OmegaConf

from fakeid.runs.compose import presets
from fakeid.runs.grid import Cell, build_cells, expand_grid
from fakeid.runs.sweeper import register_sweeper


def compose_grid(words: Sequence[str]) -> list[Cell]:
    """Every cell once, checked.

    Args:
        words: What would be typed after `python sweep.py -m`, such as `grid=paper` or `seed=0,1,2`.

    Raises:
        ConfigError: Every mistake in the whole grid.
        HydraException: A word that is no override, or an unknown choice.
    """
    register_sweeper()
    with presets():
        grid = [word for word in words if word.startswith("grid=") and "," not in word]  # of several says expand_grid
        chosen = compose("sweep", grid, return_hydra_config=True)
        experiments = OmegaConf.to_container(chosen.hydra.sweeper.experiments)
        assert isinstance(experiments, list)
        return build_cells(expand_grid(experiments, words), lambda overrides: compose("sweep", overrides))
