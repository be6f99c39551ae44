"""The common base of residuals: the layer classes, exact filtering and the check of the image size."""

from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fakeid.errors import DataError


class Residual(nn.Module):
    """A residual layer: float (N, in_channels, H, W) → float32 (N, out_channels, H', W')."""

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.out_channels = out_channels


class FilterResidual(Residual):
    """A residual of 5x5 filters, computed in float32 or better: (N, C, H, W) → (N, filters or filters · C, H', W').

    Args:
        in_channels: Number C of input channels.
        sum_channels: Whether to sum over the channels, as a convolution does. Otherwise each is filtered on its own,
            and the responses of the first channel come first.
        reflect: Whether to reflect the image at its border (without repeating the edge), which keeps its size, instead
            of losing 2 px on each side.

    Attributes:
        num_filters: Number of filters.
    """

    num_filters: int

    def __init__(self, in_channels: int, *, sum_channels: bool, reflect: bool) -> None:
        super().__init__(self.num_filters * (1 if sum_channels else in_channels))
        self.sum_channels = sum_channels
        self.reflect = reflect


def filter_exactly(x: Tensor, kernels: Tensor, *, sum_channels: bool, reflect: bool, name: str) -> Tensor:
    """Correlate images with kernels of odd side k, in float32 or better.

    In bf16 (autocast) an 8-bit image keeps 8 significant bits, and in TF32 (the default for convolutions on NVIDIA
    GPUs) 11. The trace that we look for is in the lowest bits.

    Args:
        x: Images float (N, C, H, W).
        kernels: Kernels float (K, C, k, k) across the channels, or (K · C, 1, k, k) for K kernels on each channel; with
            `sum_channels`, (K, 1, k, k).
        sum_channels: Whether to sum the channels first: the same result, but cheaper, if all channels have the same
            kernel.
        reflect: Whether to reflect the image at its border (without repeating the edge) instead of losing (k - 1) / 2
            px on each side.
        name: Name of the filter in errors.

    Returns:
        Responses float32 (N, K or K · C, H', W'), those of a channel side by side. H' is H with a reflected border and
        H - k + 1 without; the same holds for the width.

    Raises:
        DataError: The image is smaller than a kernel.
    """
    side = kernels.shape[-1]
    check_size(x, side, f"the {side}x{side} {name}")
    with torch.autocast(x.device.type, enabled=False):
        x = x.double() if x.is_cuda else x.float()  # float64 never uses TF32, and needs no global switch
        if sum_channels:
            x = reduce(torch.add, x.unbind(1)).unsqueeze(1)  # (N, 1, H, W); on a CPU 5 times as fast as x.sum(1)
        if reflect:
            x = F.pad(x, (side // 2,) * 4, mode="reflect")
        return F.conv2d(x, kernels.to(x.dtype), groups=x.shape[1] // kernels.shape[1]).float()


def check_size(x: Tensor, least_px: int, what: str) -> None:
    """Refuse images that are too small.

    Args:
        x: Images (…, H, W).
        least_px: Smallest height and width, in pixels.
        what: Subject of the error: what needs that size.

    Raises:
        DataError: The height or width is smaller.
    """
    if min(x.shape[-2:]) < least_px:
        raise DataError(
            f"{what} needs images of at least {least_px} x {least_px} px, got {x.shape[-2]} x {x.shape[-1]}; "
            "raise data.image_px"
        )


class NoResidual(Residual):
    """No residual: the image itself, in float32."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W) float32, unchanged."""
        return x.float()
