"""The fixed high-pass filter of Lee & Park 2021: it removes the content and keeps the trace of the generator."""

from typing import Final

import torch
from torch import Tensor

from fakeid.models.residuals.base import FilterResidual, filter_exactly

KV: Final = (
    (-1, 2, -2, 2, -1),
    (2, -6, 8, -6, 2),
    (-2, 8, -12, 8, -2),
    (2, -6, 8, -6, 2),
    (-1, 2, -2, 2, -1),
)
"""The 5x5 "KV" kernel of the spatial rich model (Fridrich & Kodovsky 2012), before the division by 12."""


class HighPassResidual(FilterResidual):
    """The KV kernel, divided by 12, applied to each channel and optionally summed over the channels.

    It is zero on flat color and linear ramps; a filtered channel lies in [-4, 4] for an input in [0, 1]. The kernel is
    the same for all channels, so `sum_channels` filters their sum.
    """

    num_filters = 1
    kernel: Tensor

    def __init__(self, in_channels: int, *, sum_channels: bool, reflect: bool) -> None:
        super().__init__(in_channels, sum_channels=sum_channels, reflect=reflect)
        kernel = torch.tensor(KV, dtype=torch.float32) / 12
        self.register_buffer("kernel", kernel.repeat(self.out_channels, 1, 1, 1), persistent=False)  # (out, 1, 5, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Filter (N, C, H, W) into (N, out_channels, H', W') float32.

        Raises:
            DataError: The image is smaller than the kernel.
        """
        return filter_exactly(
            x, self.kernel, sum_channels=self.sum_channels, reflect=self.reflect, name="high-pass filter"
        )
