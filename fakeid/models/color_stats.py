"""Color statistics: co-occurrences of residuals in each color component, and a linear classifier on them."""

from collections.abc import Sequence
from itertools import product
from typing import Final

import torch
from torch import Tensor, nn

from fakeid.errors import ConfigError, DataError
from fakeid.models.color import OpenCvHsvColor

COMPONENTS: Final = ("h", "s", "v", "y", "cb", "cr")
"""Those that are counted unless others are asked for."""

_TRUNCATION: Final = 2  # residuals lie in -2 … 2
_LEVELS: Final = 2 * _TRUNCATION + 1
_ORDER: Final = 3  # neighbors that are counted together
_CODES: Final = _LEVELS**_ORDER  # 125
_LEAST_PX: Final = _ORDER + 1


class ColorStatistics(nn.Module):
    """Residual co-occurrences after Li, Li, Tan & Huang 2020, and a linear classifier: RGB in, one logit out.

    Each 8-bit color component is differenced to the next pixel, once across and once down; the residuals are truncated
    to -2 … 2; three neighbors in a row, and three in a column, make one of 5³ = 125 triples; a triple and its reversal
    are one, which leaves 75; their shares are the features.

    As in "Identification of deep network generated images using disparities in color components", as far as we know it
    (its abstract, and a re-implementation of its first version by others; we have not compared with its authors' code
    or numbers): first-order residuals of H, S, Cb and Cr, truncation at 2, third order, 75 bins for a component.

    Our own reading: V and Y are counted too, and R, G and B together, with 288 bins in that version, are not; the
    components are OpenCV's 8-bit ones, hue in steps of two degrees and not differenced around the circle; nothing is
    padded at the border; the counts of both residuals in both directions are added up before they become shares, where
    a mean of four shares would differ at the border alone; the classifier of `fakeid.training.linear`.

    Features are counted in integers and are the same on every device. No gradient reaches the image.

    Args:
        components: Any of `COMPONENTS`, in the order of the features.

    Attributes:
        components: As given.
        num_features: 75 for each component.
        mean: (F,) float32, taken off the features.
        scale: (F,) float32, divides them then.
        linear: Standardized features → logit; zero until it is fitted.

    Raises:
        ConfigError: An unknown component, or none.
    """

    mean: Tensor
    scale: Tensor
    bin_of_code: Tensor

    def __init__(self, components: Sequence[str] = COMPONENTS) -> None:
        super().__init__()
        unknown = [name for name in components if name not in COMPONENTS]
        if unknown or not components:
            raise ConfigError(f"components must be some of {', '.join(COMPONENTS)}, got {', '.join(unknown) or 'none'}")
        self.components = tuple(components)
        self._hsv = OpenCvHsvColor()
        bins = _number_bins()
        self._num_bins = max(bins) + 1  # 75
        self.num_features = len(self.components) * self._num_bins
        self.register_buffer("bin_of_code", torch.tensor(bins), persistent=False)
        self.register_buffer("mean", torch.zeros(self.num_features))
        self.register_buffer("scale", torch.ones(self.num_features))
        self.linear = nn.Linear(self.num_features, 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, rgb: Tensor) -> Tensor:
        """Return logits (N, 1) float32 of RGB (N, 3, H, W) in [0, 1]; positive means fake.

        Raises:
            DataError: Sides below 4 px.
        """
        return self.score(self.compute_features(rgb))

    def compute_features(self, rgb: Tensor) -> Tensor:
        """Shares of the triples, component by component.

        Args:
            rgb: (N, 3, H, W) float in [0, 1]; values between two 8-bit levels are rounded.

        Returns:
            (N, F) float32 in [0, 1]; each component's 75 sum to 1.

        Raises:
            DataError: Sides below 4 px.
        """
        height, width = rgb.shape[2:]
        if min(height, width) < _LEAST_PX:
            raise DataError(f"color_stats needs images of at least 4 x 4 px, got {height} x {width}")
        planes = self._compute_components(rgb)
        return torch.cat([self._compute_shares(planes[name]) for name in self.components], dim=1)  # (N, F)

    def score(self, features: Tensor) -> Tensor:
        """Return logits (N, 1) float32 of features (N, F)."""
        with torch.autocast(features.device.type, enabled=False):  # bf16 would round the features away
            logits: Tensor = self.linear((features - self.mean) / self.scale)
        return logits

    def set_classifier(self, *, mean: Tensor, scale: Tensor, weight: Tensor, bias: float) -> None:
        """Take over what was fitted.

        Args:
            mean: (F,) of the training features.
            scale: (F,), above 0.
            weight: (F,), of the standardized features.
            bias: The logit of an average image.
        """
        with torch.no_grad():
            self.mean.copy_(mean)
            self.scale.copy_(scale)
            self.linear.weight.copy_(weight.unsqueeze(0))
            self.linear.bias.fill_(bias)

    def _compute_components(self, rgb: Tensor) -> dict[str, Tensor]:
        """8-bit levels by name, each (N, H, W) int16."""
        v, s, h = (self._hsv(rgb) * 255).round().unbind(1)
        y, cb, cr = _compute_ycbcr((rgb.float() * 255).round().clamp(0, 255).int())
        planes = {"h": h, "s": s, "v": v, "y": y, "cb": cb, "cr": cr}
        return {name: plane.to(torch.int16).contiguous() for name, plane in planes.items()}

    def _compute_shares(self, plane: Tensor) -> Tensor:
        """(N, H, W) int16 → (N, 75) float32."""
        num_images = len(plane)
        counts = torch.zeros(num_images * _CODES, dtype=torch.int64, device=plane.device)
        for across in (1, 2):
            residual = plane.diff(dim=across).clamp(-_TRUNCATION, _TRUNCATION).add(_TRUNCATION).to(torch.uint8)
            for along in (1, 2):
                counts += _count_triples(residual, along)
        merged = counts.new_zeros(num_images, self._num_bins)
        merged.index_add_(1, self.bin_of_code, counts.view(num_images, _CODES))
        return merged / merged.sum(dim=1, keepdim=True)


