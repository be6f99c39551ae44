"""Grids: which cells they have, and that nothing wrong in them is found late."""

import random
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from fakeid.cells import cell_id
from fakeid.config import parse, register_schema
from fakeid.errors import ConfigError
from fakeid.runs.grid import Cell, build_cells, expand_grid

CONF = Path(__file__).resolve().parents[2] / "conf"


@lru_cache
def build(grid: str, *arguments: str) -> list[Cell]:
    experiments = OmegaConf.to_container(OmegaConf.load(CONF / "grid" / f"{grid}.yaml"))["experiments"]
    register_schema()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return build_cells(
            expand_grid(experiments, [f"grid={grid}", *arguments]), lambda words: compose("train", words)
        )


def settings(cells: list[Cell]) -> Counter[tuple[str, str, float]]:
    return Counter((c.config.model.name, c.config.color.name.value, c.config.dropout) for c in cells)


def test_the_papers_seventy_configurations() -> None:
    cells = build("paper", "seed=0")
    assert settings(cells) == {
        ("pelee", "rgb", 0.0): 10, ("pelee", "hsv", 0.0): 10, ("pelee", "ycbcr", 0.0): 10, ("pelee", "rgb", 0.2): 10,
        ("pelee", "rgb", 0.5): 10, ("pelee", "hsv", 0.2): 10, ("legacy_xception", "rgb", 0.0): 10,
    }  # fmt: skip
    assert Counter(cell.config.categories for cell in cells) == dict.fromkeys(range(1, 11), 7)
    assert len({cell.run.path for cell in cells}) == 70
    assert Counter(cell.config.seed for cell in build("paper")) == {0: 70, 1: 70, 2: 70}


def test_the_full_ninety_configurations() -> None:
    cells = build("full", "seed=0")
    assert settings(cells) == {
        ("pelee", color, dropout): 10 for color in ("rgb", "hsv", "ycbcr") for dropout in (0, 0.2, 0.5)
    }
    assert len({cell.run.path for cell in cells}) == 90
    assert Counter(cell.config.seed for cell in build("full")) == {0: 90, 1: 90, 2: 90}


def test_a_cell_of_two_grids_has_one_folder() -> None:
    paper, full = ({cell.run.path for cell in build(grid, "seed=0")} for grid in ("paper", "full"))
    assert len(paper & full) == 60


def test_a_cell_of_several_experiments_is_kept_once() -> None:
    assert len(build("paper", "color=rgb", "dropout=0")) == 60  # Pelee and Xception


def test_typed_values_take_the_place_of_the_grids() -> None:
    cells = build("full", "categories=1,2", "seed=0,7", "color=rgb")
    assert len(cells) == 2 * 2 * 3
    assert {cell.config.seed for cell in cells} == {0, 7}


def test_every_setting_of_the_paper_is_in_the_smoke_grid() -> None:
    assert settings(build("smoke")).keys() == settings(build("paper")).keys()


@pytest.mark.parametrize("grid", ["paper", "smoke"])
def test_a_cell_is_what_train_makes_of_the_same_words(grid: str) -> None:
    cells = random.Random(0).sample(build(grid), 5)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for cell in cells:
            assert cell_id(parse(compose("train", list(cell.overrides)))) == cell.run.path.name


def test_all_mistakes_are_named_before_anything_starts() -> None:
    with pytest.raises(ConfigError) as refused:
        build("full", "dropout=0,7", "categories=1,12")
    assert "dropout must be in [0, 1), got 7.0" in str(refused.value)
    assert "categories must be between 1 and 10, got 12" in str(refused.value)
    assert "of 36 cells" in str(refused.value)


def test_two_grids_at_once_are_refused() -> None:
    with pytest.raises(ConfigError, match="grid takes one name"):
        expand_grid([], ["grid=full,paper"])


@pytest.mark.parametrize(("grid", "num_cells"), [("demo", 20), ("protocols", 60)])
def test_grids_that_a_headline_rests_on_have_five_seeds(grid: str, num_cells: int) -> None:
    cells = build(grid)
    assert Counter(cell.config.seed for cell in cells) == dict.fromkeys(range(5), num_cells // 5)
