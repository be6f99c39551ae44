"""Double and halve the size of features with low-pass filters, as StyleGAN2 and StyleGAN3 do."""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

FIR_TAPS: Final = (1.0, 3.0, 3.0, 1.0)
"""Filter taps of StyleGAN2 (Karras et al. 2020)."""

_SINC_TAPS: Final = 12
_KAISER_BETA: Final = 4.0


def build_sinc_taps() -> tuple[float, ...]:
    """Build the taps of a Kaiser-windowed sinc that keeps the lower half of the band, in the manner of StyleGAN3."""
    places = torch.arange(_SINC_TAPS) - (_SINC_TAPS - 1) / 2
    window = torch.kaiser_window(_SINC_TAPS, False, _KAISER_BETA)
    return tuple((torch.sinc(places / 2) * window).tolist())


def insert_zeros(x: Tensor) -> Tensor:
    """Insert a zero after each pixel in both directions, (N, C, H, W) → (N, C, 2 * H, 2 * W)."""
    n, c, height, width = x.shape
    spread = x.new_zeros(n, c, height, 2, width, 2)
    spread[:, :, :, 0, :, 0] = x
    return spread.reshape(n, c, 2 * height, 2 * width)


def filter_up(x: Tensor, taps: tuple[float, ...]) -> Tensor:
    """Double the size of features by inserting zeros and a low-pass filter, (N, C, H, W) → (N, C, 2 * H, 2 * W).

    Each pixel lies at the center of its four. Border pixels are repeated outwards before zeros are inserted.

    Args:
        x: Features.
        taps: Taps of the filter in both directions, an even number.
    """
    half = len(taps) // 2
    spare = -(-half // 2)
    x = insert_zeros(F.pad(x, (spare, spare, spare, spare), mode="replicate"))
    before = 2 * spare - half  # zeros and repeated pixels that no output needs
    return 4 * _convolve(x[:, :, before : x.shape[2] - before - 1, before : x.shape[3] - before - 1], taps)


def filter_down(x: Tensor, taps: tuple[float, ...]) -> Tensor:
    """Halve the size of features after a low-pass filter, (N, C, 2 * H, 2 * W) → (N, C, H, W).

    Each pixel is taken from the center of four, so that `filter_up` followed by `filter_down` shifts nothing.

    Args:
        x: Features.
        taps: Taps of the filter in both directions, an even number.
    """
    half = len(taps) // 2
    return _convolve(F.pad(x, (half - 1, half, half - 1, half), mode="replicate"), taps, stride=2)


def _convolve(x: Tensor, taps: tuple[float, ...], stride: int = 1) -> Tensor:
    """Filter each channel in both directions, without padding; constant features stay as they are."""
    line = torch.tensor(taps, dtype=x.dtype, device=x.device) / sum(taps)
    channels = x.shape[1]
    x = F.conv2d(x, line[None, None, None, :].expand(channels, 1, 1, -1), stride=(1, stride), groups=channels)
    return F.conv2d(x, line[None, None, :, None].expand(channels, 1, -1, 1), stride=(stride, 1), groups=channels)
