"""Residual layers: fixed high-pass filters that remove the content and keep the trace of the generator."""

from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fakeid.errors import ConfigError, DataError

_KV = (
    (-1, 2, -2, 2, -1),
    (2, -6, 8, -6, 2),
    (-2, 8, -12, 8, -2),
    (2, -6, 8, -6, 2),
    (-1, 2, -2, 2, -1),
)
"""The 5x5 "KV" kernel of the spatial rich model (Fridrich & Kodovsky 2012), still to be divided by 12."""


class Residual(nn.Module):
    """A residual: float (N, in_channels, H, W) → float32 (N, out_channels, H', W')."""

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.out_channels = out_channels


class NoResidual(Residual):
    """The image as it is: (N, C, H, W) → the same in float32."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W) float32, unchanged."""
        return x.float()


class HighPassResidual(Residual):
    """The KV kernel, divided by 12, on each channel; summed over the channels or not.

    Zero on flat color and linear ramps; a filtered channel lies in [-4, 4] if its input lies in [0, 1]. With a valid
    border H' = H - 4, with a reflected one H' = H, and so for the width.

    Always computed in float32 or better: in bf16 (autocast) an 8-bit image keeps 8 significant bits and in TF32 (the
    default for convolutions on NVIDIA GPUs) 11, and the trace that we look for is in the last ones.

    Args:
        in_channels: Channels C of the input.
        sum_channels: Sum into one channel. The kernel is the same for all, so this filters the sum of the channels.
        reflect: Reflect the image at its border (without repeating the edge) instead of losing 2 px on each side.
    """

    kernel: Tensor

    def __init__(self, in_channels: int, *, sum_channels: bool, reflect: bool) -> None:
        super().__init__(out_channels=1 if sum_channels else in_channels)
        self.sum_channels = sum_channels
        self.reflect = reflect
        kernel = torch.tensor(_KV, dtype=torch.float32) / 12
        self.register_buffer("kernel", kernel.repeat(self.out_channels, 1, 1, 1), persistent=False)  # (out, 1, 5, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Filter (N, C, H, W) into (N, out_channels, H', W') float32.

        Raises:
            DataError: If the image is smaller than the kernel.
        """
        if min(x.shape[-2:]) < 5:
            raise DataError(
                f"the 5x5 high-pass filter needs images of at least 5 x 5 px, got {x.shape[-2]} x {x.shape[-1]}; "
                "raise data.image_px"
            )
        with torch.autocast(x.device.type, enabled=False):
            x = x.double() if x.is_cuda else x.float()  # there is no TF32 for float64, and no global switch to set
            if self.sum_channels:
                x = reduce(torch.add, x.unbind(1)).unsqueeze(1)  # (N, 1, H, W); on a CPU 5 times as fast as x.sum(1)
            if self.reflect:
                x = F.pad(x, (2, 2, 2, 2), mode="reflect")
            return F.conv2d(x, self.kernel.to(x.dtype), groups=self.out_channels).float()


def build_residual(name: str, in_channels: int, *, channels: str = "sum", border: str = "valid") -> Residual:
    """Build a residual layer.

    Args:
        name: `none` or `hpf`.
        in_channels: Channels of the input.
        channels: For `hpf`, `sum` into one channel, as in the paper, or `each` on its own.
        border: For `hpf`, `valid`, as in the paper, which removes 4 px from height and width, or `reflect`.

    Returns:
        A layer without parameters.

    Raises:
        ConfigError: If a name is unknown.
    """
    if channels not in ("sum", "each"):
        raise ConfigError(f"hpf_channels must be sum or each, got {channels!r}")
    if border not in ("valid", "reflect"):
        raise ConfigError(f"hpf_border must be valid or reflect, got {border!r}")
    if name == "none":
        return NoResidual(in_channels)
    if name == "hpf":
        return HighPassResidual(in_channels, sum_channels=channels == "sum", reflect=border == "reflect")
    raise ConfigError(f"residual must be none or hpf, got {name!r}")
