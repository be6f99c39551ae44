"""Rules of `data=simulated`: each family has one role, and its name must be exact."""

import pytest

from fakeid.config.compose import compose_config
from fakeid.config.constants import FAMILIES
from fakeid.config.parse import Config
from fakeid.config.windows import compute_center_px, compute_trained_px
from fakeid.errors import ConfigError


def compose(*overrides: str) -> Config:
    return compose_config(["data=simulated", "paths.data=photos", *overrides])


def test_families_that_neither_validate_nor_test_are_trained_on() -> None:
    simulated = compose("data.simulated.test_families=[progan]").data.simulated
    others = {*simulated.validation_families, "progan"}
    assert simulated.list_trained_families() == [name for name in FAMILIES if name not in others]
    assert compose("data.simulated.families=[zeros]").data.simulated.list_trained_families() == ["zeros"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("paths.data=null", "data=simulated needs paths.data=DIR, a folder of photos"),
        (
            "data.simulated.families=[progn]",
            "data.simulated.families names progn, which is not a family; did you mean progan?",
        ),
        ("categories=2", "data=simulated has one category: set categories=1, not 2"),
        ("data.simulated.damaged_share=7", "data.simulated.damaged_share must be in [0, 1], got 7.0"),
        (
            "data.simulated.test_families=[x]",
            "data.simulated.test_families names x, which is not a family; there are progan, dcgan",
        ),
        (
            "data.simulated.test_families=[cyclegan]",
            "cyclegan is in data.simulated.validation_families and in data.simulated.test_families: name each family",
        ),
        (
            "data.simulated.families=[zeros,zeros]",
            "zeros is in data.simulated.families and in data.simulated.families",
        ),
        ("data.simulated.families=[]", "no family is left to train on"),
        (
            f"data.simulated.test_families=[{','.join(set(FAMILIES) - {'cyclegan', 'stylegan2'})}]",
            "no family is left to train on: name one in data.simulated.families",
        ),
        ("data.simulated.validation_families=[]", "data.simulated.validation_families must name at least one family"),
        ("data.simulated.fit_steps=1", "data.simulated.fit_steps must be 2 or more"),
    ],
)
def test_mistakes_are_one_sentence(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        compose(override)
    assert message.partition(" must be 2")[0] in str(error.value)


def test_behind_history_windows_are_small_in_training_and_images_whole_in_tests() -> None:
    assert compose().augment.name.value == "history"
    assert compute_trained_px(256, "history") == 128
    assert compute_center_px(256, "history") is None
    assert compute_center_px(256, "none") is None
    assert compute_center_px(256, "crop") == compute_trained_px(256, "crop") == 224
