"""The options typed for a run are stored with it, and repeat it."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakeid.config.compose import compose_config
from fakeid.config.parse import Config, to_plain
from fakeid.io import read_json, write_json
from fakeid.runs.layout import RunFolder, find_runs
from fakeid.runs.provenance import render_command

NOWHERE = RunFolder(Path("nowhere"))


def compose_again(command: str) -> dict[str, Any]:
    python, script, *overrides = shlex.split(command)
    assert (python, script) == ("python", "train.py")
    return to_plain(compose_config(overrides))


def test_the_default_needs_no_override() -> None:
    assert render_command(NOWHERE, to_plain(compose_config([]))) == "python train.py"


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=xception", "color=hsv", "categories=3", "seed=2", "dropout=0.2"],
        ["protocol=corrected", "protocol.loss=softmax_ce", "residual=none", "logger=csv"],
        ["data=folders", "paths.data='/some where/it\\'s'", "data.held_out=a b", "categories=null"],
        ["data=lsun_progan", "paths.data=x", "protocol=corrected", "data.categories=[cat,bus]", "categories=2"],
        ["optim.learning_rate=1e-05", "trainer.limit_batches=3", "force=true"],
    ],
)
def test_a_run_without_overrides_names_the_options_that_differ(overrides: list[str]) -> None:
    plain = to_plain(compose_config(overrides))
    assert compose_again(render_command(NOWHERE, plain)) == plain


def test_options_of_another_release_are_left_out() -> None:
    plain = to_plain(compose_config(["seed=3"]))
    assert render_command(NOWHERE, {**plain, "of_old": 1, "data": {"of_old": 2}}) == "python train.py seed=3"


def test_what_was_typed_is_quoted_for_the_shell(tmp_path: Path) -> None:
    typed = ["data=folders", "paths.data='it is here'", "seed=3"]
    write_json(RunFolder(tmp_path).overrides, typed)
    command = render_command(RunFolder(tmp_path), {})
    assert shlex.split(command) == ["python", "train.py", *typed]
    RunFolder(tmp_path).overrides.write_text("[3]")
    assert render_command(RunFolder(tmp_path), {}) == "python train.py"


words = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1)


@settings(max_examples=100, deadline=None)
@example("it's \\' a \\\\ folder\\", ["null", "1e3", "a,b"])
@given(words, st.lists(words, max_size=2))
def test_any_name_survives_shell_and_grammar(name: str, categories: list[str]) -> None:
    plain = to_plain(Config())
    plain["paths"]["data"], plain["data"]["categories"] = name, categories
    command = render_command(NOWHERE, plain)
    overrides = OverridesParser.create().parse_overrides(shlex.split(command)[2:])
    values = {override.key_or_group: override.value() for override in overrides}
    assert str(values["paths.data"]) == name
    assert [str(word) for word in values["data.categories"]] == categories


SMALL = (
    "trainer=debug", "logger=csv", "optim.epochs=1", "optim.batch_size=8", "data.image_px=48",
    "data.train_per_class=20", "data.val_per_class=10", "data.test_per_class=1", "data.audit_per_class=0",
)  # fmt: skip


@pytest.mark.slow
def test_trainings_and_cells_keep_what_was_typed(tmp_path: Path, typed: Callable[..., tuple[int, str, str]]) -> None:
    assert typed("train", *SMALL, "color=hsv", "paths.runs=one")[0] == 0
    (run,) = find_runs(tmp_path / "one")
    assert read_json(run.overrides) == [*SMALL, "color=hsv", "paths.runs=one"]
    axes = ("categories=1", "color=rgb", "dropout=0", "model=pelee_hpf", "seed=0,1")
    assert typed("sweep", "-m", "grid=smoke", *axes, *SMALL)[0] == 0
    first, second = find_runs(tmp_path / "sweeps" / "smoke")
    for run in (first, second):
        command = render_command(run, {})
        assert command.endswith("paths.runs=sweeps/smoke logger.group=smoke")
        assert RunFolder.locate(compose_config(shlex.split(command)[2:])).path.name == run.path.name
