from string import ascii_uppercase

from fakeid.config.parse import Config, to_plain
from fakeid.reporting.sweep.settings import (
    Setting,
    explain_short_names,
    identify_settings,
    order_settings,
)


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


def test_the_papers_tables():
    theirs = [
        {}, {"color": "hsv"}, {"color": "ycbcr"}, {"dropout": 0.2}, {"dropout": 0.5}, {"color": "hsv", "dropout": 0.2},
        {"model": "legacy_xception", "residual": "none"},
    ]  # fmt: skip
    others = [
        {"color": "hsv", "dropout": 0.5}, {"residual": "none"}, {"model": "legacy_xception"},
        {"model": "resnet18", "residual": "none"},
    ]  # fmt: skip
    alone = [identify_settings([configure(**options)])[0] for options in (*theirs, *others)]
    assert [setting.table for setting in alone] == [1, 2, 3, 4, 5, 6, 7, *[None] * len(others)]
    assert {setting.variant for setting in alone} == {""}


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


def test_categories_seed_and_place_make_no_setting():
    configs = [configure(categories=k, seed=k, paths={"runs": str(k)}, logger={"name": str(k)}) for k in range(3)]
    assert len(set(identify_settings(configs))) == 1


def test_whatever_else_differs_is_a_variant():
    settings = identify_settings([configure(), configure(optim={**configure()["optim"], "batch_size": 5})])
    assert [setting.variant for setting in settings] == ["optim.batch_size=64", "optim.batch_size=5"]
    assert [setting.table for setting in settings] == [1, 1]
    assert settings[1].name == "Pelee+HPF, RGB, dropout 0; optim.batch_size=5"
    assert explain_short_names(settings) == ([], [])


def test_runs_of_another_budget_are_other_settings():
    longer = configure(optim={**configure()["optim"], "epochs": 5, "batch_size": 9})
    settings = identify_settings([configure(), longer, {**longer, "color": {"name": "hsv"}}])
    assert [setting.variant for setting in settings] == ["", "", ""]
    assert [setting.budget for setting in settings] == [
        "optim.epochs=50, optim.batch_size=64",
        *["optim.epochs=5, optim.batch_size=9"] * 2,
    ]
    assert [setting.name for setting in settings] == ["RGB; budget 2", "RGB; budget 1", "HSV; budget 1"]
    assert settings[1].budget_line == "Budget 1: optim.epochs=5, optim.batch_size=9"
    assert settings[1].full_name == "Pelee+HPF, RGB, dropout 0; optim.epochs=5, optim.batch_size=9"
    sentences, pairs = explain_short_names(settings)
    assert sentences == ["All settings: Pelee+HPF, dropout 0."]
    assert pairs == [
        ("budget 1", "optim.epochs=5, optim.batch_size=9"), ("budget 2", "optim.epochs=50, optim.batch_size=64"),
    ]  # fmt: skip


def test_long_names_leave_out_what_most_have():
    plain = configure()
    settings = identify_settings(
        [
            plain,
            configure(augment={"name": "safe"}),
            configure(optim={**plain["optim"], "ema": 0.999}),
            configure(augment={"name": "safe"}, color="hsv"),
            configure(optim={**plain["optim"], "ema": 0.999}, protocol={**plain["protocol"], "views": "crops"}),
        ]
    )
    assert [setting.name for setting in settings] == [
        "RGB", "RGB; augment=safe", "RGB; optim.ema=0.999", "HSV; augment=safe",
        "RGB; protocol.views=crops, optim.ema=0.999",
    ]  # fmt: skip
    sentences, pairs = explain_short_names(settings)
    assert sentences == [
        "All settings: Pelee+HPF, dropout 0.",
        "Names omit what most runs share: augment=none, protocol.views=full, optim.ema=0.",
    ]
    assert pairs == []
    assert len({setting.name for setting in settings}) == len(set(settings))


def test_names_too_long_even_so_are_letters():
    plain = configure()

    def change(number):
        optim = {**plain["optim"], "learning_rate": 0.1 * number, "batch_size": number, "weight_decay": 0.01 * number}
        return configure(optim=optim, augment={"name": f"kind{number}"}, model="legacy_xception" if number else "pelee")

    settings = identify_settings([change(number) for number in range(30)])
    assert len({setting.name for setting in settings}) == 30
    assert max(len(setting.name) for setting in settings) <= 40
    _, pairs = explain_short_names(settings)
    assert [name for name, _ in pairs] == [*ascii_uppercase, "AA", "AB", "AC", "AD"]
    assert {options for _, options in pairs} == {setting.variant for setting in settings}


def test_the_papers_order_comes_first():
    settings = [Setting("Xception", "hsv", 0.0), Setting("Xception", "rgb", 0.0), Setting("Pelee+HPF", "hsv", 0.0)]
    assert [setting.table for setting in order_settings(settings)] == [2, 7, None]


def test_the_statistics_are_named_for_people():
    (setting,) = identify_settings([configure(model="color_stats", residual="none")])
    assert setting.name == "Color statistics (Li et al.), RGB, dropout 0"
    assert setting.table is None
