"""Small autoencoders whose decoders up-sample like those of published GANs."""

from dataclasses import dataclass
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fakeid.config.constants import GAN_FAMILIES
from fakeid.data.simulate.filters import FIR_TAPS, build_sinc_taps, filter_down, filter_up, insert_zeros
from fakeid.seeding import derive_seed

UpSampling = Literal["nearest", "bilinear", "fir", "sinc", "transposed_3", "transposed_4", "pixel_shuffle", "zeros"]
Normalization = Literal["none", "pixel", "instance"]

_LEAK: Final = 0.2
_LEVELS: Final = (1, 1, 2, 2, 3, 4)
_WIDTHS: Final = (12, 16, 24)
_RESIDUAL_SCALE: Final = 0.2


@dataclass(frozen=True)
class Family:
    """The decoder architecture of one family of GANs.

    Attributes:
        up_sampling: How each level doubles the size.
        normalization: Normalization of the features after each convolution.
        relu: Whether the activation is ReLU instead of leaky ReLU with a slope of 0.2.
        second_conv: Whether a 3x3 convolution follows each up-sampling.
        noise: Whether noise is added, with learned strengths.
        rgb_each_level: Whether every level contributes to the image, as in StyleGAN2, instead of only the last one.
        last_makes_rgb: Whether the last up-sampling itself makes the image, as in DCGAN.
        final_px: Side of the kernel that makes the image, in pixels.
        tanh: Whether the image passes through a hyperbolic tangent.
        skips: Whether decoder levels also get the encoder's features of the same size (U-Net).
        residual_blocks: Number of residual blocks at the lowest resolution, as in SRGAN and ESRGAN.
        filtered: Whether the activation acts on features of twice the size, as in StyleGAN3.
    """

    up_sampling: UpSampling
    normalization: Normalization = "none"
    relu: bool = False
    second_conv: bool = False
    noise: bool = False
    rgb_each_level: bool = False
    last_makes_rgb: bool = False
    final_px: int = 1
    tanh: bool = False
    skips: bool = False
    residual_blocks: int = 0
    filtered: bool = False


_FAMILIES: Final = {
    "progan": Family("nearest", "pixel", second_conv=True),
    "dcgan": Family("transposed_4", "instance", relu=True, last_makes_rgb=True, tanh=True),
    "cyclegan": Family("transposed_3", "instance", relu=True, final_px=7, tanh=True),
    "pix2pix": Family("transposed_4", "instance", relu=True, last_makes_rgb=True, tanh=True, skips=True),
    "stylegan": Family("bilinear", "instance", second_conv=True, noise=True),
    "stylegan2": Family("fir", second_conv=True, noise=True, rgb_each_level=True),
    "stylegan3": Family("sinc", second_conv=True, filtered=True),
    "srgan": Family("pixel_shuffle", residual_blocks=2, final_px=9),
    "esrgan": Family("nearest", second_conv=True, residual_blocks=3, final_px=3),
    "zeros": Family("zeros", final_px=3),
}
assert tuple(_FAMILIES) == GAN_FAMILIES


class Autoencoder(nn.Module):
    """An autoencoder that encodes images by strided convolutions and decodes them like a GAN of one family.

    Input and output are images (N, 3, H, W) float in [-1, 1]; H and W must be multiples of `2 ** levels`.

    Args:
        family: Architecture of the decoder.
        levels: Number of times that the decoder doubles the size.
        width: Number of features at full size; smaller sizes have twice as many.
    """

    def __init__(self, family: Family, levels: int, width: int) -> None:
        super().__init__()
        self.levels = levels
        self._family = family
        deep = 2 * width
        # A space-to-depth step loses nothing, so even a short training reconstructs well.
        self.encoder = nn.ModuleList(
            nn.Conv2d(4 * (3 if level == 0 else deep), deep, 3, padding=1) for level in range(levels)
        )
        self.middle = nn.Sequential(nn.Conv2d(deep, deep, 3, padding=1), _build_activation(family))
        self.residuals = nn.ModuleList(_build_residual(deep) for _ in range(family.residual_blocks))
        self.decoder = nn.ModuleList()
        features = deep
        for level in range(levels):
            is_last = level == levels - 1
            self.decoder.append(_Level(family, features, width if is_last else deep, makes_rgb=is_last))
            features = (width if is_last else deep) + (deep if family.skips and not is_last else 0)
        self.to_rgb: nn.Module = nn.Identity()
        if not (family.last_makes_rgb or family.rgb_each_level):
            padding = family.final_px // 2
            self.to_rgb = nn.Conv2d(width, 3, family.final_px, padding=padding, padding_mode="replicate")

    def forward(self, images: Tensor) -> Tensor:
        """Reconstruct images (N, 3, H, W) → (N, 3, H, W)."""
        encoded = []
        x = images
        for convolution in self.encoder:
            x = F.leaky_relu(convolution(F.pixel_unshuffle(x, 2)), _LEAK)
            encoded.append(x)
        x = self.middle(x)
        for residual in self.residuals:
            x = x + _RESIDUAL_SCALE * residual(x)
        rgb: Tensor | None = None
        for number, level in enumerate(self.decoder, start=1):
            x = level(x)
            if self._family.rgb_each_level:
                own: Tensor = level.to_rgb(x)  # type: ignore[operator]
                rgb = own if rgb is None else filter_up(rgb, FIR_TAPS) + own
            if self._family.skips and number < self.levels:
                x = torch.cat([x, encoded[self.levels - 1 - number]], 1)
        decoded: Tensor = self.to_rgb(x) if rgb is None else rgb
        return torch.tanh(decoded) if self._family.tanh else decoded


