"""Color statistics of Li et al. 2020: co-occurrences of residuals in H, S, Cb and Cr, and a linear classifier."""

from collections.abc import Iterator
from itertools import product
from typing import Final

import torch
from torch import Tensor, nn

from fakeid.errors import DataError

COMPONENTS: Final = ("h", "s", "cb", "cr")
"""In the order of the features."""

_NEIGHBORS: Final = ((0, 1), (0, -1), (1, 0), (-1, 0))  # rows down and columns right: right, left, below, above
_TRUNCATION: Final = 2  # residuals lie in -2 … 2
_LEVELS: Final = 2 * _TRUNCATION + 1
_ORDER: Final = 3  # residuals that are counted together
_CODES: Final = _LEVELS**_ORDER  # 125
_BINS: Final = _LEVELS * _LEVELS * (_LEVELS + 1) // 2  # 75
_LEAST_PX: Final = _ORDER + 2  # with the border


class ColorStatistics(nn.Module):
    """The features of Li, Li, Tan & Huang 2020, and a linear classifier: RGB in, one logit out.

    The features are those of the authors' code for "Identification of deep network generated images using disparities
    in color components". Components: H and S of MATLAB's `rgb2hsv`, times 255 and rounded, Cb and Cr of its 8-bit
    `rgb2ycbcr`. In each, the pixels inside a border of one, minus their right, left, lower or upper neighbors, are four
    residual images, truncated to -2 … 2. In each of these, three neighbors in a row or in a column make one of 5³ = 125
    triples; a triple and its reversal are one, which leaves 75. The shares of the triples are added over the eight
    tables: four residuals, rows and columns.

    One difference is known: what lies halfway between two levels is rounded up here, while MATLAB's formula for H and S
    in float64 falls to either side (by one level, in 0.3 % of all colors for each of the two).

    The classifier is not theirs. They train a layer with two outputs on the raw features with SGD (learning rate 0.001,
    momentum 0.9, 50 epochs of shuffled batches). Here it is the logistic regression of
    `fakeid.runs.logistic_regression`, on standardized features, which needs no seed; all results of `model=color_stats`
    are from it.

    Components and counts are integers and the same on every device. No gradient reaches the image.

    Attributes:
        num_features: 300, 75 for each of `COMPONENTS`.
        mean: (300,) float32, taken off the features.
        scale: (300,) float32, divides them then.
        linear: Standardized features → logit; zero until it is fitted.
    """

    mean: Tensor
    scale: Tensor
    bin_of_code: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.num_features = len(COMPONENTS) * _BINS
        self.register_buffer("bin_of_code", torch.tensor(_number_bins()), persistent=False)
        self.register_buffer("mean", torch.zeros(self.num_features))
        self.register_buffer("scale", torch.ones(self.num_features))
        self.linear = nn.Linear(self.num_features, 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def get_classifier(self) -> nn.Linear:
        """Return the last layer, as timm's models do."""
        return self.linear

    def forward(self, rgb: Tensor) -> Tensor:
        """Return logits (N, 1) float32 of RGB (N, 3, H, W) in [0, 1]; positive means fake.

        Raises:
            DataError: Sides below 5 px.
        """
        return self.score(self.compute_features(rgb))

    def compute_features(self, rgb: Tensor) -> Tensor:
        """Compute the shares of the triples, component by component.

        Args:
            rgb: (N, 3, H, W) float in [0, 1]; values between two 8-bit levels are rounded.

        Returns:
            (N, 300) float32 in [0, 8]; each component's 75 sum to 8.

        Raises:
            DataError: Sides below 5 px.
        """
        height, width = rgb.shape[2:]
        if min(height, width) < _LEAST_PX:
            raise DataError(f"color_stats needs images of at least 5 x 5 px, got {height} x {width}")
        components = _compute_components((rgb.float() * 255).round().clamp(0, 255).int())
        return torch.cat([self._add_shares(plane) for plane in components], dim=1)  # (N, 300)

    def score(self, features: Tensor) -> Tensor:
        """Return logits (N, 1) float32 of features (N, 300)."""
        with torch.autocast(features.device.type, enabled=False):  # bf16 would round the features away
            logits: Tensor = self.linear((features - self.mean) / self.scale)
        return logits

    def set_classifier(self, *, mean: Tensor, scale: Tensor, weight: Tensor, bias: float) -> None:
        """Take over what was fitted.

        Args:
            mean: (300,) of the training features.
            scale: (300,), above 0.
            weight: (300,), of the standardized features.
            bias: The logit of an average image.
        """
        with torch.no_grad():
            self.mean.copy_(mean)
            self.scale.copy_(scale)
            self.linear.weight.copy_(weight.unsqueeze(0))
            self.linear.bias.fill_(bias)

    def _add_shares(self, plane: Tensor) -> Tensor:
        """(N, H, W) int16 → (N, 75) float32."""
        num_images = len(plane)
        counts = torch.zeros(2, num_images * _CODES, dtype=torch.int64, device=plane.device)  # down, across
        for residual in _compute_residuals(plane):
            for axis in (1, 2):
                counts[axis - 1] += _count_triples(residual, axis)
        merged = counts.new_zeros(2, num_images, _BINS)
        merged.index_add_(2, self.bin_of_code, counts.view(2, num_images, _CODES))
        mean_shares = merged / merged.sum(dim=2, keepdim=True)  # all four residuals have the same number of triples
        return len(_NEIGHBORS) * mean_shares.sum(dim=0)


def _compute_components(rgb_u8: Tensor) -> tuple[Tensor, ...]:
    """RGB (N, 3, H, W) int32 in 0 … 255 → H and S in 0 … 255, Cb and Cr in 16 … 240, each (N, H, W) int16."""
    r, g, b = rgb_u8.unbind(1)
    value = rgb_u8.amax(1)
    chroma = value - rgb_u8.amin(1)
    sextant = torch.where(value == r, g - b, torch.where(value == g, b - r + 2 * chroma, r - g + 4 * chroma))
    sextant = torch.where(sextant < 0, sextant + 6 * chroma, sextant)  # 0 … 6 · chroma, which is once around
    hue = _divide(255 * sextant, 6 * chroma)
    saturation = _divide(255 * chroma, value)
    whole = torch.full_like(value, 255_000)  # MATLAB's coefficients have three decimals, for RGB in [0, 1]
    cb = _divide(128 * whole - 37_797 * r - 74_203 * g + 112_000 * b, whole)
    cr = _divide(128 * whole + 112_000 * r - 93_786 * g - 18_214 * b, whole)
    return tuple(plane.to(torch.int16) for plane in (hue, saturation, cb, cr))


def _divide(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Divide integers from 0 on, rounding half up; 0 / 0 is 0."""
    return (2 * numerator + denominator) // (2 * denominator).clamp(min=1)


def _compute_residuals(plane: Tensor) -> Iterator[Tensor]:
    """Truncated differences to each neighbor: (N, H, W) int16 → (N, H - 2, W - 2) uint8 in 0 … 4, for -2 … 2."""
    height, width = (side - 2 for side in plane.shape[1:])
    center = plane[:, 1:-1, 1:-1]
    for down, right in _NEIGHBORS:
        neighbor = plane.narrow(1, 1 + down, height).narrow(2, 1 + right, width)
        yield (center - neighbor).clamp(-_TRUNCATION, _TRUNCATION).add(_TRUNCATION).to(torch.uint8)


def _count_triples(residual: Tensor, axis: int) -> Tensor:
    """Count how often three neighbors along an axis have each code: (N, H, W) in 0 … 4 → (N · 125,) int64."""
    num_images, length = len(residual), residual.shape[axis] - _ORDER + 1
    first, second, third = (residual.narrow(axis, start, length) for start in range(_ORDER))
    codes = (first * _LEVELS + second) * _LEVELS + third  # 0 … 124, in uint8 still
    image = torch.arange(num_images, dtype=torch.int32, device=residual.device) * _CODES
    return torch.bincount((codes + image.view(-1, 1, 1)).flatten(), minlength=num_images * _CODES)


def _number_bins() -> list[int]:
    """Number the bin of each code, the same for a triple and its reversal.

    Of the two the one with the smaller end first gives the place; bins are in MATLAB's order, the first value fastest.
    """
    triples = list(product(range(_LEVELS), repeat=_ORDER))
    merged = sorted({min(triple, triple[::-1]) for triple in triples}, key=lambda triple: triple[::-1])
    return [merged.index(min(triple, triple[::-1])) for triple in triples]
