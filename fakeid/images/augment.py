"""Augmentations: random changes of training images, drawn anew in each epoch."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from fakeid.config.windows import compute_window_px
from fakeid.errors import ConfigError
from fakeid.images.codecs import jpeg
from fakeid.images.levels import round_levels

_Image: TypeAlias = npt.NDArray[np.uint8]
_Levels: TypeAlias = npt.NDArray[np.float32]

_MAX_SIGMA_PX: Final = 3.0
_QUALITIES: Final = (30, 100)

_MAX_DEGREES: Final = 180.0
_FACTORS: Final = (0.5, 1.5)  # of brightness, contrast and saturation
_MAX_MASKED: Final = 0.75  # largest share of masked patches
_PATCH_PX: Final = 16
_GRAY: Final = np.array([0.299, 0.587, 0.114], np.float32)

_SCALES: Final = (0.6, 1.3)
_REDUCED: Final = (0.5, 0.95)
_WHOLE: Final = (1 / 2, 1 / 2, 1 / 4)
_ENLARGING: Final = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
_INTERPOLATIONS: Final = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
_SLIGHT_SIGMAS_PX: Final = (0.3, 1.0)
_SHARPENING: Final = (0.3, 1.5)  # times what a blur removes
_NOISE_LEVELS: Final = (0.5, 4.0)
_USUAL_QUALITIES: Final = (50, 98)

_SPECTRAL_SHARE: Final = 0.15  # of all coefficients


def flip(rgb_u8: _Image, rng: np.random.Generator) -> _Image:
    """Mirror an image horizontally with probability 0.5, as several papers' augmentations do.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Generator of this image's random draws; one number is drawn.

    Returns:
        RGB uint8 (H, W, 3), a view.
    """
    return rgb_u8[:, ::-1] if rng.random() < 0.5 else rgb_u8


def crop(rgb_u8: _Image, rng: np.random.Generator) -> _Image:
    """Cut out a window of 7/8 of each side at a uniformly random place.

    Nothing is resized, because interpolation weakens the trace of a generator and leaves its own. Wang et al. 2020
    ("CNN-generated images are surprisingly easy to spot... for now") crop 224 of 256 px in training, and Li et al. 2024
    (SAFE, arXiv 2408.06741) measure the gain of cropping over resizing. The share of 7/8 at any size is ours.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Generator of this image's random draws.

    Returns:
        RGB uint8 (H', W', 3), the same size for all images of a size; a view.
    """
    height, width = (compute_window_px(side) for side in rgb_u8.shape[:2])
    top, left = (
        int(rng.integers(spare, endpoint=True)) for spare in (rgb_u8.shape[0] - height, rgb_u8.shape[1] - width)
    )
    return rgb_u8[top : top + height, left : left + width]


def jpeg_blur(rgb_u8: _Image, rng: np.random.Generator) -> _Image:
    """Blur an image with probability 0.5 and, independently, compress it with probability 0.5.

    This is `Blur+JPEG (0.5)` of "CNN-generated images are surprisingly easy to spot... for now" (Wang et al. 2020): a
    Gaussian blur with probability 0.5 and a sigma uniform up to 3 px; JPEG with probability 0.5 and a quality uniform
    over the integers from 30 to 100; a horizontal flip with probability 0.5. Before the flip they take a random crop of
    224 of 256 px, which is left to `crop`; half of their JPEGs are written by Pillow, all of ours by OpenCV.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Generator of this image's random draws.

    Returns:
        RGB uint8 (H, W, 3).
    """
    if rng.random() < 0.5:
        rgb_u8 = _blur(rgb_u8, rng.uniform(0, _MAX_SIGMA_PX))
    if rng.random() < 0.5:
        rgb_u8 = jpeg(rgb_u8, int(rng.integers(*_QUALITIES, endpoint=True)))
    return flip(rgb_u8, rng)


def _blur(rgb_u8: _Image, sigma_px: float) -> _Image:
    # In float, because OpenCV's 8-bit filter has 8-bit weights; a sigma of 0 would make OpenCV choose its own.
    blurred = cv2.GaussianBlur(rgb_u8.astype(np.float32), (0, 0), max(sigma_px, 0.01), borderType=cv2.BORDER_REFLECT)
    return round_levels(blurred)


def _sharpen(rgb_u8: _Image, sigma_px: float, amount: float) -> _Image:
    levels = rgb_u8.astype(np.float32)
    levels += np.float32(amount) * (levels - cv2.GaussianBlur(levels, (0, 0), sigma_px))
    return round_levels(levels)


def safe(rgb_u8: _Image, rng: np.random.Generator) -> _Image:
    """Change everything about an image but its small-scale correlations.

    After "Improving synthetic image detection towards generalization: an image transformation perspective" (Li et al.
    2024, "SAFE", arXiv 2408.06741), with the numbers of its published code: a random window instead of a resized image;
    a horizontal flip with probability 0.5; a rotation about the center by an angle uniform in +-180 degrees, with
    nearest-neighbor sampling, so that no value is interpolated, and black corners; factors uniform in [0.5, 1.5] for
    brightness, contrast and saturation, in random order; with probability 0.5, up to 0.75 of all patches of 16 x 16 px
    set to black.

    Three things are ours: windows are 7/8 of any size, where theirs have 256 px; only whole patches count, so that some
    remain at any size; colors are rounded once, after all three factors.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Generator of this image's random draws.

    Returns:
        RGB uint8 (H', W', 3), the same size for all images of a size.
    """
    rgb_u8 = _rotate(flip(crop(rgb_u8, rng), rng), rng.uniform(-_MAX_DEGREES, _MAX_DEGREES))
    rgb_u8 = _jitter(rgb_u8, rng)
    if rng.random() < 0.5:
        _mask(rgb_u8, rng)
    return rgb_u8


def _rotate(rgb_u8: _Image, degrees: float) -> _Image:
    height, width = rgb_u8.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return np.asarray(
        cv2.warpAffine(np.ascontiguousarray(rgb_u8), turn, (width, height), flags=cv2.INTER_NEAREST), np.uint8
    )


def _jitter(rgb_u8: _Image, rng: np.random.Generator) -> _Image:
    """Jitter colors like torchvision's `ColorJitter`: away from or towards black, mean gray or each pixel's gray."""
    levels = rgb_u8.astype(np.float32)
    for kind in rng.permutation(3):
        factor = np.float32(rng.uniform(*_FACTORS))
        levels = np.clip(factor * levels + (1 - factor) * _find_anchor(levels, int(kind)), 0, 255)
    return round_levels(levels)


def _find_anchor(levels: _Levels, kind: int) -> _Levels | np.float32:
    """Compute the levels that brightness (0), contrast (1) or saturation (2) moves away from."""
    if kind == 0:
        return np.float32(0)
    gray = levels @ _GRAY  # (H, W)
    return np.float32(gray.mean()) if kind == 1 else gray[..., None]


def _mask(rgb_u8: _Image, rng: np.random.Generator) -> None:
    """Set random patches of a grid to black, in place; the grid starts at the upper left corner."""
    rows, columns = (side // _PATCH_PX for side in rgb_u8.shape[:2])
    num_masked = int(rng.uniform(0, _MAX_MASKED) * rows * columns)
    for patch in rng.permutation(rows * columns)[:num_masked]:
        top, left = (int(place) * _PATCH_PX for place in divmod(patch, columns))
        rgb_u8[top : top + _PATCH_PX, left : left + _PATCH_PX] = 0


def spectral(rgb_u8: _Image, rng: np.random.Generator) -> _Image:
    """Set 15 % of the coefficients of the 2-D Fourier transform to 0, the same in each channel.

    After "Frequency masking for universal deepfake detection" (Doloriel & Cheung 2024), whose best masks cover 15 % and
    are drawn over all frequencies. Ours differ in three ways: a frequency and its negative are masked together, so that
    a coefficient disappears completely, where theirs is halved if its counterpart stays; the mean color stays; and the
    result is rounded and clipped to 8 bits, where theirs wraps around.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Generator of this image's random draws.

    Returns:
        RGB uint8 (H, W, 3).
    """
    height, width = rgb_u8.shape[:2]
    kept = _draw_mask(height, width, rng).astype(np.float32)[..., None]  # (H, W, 1)
    levels = cv2.merge([_filter(channel, kept) for channel in cv2.split(rgb_u8.astype(np.float32))])
    return round_levels(levels)


def _filter(channel: npt.NDArray[Any], kept: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    spectrum = cv2.dft(channel, flags=cv2.DFT_COMPLEX_OUTPUT)  # (H, W, 2)
    return cv2.idft(spectrum * kept, flags=cv2.DFT_REAL_OUTPUT | cv2.DFT_SCALE)


def _draw_mask(height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw the mask of the coefficients that stay, bool (H, W), the same at a frequency and its negative."""
    places = np.arange(height * width).reshape(height, width)
    negative = np.roll(places[::-1, ::-1], (1, 1), axis=(0, 1))  # the place of the negative of each frequency
    ranks = rng.random(height * width, np.float32)[np.minimum(places, negative)]  # one draw for both
    ranks[0, 0] = np.inf  # the mean
    num_masked = round(_SPECTRAL_SHARE * ranks.size)
    return np.asarray(ranks >= np.partition(ranks, num_masked, axis=None)[num_masked])


