"""First differences of neighboring pixels."""

import torch
from torch import Tensor

from fakeid.models.residuals.base import Residual, check_size


class DifferenceResidual(Residual):
    """The differences to the right and to the lower neighbor (Pevny, Bas & Fridrich 2010, "SPAM").

    "Steganalysis by subtractive pixel adjacency matrix" takes first differences in eight directions, of which these
    two are those along the axes without their negatives. The last row and column have no neighbor and are left out.

    Each channel on its own, its horizontal difference first; in [-1, 1] if its input lies in [0, 1].
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__(2 * in_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 2 C, H - 1, W - 1) float32.

        Raises:
            DataError: If the image is smaller than 2 x 2 px.
        """
        check_size(x, 2, "the differences of spam")
        x = x.float()
        here = x[..., :-1, :-1]
        return torch.stack([here - x[..., :-1, 1:], here - x[..., 1:, :-1]], dim=2).flatten(1, 2)
