"""No residual."""

from torch import Tensor

from fakeid.models.residuals.base import Residual


class NoResidual(Residual):
    """The image as it is: (N, C, H, W) → the same in float32."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W) float32, unchanged."""
        return x.float()
