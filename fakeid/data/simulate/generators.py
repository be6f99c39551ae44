"""Simulate the up-sampling trace of GAN decoders without training a GAN (after AutoGAN, Zhang et al. 2019)."""

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.data.simulate.random_decoder import Array, Photos, RandomDecoder
from fakeid.images.levels import round_levels

_UNEVEN_LEVELS = 4.0  # 8-bit levels of detail, added so that images without detail get a trace too
_CODER_FLOOR = 4.0  # 8-bit levels; smaller steps cost a lossless coder no more bits, since noise hides them


class SimulatedGenerator:
    """A random decoder that imitates photos: the same content, with the trace of one up-sampling block.

    The output of a `RandomDecoder` differs from the photo in its detail. Part of the detail is missing, which says
    nothing about the generator. The rest of the difference is the trace, which repeats with the period of the
    up-sampling. A trained GAN restores the missing part and keeps a weaker trace. The imitation is therefore the photo
    plus the trace at a chosen strength, minus as much of the photo's own detail as makes both equally long in a
    lossless coder: neither color nor sharpness tells them apart.

    Args:
        block: One of `UPSAMPLING_BLOCKS`, or `HELD_OUT_BLOCK`.
        photos: Photos to fit to, RGB uint8 (N, H, W, 3); about 20 are enough.
        seed: Seed of the random kernels; each seed gives another generator of the same kind.
        strength: Root mean square of the trace, as a share of that of the photos' detail (plus 4 levels).
    """

    def __init__(self, block: str, photos: Photos, *, seed: int, strength: float) -> None:
        self._decoder = RandomDecoder(block, seed=seed).fit(photos)
        detail, made = _detail(photos), _detail(self._decoder.decode(photos))
        self._missing = _rounded((made * detail).sum() / (detail**2).sum())
        trace = made - self._missing * detail
        self._trace_gain = _rounded(strength * (detail.std() + _UNEVEN_LEVELS) / trace.std())
        self._detail_loss = _fit_detail_loss(photos, detail, self._trace_gain * trace)

    def imitate(self, photo: Photos) -> Photos:
        """Imitate a photo, RGB uint8 (H, W, 3) → uint8 (H, W, 3)."""
        photos = photo[None]
        detail = _detail(photos)
        trace = _detail(self._decoder.decode(photos)) - self._missing * detail
        image = photos - self._detail_loss * detail + self._trace_gain * trace
        return round_levels(image[0])


def _rounded(value: float) -> np.float32:
    """Round to four decimals, because further ones may depend on the order of a sum."""
    return np.float32(round(float(value), 4))


def _detail(images: npt.NDArray[np.uint8] | Array) -> Array:
    """Compute what a 3x3 binomial blur removes, (N, H, W, 3) → float32 (N, H, W, 3)."""
    return np.stack([image - cv2.GaussianBlur(image, (3, 3), 0) for image in images.astype(np.float32)])


def _code_length(images: Array) -> float:
    """Estimate the bits per sample that a predictive coder such as PNG needs for (N, H, W, 3), up to a constant."""
    steps = (np.diff(images, axis=1), np.diff(images, axis=2))
    return float(np.mean([np.log2(step**2 + np.float32(_CODER_FLOOR**2)).mean() for step in steps]))


def _fit_detail_loss(photos: Photos, detail: Array, trace: Array) -> np.float32:
    """Find the share of the photos' own detail to remove in exchange for the trace, by bisection on the code length."""
    target, low, high = _code_length(photos.astype(np.float32)), -1.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        too_long = _code_length(photos - np.float32(middle) * detail + trace) > target
        low, high = (middle, high) if too_long else (low, middle)
    return _rounded(middle)
