"""Neighboring pixel relationships: the difference to nearest-neighbor up-sampling."""

import torch.nn.functional as F
from torch import Tensor

from fakeid.models.residuals.base import Residual, check_size


class NeighborResidual(Residual):
    """The image minus its nearest-neighbor down- and up-sampling by two (Tan et al. 2024).

    "Rethinking the up-sampling operations in CNN-based generative network for generalizable deepfake detection" (CVPR
    2024). Nearest-neighbor down-sampling keeps the upper left pixel of each 2x2 cell, so the residual is the difference
    between each pixel and the upper left one of its cell. It is zero on flat color, on aligned nearest-neighbor
    up-sampling, and at every upper left pixel. The cells of an odd last row or column are cut off at the border.

    Each channel is processed on its own. The result lies in [-1, 1] for an input in [0, 1], and in twice that range for
    channels in [-1, 1]. The authors' code multiplies by 2/3, for images of unit variance; normalization in the backbone
    removes such a factor.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Compute the residual of (N, C, H, W), float32 of the same shape.

        Raises:
            DataError: The image is smaller than a cell.
        """
        check_size(x, 2, "the down-sampling of npr")
        x = x.float()
        height, width = x.shape[-2:]
        return x - F.interpolate(x[..., ::2, ::2], scale_factor=2, mode="nearest")[..., :height, :width]
