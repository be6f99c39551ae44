"""The diagonal detail of a wavelet transform."""

from torch import Tensor

from fakeid.models.residuals.base import Residual, check_size


class DiagonalWaveletResidual(Residual):
    """The diagonal band (HH) of one level of the orthonormal Haar wavelet transform (Mallat 1989).

    From each 2x2 cell with rows (a, b) and (c, d) it keeps (a - b - c + d) / 2: the finest detail in both directions,
    where up-sampling leaves its trace. It is zero on every function of the row alone or of the column alone, and on
    sums of these. The last row or column of an odd size is left out: reflected with its edge, it would give zeros.

    Each channel is transformed on its own. The result lies in [-1, 1] for an input in [0, 1], and in twice that range
    for channels in [-1, 1].
    """

    def forward(self, x: Tensor) -> Tensor:
        """Compute the residual of (N, C, H, W), (N, C, H // 2, W // 2) float32.

        Raises:
            DataError: The image is smaller than a cell.
        """
        check_size(x, 2, "the wavelet of dwt_hh")
        x = x.float()
        height, width = (side // 2 * 2 for side in x.shape[-2:])
        across = x[..., :height, 0:width:2] - x[..., :height, 1:width:2]  # (N, C, height, W // 2)
        return (across[..., 0::2, :] - across[..., 1::2, :]) / 2
