"""Augmentation, weight averaging and views in whole runs."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from tiny_runs import train

from fakeid.commands.evaluate import evaluate
from fakeid.config.choices import Views
from fakeid.config.parse import Config
from fakeid.data.datamodule import PackedDataset
from fakeid.errors import ConfigError
from fakeid.evaluation.records.run_summary import Sizes
from fakeid.evaluation.scores import read_scores
from fakeid.reporting.run.notes import describe_sizes, sizes_differ
from fakeid.runs.fit import build_module
from fakeid.runs.images import list_images, measure_sizes, prepare_images
from fakeid.runs.layout import RunFolder
from fakeid.runs.train import run_training
from fakeid.training.checkpoint import load_module
from fakeid.training.module import DetectorModule

BuildConfig = Callable[..., Config]
ALL = (
    "augment=safe", "optim.ema=0.9", "protocol.views=crops", "protocol.tested=best", "categories=1",
    "data.train_per_class=12", "data.test_per_class=1",
)  # fmt: skip


def run(config: Config) -> RunFolder:
    run_training(config, Console(file=StringIO(), width=120))
    return RunFolder.locate(config)


def read(path: Path) -> dict[str, Any]:
    return dict(torch.load(path, weights_only=True))


@pytest.mark.slow  # each part also has a fast test
def test_a_run_with_all_of_them_continues_as_if_undisturbed(
    tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: DetectorModule, batch: Any, index: int) -> torch.Tensor:
        if self.current_epoch == 1 and index == 1:
            raise KeyboardInterrupt
        return original(self, batch, index)

    config = tiny_config(*ALL)
    undisturbed = run(tiny_config(*ALL, f"paths.runs={config.paths.runs}/x"))
    original = DetectorModule.training_step
    with monkeypatch.context() as patch:
        patch.setattr(DetectorModule, "training_step", stop)
        with pytest.raises(KeyboardInterrupt):
            run(config)
    continued = run(config)
    # The tested checkpoint omits what only training needs, such as the weights that are not averaged.
    for name, parts in (("last", ("state_dict", "current_model_state")), ("tested", ("state_dict",))):
        first, second = (read(getattr(folder, name)) for folder in (undisturbed, continued))
        for part in parts:
            assert all(torch.equal(first[part][key], second[part][key]) for key in first[part])
        assert first["hyper_parameters"]["views"] == "crops"
    assert continued.scores.read_text() == undisturbed.scores.read_text()
    assert {"augment": {"name": "safe"}}.items() <= json.loads(continued.summary.read_text())["config"].items()


def test_validation_and_test_average_the_views_and_training_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = DetectorModule({}, views="crops", loss="bce").eval()
    checkpoint = {"state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams), "epoch": 0}
    torch.save(checkpoint, tmp_path / "tested.ckpt")
    loaded = load_module(tmp_path / "tested.ckpt")
    batch = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8), torch.tensor([0, 1, 1])
    corners = [
        batch[0][..., top : top + 56, left : left + 56] for top, left in ((0, 0), (0, 8), (8, 0), (8, 8), (4, 4))
    ]
    seen: dict[str, float] = {}
    for name in ("log", "log_dict"):
        monkeypatch.setattr(DetectorModule, name, lambda _, key, value=None, **__: seen.update({str(key): value}))
    monkeypatch.setattr(DetectorModule, "trainer", type("Alone", (), {"world_size": 1}))
    with torch.no_grad():
        expected = sum(module(view) for view in corners) / 5
        torch.testing.assert_close(loaded.score(batch[0]), expected)
        loaded.validation_step(batch, 0)
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        torch.testing.assert_close(seen["val/loss"], loss(expected, batch[1].float()))
        torch.testing.assert_close(loaded.training_step(batch, 0), loss(module(batch[0]), batch[1].float()))


def test_a_network_trained_on_windows_is_tested_on_the_center_by_the_run_and_by_its_checkpoint_alone(
    tiny_config: BuildConfig, tmp_path: Path
) -> None:
    # The published initialization spreads the logits; the paper's hardly would with twelve images per class.
    options = ("augment=crop", "categories=1", "optim.epochs=1", "data.train_per_class=12", "protocol.init=published")
    config = tiny_config(*options)
    summary, output = train(config)
    sizes = Sizes(48, 42, 42, Views.full)
    assert summary.sizes == sizes
    assert "Tested at 42 px, as trained: the center of 48-px images." in output
    assert "WARNING" not in output
    folder = RunFolder.locate(config)
    quiet = Console(quiet=True)
    listed = list_images(config, quiet)
    images, _ = PackedDataset(prepare_images(config, listed, quiet), listed.plan.test).__getitems__(
        list(range(len(listed.plan.test)))
    )
    with torch.no_grad():
        module = load_module(folder.tested)
        center, whole = module(images[..., 3:45, 3:45]).tolist(), module(images).tolist()
    assert read_scores(folder.scores).logit.tolist() == pytest.approx(center, abs=1e-5)
    assert center != pytest.approx(whole, abs=1e-3)
    alone = tmp_path / "detector.ckpt"
    alone.write_bytes(folder.tested.read_bytes())
    words = [f"paths.cache={config.paths.cache}", "trainer=cpu", "evaluation=test", "evaluation.degradations=[]"]
    evaluation = evaluate(alone, words, tmp_path / "out")
    assert evaluation.sizes == sizes
    assert evaluation.notes[0] == "Tested at 42 px, as trained: the center of 48-px images."
    scores = read_scores(tmp_path / "out" / "scores.csv")
    logits = dict(zip(scores.key.tolist(), scores.logit.tolist(), strict=True))
    assert [logits[record.key] for record in listed.plan.test] == pytest.approx(center, abs=1e-5)


def test_a_checkpoint_that_never_heard_of_the_center_is_said_to_be_tested_at_another_size(
    tiny_config: BuildConfig,
) -> None:
    config = tiny_config("augment=crop")
    module = build_module(config)
    found = measure_sizes(config, module.hparams["center_px"])
    assert found
    assert found.tested_px == 42
    old = measure_sizes(config, None)
    assert sizes_differ(old)
    assert describe_sizes(old).startswith("Trained at 42 px and tested at 48 px (whole images): logits shift")


def test_views_of_another_size_than_training_are_warned_of(tiny_config: BuildConfig) -> None:
    config = tiny_config("protocol.views=crops", "categories=1", "optim.epochs=1", "data.train_per_class=12")
    _, output = train(config)
    sentence = "Trained at 48 px and tested at 42 px (five windows of 48-px images): logits shift with the size"
    assert f"WARNING: {sentence}" in output
    assert sentence in " ".join(output.partition("interval: Wilson")[2].split())


def test_a_network_of_the_size_of_windows_needs_no_other(tiny_config: BuildConfig) -> None:
    config = tiny_config("model=timm", "model.name=vit_tiny_patch16_224", "data.image_px=256", "augment=crop")
    assert build_module(config).hparams["center_px"] == 224


def test_a_network_of_one_size_is_refused_with_the_option_that_cuts(tiny_config: BuildConfig) -> None:
    config = tiny_config("model=timm", "model.name=vit_tiny_patch16_224", "data.image_px=224", "augment=crop")
    with pytest.raises(ConfigError, match="cannot take images of 196 px, to which augment=crop cuts data.image_px=224"):
        build_module(config)
