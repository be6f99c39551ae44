"""Neighboring pixel relationships: what nearest-neighbor up-sampling would not have made."""

import torch.nn.functional as F
from torch import Tensor

from fakeid.models.residuals.base import Residual, check_size


class NeighborResidual(Residual):
    """The image minus its nearest-neighbor down- and up-sampling by two (Tan et al. 2024).

    "Rethinking the up-sampling operations in CNN-based generative network for generalizable deepfake detection" (CVPR
    2024). Nearest-neighbor down-sampling keeps the upper left pixel of each 2x2 cell, so this is the difference of
    each pixel to that one of its cell: zero on flat color, on whatever was up-sampled so and is aligned, and at every
    upper left pixel. The cells of an odd last row or column are cut off at the border.

    Each channel on its own; in [-1, 1] if its input lies in [0, 1], and twice that for channels in [-1, 1]. The
    authors' code multiplies by 2/3, for images of unit variance; normalization in the backbone takes that out.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W) float32 of the same size.

        Raises:
            DataError: If the image is smaller than a cell.
        """
        check_size(x, 2, "the down-sampling of npr")
        x = x.float()
        height, width = x.shape[-2:]
        return x - F.interpolate(x[..., ::2, ::2], scale_factor=2, mode="nearest")[..., :height, :width]
