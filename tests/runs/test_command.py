import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakeid.config import Config, to_plain
from fakeid.runs.command import render_command
from fakeid.runs.compose import compose_config


def compose_again(command: str) -> dict:
    python, script, *overrides = shlex.split(command)
    assert (python, script) == ("python", "train.py")
    return to_plain(compose_config(overrides))


def test_the_default_needs_no_override():
    assert render_command(to_plain(compose_config([]))) == "python train.py"


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=xception", "color=hsv", "categories=3", "seed=2", "dropout=0.2"],
        ["protocol=corrected"],
        ["protocol=corrected", "protocol.loss=softmax_ce", "residual=none", "logger=csv"],
        ["model=timm", "model.name=resnet18", "trainer=debug"],
        ["data=folders", "paths.data='/some where/it\\'s'", "data.held_out=a b", "categories=null"],
        ["data=lsun_progan", "paths.data=x", "protocol=corrected", "data.categories=[cat,bus]", "categories=2"],
        ["optim=paper", "data.test_per_class=7"],
        ["augment=safe", "optim.ema=0.999", "protocol.views=crops"],
        ["optim.learning_rate=1e-05", "trainer.limit_batches=3", "force=true"],
    ],
)
def test_composing_it_again_gives_the_same_options(overrides):
    plain = to_plain(compose_config(overrides))
    command = render_command(plain)
    assert compose_again(command) == plain
    assert command.count("=") <= len(overrides) + 1


def test_presets_are_named_rather_than_their_options():
    command = render_command(to_plain(compose_config(["model=xception", "protocol=corrected", "trainer=cpu"])))
    assert command == "python train.py protocol=corrected model=xception trainer=cpu"


words = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1)


@settings(max_examples=100, deadline=None)
@example("it's \\' a \\\\ folder\\", ["null", "1e3", "a,b"])
@given(words, st.lists(words, max_size=2))
def test_any_name_survives_shell_and_grammar(name, categories):
    plain = to_plain(Config())
    plain["paths"]["data"], plain["data"]["categories"] = name, categories
    overrides = OverridesParser.create().parse_overrides(shlex.split(render_command(plain))[2:])
    values = {override.key_or_group: override.value() for override in overrides}
    texts = {key: str(value) for key, value in values.items()}
    assert texts["paths.data"] == name
    assert [str(word) for word in values["data.categories"]] == categories
