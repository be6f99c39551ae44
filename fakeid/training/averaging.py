"""Exponential moving average of the weights."""

from collections.abc import Sequence

import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage(WeightAveraging):
    """Averages weights and running statistics after each step; validates, keeps and tests the average.

    The first step copies the weights; at the n-th after it the average moves by 1 - min(decay, (1 + n) / (10 + n)) of
    its distance to them, so that it does not remember the beginning for long (as in TensorFlow's
    `ExponentialMovingAverage`). A checkpoint holds the average as its weights, and those that go on learning beside it.

    Args:
        decay: In (0, 1).
        device: Of the training: Lightning would take that of the module, which is on the CPU at that time.
    """

    def __init__(self, decay: float, device: str) -> None:
        def average(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Tensor) -> None:
            num = int(num_averaged)
            update = get_ema_multi_avg_fn(min(decay, (1 + num) / (10 + num)))  # type: ignore[no-untyped-call]
            update(averaged, current, num)

        super().__init__(device=torch.device(device), use_buffers=True, multi_avg_fn=average)
