"""Training `model=color_stats`, from options to files, compared with scikit-learn on the same images."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tiny_runs import read_weights, train

from fakeid.benchmarks.grid_hours import group_by_network
from fakeid.benchmarks.step_rates import Rates, measure_rates
from fakeid.config.parse import Config
from fakeid.data.datamodule import PackedDataset
from fakeid.runs import logistic_regression as fitting
from fakeid.runs.images import list_images, prepare_images
from fakeid.runs.layout import RunFolder
from fakeid.runs.states import read_state
from fakeid.training.checkpoint import check_fits, load_module
from fakeid.training.module import DetectorModule

BuildConfig = Callable[..., Config]
QUIET = Console(quiet=True)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def describe(config: Config, module: DetectorModule) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Compute features and labels of each split for all images at once."""
    listed = list_images(config, QUIET)
    packed = prepare_images(config, listed, QUIET)
    found = {}
    for name, records in listed.plan.splits().items():
        images, labels = PackedDataset(packed, records).__getitems__(list(range(len(records))))
        features = module.detector.backbone.compute_features(images / 255)
        found[name] = (features.double().numpy(), labels.numpy())
    return found


def test_scores_are_those_of_scikit_learns_classifier(tiny_config: BuildConfig) -> None:
    config = tiny_config("model=color_stats", "data.val_per_class=0", "optim.batch_size=7")
    summary, output = train(config)
    splits = describe(config, load_module(RunFolder.locate(config).tested))
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=10_000)).fit(*splits["train"])
    expected = classifier.decision_function(splits["test"][0])
    found = np.array([float(row["logit"]) for row in read_rows(RunFolder.locate(config).scores)])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(found) > 0.5
    assert summary.parameters == 301
    assert "logistic regression on 300 statistics, C = 1\nepoch 1/1  train loss" in output


@pytest.mark.draws
def test_a_run_leaves_everything_behind(tiny_config: BuildConfig) -> None:
    config = tiny_config("model=color_stats", "protocol.tested=best", "protocol.loss=bce")
    summary, output = train(config)
    files = RunFolder.locate(config)
    assert summary == files.read_summary()
    (row,) = read_rows(files.history)
    assert (row["epoch"], row["images"], row["learning_rate"]) == ("1", "48", "")
    assert files.is_done()
    module = load_module(files.tested)
    assert check_fits(files.last, module) == 1
    splits = describe(config, module)
    for split in ("train", "val"):
        features, labels = (torch.from_numpy(each) for each in splits[split])
        logits = module.detector.backbone.score(features.float()).squeeze(1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels.float())
        assert float(row[f"{split}/loss"]) == pytest.approx(loss.item(), abs=1e-5)
        assert float(row[f"{split}/accuracy"]) == pytest.approx(((logits > 0) == labels).float().mean().item())
    assert 0 <= float(row["val/auroc"]) <= 1
    assert f"val auroc {float(row['val/auroc']):.3f}" in output
    assert {path.stem for path in files.figures.iterdir()} == {"learning_curve", "categories", "roc", "samples"}


def test_neither_interruptions_nor_batches_nor_epochs_change_the_weights(
    tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    config = tiny_config("model=color_stats")
    for function in ("fit_linear", "render_epoch"):
        with monkeypatch.context() as patch:
            patch.setattr(fitting, function, interrupt)
            with pytest.raises(KeyboardInterrupt):
                train(config)
        assert read_state(RunFolder.locate(config)).name == "interrupted"
        assert not RunFolder.locate(config).tested.exists()
    other = tiny_config("model=color_stats", "optim.batch_size=5", "optim.epochs=9")
    first, second = (read_weights(RunFolder.locate(each).tested) for each in (config, other) if train(each))
    assert first["detector.backbone.linear.weight"].any()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert first.keys() == second.keys()


def test_debug_takes_a_few_images_of_both_classes(tiny_config: BuildConfig) -> None:
    config = tiny_config("model=color_stats", "trainer=debug", "optim.batch_size=8")
    train(config)
    assert read_rows(RunFolder.locate(config).history)[0]["images"] == "16"


@pytest.mark.slow
def test_tracking_is_told(tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    config = tiny_config("model=color_stats", "logger=wandb")
    _, output = train(config)
    assert "wandb sync" in output


def test_the_benchmark_of_sweeps_counts_one_look_at_each_image(tiny_config: BuildConfig) -> None:
    config = tiny_config("model=color_stats", "optim.epochs=5", "optim.batch_size=4")
    rates = measure_rates(config, steps=1)
    assert min(rates) > 0
    (network,) = group_by_network([config], [{"train": 100, "val": 10, "test": 30}], [0]).values()
    assert network.estimate_seconds(Rates(train=10, infer=20), each_seconds=1) == 100 / 10 + 40 / 20 + 1
