"""Simulated GAN decoders: the trace of up-sampling without training a GAN (after AutoGAN, Zhang et al. 2019)."""

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from fakeid.config.constants import HELD_OUT_BLOCK, UPSAMPLING_BLOCKS

_WIDTH = 16  # features
_LEAK = 0.25  # a power of two: exact
_FEATURE_LEVELS = 256.0  # features are cut off here
_SPREAD = 1.0  # how far a kernel's random taps stray from plain interpolation
_RIDGE = 1e-3
_UNEVEN_LEVELS = 4.0  # trace where there is no detail at all, as detail in 8-bit levels
_CODER_FLOOR = 4.0  # 8-bit levels; smaller steps cost a lossless coder no more bits, since noise hides them

Photos = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float32]


class SimulatedGenerator:
    """A random decoder that imitates photos: the same content, with the trace of one up-sampling block.

    The photo at half its size is the latent image. One up-sampling block with random kernels and a leaky ReLU decodes
    it; the layer to RGB is fitted to the photos by ridge regression. The detail that comes out differs from the
    photo's own: part is missing, which says nothing about the generator, and the rest is the trace, which repeats with
    the period of the up-sampling. A trained GAN finds the missing part and keeps a weaker trace, so that the
    imitation is the photo plus the trace at a chosen strength, less so much of the photo's own detail that a lossless
    coder finds both equally long: neither color nor sharpness tells them apart.

    Kernels and features are whole numbers (or sixteenths) in float32, small enough that every sum is exact: the pixels
    do not depend on the number of threads or the order of additions.

    Args:
        block: One of `UPSAMPLING_BLOCKS`, or `HELD_OUT_BLOCK`.
        photos: What to imitate, RGB uint8 (N, H, W, 3); about 20 are enough.
        seed: Of the random kernels; another seed is another generator of the same kind.
        strength: Root-mean-square trace as a share of the photos' root-mean-square detail (plus 4 levels).
    """

    def __init__(self, block: str, photos: Photos, *, seed: int, strength: float) -> None:
        assert block in (*UPSAMPLING_BLOCKS, HELD_OUT_BLOCK)
        self._block = block
        self._kernel = _draw_kernel(block, torch.Generator().manual_seed(seed))
        self._scale = self._fit_scale(photos)
        self._to_rgb = self._fit_colors(photos)
        detail, made = _detail(photos), _detail(self._decode(photos))
        self._missing = _rounded((made * detail).sum() / (detail**2).sum())
        trace = made - self._missing * detail
        self._trace_gain = _rounded(strength * (detail.std() + _UNEVEN_LEVELS) / trace.std())
        self._detail_loss = _fit_detail_loss(photos, detail, self._trace_gain * trace)

    def imitate(self, photo: Photos) -> Photos:
        """Imitate a photo, RGB uint8 (H, W, 3) → uint8 (H, W, 3)."""
        photos = photo[None]
        detail = _detail(photos)
        trace = _detail(self._decode(photos)) - self._missing * detail
        image = photos - self._detail_loss * detail + self._trace_gain * trace
        return np.asarray(np.clip(np.round(image[0]), 0, 255), np.uint8)

    def _features(self, photos: Photos) -> Tensor:
        """Compute features of photos (N, H, W, 3) before scaling: (N, _WIDTH, H, W), H and W rounded up to even."""
        x = torch.tensor(photos).permute(0, 3, 1, 2).float() - 128  # (N, 3, H, W)
        x = F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2), mode="replicate")
        latent = torch.round(F.avg_pool2d(x, 2))  # (N, 3, H / 2, W / 2)
        return F.leaky_relu(_upsample(self._block, latent, self._kernel), _LEAK)

    def _fit_scale(self, photos: Photos) -> float:
        """Find the power of two that brings the features to a quarter of their range."""
        spread = float(self._features(photos).std())
        return float(2.0 ** np.floor(np.log2(_FEATURE_LEVELS / 4 / spread)))

    def _scaled_features(self, photos: Photos) -> Tensor:
        """Scale the features to whole numbers within ±_FEATURE_LEVELS, (N, _WIDTH + 1, H, W): the last is constant."""
        height, width = photos.shape[1:3]
        features = self._features(photos)[..., :height, :width]
        features = torch.round(features * self._scale).clamp(-_FEATURE_LEVELS, _FEATURE_LEVELS)
        return torch.cat([features, torch.full_like(features[:, :1], 128.0)], 1)

    def _fit_colors(self, photos: Photos) -> Tensor:
        """Regress the photos on the features (ridge): a 1x1 kernel (3, _WIDTH + 1, 1, 1), in steps of 1/1024."""
        features = self._scaled_features(photos).permute(0, 2, 3, 1)  # (N, H, W, _WIDTH + 1)
        design = features.reshape(-1, _WIDTH + 1).double()  # (N * H * W, _WIDTH + 1)
        target = torch.tensor(photos).reshape(-1, 3).double() - 128  # (N * H * W, 3)
        gram = design.T @ design
        gram += _RIDGE * gram.diagonal().mean() * torch.eye(_WIDTH + 1, dtype=torch.double)
        weights = torch.linalg.solve(gram, design.T @ target)  # (_WIDTH + 1, 3)
        # The last digits differ between linear algebra libraries; rounding removes them.
        return (torch.round(weights.T * 1024) / 1024).float()[..., None, None]  # (3, _WIDTH + 1, 1, 1)

    def _decode(self, photos: Photos) -> Array:
        """Decode the photos into pictures centered on 0: float32 (N, H, W, 3)."""
        rgb: Array = F.conv2d(self._scaled_features(photos), self._to_rgb).permute(0, 2, 3, 1).numpy()
        return rgb


def _rounded(value: float) -> np.float32:
    """Round to four decimals: what is beyond them may depend on the order of a sum."""
    return np.float32(round(float(value), 4))


def _detail(images: npt.NDArray[np.uint8] | Array) -> Array:
    """Compute what a 3x3 binomial blur removes, (N, H, W, 3) → float32 (N, H, W, 3)."""
    return np.stack([image - cv2.GaussianBlur(image, (3, 3), 0) for image in images.astype(np.float32)])


def _code_length(images: Array) -> float:
    """Estimate the bits per sample that a predictive coder such as PNG spends on (N, H, W, 3), up to a constant."""
    steps = (np.diff(images, axis=1), np.diff(images, axis=2))
    return float(np.mean([np.log2(step**2 + np.float32(_CODER_FLOOR**2)).mean() for step in steps]))


def _fit_detail_loss(photos: Photos, detail: Array, trace: Array) -> np.float32:
    """Find the share of the photos' own detail to give up for the trace, by bisection on the code length."""
    target, low, high = _code_length(photos.astype(np.float32)), -1.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        too_long = _code_length(photos - np.float32(middle) * detail + trace) > target
        low, high = (middle, high) if too_long else (low, middle)
    return _rounded(middle)


def _draw_kernel(block: str, generator: torch.Generator) -> Tensor:
    """Draw an interpolation gone astray: binomial taps that mix colors at random, each disturbed; whole numbers."""
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
