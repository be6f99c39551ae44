"""What follows from the schema: fingerprints, axes, and what distinguishes configurations."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from fakeid.config import identity
from fakeid.config.choices import ColorName
from fakeid.config.identity import (
    RESULTS,
    find_default,
    fingerprint,
    flatten,
    label_changes,
    label_options,
    list_differences,
    name_run,
    name_setting,
    read_axes,
)
from fakeid.config.options import AFFECTS, list_options, option
from fakeid.config.options_page import render_page
from fakeid.config.parse import Config, to_plain
from fakeid.config.schema import ColorConfig, LoggerConfig, OptimConfig
from fakeid.training.tracked_fields import describe_config, list_tags

ROOT = Path(__file__).resolve().parents[2]


def label(configs: list[dict]) -> list[str]:
    return [label_options(values) for values in list_differences(configs)]


def make_config(**changes) -> dict:
    config = {
        "categories": 10,
        "seed": 0,
        "dropout": 0.0,
        "color": {"name": "rgb"},
        "protocol": {"name": "paper", "loss": "softmax_ce", "hpf": {"border": "valid"}},
        "paths": {"data": None},
    }
    return {**config, **changes}


def test_only_what_differs_is_named():
    configs = [make_config(), make_config(dropout=0.2), make_config(color={"name": "hsv"}, dropout=0.2)]
    assert label(configs) == [
        "dropout=0, color=rgb",
        "dropout=0.2, color=rgb",
        "dropout=0.2, color=hsv",
    ]


def test_axes_and_options_without_effect_are_no_setting():
    other = make_config(
        categories=1, seed=5, paths={"data": "x"}, logger={"name": "csv"}, trainer={"compile": True}, force=True
    )
    assert label([make_config(), other]) == ["", ""]


def test_a_groups_name_stands_for_the_options_that_it_implies():
    corrected = {"name": "corrected", "loss": "bce", "hpf": {"border": "reflect"}}
    assert label([make_config(), make_config(protocol=corrected)])[1] == "protocol=corrected"


def test_an_option_that_its_groups_name_does_not_imply_is_named():
    configs = [
        make_config(),
        make_config(protocol={"name": "paper", "loss": "bce", "hpf": {"border": "valid"}}),
        make_config(protocol={"name": "corrected", "loss": "bce", "hpf": {"border": "valid"}}),
    ]
    assert label(configs) == [
        "protocol=paper, protocol.loss=softmax_ce",
        "protocol=paper, protocol.loss=bce",
        "protocol=corrected, protocol.loss=bce",
    ]


def test_data_that_follow_the_protocol_are_not_named():
    shared = {"name": "corrected", "codec": "shared"}
    configs = [
        make_config(protocol={"name": "paper", "codec": "none"}, data={"codec": "none"}),
        make_config(protocol=shared, data={"codec": "shared"}),
    ]
    assert label(configs) == ["protocol=paper", "protocol=corrected"]
    labels = label([*configs, make_config(protocol=shared, data={"codec": "none"})])
    assert labels[1:] == ["protocol=corrected, data.codec=shared", "protocol=corrected, data.codec=none"]


def test_an_option_that_some_runs_lack_is_named_where_it_is():
    assert label([make_config(), make_config(extra=1)]) == ["", "extra=1"]


def test_no_runs_have_no_labels():
    assert label([]) == []


def test_every_option_says_what_it_is_and_affects() -> None:
    options = list_options(Config)
    assert [each.path for each in options if each.affects not in AFFECTS or not each.help] == []
    assert {each.affects for each in options} == set(AFFECTS)
    assert {each.path for each in options} == set(flatten(to_plain(Config())))
    columns = [each.column for each in options if each.axis]
    assert len(set(columns)) == len(columns)


@dataclass
class Extended(Config):
    """A configuration with one more option."""

    smoothing: float = option(0.0, "of labels", affects="training", axis=True, quiet=True)


def test_an_option_needs_nothing_but_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "Config", Extended)
    plain, smooth = Extended(), Extended(smoothing=0.1)
    assert name_run(plain) == name_run(Config())  # runs from before the new option keep their names
    assert name_run(plain) != name_run(smooth)
    assert fingerprint(plain, "training") != fingerprint(smooth, "training")
    assert fingerprint(plain, "data", "network") == fingerprint(smooth, "data", "network")
    configs = [to_plain(plain), to_plain(smooth), to_plain(Config())]
    assert list_differences(configs) == [{"smoothing": 0.0}, {"smoothing": 0.1}, {}]
    assert label_changes(configs) == ["all as by default", "smoothing=0.1", "all as by default"]
    assert [describe_config(config)["smoothing"] for config in configs] == [0.0, 0.1, 0.0]
    assert "smoothing=0.1" in list_tags(smooth)
    assert find_default("smoothing") == 0.0


def test_a_fingerprint_follows_what_it_is_asked_for() -> None:
    config, other = Config(), Config(optim=OptimConfig(epochs=3), logger=LoggerConfig(project="x"))
    assert fingerprint(config, "data", "network") == fingerprint(other, "data", "network")
    assert fingerprint(config, *RESULTS) != fingerprint(other, *RESULTS)
    assert fingerprint(config, "place") != fingerprint(other, "place")
    assert fingerprint(config, "data", also={"data.folder": "x"}) != fingerprint(config, "data")


def test_a_setting_is_named_by_the_axes_that_were_changed() -> None:
    assert name_setting(to_plain(Config(seed=3, categories=2))) == "all as by default"
    changed = to_plain(Config(dropout=0.2, color=ColorConfig(ColorName.hsv), optim=OptimConfig(ema=0.999)))
    assert name_setting(changed) == "dropout=0.2, color=hsv, ema=0.999"
    del changed["optim"], changed["augment"]  # as in a run of an earlier release
    assert (read_axes(changed)["ema"], read_axes(changed)["augment"]) == (0.0, "none")


def test_the_page_of_options_is_current() -> None:
    made_anew = "python -m fakeid.config.options_page > docs/options.md makes it anew"
    assert (ROOT / "docs" / "options.md").read_text(encoding="utf-8") == render_page(), made_anew


def test_options_are_labeled_as_they_are_typed() -> None:
    values = {"color.name": "hsv", "dropout": 0.0, "optim.patience": None, "data.simulated.test_families": ["a", "b"]}
    assert label_options(values) == "color=hsv, dropout=0, optim.patience=null, data.simulated.test_families=[a,b]"
