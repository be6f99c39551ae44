"""Color spaces as layers: they turn RGB in [0, 1] into the channels that the network sees."""

import torch
from torch import Tensor, nn

from fakeid.errors import ConfigError


class Color(nn.Module):
    """A color space as a layer: float RGB (N, 3, H, W) in [0, 1] → float32 (N, out_channels, H, W)."""

    out_channels: int = 3


class RgbColor(Color):
    """RGB as decoded: channels R, G, B, each in [0, 1]."""

    def forward(self, rgb: Tensor) -> Tensor:
        """Return (N, 3, H, W) float32, unchanged."""
        return rgb.float()


class OpenCvHsvColor(Color):
    """OpenCV's 8-bit HSV, bit for bit, divided by 255: channels V, S, H, in the order in which Lee & Park 2021 read it.

    V and S lie in [0, 1] in steps of 1/255, and H lies in [0, 179/255], because OpenCV halves the degrees to fit 8
    bits. Hue is circular, so red flips between the two ends; gray has hue 0. Input between two 8-bit values is rounded,
    so no gradient reaches it.

    Like OpenCV, the layer divides by 12-bit fixed-point tables, in integers that are the same on every device.
    """

    saturation_scale: Tensor
    hue_scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        divisor = torch.arange(1, 256, dtype=torch.float64)
        for name, numerator in (("saturation_scale", 255.0), ("hue_scale", 180.0 / 6)):
            table = torch.zeros(256, dtype=torch.int32)  # entry 0, a division by zero, must give 0
            table[1:] = (numerator * 2**12 / divisor).round().int()
            self.register_buffer(name, table, persistent=False)

    def forward(self, rgb: Tensor) -> Tensor:
        """Return V, S, H: (N, 3, H, W) float32."""
        r, g, b = (rgb.float() * 255).round().clamp(0, 255).int().unbind(1)  # three of (N, H, W)
        value = torch.maximum(torch.maximum(r, g), b)
        chroma = value - torch.minimum(torch.minimum(r, g), b)
        sextant = torch.where(value == r, g - b, torch.where(value == g, b - r + 2 * chroma, r - g + 4 * chroma))
        saturation = _divide(chroma, self.saturation_scale[value])
        hue = _divide(sextant, self.hue_scale[chroma])
        hue = torch.where(hue < 0, hue + 180, hue)
        return torch.stack((value, saturation, hue), dim=1).float() / 255  # (N, 3, H, W)


def _divide(numerator: Tensor, scale: Tensor) -> Tensor:
    """Divide in 12-bit fixed point with OpenCV's rounding: add one half, then shift."""
    return (numerator * scale + (1 << 11)) >> 12


class CircularHsvColor(Color):
    """HSV in floating point with hue on the unit circle, weighted by chroma: channels C cos H, C sin H, C, V.

    Chroma C = S·V is the largest minus the smallest of R, G and B. The first two channels lie in [-1, 1], C and V in
    [0, 1]; value and chroma replace OpenCV's V and S, and saturation is C / V.

    Hue is undefined for grays and saturation for black, so noise moves both without bound. On flat gray with noise of
    4 levels, the high-pass residual of (cos H, sin H) is 45 times that of RGB, and the residual of S is 1.7 times that
    of RGB at level 128 and 5.8 times at level 32. With the weighting, the residual of every channel stays within 0.7 to
    1.5 times that of RGB for all colors. All values and gradients are finite, also for grays.
    """

    out_channels: int = 4

    def forward(self, rgb: Tensor) -> Tensor:
        """Return C cos H, C sin H, C, V: (N, 4, H, W) float32."""
        rgb = rgb.float()
        r, g, b = rgb.unbind(1)  # three of (N, H, W)
        value = rgb.amax(1)
        chroma = value - rgb.amin(1)
        divisor = torch.where(chroma > 0, chroma, 1)  # a masked 0 / 0 would still give NaN gradients
        sextant = torch.where(
            value == r,
            (g - b) / divisor,
            torch.where(value == g, 2 + (b - r) / divisor, 4 + (r - g) / divisor),
        )
        angle = sextant * (torch.pi / 3)
        return torch.stack((angle.cos() * chroma, angle.sin() * chroma, chroma, value), dim=1)  # (N, 4, H, W)


class YCbCrColor(Color):
    """Full-range YCbCr in floating point: channels Y, Cb, Cr, each in [0, 1], with Cb = Cr = 0.5 for grays.

    The coefficients are those of OpenCV and of Lee & Park 2021; OpenCV's own channel order is Y, Cr, Cb.
    """

    def forward(self, rgb: Tensor) -> Tensor:
        """Return Y, Cb, Cr: (N, 3, H, W) float32."""
        r, g, b = rgb.float().unbind(1)  # three of (N, H, W)
        y = 0.299 * r + 0.587 * g + 0.114 * b
        cb = 0.564 * (b - y) + 0.5
        cr = 0.713 * (r - y) + 0.5
        return torch.stack((y, cb, cr), dim=1)  # (N, 3, H, W)


def build_color(name: str, *, hsv: str = "opencv_8bit") -> Color:
    """Build the layer for a color space.

    Args:
        name: `rgb`, `hsv` or `ycbcr`.
        hsv: Variant of `hsv`: `opencv_8bit`, as in the paper, or `circular`.

    Returns:
        A layer without parameters; see its class for channel order and ranges.

    Raises:
        ConfigError: A name is unknown.
    """
    hsv_forms: dict[str, type[Color]] = {"opencv_8bit": OpenCvHsvColor, "circular": CircularHsvColor}
    if hsv not in hsv_forms:
        raise ConfigError(f"hsv must be one of {', '.join(hsv_forms)}, got {hsv!r}")
    colors: dict[str, type[Color]] = {"rgb": RgbColor, "hsv": hsv_forms[hsv], "ycbcr": YCbCrColor}
    if name not in colors:
        raise ConfigError(f"color must be one of {', '.join(colors)}, got {name!r}")
    return colors[name]()
