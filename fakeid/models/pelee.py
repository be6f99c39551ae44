"""PeleeNet, a small densely connected network (Wang, Li, Ling 2018), in the form trained by Lee & Park 2021."""

import torch
from torch import Tensor, nn

from fakeid.errors import ConfigError, DataError

_GROWTH = 16  # channels of each of the two branches; together they give the growth rate 32
_STEM_CHANNELS = 32
_STAGE_LAYERS = (3, 4, 8, 6)
_PUBLISHED_WIDTHS = (1, 2, 4, 4)
_WIDE_CHANNELS = 64
_SMALLEST_PX = 29  # leaves 1 px: the stem halves it twice, rounding up, and the stages three times, rounding down


class PeleeNet(nn.Module):
    """PeleeNet with one logit per image.

    The code of Lee & Park does not initialize weights, so each layer keeps torch's initialization (`torch`). The code
    of PeleeNet's authors (`published`) draws convolution weights from a normal distribution with variance 2 / fan-out,
    and those of the linear layer with standard deviation 0.01. The former are 0.4 to 7.9 times as large as the latter.

    Args:
        in_channels: Number of input channels.
        bottleneck: Bottleneck width: `wide` has 64 channels in every dense layer (Lee & Park), `published` has 16, 32,
            64 and 64 in the four stages, at most half of the layer's input (Wang et al.).
        dropout: Dropout probability in [0, 1), used in training only.
        dropout_at: Place of the dropout: `branches`, on both branches of every dense layer before they are
            concatenated, or `classifier`, on the 704 pooled features.
        init: Initialization, `torch` or `published`.
        num_outputs: Number of logits per image.

    Raises:
        ConfigError: `bottleneck`, `dropout_at` or `init` is unknown.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        bottleneck: str = "wide",
        dropout: float = 0.0,
        dropout_at: str = "branches",
        init: str = "torch",
        num_outputs: int = 1,
    ) -> None:
        super().__init__()
        if bottleneck not in ("wide", "published"):
            raise ConfigError(f"bottleneck must be wide or published, got {bottleneck!r}")
        if dropout_at not in ("branches", "classifier"):
            raise ConfigError(f"dropout_at must be branches or classifier, got {dropout_at!r}")
        if init not in ("torch", "published"):
            raise ConfigError(f"init must be torch or published, got {init!r}")
        branch_dropout, classifier_dropout = (dropout, 0.0) if dropout_at == "branches" else (0.0, dropout)

        self.stem = _Stem(in_channels, _STEM_CHANNELS)
        self.stages = nn.Sequential()
        channels = _STEM_CHANNELS
        for num_layers, width in zip(_STAGE_LAYERS, _PUBLISHED_WIDTHS, strict=True):
            stage = nn.Sequential()
            for _ in range(num_layers):
                wanted = _WIDE_CHANNELS if bottleneck == "wide" else min(width * _GROWTH, channels // 8 * 4)
                stage.append(_DenseLayer(channels, wanted, branch_dropout))
                channels += 2 * _GROWTH
            stage.append(_conv_bn_relu(channels, channels, 1))
            if len(self.stages) < len(_STAGE_LAYERS) - 1:
                stage.append(nn.AvgPool2d(2))
            self.stages.append(stage)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(classifier_dropout)
        self.classifier = nn.Linear(channels, num_outputs)
        if init == "published":
            self._initialize()

    def get_classifier(self) -> nn.Linear:
        """Return the last layer, as timm's models do."""
        return self.classifier

    def forward(self, x: Tensor) -> Tensor:
        """Compute logits (N, num_outputs) of (N, in_channels, H, W), with H and W at least 29 px.

        Raises:
            DataError: The image is too small for the five halvings.
        """
        if min(x.shape[-2:]) < _SMALLEST_PX:
            raise DataError(
                f"PeleeNet needs at least {_SMALLEST_PX} x {_SMALLEST_PX} px, got {x.shape[-2]} x {x.shape[-1]}; raise "
                "data.image_px (hpf with a valid border removes 4 px, dwt_hh halves the size)"
            )
        features = self.pool(self.stages(self.stem(x))).flatten(1)  # (N, 704)
        logits: Tensor = self.classifier(self.dropout(features))
        return logits

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for module in self.modules():
            if isinstance(module, _DenseLayer):
                module.initialize_bottleneck()
        nn.init.normal_(self.classifier.weight, std=0.01)
        nn.init.zeros_(self.classifier.bias)


class _Stem(nn.Module):
    """The stem, a strided convolution and a max pool side by side: (N, in, H, W) → (N, out, H/4, W/4), rounded up."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = _conv_bn_relu(in_channels, out_channels, 3, stride=2)
        self.conv_branch = nn.Sequential(
            _conv_bn_relu(out_channels, out_channels // 2, 1),
            _conv_bn_relu(out_channels // 2, out_channels, 3, stride=2),
        )
        self.pool_branch = nn.MaxPool2d(2, ceil_mode=True)  # rounds like the convolution, so that odd sizes fit too
        self.merge = _conv_bn_relu(2 * out_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        merged: Tensor = self.merge(torch.cat((self.pool_branch(x), self.conv_branch(x)), dim=1))
        return merged


class _DenseLayer(nn.Module):
    """A dense layer, (N, C, H, W) → (N, C + 32, H, W).

    It appends a branch of one and a branch of two 3x3 convolutions, with 16 channels each. Each branch begins with its
    own 1x1 bottleneck. Both bottlenecks read the same input, so they are computed as one convolution of twice the
    width, which makes training a fifth faster.
    """

    def __init__(self, in_channels: int, bottleneck_channels: int, dropout: float) -> None:
        super().__init__()
        self.bottlenecks = _conv_bn_relu(in_channels, 2 * bottleneck_channels, 1)
        self.near = _conv_bn_relu(bottleneck_channels, _GROWTH, 3)
        self.far = nn.Sequential(_conv_bn_relu(bottleneck_channels, _GROWTH, 3), _conv_bn_relu(_GROWTH, _GROWTH, 3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        near, far = self.bottlenecks(x).chunk(2, dim=1)  # two of (N, bottleneck_channels, H, W)
        return torch.cat((x, self.dropout(self.near(near)), self.dropout(self.far(far))), dim=1)

    def initialize_bottleneck(self) -> None:
        """Initialize each half by the fan-out of its own branch, not of both together."""
        convolution = self.bottlenecks[0]
        assert isinstance(convolution, nn.Conv2d)
        nn.init.normal_(convolution.weight, std=(2 / (convolution.out_channels // 2)) ** 0.5)


def _conv_bn_relu(in_channels: int, out_channels: int, kernel_size: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )
