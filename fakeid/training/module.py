"""The Lightning module of the detector: loss, optimizer and live metrics."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import BinaryAccuracy, BinaryAUROC

from fakeid.errors import ConfigError
from fakeid.models.backbones import get_classifier
from fakeid.models.detector import Detector, average_views

ImageBatch = tuple[Tensor, Tensor]
"""The input of the module: images (N, 3, H, W) uint8 RGB and labels (N,) int64, 0 real and 1 fake."""


def compute_loss(name: str, logits: Tensor, labels: Tensor) -> Tensor:
    """Compute the mean loss of a batch.

    Args:
        name: Name of the loss. `bce` is the cross entropy of the logit. `softmax_ce` feeds probabilities to a cross
            entropy that applies the softmax a second time, as the paper's code does; it lies between 0.3133 and 1.3133.
        logits: Logits float (N,).
        labels: Labels (N,), 0 real and 1 fake.

    Raises:
        ConfigError: The loss is unknown.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if name == "bce":
        return F.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
    if name == "softmax_ce":
        # With the probabilities (1 - p, p) taken as logits, their difference is 2 p - 1.
        return F.binary_cross_entropy_with_logits(2 * torch.sigmoid(logits) - 1, labels.to(logits.dtype))
    raise ConfigError(f"protocol.loss must be softmax_ce or bce, got {name}")


class DetectorModule(pl.LightningModule):
    """A detector in training, which can be rebuilt from the plain values in its checkpoint.

    Args:
        detector: Arguments of `Detector`.
        loss: `softmax_ce` or `bce`; see `compute_loss`.
        views: Views of an image that validation and test score: `full`, `crops` or `patches`; see `average_views`.
        center_px: Side of the central window that `full` scores, in pixels, as large as the windows of training; None
            scores the whole image.
        learning_rate: Learning rate of Adam, without weight decay (Lee & Park 2021).
        schedule: Schedule of the learning rate: `constant`, or `cosine` down to 0 at the last step.
        channels_last: Whether weights and images are stored channels last: faster on the CPU and on tensor cores, with
            the same result.
        compile_backbone: Whether to run the backbone through `torch.compile`, which takes minutes at the start and
            makes steps faster.
    """

    def __init__(
        self,
        detector: dict[str, Any],
        *,
        loss: str = "softmax_ce",
        views: str = "full",
        center_px: int | None = None,
        learning_rate: float = 0.001,
        schedule: str = "constant",
        channels_last: bool = True,
        compile_backbone: bool = False,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["compile_backbone"])  # the weights are the same
        self.detector = Detector(**detector)
        self._memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.detector.to(memory_format=self._memory_format)
        if compile_backbone:
            self.detector.backbone.compile()  # in place: the names of the weights stay
        self.train_metrics = MetricCollection({"train/accuracy": BinaryAccuracy()})
        self.val_metrics = MetricCollection({"val/accuracy": BinaryAccuracy(), "val/auroc": BinaryAUROC()})

    def forward(self, rgb_u8: Tensor) -> Tensor:
        """Compute logits (N,) float32 of whole images (N, 3, H, W) uint8."""
        rgb = rgb_u8.to(memory_format=self._memory_format).float().div(255)
        logits: Tensor = self.detector(rgb)
        return logits

    def score(self, rgb_u8: Tensor) -> Tensor:
        """Compute logits (N,) float32 of images (N, 3, H, W) uint8, averaged over the views of validation and test."""
        return average_views(self, rgb_u8, self.hparams["views"], self.hparams["center_px"])

    def training_step(self, batch: ImageBatch, _: int) -> Tensor:
        """Compute the training loss of one batch."""
        return self._step(batch, "train", self, self.train_metrics)

    def validation_step(self, batch: ImageBatch, _: int) -> None:
        """Measure loss, accuracy and AUROC of one batch, in float32 whatever the precision of the training.

        In bf16 many logits tie, and the best epoch would be chosen by an AUROC that the tested weights do not have.
        """
        with torch.autocast(batch[0].device.type, enabled=False):
            self._step(batch, "val", self.score, self.val_metrics)

    def configure_optimizers(self) -> Any:
        """Build Adam with its defaults and the schedule of its learning rate.

        If the single logit stands for two outputs (`logits=two`), the last layer has twice the learning rate: the
        gradients of the two rows are negatives of each other, Adam moves each row by the learning rate whatever the
        size of its gradient, and so moves their difference by twice the rate.
        """
        rate = self.hparams["learning_rate"]
        optimizer = torch.optim.Adam(self._group_parameters(), lr=rate)
        if self.hparams["schedule"] == "constant":
            return optimizer
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _group_parameters(self) -> list[dict[str, Any]]:
        everything = list(self.parameters())
        if self.hparams["detector"].get("logits", "two") != "two" or not everything:
            return [{"params": everything}]
        last = list(get_classifier(self.detector.backbone).parameters())
        rest = [weight for weight in everything if all(weight is not own for own in last)]
        return [{"params": rest}, {"params": last, "lr": 2 * self.hparams["learning_rate"]}]

    def _step(
        self, batch: ImageBatch, split: str, score: Callable[[Tensor], Tensor], metrics: MetricCollection
    ) -> Tensor:
        rgb_u8, labels = batch
        logits = score(rgb_u8)
        loss = compute_loss(self.hparams["loss"], logits, labels)
        # Probabilities, never logits: torchmetrics would guess batch by batch whether to apply a sigmoid.
        metrics.update(torch.sigmoid(logits.detach()), labels)
        self.log(f"{split}/loss", loss, on_step=False, on_epoch=True, batch_size=len(labels), sync_dist=True)
        self.log_dict(dict(metrics.items()), on_step=False, on_epoch=True, batch_size=len(labels))
        return loss
