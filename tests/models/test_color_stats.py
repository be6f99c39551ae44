"""Color statistics compared with a plain Python implementation of their definition."""

import colorsys
import math
from collections import Counter
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from fakeid.errors import ConfigError, DataError
from fakeid.models.backbones import build_backbone, get_classifier
from fakeid.models.color_stats import COMPONENTS, ColorStatistics, _compute_components
from fakeid.models.detector import Detector

NEIGHBORS = ((0, 1), (0, -1), (1, 0), (-1, 0))
TRIPLES = [(first, second, third) for third, second, first in product(range(-2, 3), repeat=3) if first <= third]


def round_half_up(level: float) -> int:
    """Round with a small margin, as floats may fall short of a tie; others are at least 1/510 from one half."""
    return math.floor(level + 0.5 + 1e-6)


def split_slowly(rgb_u8: npt.NDArray[np.uint8]) -> dict[str, list[list[int]]]:
    """Compute MATLAB's `rgb2hsv`, times 255, and `rgb2ycbcr` of RGB (H, W, 3)."""
    planes: dict[str, list[list[int]]] = {name: [] for name in COMPONENTS}
    for row in rgb_u8.tolist():
        for name in COMPONENTS:
            planes[name].append([])
        for pixel in row:
            r, g, b = (level / 255 for level in pixel)
            hue, saturation, _ = colorsys.rgb_to_hsv(r, g, b)
            planes["h"][-1].append(round_half_up(255 * hue))
            planes["s"][-1].append(round_half_up(255 * saturation))
            planes["cb"][-1].append(round_half_up(128 - 37.797 * r - 74.203 * g + 112 * b))
            planes["cr"][-1].append(round_half_up(128 + 112 * r - 93.786 * g - 18.214 * b))
    return planes


def count_slowly(levels: list[list[int]]) -> list[float]:
    shares = dict.fromkeys(TRIPLES, 0.0)
    for down, right in NEIGHBORS:
        residual = [
            [max(-2, min(2, levels[y][x] - levels[y + down][x + right])) for x in range(1, len(levels[0]) - 1)]
            for y in range(1, len(levels) - 1)
        ]
        columns = [list(column) for column in zip(*residual, strict=True)]
        for lines in (residual, columns):
            triples = [triple for line in lines for triple in zip(line, line[1:], line[2:], strict=False)]
            found = Counter(triple if triple[0] <= triple[2] else triple[::-1] for triple in triples)
            for triple, count in found.items():
                shares[triple] += count / len(triples)
    return list(shares.values())


def draw(height: int, width: int, seed: int = 0, spread: int = 6) -> npt.NDArray[np.uint8]:
    """Draw around middle gray, so that both truncated and small differences occur."""
    return np.random.default_rng(seed).integers(128 - spread, 128 + spread, (height, width, 3), np.uint8)


def to_rgb(images: list[npt.NDArray[np.uint8]], device: torch.device) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).to(device) / 255  # (N, 3, H, W), channels last


