"""A bank of fixed filters of the spatial rich model, with truncated responses."""

from typing import Final

import torch
from torch import Tensor

from fakeid.models.residuals.base import FilterResidual, filter_exactly
from fakeid.models.residuals.hpf import KV

_SQUARE_3X3: Final = (
    (0, 0, 0, 0, 0),
    (0, -1, 2, -1, 0),
    (0, 2, -4, 2, 0),
    (0, -1, 2, -1, 0),
    (0, 0, 0, 0, 0),
)
_SECOND_ORDER: Final = (
    (0, 0, 0, 0, 0),
    (0, 0, 0, 0, 0),
    (0, 1, -2, 1, 0),
    (0, 0, 0, 0, 0),
    (0, 0, 0, 0, 0),
)
_BANK: Final = ((_SQUARE_3X3, 4), (KV, 12), (_SECOND_ORDER, 2))
"""Each kernel and the absolute value of its center, by which it is divided."""

_TRUNCATION: Final = 2.0
"""The truncation threshold T of the rich model, in 8-bit levels."""


class SrmResidual(FilterResidual):
    """The three kernels that Zhou et al. 2018 chose from the spatial rich model (Fridrich & Kodovsky 2012), clipped.

    The kernels are, in this order, the 3x3 square, the 5x5 square ("KV") and the second difference along a row, divided
    by 4, 12 and 2. "Learning rich features for image manipulation detection" (CVPR 2018) found thirty kernels hardly
    better. All are zero on flat color and linear ramps, and the squares also on every function of the row alone or of
    the column alone.

    The response is in 8-bit levels, 255 times that of an input in [0, 1], and clipped to [-2, 2], so that an edge says
    no more than faint noise. It is not rounded to whole levels as in the rich model, because that would leave no
    gradient. Zhou et al. filter the sum of the channels.
    """

    num_filters = len(_BANK)
    kernels: Tensor

    def __init__(self, in_channels: int, *, sum_channels: bool, reflect: bool) -> None:
        super().__init__(in_channels, sum_channels=sum_channels, reflect=reflect)
        filtered = 1 if sum_channels else in_channels
        kernels = torch.stack([torch.tensor(kernel, dtype=torch.float32) / center for kernel, center in _BANK])
        self.register_buffer("kernels", kernels.unsqueeze(1).repeat(filtered, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Filter (N, C, H, W) into (N, out_channels, H', W') float32.

        Raises:
            DataError: The image is smaller than the kernels.
        """
        filtered = filter_exactly(
            x, self.kernels, sum_channels=self.sum_channels, reflect=self.reflect, name="kernels of srm"
        )
        return (filtered * 255).clamp(-_TRUNCATION, _TRUNCATION)
