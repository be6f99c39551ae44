"""Simulated GAN decoders: what up-sampling leaves behind, without training a GAN (after AutoGAN, Zhang et al. 2019)."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

UPSAMPLING_BLOCKS: Final = ("transposed_conv", "nearest_conv", "bilinear_conv", "pixel_shuffle")
"""DCGAN and StyleGAN's first layers; ProGAN; StyleGAN's blurred up-sampling; super-resolution networks."""

_STAGES = 2  # each doubles the size, as the last two stages of a real decoder do
_WIDTH = 16
_LEAK = 0.25  # a power of two: exact
_MAX_LEVEL = 256.0  # features are kept to about this size between stages
_RIDGE = 1e-3
_FOCUS = np.float32(1.0)  # standard deviation in pixels of the blur that parts detail from content


def _detail(photos: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What a slight blur removes, float32 (N, H, W, 3)."""
    return np.stack([photo - cv2.GaussianBlur(photo, (3, 3), 0) for photo in photos])


class SimulatedGenerator:
    """A random decoder that imitates photos: the same content, with the trace of its up-sampling blocks.

    The photo is folded to a quarter of its size and decoded by two up-sampling blocks with random kernels and leaky
    ReLUs; the last layer, to RGB, is fitted to the photos by ridge regression. What the decoder gets wrong follows
    from its kernels, and repeats with the period of its up-sampling. A trained GAN gets less wrong, so the error
    enters the image at a chosen share of the photos' own detail, and the detail's energy is then set back to what the
    photos had: neither colors nor sharpness tell the imitation from a photo.

    Weights and features are whole numbers (or eighths) held in float32, small enough that every sum is exact: images
    do not depend on the number of threads or the order of additions.
    """

    def __init__(
        self,
        block: str,
        photos: npt.NDArray[np.uint8],
        *,
        seed: int,
        strength: float,
        wild: float = 0.5,
        absolute: bool = False,
    ) -> None:
        assert block in UPSAMPLING_BLOCKS
        self._block = block
        generator = torch.Generator().manual_seed(seed)
        self._kernels = [_draw_kernel(block, 3 if stage == 0 else _WIDTH, generator, wild) for stage in range(_STAGES)]
        self._scales = [1.0] * _STAGES
        self._fit(photos, strength, absolute)

    def _fit(self, photos: npt.NDArray[np.uint8], strength: float, absolute) -> None:
        features = self._decode(_centered(photos), calibrate=True)
        design = features.permute(0, 2, 3, 1).reshape(-1, _WIDTH).double().numpy()  # (N * H * W, _WIDTH)
        design = np.concatenate([design, np.full((len(design), 1), 128.0)], 1)
        target = photos.reshape(-1, 3) - 128.0  # (N * H * W, 3)
        gram = design.T @ design
        gram += _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
        # Rounding hides the last digits, which differ between linear algebra libraries.
        self._to_rgb = np.round(np.linalg.solve(gram, design.T @ target) * 1024) / 1024
        detail = _detail(photos.astype(np.float32))
        error = self._error(photos)
        made = _detail(error)
        self._overlap = round(float((made * detail).sum() / (detail**2).sum()), 4)
        trace = made - np.float32(self._overlap) * detail
        share = strength / detail.std() if absolute else strength
        self._share = round(float(share * detail.std() / trace.std()), 4)
        self._keep = round(float(np.sqrt(1 - share**2)), 4)
        self.info = dict(
            rmse=error.std(),
            hp=detail.std(),
            over=self._overlap,
            share=self._share,
            trace=share * detail.std(),
            keep=self._keep,
        )

    def _decode(self, x: torch.Tensor, *, calibrate: bool = False) -> torch.Tensor:
        """Centered photos (N, 3, H, W) → features (N, _WIDTH, H, W), whole numbers."""
        x = torch.round(F.avg_pool2d(x, 2**_STAGES))
        for stage, kernel in enumerate(self._kernels):
            x = F.leaky_relu(_upsample(self._block, x, kernel), _LEAK)
            if calibrate:
                self._scales[stage] = 2.0 ** float(torch.floor(torch.log2(_MAX_LEVEL / 4 / x.std())))
            x = torch.round(x * self._scales[stage]).clamp_(-_MAX_LEVEL, _MAX_LEVEL)
        return x

    def _error(self, photos: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        features = self._decode(_centered(photos))
        weights = torch.from_numpy(self._to_rgb).float()
        rgb = F.conv2d(features, weights[:-1].T[..., None, None]) + 128 * weights[-1][:, None, None]
        return rgb.permute(0, 2, 3, 1).numpy() - (photos - np.float32(128))

    def imitate(self, photos):
        detail = _detail(photos.astype(np.float32))
        trace = _detail(self._error(photos)) - np.float32(self._overlap) * detail
        return photos + np.float32(self._keep - 1) * detail + np.float32(self._share) * trace


def _centered(photos: npt.NDArray[np.uint8]) -> torch.Tensor:
    """uint8 (N, H, W, 3) → whole numbers in [-128, 127], float32 (N, 3, H, W)."""
    return torch.from_numpy(photos).permute(0, 3, 1, 2).float() - 128


def _draw_kernel(block: str, channels: int, generator: torch.Generator, wild: float) -> torch.Tensor:
    mix = torch.randn((_WIDTH, channels, 1, 1), generator=generator)
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) if block == "transposed_conv" else torch.tensor([1.0, 2.0, 1.0])
    smooth = torch.outer(taps, taps)
    if block == "pixel_shuffle":
        mix = mix.repeat_interleave(4, 0)
    kernel = mix * smooth
    kernel = kernel + wild * smooth.mean() * torch.randn(kernel.shape, generator=generator)
    if block == "transposed_conv":
        kernel = kernel.transpose(0, 1)
    return torch.round(4 * kernel)


def _upsample(block: str, x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """One up-sampling block, (N, C, H, W) → (N, _WIDTH, 2 * H, 2 * W)."""
    if block == "transposed_conv":
        return F.conv_transpose2d(x, kernel, stride=2, padding=1)
    if block == "pixel_shuffle":
        return F.pixel_shuffle(F.conv2d(x, kernel, padding=1), 2)
    if block == "nearest_conv":
        return F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), kernel, padding=1)
    return F.conv2d(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False), kernel, padding=1)
