import pytest

from fakeid.config import Config, to_plain
from fakeid.reporting.paper import FIGURES, TABLES, Setting, identify_settings, order_settings


def configure(model="pelee", residual="hpf", color="rgb", dropout=0.0, **changes):
    plain = to_plain(Config())
    return {
        **plain,
        "model": {**plain["model"], "name": model},
        "residual": {"name": residual},
        "color": {"name": color},
        "dropout": dropout,
        **changes,
    }


@pytest.mark.parametrize(
    ("options", "table"),
    [
        ({}, 1),
        ({"color": "hsv"}, 2),
        ({"color": "ycbcr"}, 3),
        ({"dropout": 0.2}, 4),
        ({"dropout": 0.5}, 5),
        ({"color": "hsv", "dropout": 0.2}, 6),
        ({"model": "legacy_xception", "residual": "none"}, 7),
        ({"color": "hsv", "dropout": 0.5}, None),
        ({"residual": "none"}, None),
        ({"model": "legacy_xception"}, None),
        ({"model": "resnet18", "residual": "none"}, None),
    ],
)
def test_the_papers_tables(options, table):
    (setting,) = identify_settings([configure(**options)])
    assert setting.table == table
    assert setting.variant == ""


def test_the_loss_that_a_network_brings_makes_no_variant():
    pelee = configure()
    xception = configure(model="legacy_xception", residual="none", protocol={**pelee["protocol"], "loss": "bce"})
    assert [setting.name for setting in identify_settings([pelee, xception])] == [
        "Pelee+HPF, RGB, dropout 0", "Xception, RGB, dropout 0",
    ]  # fmt: skip
    other = configure(protocol={**pelee["protocol"], "loss": "bce"})
    assert [setting.variant for setting in identify_settings([pelee, other])] == [
        "protocol.loss=softmax_ce", "protocol.loss=bce",
    ]  # fmt: skip


def test_the_papers_figures():
    assert FIGURES == {1: (1,), 2: (1, 2, 3), 3: (1, 4, 5), 4: (1, 6, 7)}
    assert TABLES[6] == "Pelee+HPF, HSV, dropout 0.2"


def test_categories_seed_and_place_make_no_setting():
    configs = [configure(categories=k, seed=k, paths={"runs": str(k)}, logger={"name": str(k)}) for k in range(3)]
    assert len(set(identify_settings(configs))) == 1


def test_whatever_else_differs_is_a_variant():
    settings = identify_settings([configure(), configure(optim={**configure()["optim"], "epochs": 5})])
    assert [setting.variant for setting in settings] == ["optim.epochs=50", "optim.epochs=5"]
    assert [setting.table for setting in settings] == [1, 1]
    assert settings[1].name == "Pelee+HPF, RGB, dropout 0; optim.epochs=5"


def test_augmentation_average_and_views_are_told_apart():
    plain = configure()
    settings = identify_settings(
        [
            plain,
            configure(augment={"name": "safe"}),
            configure(optim={**plain["optim"], "ema": 0.999}),
            configure(protocol={**plain["protocol"], "views": "crops"}),
        ]
    )
    assert [setting.variant for setting in settings] == [
        "augment=none, protocol.views=full, optim.ema=0",
        "augment=safe, protocol.views=full, optim.ema=0",
        "augment=none, protocol.views=full, optim.ema=0.999",
        "augment=none, protocol.views=crops, optim.ema=0",
    ]


def test_the_papers_order_comes_first():
    settings = [Setting("Xception", "hsv", 0.0), Setting("Xception", "rgb", 0.0), Setting("Pelee+HPF", "hsv", 0.0)]
    assert [setting.table for setting in order_settings(settings)] == [2, 7, None]


def test_the_statistics_are_named_for_people():
    (setting,) = identify_settings([configure(model="color_stats", residual="none")])
    assert setting.name == "Color statistics (Li et al.), RGB, dropout 0"
    assert setting.table is None
