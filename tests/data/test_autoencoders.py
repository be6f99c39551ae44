"""Each family keeps the size of its input, learns to reconstruct it, and leaves its up-sampling trace."""

from typing import get_args

import numpy as np
import pytest
import torch

from fakeid.config.constants import GAN_FAMILIES
from fakeid.data.simulate.autoencoders import Autoencoder, Family, UpSampling, draw_autoencoder
from fakeid.data.simulate.filters import FIR_TAPS, filter_up

PERIODIC = ("transposed_3", "transposed_4", "pixel_shuffle", "zeros")
"""Layers whose outputs differ within a cell of 2 x 2 pixels even on flat input."""


@pytest.mark.parametrize("family", GAN_FAMILIES)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_weight_of_a_family_learns(family: str, seed: int) -> None:
    model = draw_autoencoder(family, seed)
    images = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1
    decoded = model(images)
    assert decoded.shape == images.shape
    (decoded - images).abs().mean().backward()
    gradients = {name: weight.grad for name, weight in model.named_parameters()}
    idle = [name for name, gradient in gradients.items() if gradient is None or not gradient.abs().sum() > 0]
    assert not idle


@pytest.mark.parametrize("family", GAN_FAMILIES)
def test_a_member_follows_from_its_seed(family: str) -> None:
    torch.manual_seed(0)
    first = draw_autoencoder(family, 3).state_dict()
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(torch.rand(1), after)  # torch's global generator is untouched
    again, other = draw_autoencoder(family, 3).state_dict(), draw_autoencoder(family, 4).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(name not in other or not torch.equal(first[name], other[name]) for name in first)


def test_members_of_a_family_differ_in_depth_and_width() -> None:
    drawn = {(model.levels, model.encoder[0].weight.shape) for model in map(_draw_progan, range(40))}
    assert {levels for levels, _ in drawn} == {1, 2, 3, 4}
    assert len({shape for _, shape in drawn}) == 3


def _draw_progan(seed: int) -> Autoencoder:
    return draw_autoencoder("progan", seed)


@pytest.fixture(params=range(3))
def build(request: pytest.FixtureRequest) -> object:
    """`build("zeros")` returns three decoders of two levels with random weights."""

    def build_decoder(up_sampling: UpSampling) -> Autoencoder:
        torch.manual_seed(request.param)
        return Autoencoder(Family(up_sampling, filtered=up_sampling == "sinc"), levels=2, width=12).eval()

    return build_decoder


def _decode(model: Autoencoder, image: torch.Tensor) -> np.ndarray:
    """Return the center of the decoded image, without its borders."""
    with torch.inference_mode():
        return model(image)[0, :, 16:-16, 16:-16].double().numpy()  # (3, H - 32, W - 32)


@pytest.mark.parametrize("up_sampling", get_args(UpSampling))
def test_on_a_flat_image_only_a_periodic_layer_has_power_at_the_nyquist_frequency(
    build: "type[Autoencoder]", up_sampling: UpSampling
) -> None:
    decoded = _decode(build(up_sampling), torch.full((1, 3, 64, 64), 0.3))
    spectrum = np.abs(np.fft.rfft2(decoded)) / decoded[0].size
    nyquist = max(spectrum[:, 16, 0].max(), spectrum[:, 0, 16].max(), spectrum[:, 16, 16].max())
    mean = np.abs(decoded).mean()
    assert nyquist > 1e-3 * mean if up_sampling in PERIODIC else nyquist < 1e-4 * mean


@pytest.mark.parametrize("up_sampling", ["nearest", "bilinear", "fir", "sinc"])
def test_an_interpolation_leaves_its_period_in_the_variance_and_a_sinc_far_less(
    build: "type[Autoencoder]", up_sampling: UpSampling
) -> None:
    noise = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1
    decoded = _decode(build(up_sampling), noise)
    power = np.square(np.diff(decoded, axis=2)).mean((0, 1))  # of the step from each column to the next
    unevenness = abs(np.log(power[0::2].mean() / power[1::2].mean()))
    assert unevenness < 0.02 if up_sampling == "sinc" else unevenness > 0.03


def test_pixel_normalization_brings_each_pixel_to_one() -> None:
    torch.manual_seed(0)
    model = Autoencoder(Family("nearest", "pixel", second_conv=True), levels=1, width=12)
    caught: list[tuple[torch.Tensor, torch.Tensor]] = []
    model.decoder[0].normalization.register_forward_hook(  # type: ignore[union-attr]
        lambda _, inputs, output: caught.append((inputs[0].detach(), output.detach()))
    )
    model(torch.rand(1, 3, 16, 16))
    ((before, after),) = caught
    expected = before.numpy() / np.sqrt(np.mean(before.numpy() ** 2, axis=1, keepdims=True))
    np.testing.assert_allclose(after.numpy(), expected, rtol=1e-3, atol=1e-5)


def test_levels_that_each_add_to_the_image_sum_up() -> None:
    torch.manual_seed(0)
    model = Autoencoder(Family("fir", rgb_each_level=True), levels=2, width=12)
    added: list[torch.Tensor] = []
    for level in model.decoder:
        level.to_rgb.register_forward_hook(  # type: ignore[union-attr]
            lambda _, __, output: added.append(output.detach())
        )
    decoded = model(torch.rand(1, 3, 16, 16)).detach()
    torch.testing.assert_close(decoded, filter_up(added[0], FIR_TAPS) + added[1])


def test_noise_is_drawn_anew_and_only_where_the_family_has_it() -> None:
    image = torch.rand(1, 3, 32, 32)
    for family in GAN_FAMILIES:
        model = draw_autoencoder(family, 0).eval()
        with torch.inference_mode():
            assert torch.equal(model(image), model(image)) is (family not in ("stylegan", "stylegan2"))
