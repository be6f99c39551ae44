"""Statistics against a count of one triple after the other, in Python, of OpenCV's components."""

from collections import Counter
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from fakeid.errors import ConfigError, DataError
from fakeid.models.backbones import build_backbone
from fakeid.models.color_stats import COMPONENTS, ColorStatistics
from fakeid.models.detector import Detector

BINS = 75


def split_with_opencv(rgb_u8: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.uint8]]:
    h, s, v = cv2.split(cv2.cvtColor(rgb_u8, cv2.COLOR_RGB2HSV))
    y, cr, cb = cv2.split(cv2.cvtColor(rgb_u8, cv2.COLOR_RGB2YCrCb))
    return {"h": h, "s": s, "v": v, "y": y, "cb": cb, "cr": cr}


def count_slowly(plane: npt.NDArray[np.uint8]) -> list[float]:
    levels = [[int(level) for level in row] for row in plane]
    found: Counter[tuple[int, ...]] = Counter()
    for down, right in ((0, 1), (1, 0)):
        residual = [
            [max(-2, min(2, levels[y + down][x + right] - levels[y][x])) for x in range(len(levels[0]) - right)]
            for y in range(len(levels) - down)
        ]
        rows = [*residual, *map(list, zip(*residual, strict=True))]  # the columns, as rows
        for row in rows:
            for triple in zip(row, row[1:], row[2:], strict=False):
                found[max(triple, triple[::-1])] += 1
    canonical = [triple for triple in product(range(-2, 3), repeat=3) if triple <= triple[::-1]]
    return [found[triple[::-1]] / sum(found.values()) for triple in canonical]


def draw(height: int, width: int, seed: int = 0, spread: int = 6) -> npt.NDArray[np.uint8]:
    """Around middle grey, so that truncated and small differences both occur."""
    return np.random.default_rng(seed).integers(128 - spread, 128 + spread, (height, width, 3), np.uint8)


def to_rgb(images: list[npt.NDArray[np.uint8]], device: torch.device) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).to(device) / 255  # (N, 3, H, W), channels last


def describe(image: npt.NDArray[np.uint8], device: torch.device, *components: str) -> Tensor:
    statistics = ColorStatistics(components or COMPONENTS).to(device)
    return statistics.compute_features(to_rgb([image], device))[0].cpu()


@pytest.mark.parametrize(
    "image",
    [
        draw(16, 16), draw(9, 14), draw(13, 7), draw(4, 4), draw(12, 12, spread=2), draw(12, 12, spread=128),
        np.full((8, 8, 3), 77, np.uint8), np.full((8, 8, 3), (250, 3, 90), np.uint8),
        np.repeat(draw(10, 11)[..., :1], 3, axis=2),
    ],
    ids=["square", "wide", "tall", "smallest", "smooth", "noise", "grey and flat", "flat", "grey"],
)  # fmt: skip
def test_agrees_with_a_slow_count(image: npt.NDArray[np.uint8], device: torch.device) -> None:
    planes = split_with_opencv(image)
    expected = torch.tensor([count_slowly(planes[name]) for name in COMPONENTS]).flatten()
    torch.testing.assert_close(describe(image, device), expected, rtol=1e-6, atol=0)


def test_components_are_opencvs_for_every_color(device: torch.device) -> None:
    steps = np.arange(0, 256, 5, np.uint8)
    colors = np.stack(np.meshgrid(steps, steps, np.arange(256, dtype=np.uint8)), axis=-1).reshape(-1, 256, 3)
    expected = split_with_opencv(colors)
    found = ColorStatistics().to(device)._compute_components(to_rgb([colors], device))
    for name in COMPONENTS:
        np.testing.assert_array_equal(found[name][0].cpu().numpy(), expected[name], err_msg=name)


def test_images_of_a_batch_are_counted_apart(device: torch.device) -> None:
    images = [draw(10, 12, seed, spread) for seed, spread in ((0, 2), (1, 40), (2, 6))]
    together = ColorStatistics().to(device).compute_features(to_rgb(images, device)).cpu()
    assert torch.equal(together, torch.stack([describe(image, device) for image in images]))
    assert not torch.equal(together[0], together[2])


def test_shares_of_each_component_sum_to_1(device: torch.device) -> None:
    shares = describe(draw(20, 30), device).view(len(COMPONENTS), BINS)
    torch.testing.assert_close(shares.sum(1), torch.ones(len(COMPONENTS)))


def test_exchanging_rows_and_columns_changes_nothing(device: torch.device) -> None:
    image = draw(9, 14)
    assert torch.equal(describe(image, device), describe(image.swapaxes(0, 1).copy(), device))


def test_a_negative_upside_down_has_the_same_luma(device: torch.device) -> None:
    """A residual changes its sign with either, so that a triple becomes its reversal; and reversals are one."""
    image = np.repeat(draw(9, 14)[..., :1], 3, axis=2)
    turned = np.ascontiguousarray(255 - image[::-1, ::-1])
    assert torch.equal(describe(image, device, "y", "v"), describe(turned, device, "y", "v"))
    assert not torch.equal(describe(image, device, "y"), describe(255 - image, device, "y"))


def test_grey_and_flat_images_have_one_bin_in_each_flat_component(device: torch.device) -> None:
    grey = np.repeat(draw(12, 12)[..., :1], 3, axis=2)
    chroma = describe(grey, device, "h", "s", "cb", "cr").view(4, BINS)
    assert (chroma.max(1).values == 1).all()
    assert len(set(chroma.argmax(1).tolist())) == 1


def test_components_can_be_chosen_in_any_order(device: torch.device) -> None:
    image = draw(10, 10)
    whole = dict(zip(COMPONENTS, describe(image, device).split(BINS), strict=True))
    assert torch.equal(describe(image, device, "cr", "h"), torch.cat([whole["cr"], whole["h"]]))
    assert ColorStatistics(["cr", "h"]).num_features == 150


@pytest.mark.parametrize("components", [["h", "red"], []])
def test_other_components_are_refused(components: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"components must be some of h, s, v, y, cb, cr, got (red|none)"):
        ColorStatistics(components)


def test_too_small_images_are_refused(device: torch.device) -> None:
    with pytest.raises(DataError, match="at least 4 x 4 px, got 3 x 8"):
        describe(draw(3, 8), device)


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
    assert sum(weight.numel() for weight in detector.parameters()) == 451
    assert detector(to_rgb([draw(10, 12)], device)).shape == (1,)


@pytest.mark.parametrize("options", [{"residual": "hpf"}, {"residual": "none", "color": "hsv"}])
def test_a_detector_with_other_input_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="computes its own colors and residuals: leave color=rgb and residual=none"):
        Detector(backbone="color_stats", **options)


@pytest.mark.parametrize(("option", "value"), [("dropout", 0.2), ("pretrained", True)])
def test_options_of_networks_are_refused(option: str, value: float) -> None:
    with pytest.raises(ConfigError, match=option):
        build_backbone("color_stats", 3, **{option: value})
