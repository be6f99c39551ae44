"""The constrained convolution of Bayar & Stamm: learned filters that remain high-pass filters."""

from typing import Final

import torch
from torch import Tensor, nn

from fakeid.models.residuals.base import FilterResidual, filter_exactly

_SIDE: Final = 5
_NEIGHBORS: Final = _SIDE**2 - 1


class ConstrainedResidual(FilterResidual):
    """Three learned 5x5 filters whose center is -1 and whose other weights sum to 1 (Bayar & Stamm 2018).

    Each filter of "Constrained convolutional neural networks" (IEEE TIFS 13, no. 11) predicts a pixel from its
    neighbors and returns the prediction error. It is zero on flat color, for any weights. For an input in [0, 1], a
    filtered channel lies in [-1 - n, 1 + n], where -n is the sum of the filter's negative weights. The paper's border
    is valid. Without `sum_channels`, each channel has its own filters.

    The paper divides the neighbors by their sum after each step, which fails if the sum is near 0. Here their mean is
    shifted to 1/24 whenever they are used. This reaches the same filters, and the constraint survives every optimizer
    step and every average of weights.

    Attributes:
        weight: The 24 neighbors of each filter, row by row, before the shift: (3, C, 24), or (3 · C, 1, 24). Their
            initial values are normal with mean and standard deviation 1/24.
    """

    num_filters = 3

    def __init__(self, in_channels: int, *, sum_channels: bool, reflect: bool) -> None:
        super().__init__(in_channels, sum_channels=sum_channels, reflect=reflect)
        self.weight = nn.Parameter(torch.empty(self.out_channels, in_channels if sum_channels else 1, _NEIGHBORS))
        nn.init.normal_(self.weight, mean=1 / _NEIGHBORS, std=1 / _NEIGHBORS)

    def constrain(self) -> Tensor:
        """Compute the filters, (out_channels, C or 1, 5, 5) float32, with gradients to `weight`."""
        neighbors = self.weight - self.weight.mean(-1, keepdim=True) + 1 / _NEIGHBORS
        before, after = neighbors.chunk(2, dim=-1)
        filters = torch.cat((before, -torch.ones_like(neighbors[..., :1]), after), dim=-1)
        return filters.view(*filters.shape[:2], _SIDE, _SIDE)

    def forward(self, x: Tensor) -> Tensor:
        """Filter (N, C, H, W) into (N, out_channels, H', W') float32.

        Raises:
            DataError: The image is smaller than the filters.
        """
        return filter_exactly(x, self.constrain(), sum_channels=False, reflect=self.reflect, name="filters of bayar")
