from fakeid.identity import label_options, list_differences


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
