"""The scale of the colors that a network was made for."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Normalization(nn.Module):
    """Shifts and scales each of three channels; leaves them as they are until it is told otherwise.

    Mean and standard deviation are part of a checkpoint, so that it scores alike without the weights it started from.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3, 1, 1))
        self.register_buffer("std", torch.ones(3, 1, 1))

    def set_statistics(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """Subtract this mean from now on, then divide by this standard deviation, of one number a channel each."""
        for buffer, values in ((self.mean, mean), (self.std, std)):
            buffer.copy_(torch.tensor(values)[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) to the same shape."""
        return (x - self.mean) / self.std
