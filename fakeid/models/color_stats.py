"""The color statistics of Li et al. 2020: co-occurrences of residuals in H, S, Cb and Cr, and a linear classifier."""

from collections.abc import Iterator
from itertools import product
from typing import Final

import torch
from torch import Tensor, nn

from fakeid.errors import DataError

COMPONENTS: Final = ("h", "s", "cb", "cr")
"""Color components, in the order of the features."""

_NEIGHBORS: Final = ((0, 1), (0, -1), (1, 0), (-1, 0))  # (rows down, columns right): right, left, below, above
_TRUNCATION: Final = 2  # residuals lie in -2 … 2
_LEVELS: Final = 2 * _TRUNCATION + 1
_ORDER: Final = 3  # number of residuals counted together
_CODES: Final = _LEVELS**_ORDER  # 125
_BINS: Final = _LEVELS * _LEVELS * (_LEVELS + 1) // 2  # 75
_LEAST_PX: Final = _ORDER + 2  # including the border


class ColorStatistics(nn.Module):
    """The features of Li, Li, Tan & Huang 2020 and a linear classifier: RGB in, one logit out.

    The features are those of the authors' code for "Identification of deep network generated images using disparities
    in color components". The components are H and S of MATLAB's `rgb2hsv`, times 255 and rounded, and Cb and Cr of its
    8-bit `rgb2ycbcr`. In each component, the pixels inside a border of one pixel, minus their right, left, lower or
    upper neighbors, form four residual images, truncated to -2 … 2. In each of these, three neighbors in a row or in a
    column form one of 5³ = 125 triples; merging each triple with its reversal leaves 75. The shares of the triples are
    summed over the eight tables: four residuals, rows and columns.

    There is one known difference: values halfway between two levels are rounded up here, while MATLAB's float64 formula
    for H and S falls to either side (by one level, in 0.3 % of all colors for each of the two).

    The classifier differs from theirs. They train a layer with two outputs on the raw features with SGD (learning rate
    0.001, momentum 0.9, 50 epochs of shuffled batches). Here it is the logistic regression of
    `fakeid.runs.logistic_regression` on standardized features, which needs no seed; all results of `model=color_stats`
    use it.

    Components and counts are integers, and the same on every device. No gradient reaches the image.

    Attributes:
        num_features: Number of features: 300, 75 for each of `COMPONENTS`.
        mean: Mean to subtract from the features, float32 (300,).
        scale: Scale to divide the centered features by, float32 (300,).
        linear: Linear layer from standardized features to the logit; zero until it is fitted.
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
            DataError: A side is shorter than 5 px.
        """
        return self.score(self.compute_features(rgb))

    def compute_features(self, rgb: Tensor) -> Tensor:
        """Compute the shares of the triples, component by component.

        Args:
            rgb: RGB float (N, 3, H, W) in [0, 1]; values between two 8-bit levels are rounded.

        Returns:
            Features float32 (N, 300) in [0, 8]; the 75 of each component sum to 8.

        Raises:
            DataError: A side is shorter than 5 px.
        """
        height, width = rgb.shape[2:]
        if min(height, width) < _LEAST_PX:
            raise DataError(f"color_stats needs images of at least 5 x 5 px, got {height} x {width}")
        components = _compute_components((rgb.float() * 255).round().clamp(0, 255).int())
        return torch.cat([self._add_shares(plane) for plane in components], dim=1)  # (N, 300)

    def score(self, features: Tensor) -> Tensor:
        """Return logits (N, 1) float32 of features (N, 300)."""
        with torch.autocast(features.device.type, enabled=False):  # bf16 is too coarse for the features
            logits: Tensor = self.linear((features - self.mean) / self.scale)
        return logits

    def set_classifier(self, *, mean: Tensor, scale: Tensor, weight: Tensor, bias: float) -> None:
        """Set the fitted classifier.

        Args:
            mean: Mean of the training features, (300,).
            scale: Scale of the training features, (300,), above 0.
            weight: Weights of the standardized features, (300,).
            bias: Logit of an average image.
        """
        with torch.no_grad():
            self.mean.copy_(mean)
            self.scale.copy_(scale)
            self.linear.weight.copy_(weight.unsqueeze(0))
            self.linear.bias.fill_(bias)

    def _add_shares(self, plane: Tensor) -> Tensor:
        """Sum the shares of the triples over the residuals of one component, (N, H, W) int16 → (N, 75) float32."""
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
    """Convert RGB (N, 3, H, W) int32 to H and S in 0 … 255, Cb and Cr in 16 … 240, each (N, H, W) int16."""
    r, g, b = rgb_u8.unbind(1)
    value = rgb_u8.amax(1)
    chroma = value - rgb_u8.amin(1)
    sextant = torch.where(value == r, g - b, torch.where(value == g, b - r + 2 * chroma, r - g + 4 * chroma))
    sextant = torch.where(sextant < 0, sextant + 6 * chroma, sextant)  # 0 … 6 · chroma, the full circle
    hue = _divide(255 * sextant, 6 * chroma)
    saturation = _divide(255 * chroma, value)
    whole = torch.full_like(value, 255_000)  # MATLAB's coefficients have three decimals, for RGB in [0, 1]
    cb = _divide(128 * whole - 37_797 * r - 74_203 * g + 112_000 * b, whole)
    cr = _divide(128 * whole + 112_000 * r - 93_786 * g - 18_214 * b, whole)
    return tuple(plane.to(torch.int16) for plane in (hue, saturation, cb, cr))


def _divide(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Divide non-negative integers, rounding half up; 0 / 0 gives 0."""
    return (2 * numerator + denominator) // (2 * denominator).clamp(min=1)


def _compute_residuals(plane: Tensor) -> Iterator[Tensor]:
    """Yield the truncated difference to each neighbor, (N, H, W) int16 → (N, H - 2, W - 2) uint8, 0 … 4 for -2 … 2."""
    height, width = (side - 2 for side in plane.shape[1:])
    center = plane[:, 1:-1, 1:-1]
    for down, right in _NEIGHBORS:
        neighbor = plane.narrow(1, 1 + down, height).narrow(2, 1 + right, width)
        yield (center - neighbor).clamp(-_TRUNCATION, _TRUNCATION).add(_TRUNCATION).to(torch.uint8)


def _count_triples(residual: Tensor, axis: int) -> Tensor:
    """Count the codes of three neighbors along an axis, (N, H, W) in 0 … 4 → (N · 125,) int64."""
    num_images, length = len(residual), residual.shape[axis] - _ORDER + 1
    first, second, third = (residual.narrow(axis, start, length) for start in range(_ORDER))
    codes = (first * _LEVELS + second) * _LEVELS + third  # 0 … 124 fits in uint8
    image = torch.arange(num_images, dtype=torch.int32, device=residual.device) * _CODES
    return torch.bincount((codes + image.view(-1, 1, 1)).flatten(), minlength=num_images * _CODES)


def _number_bins() -> list[int]:
    """Compute the bin of each code, the same for a triple and its reversal.

    The one of the two that starts with the smaller end determines the place. Bins are in MATLAB's order, in which the
    first value changes fastest.
    """
    triples = list(product(range(_LEVELS), repeat=_ORDER))
    merged = sorted({min(triple, triple[::-1]) for triple in triples}, key=lambda triple: triple[::-1])
    return [merged.index(min(triple, triple[::-1])) for triple in triples]