class _Level(nn.Module):
    """A decoder level, which doubles the size of features."""

    def __init__(self, family: Family, num_in: int, num_out: int, *, makes_rgb: bool) -> None:
        super().__init__()
        self._family = family
        self._ends = makes_rgb and family.last_makes_rgb
        self.convolution = _build_convolution(family.up_sampling, num_in, 3 if self._ends else num_out)
        self.normalization = _build_normalization("none" if self._ends else family.normalization, num_out)
        self.noise = nn.Parameter(torch.full((1, num_out, 1, 1), 0.1)) if family.noise else None
        self.activation = _build_activation(family)
        self.second = nn.Identity() if not family.second_conv else nn.Sequential(
            nn.Conv2d(num_out, num_out, 3, padding=1, padding_mode="replicate"),
            _build_activation(family),
            _build_normalization(family.normalization, num_out),
        )  # fmt: skip
        self.to_rgb = nn.Conv2d(num_out, 3, 1) if family.rgb_each_level else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Double the size of features, (N, C, H, W) → (N, C', 2 * H, 2 * W)."""
        x = self._up_sample(x)
        if self._ends:
            return x
        x = self.normalization(x)
        if self.noise is not None:
            x = x + self.noise * torch.randn_like(x[:, :1])
        if self._family.filtered:  # removes what the activation adds above the old Nyquist frequency
            x = filter_down(self.activation(filter_up(x, build_sinc_taps())), build_sinc_taps())
        else:
            x = self.activation(x)
        doubled: Tensor = self.second(x)
        return doubled

    def _up_sample(self, x: Tensor) -> Tensor:
        kind = self._family.up_sampling
        if kind in ("nearest", "bilinear"):
            x = F.interpolate(x, scale_factor=2, mode=kind, align_corners=None if kind == "nearest" else False)
        elif kind in ("fir", "sinc"):
            x = filter_up(x, FIR_TAPS if kind == "fir" else build_sinc_taps())
        elif kind == "zeros":
            x = insert_zeros(x)
        x = self.convolution(x)
        return F.pixel_shuffle(x, 2) if kind == "pixel_shuffle" else x


class _PixelNormalization(nn.Module):
    """A layer that scales the features of each pixel to a root mean square of 1 (Karras et al. 2018)."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalize features (N, C, H, W)."""
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


def draw_autoencoder(family: str, seed: int) -> Autoencoder:
    """Draw the levels, the width and the initial weights of one member of a family.

    Args:
        family: One of `GAN_FAMILIES`.
        seed: Seed of the draw; each seed gives another member.
    """
    generator = torch.Generator().manual_seed(derive_seed(seed, "architecture", family))
    levels, width = (
        choices[int(torch.randint(len(choices), (1,), generator=generator))] for choices in (_LEVELS, _WIDTHS)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights", family))
        return Autoencoder(_FAMILIES[family], levels, width)


def _build_activation(family: Family) -> nn.Module:
    return nn.ReLU() if family.relu else nn.LeakyReLU(_LEAK)


def _build_normalization(name: Normalization, features: int) -> nn.Module:
    if name == "pixel":
        return _PixelNormalization()
    return nn.InstanceNorm2d(features, affine=True) if name == "instance" else nn.Identity()


def _build_residual(features: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(features, features, 3, padding=1), nn.LeakyReLU(_LEAK), nn.Conv2d(features, features, 3, padding=1)
    )


def _build_convolution(kind: UpSampling, num_in: int, num_out: int) -> nn.Module:
    """Build the up-sampling layer, or the convolution after a fixed interpolation."""
    if kind == "transposed_3":
        return nn.ConvTranspose2d(num_in, num_out, 3, stride=2, padding=1, output_padding=1)
    if kind == "transposed_4":
        return nn.ConvTranspose2d(num_in, num_out, 4, stride=2, padding=1)
    if kind == "zeros":
        return nn.Conv2d(num_in, num_out, 5, padding=2)
    return nn.Conv2d(
        num_in, 4 * num_out if kind == "pixel_shuffle" else num_out, 3, padding=1, padding_mode="replicate"
    )
