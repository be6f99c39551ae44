"""Train a model that is fitted at once, by one pass over the images and a logistic regression."""

import math
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fakeid.checkpoints import save_checkpoint
from fakeid.config.parse import Config
from fakeid.console import StatusLine, build_progress, print_sentence
from fakeid.data.datamodule import PackedDataModule, PackedDataset
from fakeid.evaluation.metrics import auroc
from fakeid.evaluation.ranking import call_fake
from fakeid.models.color_stats import ColorStatistics
from fakeid.runs.context import RunContext
from fakeid.runs.layout import RUNNING
from fakeid.training.callbacks import render_epoch, write_history
from fakeid.training.module import DetectorModule, compute_loss

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

_STRENGTHS: Final = (0.01, 0.1, 1.0, 10.0)  # values of C, the strongest regularization first
_UNCHOSEN: Final = 1.0  # scikit-learn's default
_ITERATIONS: Final = 10_000


def fit_at_once(context: RunContext, data: PackedDataModule, module: DetectorModule) -> None:
    """Compute the statistics of all images, fit the linear classifier, and write the files of a one-epoch training.

    There is nothing to resume: an interrupted run is fitted again. The options of `optim` have no effect on the fit.

    Args:
        context: Context of the run, whose `history.csv` and `last.ckpt` are written.
        data: Training and validation images; the order of the batches does not matter.
        module: Module whose backbone is a `ColorStatistics`, which receives the fitted classifier.
    """
    config, run, console = context.config, context.run, context.console
    backbone = module.detector.backbone
    assert isinstance(backbone, ColorStatistics)
    run.write_status(RUNNING, epochs_done=0, epochs=config.optim.epochs)
    started = time.monotonic()
    (features, labels), (val_features, val_labels) = _count(backbone.to(context.device), data, context)
    backbone.cpu()
    with StatusLine(console, "fitting the linear classifier"):
        fitted = fit_linear(features.numpy(), labels.numpy(), val_features.numpy(), val_labels.numpy())
    mean, scale, weight = (torch.from_numpy(values) for values in (fitted.mean, fitted.scale, fitted.weight))
    backbone.set_classifier(mean=mean, scale=scale, weight=weight, bias=fitted.bias)
    console.print(f"logistic regression on {backbone.num_features} statistics, C = {fitted.c:g}")
    loss = config.protocol.loss.value
    train, val = (
        _measure(backbone.score(each).squeeze(1), truth, loss)
        for each, truth in ((features, labels), (val_features, val_labels))
    )
    row: dict[str, float] = {"epoch": 1, "images": len(labels), "seconds": round(time.monotonic() - started, 3)}
    row |= {f"train/{name}": train[name] for name in ("loss", "accuracy")}
    row |= {f"val/{name}": value for name, value in val.items()}
    write_history(run.history, [row])
    print_sentence(console, render_epoch(row, epochs=1))
    if context.tracker:
        context.tracker.log_history()
    checkpoint = {"epoch": 0, "hyper_parameters": dict(module.hparams), "state_dict": module.state_dict()}
    save_checkpoint(checkpoint, run.last)


def _count(backbone: ColorStatistics, data: PackedDataModule, context: RunContext) -> list[tuple[Tensor, Tensor]]:
    """Compute features, float32 (n, F), and labels, int64 (n,), of both splits and return them on the CPU."""
    batches = [_list_batches(len(images), context.config) for images in (data.train_set, data.val_set)]
    with build_progress(context.console) as progress, torch.inference_mode():
        task = progress.add_task("counting", total=sum(len(batch) for own in batches for batch in own), unit="images")
        return [
            _count_split(backbone, images, own, lambda num: progress.advance(task, num))
            for images, own in zip((data.train_set, data.val_set), batches, strict=True)
        ]


def _list_batches(num_images: int, config: Config) -> list[list[int]]:
    """List batches of all images in order, or of as many evenly spaced ones as `trainer.limit_batches` allows."""
    size, limit = config.optim.batch_size, config.trainer.limit_batches
    most = min(num_images, limit * size) if limit else num_images
    indices = [at * num_images // most for at in range(most)]
    return [indices[start : start + size] for start in range(0, most, size)]


def _count_split(
    backbone: ColorStatistics, images: PackedDataset, batches: list[list[int]], advance: Callable[[int], object]
) -> tuple[Tensor, Tensor]:
    features = [torch.empty(0, backbone.num_features)]
    labels = [torch.empty(0, dtype=torch.int64)]
    for indices in batches:
        batch = images.__getitems__(indices)
        rgb = batch.rgb_u8.to(backbone.mean.device).float().div(255)  # (N, 3, H, W)
        features.append(backbone.compute_features(rgb).cpu())
        labels.append(batch.labels.cpu())
        advance(len(indices))
    return torch.cat(features), torch.cat(labels)


def _measure(logits: Tensor, labels: Tensor, loss: str) -> dict[str, float]:
    """Compute loss, accuracy and AUROC as `DetectorModule` does, leaving out undefined ones."""
    if not len(labels):
        return {}
    metrics = {
        "loss": float(compute_loss(loss, logits.detach(), labels)),
        "accuracy": float((call_fake(logits.detach().numpy()) == labels.bool().numpy()).mean()),
        "auroc": float(auroc(labels.numpy(), logits.detach().numpy())),
    }
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


class LinearFit(NamedTuple):
    """A logistic regression on standardized features; its logit is `(x - mean) / scale @ weight + bias`.

    Attributes:
        mean: Mean of the training features, float64 (F,).
        scale: Standard deviation of the training features, float64 (F,); 1 for constant ones.
        weight: Weights of the standardized features, float64 (F,).
        bias: Bias of the logit.
        c: Inverse strength of the L2 regularization.
    """

    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    bias: float
    c: float


def fit_linear(features: Features, labels: Labels, val_features: Features, val_labels: Labels) -> LinearFit:
    """Fit a logistic regression with scikit-learn in float64; the same input gives the same fit.

    For the features of Li et al. 2020, it replaces their own classifier, a linear layer trained with SGD on raw
    features; the two are regularized and scaled differently.

    Args:
        features: Training features of both classes, (n, F).
        labels: Training labels, (n,), 0 for real and 1 for fake.
        val_features: Validation features, (m, F); m may be 0.
        val_labels: Validation labels, (m,). If they contain both classes, C is the value of 0.01, 0.1, 1 and 10 with
            the highest validation AUROC, the smallest of ties; otherwise it is 1. Validation images are not used for
            training afterwards.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - loads in a second, and few models need it
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    scaler = StandardScaler().fit(features.astype(np.float64))
    standardized, val_standardized = (
        scaler.transform(each.astype(np.float64)) if len(each) else each for each in (features, val_features)
    )
    choosing = len(np.unique(val_labels)) == 2
    best, best_auroc = None, -1.0
    for c in _STRENGTHS if choosing else (_UNCHOSEN,):
        model = LogisticRegression(C=c, max_iter=_ITERATIONS).fit(standardized, labels)
        auroc = roc_auc_score(val_labels, model.decision_function(val_standardized)) if choosing else 0.0
        if auroc > best_auroc:
            best, best_auroc = model, auroc
    assert best is not None
    return LinearFit(scaler.mean_, scaler.scale_, best.coef_[0], float(best.intercept_[0]), float(best.C))
