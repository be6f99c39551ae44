"""Untrained decoders: one up-sampling block with random kernels, and colors fitted to photos."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from fakeid.config.constants import HELD_OUT_BLOCK, UPSAMPLING_BLOCKS

_WIDTH = 16  # features
_LEAK = 0.25  # a power of two: exact
_FEATURE_LEVELS = 256.0  # features are clipped here
_SPREAD = 1.0  # how far a kernel's random taps deviate from plain interpolation
_RIDGE = 1e-3

Photos = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float32]


class RandomDecoder:
    """A decoder of one up-sampling block with random kernels and a leaky ReLU.

    The photo at half its size is the latent image; the layer to RGB is fitted to photos by ridge regression.

    Kernels and features are whole numbers (or sixteenths) in float32, small enough that every sum is exact: the pixels
    do not depend on the number of threads or the order of additions.

    Args:
        block: One of `UPSAMPLING_BLOCKS`, or `HELD_OUT_BLOCK`.
        seed: Seed of the random kernels; each seed gives another decoder of the same kind.
    """

    def __init__(self, block: str, *, seed: int) -> None:
        assert block in (*UPSAMPLING_BLOCKS, HELD_OUT_BLOCK)
        self._block = block
        self._kernel = _draw_kernel(block, torch.Generator().manual_seed(seed))

    def fit(self, photos: Photos) -> "RandomDecoder":
        """Fit the colors to photos, RGB uint8 (N, H, W, 3), of which about 20 are enough; return the decoder itself."""
        self._scale = self._fit_scale(photos)
        self._to_rgb = self._fit_colors(photos)
        return self

    def state_dict(self) -> dict[str, Any]:
        """Return the fitted values."""
        return {"scale": self._scale, "to_rgb": self._to_rgb}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the fitted values.

        Raises:
            RuntimeError: The state is not that of a random decoder.
        """
        try:
            self._scale, self._to_rgb = float(state["scale"]), state["to_rgb"].reshape(3, _WIDTH + 1, 1, 1)
        except (KeyError, TypeError, AttributeError) as error:
            raise RuntimeError("this is not the state of a random decoder") from error

    def decode(self, photos: npt.NDArray[Any]) -> Array:
        """Decode photos (N, H, W, 3) in 8-bit levels into images float32 (N, H, W, 3), centered on 0."""
        rgb: Array = F.conv2d(self._scaled_features(photos), self._to_rgb).permute(0, 2, 3, 1).numpy()
        return rgb

    def _features(self, photos: npt.NDArray[Any]) -> Tensor:
        """Compute features of photos (N, H, W, 3) before scaling: (N, _WIDTH, H, W), H and W rounded up to even."""
        x = torch.tensor(photos).permute(0, 3, 1, 2).float() - 128  # (N, 3, H, W)
        x = F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2), mode="replicate")
        latent = torch.round(F.avg_pool2d(x, 2))  # (N, 3, H / 2, W / 2)
        return F.leaky_relu(_upsample(self._block, latent, self._kernel), _LEAK)

    def _fit_scale(self, photos: Photos) -> float:
        """Find the power of two that brings the features to a quarter of their range."""
        spread = float(self._features(photos).std())
        return float(2.0 ** np.floor(np.log2(_FEATURE_LEVELS / 4 / spread)))

    def _scaled_features(self, photos: npt.NDArray[Any]) -> Tensor:
        """Scale the features to whole numbers within ±_FEATURE_LEVELS: (N, _WIDTH + 1, H, W), the last one constant."""
        height, width = photos.shape[1:3]
        features = self._features(photos)[..., :height, :width]
        features = torch.round(features * self._scale).clamp(-_FEATURE_LEVELS, _FEATURE_LEVELS)
        return torch.cat([features, torch.full_like(features[:, :1], 128.0)], 1)

    def _fit_colors(self, photos: Photos) -> Tensor:
        """Fit a 1x1 kernel (3, _WIDTH + 1, 1, 1) from features to photos by ridge regression, in steps of 1/1024."""
        features = self._scaled_features(photos).permute(0, 2, 3, 1)  # (N, H, W, _WIDTH + 1)
        design = features.reshape(-1, _WIDTH + 1).double()  # (N * H * W, _WIDTH + 1)
        target = torch.tensor(photos).reshape(-1, 3).double() - 128  # (N * H * W, 3)
        gram = design.T @ design
        gram += _RIDGE * gram.diagonal().mean() * torch.eye(_WIDTH + 1, dtype=torch.double)
        weights = torch.linalg.solve(gram, design.T @ target)  # (_WIDTH + 1, 3)
        # The last digits differ between linear algebra libraries; rounding removes them.
        return (torch.round(weights.T * 1024) / 1024).float()[..., None, None]  # (3, _WIDTH + 1, 1, 1)


def _draw_kernel(block: str, generator: torch.Generator) -> Tensor:
    """Draw a disturbed interpolation kernel: binomial taps that mix colors at random, plus noise; whole numbers."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0] if block == "transposed_conv" else [1.0, 2.0, 1.0])
    smooth = torch.outer(taps, taps)
    mix = torch.randn((_WIDTH, 3, 1, 1), generator=generator)
    if block == "pixel_shuffle":
        mix = mix.repeat_interleave(4, 0)  # (4 * _WIDTH, 3, 1, 1): the four pixels of a feature start alike
    kernel = mix * smooth
    kernel += _SPREAD * smooth.mean() * torch.randn(kernel.shape, generator=generator)
    kernel = torch.round(4 * kernel)
    return kernel.transpose(0, 1) if block in ("transposed_conv", HELD_OUT_BLOCK) else kernel


def _upsample(block: str, x: Tensor, kernel: Tensor) -> Tensor:
    """Apply one up-sampling block, (N, 3, H, W) → (N, _WIDTH, 2 * H, 2 * W)."""
    if block == "transposed_conv":
        return F.conv_transpose2d(x, kernel, stride=2, padding=1)
    if block == HELD_OUT_BLOCK:
        upsampled = F.conv_transpose2d(x, kernel, stride=2)  # (N, _WIDTH, 2 * H + 1, 2 * W + 1)
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        low_pass = torch.outer(taps, taps).expand(_WIDTH, 1, 4, 4)
        return F.conv2d(upsampled, low_pass, padding=1, groups=_WIDTH) / 64
    if block == "pixel_shuffle":
        return F.pixel_shuffle(F.conv2d(x, kernel, padding=1), 2)
    if block == "nearest_conv":
        return F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), kernel, padding=1)
    return F.conv2d(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False), kernel, padding=1)
