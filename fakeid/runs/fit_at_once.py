"""The training of a model that is fitted at once, from one look at each image."""

import math
import time
from collections.abc import Callable, Sequence

import torch
from pytorch_lightning.loggers import Logger
from rich.console import Console
from torch import Tensor

from fakeid.config import Config
from fakeid.data.datamodule import PackedDataModule, PackedDataset
from fakeid.evaluation.calls import call_fake
from fakeid.evaluation.metrics import auroc
from fakeid.models.color_stats import ColorStatistics
from fakeid.progress import StatusLine, build_progress
from fakeid.runs.layout import RUNNING, RunFolder
from fakeid.training.callbacks import write_history
from fakeid.training.checkpoint import save_checkpoint
from fakeid.training.linear import fit_linear
from fakeid.training.module import DetectorModule, compute_loss
from fakeid.training.progress import render_epoch


def fit_at_once(
    config: Config,
    run: RunFolder,
    data: PackedDataModule,
    module: DetectorModule,
    *,
    device: str,
    loggers: Sequence[Logger],
    console: Console,
) -> None:
    """Count the statistics of all images, fit the linear classifier, and write what a training of one epoch writes.

    There is nothing to continue: a run that was interrupted is fitted again. Of `optim` nothing enters.

    Args:
        config: Checked options.
        run: Its `history.csv` and `last.ckpt` are written.
        data: Training and validation images; the order of the batches does not matter.
        module: Its backbone is a `ColorStatistics`, which takes over the fitted classifier.
        device: `cuda`, `mps` or `cpu`, on which the statistics are counted.
        loggers: Told when the history is written.
        console: Where to print.
    """
    backbone = module.detector.backbone
    assert isinstance(backbone, ColorStatistics)
    run.write_status(RUNNING, epochs_done=0, epochs=config.optim.epochs)
    started = time.monotonic()
    (features, labels), (val_features, val_labels) = _count(backbone.to(device), data, config, console)
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
    console.print(render_epoch(row, epochs=1), highlight=False, soft_wrap=True)
    for logger in loggers:
        logger.log_metrics({}, step=1)
    checkpoint = {"epoch": 0, "hyper_parameters": dict(module.hparams), "state_dict": module.state_dict()}
    save_checkpoint(checkpoint, run.last)


def _count(
    backbone: ColorStatistics, data: PackedDataModule, config: Config, console: Console
) -> list[tuple[Tensor, Tensor]]:
    """Features (n, F) float32 and labels (n,) int64 of both splits, on the CPU."""
    batches = [_list_batches(len(images), config) for images in (data.train_set, data.val_set)]
    with build_progress(console) as progress, torch.inference_mode():
        task = progress.add_task("counting", total=sum(len(batch) for own in batches for batch in own), unit="images")
        return [
            _count_split(backbone, images, own, lambda num: progress.advance(task, num))
            for images, own in zip((data.train_set, data.val_set), batches, strict=True)
        ]


def _list_batches(num_images: int, config: Config) -> list[list[int]]:
    """All images in order, or those that `trainer.limit_batches` leaves, spread over all."""
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
    """Loss, accuracy and AUROC as `DetectorModule` has them, as far as they have a meaning."""
    if not len(labels):
        return {}
    metrics = {
        "loss": float(compute_loss(loss, logits.detach(), labels)),
        "accuracy": float((call_fake(logits.detach().numpy()) == labels.bool().numpy()).mean()),
        "auroc": float(auroc(labels.numpy(), logits.detach().numpy())),
    }
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
