"""Augmentations by name."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.errors import ConfigError
from fakeid.images.augmentations.crop import crop
from fakeid.images.augmentations.jpeg_blur import jpeg_blur
from fakeid.images.augmentations.safe import safe
from fakeid.images.augmentations.spectral import spectral

_Image = npt.NDArray[np.uint8]

_AUGMENTATIONS: Final[dict[str, Callable[[_Image, np.random.Generator], _Image]]] = {
    "none": lambda rgb_u8, _: rgb_u8,
    "jpeg_blur": jpeg_blur,
    "crop": crop,
    "safe": safe,
    "spectral": spectral,
}


def augment(rgb_u8: npt.NDArray[np.uint8], name: str, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Change a training image at random.

    Args:
        rgb_u8: RGB uint8 (H, W, 3); left as it is.
        name: `none`, `jpeg_blur`, `crop`, `safe` or `spectral`; see the function of each for its source.
        rng: Of this one image; every draw comes from it.

    Returns:
        RGB uint8 (H', W', 3); smaller for `crop` and `safe`, and then by the same for all images of a size. May be a
        view of the argument.

    Raises:
        ConfigError: No such augmentation.
    """
    if name not in _AUGMENTATIONS:
        raise ConfigError(f"augment must be one of {', '.join(_AUGMENTATIONS)}, got {name!r}")
    return _AUGMENTATIONS[name](rgb_u8, rng)
