"""The cells of grids, and that every mistake in a grid is found early."""

import itertools
import random
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest
from hydra import compose
from omegaconf import OmegaConf

from fakeid.config.compose import compose_config, presets
from fakeid.config.constants import GAN_FAMILIES
from fakeid.config.identity import name_run
from fakeid.config.parse import Config, parse
from fakeid.config.presets import GRID, list_choices, locate_presets
from fakeid.errors import ConfigError
from fakeid.sweeps import grid as grids
from fakeid.sweeps.grid import PlannedRun, check_intended, expand_grid
from fakeid.sweeps.sweeper import compose_grid


@lru_cache
def build(grid: str, *arguments: str) -> list[PlannedRun]:
    return compose_grid([f"grid={grid}", *arguments])


def expand(grid: str) -> list[dict[str, str]]:
    """Return the options of each cell by name, as typed."""
    experiments = OmegaConf.to_container(OmegaConf.load(locate_presets() / "grid" / f"{grid}.yaml").hydra.sweeper)
    return [dict(word.split("=") for word in words) for words in expand_grid(experiments["experiments"], [])]


def settings(planned_runs: list[PlannedRun]) -> Counter[tuple[str, str, float]]:
    return Counter((c.config.model.name, c.config.color.name.value, c.config.dropout) for c in planned_runs)


def test_the_papers_seventy_configurations() -> None:
    assert settings(build("paper", "categories=1", "seed=0")) == {
        ("pelee", "rgb", 0.0): 1, ("pelee", "hsv", 0.0): 1, ("pelee", "ycbcr", 0.0): 1, ("pelee", "rgb", 0.2): 1,
        ("pelee", "rgb", 0.5): 1, ("pelee", "hsv", 0.2): 1, ("legacy_xception", "rgb", 0.0): 1,
    }  # fmt: skip
    numbers = Counter((int(cell["categories"]), int(cell["seed"])) for cell in expand("paper"))
    assert numbers == {(k, seed): 7 for k in range(1, 11) for seed in range(3)}


def test_the_full_ninety_configurations() -> None:
    assert settings(build("full", "categories=1", "seed=0")) == {
        ("pelee", color, dropout): 1 for color in ("rgb", "hsv", "ycbcr") for dropout in (0, 0.2, 0.5)
    }
    numbers = Counter((int(cell["categories"]), int(cell["seed"])) for cell in expand("full"))
    assert numbers == {(k, seed): 9 for k in range(1, 11) for seed in range(3)}


def test_each_family_of_gans_is_left_out_once_a_seed() -> None:
    planned_runs = build("families", "paths.data=photos")
    left_out = Counter(
        (name, each.config.seed) for each in planned_runs for name in each.config.data.simulated.test_families
    )
    assert left_out == {(name, seed): 1 for name in GAN_FAMILIES for seed in range(3)}


def test_each_part_of_the_pairs_is_left_out_with_three_seeds() -> None:
    configs = [planned.config for planned in build("pairs", "paths.data=photos")]
    data = [config.data.simulated for config in configs]
    assert {tuple(each.test_families) for each in data} == {("progan", "cyclegan")}
    assert Counter(each.alignment.value for each in data) == {"full": 30, "copies": 3, "none": 3}
    assert Counter(each.damaged_share for each in data) == {0.2: 33, 0: 3}
    assert Counter(len(each.families or []) for each in data) == {0: 27, 6: 3, 5: 3, 2: 3}
    assert Counter(config.residual.name.value for config in configs) == {"srm": 27, "none": 3, "npr": 3, "hpf": 3}
    assert Counter(config.augment.name.value for config in configs) == {"history": 33, "crop": 3}
    assert Counter(config.protocol.tested.value for config in configs) == {"best": 33, "last": 3}


def test_a_cell_of_two_grids_has_one_name() -> None:
    paper, full = (
        {planned.run.path.name for planned in build(grid, "categories=1", "seed=0")} for grid in ("paper", "full")
    )
    assert len(paper & full) == 6


def test_a_cell_of_several_experiments_is_kept_once() -> None:
    assert len(build("paper", "color=rgb", "dropout=0", "seed=0")) == 20  # Pelee and Xception


def test_typed_values_take_the_place_of_the_grids() -> None:
    planned_runs = build("full", "categories=1,2", "seed=0,7", "color=rgb")
    assert len(planned_runs) == 2 * 2 * 3
    assert {planned.config.seed for planned in planned_runs} == {0, 7}


def test_every_setting_of_the_paper_is_in_the_smoke_grid() -> None:
    assert settings(build("smoke")).keys() == settings(build("paper", "categories=1", "seed=0")).keys()


@pytest.mark.parametrize("typed", [("paper", "categories=1", "seed=0"), ("smoke",)])
def test_a_cell_is_what_train_makes_of_the_same_words(typed: tuple[str, ...]) -> None:
    planned_runs = random.Random(0).sample(build(*typed), 5)
    with presets():
        for planned in planned_runs:
            words = [word for word in planned.overrides if word != f"grid={typed[0]}"]
            assert name_run(parse(compose("train", words))) == planned.run.path.name