def imitate_photo(height: int, width: int) -> npt.NDArray[np.uint8]:
    """Make an image somewhat like a photo: slow waves of saturated colors, dark and bright, with a little noise."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:height, :width][..., None] / max(height, width)  # (H, W, 1)
    waves = 128 + 120 * np.sin(7 * x * rng.random(3) + 5 * y * rng.random(3) + 6 * rng.random(3))
    return (waves + rng.normal(0, 1.5, (height, width, 3))).clip(0, 255).astype(np.uint8)


def describe(image: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    return ColorStatistics().to(device).compute_features(to_rgb([image], device))[0].cpu()


@pytest.mark.parametrize(
    "image",
    [
        draw(16, 16), draw(9, 14), draw(13, 7), draw(5, 5), draw(12, 12, spread=2), draw(12, 12, spread=128),
        np.full((8, 8, 3), 77, np.uint8), np.full((8, 8, 3), (250, 3, 90), np.uint8),
        np.repeat(draw(10, 11)[..., :1], 3, axis=2), imitate_photo(24, 31), imitate_photo(33, 20),
    ],
    ids=["square", "wide", "narrow", "smallest", "smooth", "noise", "grey and flat", "flat", "grey", "photo", "tall"],
)  # fmt: skip
def test_agrees_with_a_slow_count(image: npt.NDArray[np.uint8], device: torch.device) -> None:
    planes = split_slowly(image)
    expected = torch.tensor([count_slowly(planes[name]) for name in COMPONENTS]).flatten()
    torch.testing.assert_close(describe(image, device), expected, rtol=2e-7, atol=0)


def test_components_are_matlabs(device: torch.device) -> None:
    steps = np.arange(0, 256, 51, np.uint8)
    colors = np.stack(np.meshgrid(steps, steps, np.arange(256, dtype=np.uint8)), axis=-1).reshape(-1, 256, 3)
    colors = np.concatenate([colors, draw(100, 256, spread=128)])
    found = _compute_components(torch.from_numpy(colors).permute(2, 0, 1).unsqueeze(0).int().to(device))
    for name, plane in zip(COMPONENTS, found, strict=True):
        np.testing.assert_array_equal(plane[0].cpu().numpy(), split_slowly(colors)[name], err_msg=name)


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((0, 0, 0), (0, 0, 128, 128)),
        ((255, 255, 255), (0, 0, 128, 128)),
        ((255, 0, 0), (0, 255, 90, 240)),
        ((0, 255, 0), (85, 255, 54, 34)),
        ((0, 0, 255), (170, 255, 240, 110)),
        ((255, 0, 1), (255, 255, 91, 240)),
        ((2, 1, 1), (0, 128, 128, 128)),
    ],
    ids=["black", "white", "red", "green", "blue", "last hue", "tie"],
)
def test_components_of_known_colors(rgb: tuple[int, ...], expected: tuple[int, ...]) -> None:
    found = _compute_components(torch.tensor(rgb, dtype=torch.int32).view(1, 3, 1, 1))
    assert tuple(plane.item() for plane in found) == expected


def test_images_of_a_batch_are_counted_apart(device: torch.device) -> None:
    images = [draw(10, 12, seed, spread) for seed, spread in ((0, 2), (1, 40), (2, 6))]
    together = ColorStatistics().to(device).compute_features(to_rgb(images, device)).cpu()
    assert torch.equal(together, torch.stack([describe(image, device) for image in images]))
    assert not torch.equal(together[0], together[2])


@pytest.mark.parametrize("image", [draw(9, 14), imitate_photo(16, 11)], ids=["noise", "photo"])
def test_mirror_images_and_exchanged_rows_and_columns_have_the_same_features(
    image: npt.NDArray[np.uint8], device: torch.device
) -> None:
    expected = describe(image, device)
    for turned in (image[:, ::-1], image[::-1], image.swapaxes(0, 1)):
        assert torch.equal(describe(turned.copy(), device), expected)


def test_the_border_counts_as_neighbors_alone(device: torch.device) -> None:
    """A corner is no interior pixel's neighbor; other border pixels are."""
    image, corners, border = imitate_photo(12, 12), imitate_photo(12, 12), imitate_photo(12, 12)
    corners[[0, 0, -1, -1], [0, -1, 0, -1]] = 255 - image[[0, 0, -1, -1], [0, -1, 0, -1]]
    border[0, 5] = 255 - image[0, 5]
    assert torch.equal(describe(corners, device), describe(image, device))
    assert not torch.equal(describe(border, device), describe(image, device))


def test_too_small_images_are_refused(device: torch.device) -> None:
    with pytest.raises(DataError, match="at least 5 x 5 px, got 4 x 8"):
        describe(draw(4, 8), device)


def test_the_score_is_linear_in_the_standardized_features_and_float32_under_autocast(device: torch.device) -> None:
    generator = np.random.default_rng(0)
    statistics = ColorStatistics()
    size = statistics.num_features
    mean, scale, weight = generator.random(size), generator.random(size) + 0.1, generator.standard_normal(size)
    statistics.set_classifier(
        mean=torch.from_numpy(mean), scale=torch.from_numpy(scale), weight=torch.from_numpy(weight), bias=0.25
    )
    statistics.to(device)
    rgb = to_rgb([draw(10, 12), draw(10, 12, 1)], device)
    features = statistics.compute_features(rgb).cpu().double().numpy()
    expected = torch.from_numpy((features - mean) / scale @ weight + 0.25)
    with torch.autocast(device.type, torch.bfloat16):
        rounded = statistics(rgb)
    assert rounded.dtype == torch.float32
    assert torch.equal(rounded, statistics(rgb))
    torch.testing.assert_close(rounded.cpu().double().squeeze(1), expected, rtol=1e-4, atol=1e-4)


def test_an_unfitted_classifier_says_0_and_passes_gradients_to_its_weights(device: torch.device) -> None:
    statistics = ColorStatistics().to(device)
    logits = statistics(to_rgb([draw(10, 12)], device))
    assert logits.tolist() == [[0.0]]
    logits.sum().backward()
    assert all(weight.grad is not None for weight in statistics.parameters())


def test_is_a_backbone_for_rgb_without_residual(device: torch.device) -> None:
    detector = Detector(backbone="color_stats", residual="none").to(device)
    assert isinstance(detector.backbone, ColorStatistics)
    assert get_classifier(detector.backbone) is detector.backbone.linear
    assert sum(weight.numel() for weight in detector.parameters()) == 301
    assert detector(to_rgb([draw(10, 12)], device)).shape == (1,)


@pytest.mark.parametrize("options", [{"residual": "hpf"}, {"residual": "none", "color": "hsv"}])
def test_a_detector_with_other_input_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="computes its own colors and residuals: leave color=rgb and residual=none"):
        Detector(backbone="color_stats", **options)


@pytest.mark.parametrize(("option", "value"), [("dropout", 0.2), ("pretrained", True)])
def test_options_of_networks_are_refused(option: str, value: float) -> None:
    with pytest.raises(ConfigError, match=option):
        build_backbone("color_stats", 3, **{option: value})