def _count_triples(residual: Tensor, along: int) -> Tensor:
    """How often three neighbors have each code: (N, H, W) in 0 … 4 → (N · 125,) int64."""
    num_images, length = len(residual), residual.shape[along] - _ORDER + 1
    first, second, third = (residual.narrow(along, start, length) for start in range(_ORDER))
    codes = (first * _LEVELS + second) * _LEVELS + third  # 0 … 124, in uint8 still
    image = torch.arange(num_images, dtype=torch.int32, device=residual.device) * _CODES
    return torch.bincount((codes + image.view(-1, 1, 1)).flatten(), minlength=num_images * _CODES)


def _number_bins() -> list[int]:
    """The bin of each code, the same for a triple and its reversal."""
    triples = list(product(range(_LEVELS), repeat=_ORDER))
    merged = sorted({min(triple, triple[::-1]) for triple in triples})
    return [merged.index(min(triple, triple[::-1])) for triple in triples]


def _compute_ycbcr(rgb_u8: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """OpenCV's 8-bit YCbCr, bit for bit: int32 (N, 3, H, W) in 0 … 255 → three of (N, H, W).

    `YCbCrColor` has its greys at 127.5, between two levels, and would leave their rounding to the last bit of a float.
    """
    r, g, b = rgb_u8.unbind(1)
    half = 1 << 13  # of 14-bit fixed point
    y = (4899 * r + 9617 * g + 1868 * b + half) >> 14
    cb, cr = (((color - y) * factor + (128 << 14) + half) >> 14 for color, factor in ((b, 9241), (r, 11682)))
    return y, cb.clamp(0, 255), cr.clamp(0, 255)