def history(rgb_u8: _Image, rng: np.random.Generator) -> _Image:
    """Apply a random history of degradations to half of the images, and cut out a window of half of each side.

    Of the degraded images, a third is resized by a factor of 0.6 to 1.3, with one of three interpolations. A third is
    reduced by a factor of 0.5 to 0.95, or of 1/2 or 1/4, and enlarged again. An eighth gets a Gaussian blur of 0.3 to
    1 px, an eighth is sharpened, a quarter gets noise of 0.5 to 4 levels, and a third is compressed as JPEG of quality
    50 to 98. Images of one scene, such as a photo and its copy, share all draws within an epoch, so that none of this
    tells the classes apart. The ranges are ours.

    Args:
        rgb_u8: RGB uint8 (H, W, 3).
        rng: Generator of this scene's random draws.

    Returns:
        RGB uint8 (H // 2, W // 2, 3).
    """
    height, width = (side // 2 for side in rgb_u8.shape[:2])
    if rng.random() < 1 / 2:
        rgb_u8 = _hand_on(crop(rgb_u8, rng), rng, (height, width))
    top, left = (
        int(rng.integers(whole - part, endpoint=True))
        for whole, part in zip(rgb_u8.shape[:2], (height, width), strict=True)
    )
    return flip(rgb_u8[top : top + height, left : left + width], rng)


def _hand_on(rgb_u8: _Image, rng: np.random.Generator, smallest: tuple[int, int]) -> _Image:
    if rng.random() < 1 / 3:
        rgb_u8 = _rescale(rgb_u8, rng.uniform(*_SCALES), int(rng.integers(len(_INTERPOLATIONS))), smallest)
    elif rng.random() < 1 / 2:  # a third of all
        rgb_u8 = _reduce_and_enlarge(rgb_u8, rng)
    if rng.random() < 1 / 8:
        rgb_u8 = _blur(rgb_u8, rng.uniform(*_SLIGHT_SIGMAS_PX))
    if rng.random() < 1 / 8:
        rgb_u8 = _sharpen(rgb_u8, rng.uniform(*_SLIGHT_SIGMAS_PX), rng.uniform(*_SHARPENING))
    if rng.random() < 1 / 4:
        # Half of the noisy images have the same noise in each channel.
        noise = rng.standard_normal(rgb_u8.shape if rng.random() < 1 / 2 else (*rgb_u8.shape[:2], 1), np.float32)
        levels = rgb_u8 + np.float32(rng.uniform(*_NOISE_LEVELS)) * noise
        rgb_u8 = round_levels(levels)
    if rng.random() < 1 / 3:
        rgb_u8 = jpeg(rgb_u8, int(rng.integers(*_USUAL_QUALITIES, endpoint=True)))
    return rgb_u8


def _reduce_and_enlarge(rgb_u8: _Image, rng: np.random.Generator) -> _Image:
    """Reduce an image, as social networks and messengers do, and enlarge it to its size again, as viewers do."""
    height, width = rgb_u8.shape[:2]
    # By whole factors too, because an image enlarged by two or four repeats with the period of a generator.
    scale = _WHOLE[int(rng.integers(len(_WHOLE)))] if rng.random() < 1 / 2 else rng.uniform(*_REDUCED)
    small = cv2.resize(rgb_u8, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    enlarging = _ENLARGING[int(rng.integers(len(_ENLARGING)))]
    return np.asarray(cv2.resize(small, (width, height), interpolation=enlarging), np.uint8)


def _rescale(rgb_u8: _Image, scale: float, interpolation: int, smallest: tuple[int, int]) -> _Image:
    height, width = (max(round(scale * side), least) for side, least in zip(rgb_u8.shape[:2], smallest, strict=True))
    resized = cv2.resize(rgb_u8, (width, height), interpolation=_INTERPOLATIONS[interpolation])
    return np.asarray(resized, np.uint8)


SHARED_BY_SCENE: Final = ("history",)
"""Augmentations that use the same draws for all images of a scene in an epoch."""

JPEG_QUALITIES: Final = {"jpeg_blur": _QUALITIES, "history": _USUAL_QUALITIES}
"""Lowest and highest JPEG quality of the augmentations that compress some of the training images."""

_AUGMENTATIONS: Final[dict[str, Callable[[_Image, np.random.Generator], _Image]]] = {
    "none": lambda rgb_u8, _: rgb_u8,
    "jpeg_blur": jpeg_blur,
    "crop": crop,
    "safe": safe,
    "spectral": spectral,
    "history": history,
}


def augment(rgb_u8: _Image, name: str, rng: np.random.Generator) -> _Image:
    """Apply an augmentation to a training image.

    Args:
        rgb_u8: RGB uint8 (H, W, 3); not modified.
        name: `none`, `jpeg_blur`, `crop`, `safe`, `spectral` or `history`; see the function of each for its source.
        rng: Generator of all of this image's random draws.

    Returns:
        RGB uint8 (H', W', 3), possibly a view of the argument. It is smaller than the argument for `crop`, `safe` and
        `history`, and has the same size for all images of a size.

    Raises:
        ConfigError: The augmentation does not exist.
    """
    if name not in _AUGMENTATIONS:
        raise ConfigError(f"augment must be one of {', '.join(_AUGMENTATIONS)}, got {name!r}")
    return _AUGMENTATIONS[name](rgb_u8, rng)
