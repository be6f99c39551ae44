"""One logit from several views of an image."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from fakeid.errors import ConfigError
from fakeid.windows import compute_patch_px, compute_window_px


def average_views(
    detector: Callable[[Tensor], Tensor], rgb: Tensor, views: str, center_px: int | None = None
) -> Tensor:
    """Score views of a batch and average the logits of each image.

    Args:
        detector: Images (N, 3, H', W') → logits (N,).
        rgb: (N, 3, H, W).
        views: `full` is the image itself, or its center. `crops` are the four corners and the center with 7/8 of each
            side, after the five crops of Krizhevsky et al. 2012 ("ImageNet classification with deep convolutional
            neural networks"); they average probabilities, and flips too. `patches` are the four quarters, so that each
            votes for itself (after Chai et al. 2020, "What makes fake images detectable?"); of an odd side the last
            line is left out.
        center_px: Side of the window in the middle that `full` scores, where training saw windows of that side: a
            network's logits shift with the size of its last grid. None: the whole image, also where it is smaller.

    Returns:
        Logits (N,).

    Raises:
        ConfigError: No such views.
    """
    return torch.stack([detector(view) for view in _cut(rgb, views, center_px)]).mean(0)  # (V, N) → (N,)


def _cut(rgb: Tensor, views: str, center_px: int | None) -> Iterator[Tensor]:
    height, width = rgb.shape[-2:]
    if views == "full":
        side, other = (min(center_px or length, length) for length in (height, width))
        top, left = (height - side) // 2, (width - other) // 2
        yield rgb[..., top : top + side, left : left + other]
    elif views == "crops":
        side, other = compute_window_px(height), compute_window_px(width)
        down, right = height - side, width - other
        for top, left in ((0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)):
            yield rgb[..., top : top + side, left : left + other]
    elif views == "patches":
        side, other = compute_patch_px(height), compute_patch_px(width)
        for top, left in ((0, 0), (0, other), (side, 0), (side, other)):
            yield rgb[..., top : top + side, left : left + other]
    else:
        raise ConfigError(f"protocol.views must be full, crops or patches, got {views!r}")
