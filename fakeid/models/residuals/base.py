"""What every residual has in common."""

from torch import nn


class Residual(nn.Module):
    """A residual: float (N, in_channels, H, W) → float32 (N, out_channels, H', W')."""

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.out_channels = out_channels