def test_all_mistakes_are_named_before_anything_starts() -> None:
    with pytest.raises(ConfigError) as refused:
        build("full", "dropout=0,7", "categories=1,12", "seed=0")
    assert "dropout must be in [0, 1), got 7.0" in str(refused.value)
    assert "categories must be between 1 and 10, got 12" in str(refused.value)
    assert "of 12 cells" in str(refused.value)


@pytest.mark.parametrize("several", [("trainer=cpu", "trainer.devices=2"), ("trainer=ddp",)])
def test_a_cell_of_several_processes_is_refused_before_anything_starts(several: tuple[str, ...]) -> None:
    words = ("dropout=0,7", "categories=1", "color=rgb", "seed=0", *several)
    with pytest.raises(ConfigError, match="a sweep trains each run in one process: set trainer.devices=1; for several"):
        build("full", *words)


def test_values_that_make_the_same_run_are_refused() -> None:
    few = ("categories=1", "color=rgb", "dropout=0", "model=pelee_hpf", "residual=hpf", "augment=none", "seed=0,1")
    with pytest.raises(ConfigError) as refused:
        build("full", *few, "evaluation.swap_quality=50,75")
    assert str(refused.value).startswith("evaluation.swap_quality=50 and =75 make the same run: sweep only options")
    assert str(refused.value).endswith("(2 of 4 cells)")
    assert {planned.config.paths.runs for planned in build("full", *few, "paths.runs=a,b")} == {"a", "b"}


def test_each_grid_has_a_folder_and_a_group_of_its_own() -> None:
    few = ("model=pelee_hpf", "seed=0", "categories=1", "color=rgb", "dropout=0", "residual=hpf", "augment=none")
    photos = {"families", "pairs"}  # tested above
    for grid in list_choices(GRID):
        planned = build(grid, *(["paths.data=photos"] if grid in photos else few))[0]
        assert f"grid={grid}" in planned.overrides  # so that a job finds the same folder under every launcher
        assert (planned.config.paths.runs, planned.config.logger.group) == (f"sweeps/{grid}", grid)
        assert planned.run.path.parent == Path("sweeps") / grid
    planned = build("smoke", *few, "paths.runs=mine", "logger.group=ours")[0]
    assert (planned.config.paths.runs, planned.config.logger.group) == ("mine", "ours")


@pytest.mark.parametrize("typed", [[], ["logger=csv"], ["hydra/launcher=joblib", "paths.runs=x"]])
def test_without_a_grid_nothing_is_trained(typed: list[str]) -> None:
    experiments = [{"model": "pelee_hpf", "seed": [0, 1], "color": ["rgb", "hsv"]}]
    with pytest.raises(ConfigError) as refused:
        check_intended(experiments, typed)
    said = str(refused.value)
    assert "python sweep.py -m grid=smoke takes a few minutes; others are grid=demo, " in said
    assert "grid=paper" in said
    assert "grid=custom" not in said
    assert "sweep.plan_only=true" in said


@pytest.mark.parametrize("typed", ["grid=full", "seed=0", "categories=1,2", "optim.epochs=1,2"])
def test_a_grid_or_an_axis_is_enough(typed: str) -> None:
    check_intended([{"seed": [0, 1], "color": ["rgb", "hsv"], "categories": 1}], [typed])


def test_without_a_grid_only_what_is_typed_is_trained() -> None:
    words = ("data=simulated", "paths.data=photos", "residual=hpf,srm")
    planned_runs = compose_grid(words)
    found = {(planned.config.residual.name.value, planned.config.seed) for planned in planned_runs}
    assert len(planned_runs) == 6
    assert found == set(itertools.product(("hpf", "srm"), (0, 1, 2)))
    assert {planned.run.path.parent for planned in planned_runs} == {Path("sweeps/custom")}
    assert len(compose_grid([*words, "seed=7"])) == 2


def test_two_grids_at_once_are_refused() -> None:
    with pytest.raises(ConfigError, match="grid takes one name"):
        expand_grid([], ["grid=full,paper"])


@pytest.mark.parametrize(("grid", "num_runs"), [("demo", 20), ("protocols", 60)])
def test_grids_that_a_headline_rests_on_have_five_seeds(grid: str, num_runs: int) -> None:
    assert Counter(cell["seed"] for cell in expand(grid)) == dict.fromkeys("01234", num_runs // 5)


def test_each_network_is_built_once_for_each_size_that_it_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Config] = []
    monkeypatch.setattr(grids, "_build_network", built.append)
    words = [(), ("dropout=0.2",), ("protocol.loss=bce",), ("augment=jpeg_blur",), ("seed=1", "categories=3")]
    grids.check_networks([compose_config(list(each)) for each in words])
    assert len(built) == 1
    others = [("color=hsv",), ("protocol.hpf_channels=each",), ("augment=crop",), ("data.image_px=48",)]
    grids.check_networks([compose_config(list(each)) for each in others])
    assert len(built) == 1 + len(others)
