"""The detector: color → residual → normalization → backbone in one module, from RGB to one logit per image."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from fakeid.config.windows import compute_patch_px, compute_window_px
from fakeid.errors import ConfigError
from fakeid.models.backbones import OWN, Normalization, build_backbone, get_input_statistics
from fakeid.models.color import build_color
from fakeid.models.residuals import build_residual


def average_views(
    detector: Callable[[Tensor], Tensor], rgb: Tensor, views: str, center_px: int | None = None
) -> Tensor:
    """Score views of a batch and average the logits of each image.

    Args:
        detector: Function from images (N, 3, H', W') to logits (N,).
        rgb: Images (N, 3, H, W).
        views: The views to score. `full` is the image itself, or its center. `crops` are the four corners and the
            center with 7/8 of each side, after the five crops of Krizhevsky et al. 2012 ("ImageNet classification with
            deep convolutional neural networks"), who average probabilities and also flip. `patches` are the four
            quarters, which each vote by themselves (after Chai et al. 2020, "What makes fake images detectable?"); of
            an odd side, the last line is left out.
        center_px: Side of the central window that `full` scores, in pixels, if training used windows of that size: the
            logits of a network shift with the size of its last grid. With None, or if the image is smaller, the whole
            image is scored.

    Returns:
        Logits (N,).

    Raises:
        ConfigError: The views are unknown.
    """
    with _full_precision():
        return torch.stack([detector(view) for view in _cut(rgb, views, center_px)]).mean(0)  # (V, N) → (N,)


@contextmanager
def _full_precision() -> Iterator[None]:
    """Keep convolutions in full float32: by default, cuDNN rounds their inputs to 10 bits on recent GPUs (TF32)."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def _cut(rgb: Tensor, views: str, center_px: int | None) -> Iterator[Tensor]:
    height, width = rgb.shape[-2:]
    if views == "full":
        side, other = (min(center_px or length, length) for length in (height, width))
        corners = [((height - side) // 2, (width - other) // 2)]
    elif views == "crops":
        side, other = compute_window_px(height), compute_window_px(width)
        down, right = height - side, width - other
        corners = [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]
    elif views == "patches":
        side, other = compute_patch_px(height), compute_patch_px(width)
        corners = [(0, 0), (0, other), (side, 0), (side, other)]
    else:
        raise ConfigError(f"protocol.views must be full, crops or patches, got {views!r}")
    for top, left in corners:
        yield rgb[..., top : top + side, left : left + other]


class Detector(nn.Module):
    """A network that tells generated images from real ones; by default Pelee+HPF of Lee & Park 2021 with one logit.

    All preprocessing is part of the module, so that training, evaluation, heatmaps and exports cannot disagree.

    Args:
        backbone: `pelee`, the name of a timm model, or `color_stats` with `rgb` and `none`.
        color: `rgb`, `hsv` or `ycbcr`.
        hsv: Variant of `hsv`: `opencv_8bit` or `circular`.
        residual: A key of `fakeid.models.residuals.RESIDUALS`.
        hpf_channels: For filter residuals such as `hpf`: `sum` over the channels, or `each`.
        hpf_border: For filter residuals: `valid`, which removes 4 px from height and width, or `reflect`.
        bottleneck: For `pelee`: `wide` or `published`.
        dropout: Dropout probability in [0, 1).
        dropout_at: For `pelee`: `branches` or `classifier`.
        init: For `pelee`: `torch` or `published`.
        logits: How the last layer is initialized, `two` or `one`; see `build_backbone`.
        pretrained: Whether a timm model starts from its published weights. With `rgb` and `none`, colors are normalized
            as these weights expect. For other inputs no such statistics are known, and they are not normalized.

    Attributes:
        color: Layer from RGB to color channels, without parameters.
        residual: Layer from color channels to the residual; only `bayar` has parameters.
        normalization: Normalization of RGB for a timm model, by the statistics of its published weights, or by 0 and 1
            without them.
        backbone: Network from the normalized residual to logits (N, 1).

    Raises:
        ConfigError: A name is unknown, or an option does not fit the backbone.
    """

    def __init__(  # noqa: PLR0913  # one keyword for each switch of the protocol, so that it works in a notebook
        self,
        *,
        backbone: str = "pelee",
        color: str = "rgb",
        hsv: str = "opencv_8bit",
        residual: str = "hpf",
        hpf_channels: str = "sum",
        hpf_border: str = "valid",
        bottleneck: str = "wide",
        dropout: float = 0.0,
        dropout_at: str = "branches",
        init: str = "torch",
        logits: str = "two",
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        if backbone == "color_stats" and (color, residual) != ("rgb", "none"):
            raise ConfigError(
                f"color_stats computes its own colors and residuals: leave color=rgb and residual=none, got {color} "
                f"and {residual}"
            )
        self.color = build_color(color, hsv=hsv)
        self.residual = build_residual(residual, self.color.out_channels, channels=hpf_channels, border=hpf_border)
        self.backbone = build_backbone(
            backbone,
            self.residual.out_channels,
            dropout=dropout,
            bottleneck=bottleneck,
            dropout_at=dropout_at,
            init=init,
            logits=logits,
            pretrained=pretrained,
        )
        self.normalization: nn.Module = nn.Identity()
        if backbone not in OWN and (color, residual) == ("rgb", "none"):
            self.normalization = Normalization()
            if pretrained:
                self.normalization.set_statistics(*get_input_statistics(self.backbone))

    def forward(self, rgb: Tensor) -> Tensor:
        """Score a batch of images.

        Args:
            rgb: RGB float (N, 3, H, W) in [0, 1], in any memory format.

        Returns:
            Logits (N,) float32; positive means fake. `sigmoid` gives P(fake).

        Raises:
            TypeError: `rgb` is not floating point.
            ValueError: `rgb` does not have the shape (N, 3, H, W).
            DataError: The images are too small for the network.
        """
        if not rgb.is_floating_point():
            raise TypeError(f"expected float RGB in [0, 1], got {rgb.dtype}; divide 8-bit images by 255 first")
        if rgb.ndim != 4 or rgb.shape[1] != 3:
            raise ValueError(f"expected RGB of shape (N, 3, H, W), got {tuple(rgb.shape)}")
        with torch.autocast(rgb.device.type, enabled=False):  # the trace is in the lowest bits, which bf16 lacks
            x = self.normalization(self.residual(self.color(rgb.float())))  # (N, C, H', W')
        logit: Tensor = self.backbone(x)  # (N, 1)
        return logit.squeeze(1).float()  # (N,)
