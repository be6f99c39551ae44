import pytest
import torch
from torch import Tensor

from fakeid.config.windows import (
    compute_patch_px,
    compute_tested_px,
    compute_trained_px,
    compute_window_px,
    list_windows,
)
from fakeid.errors import ConfigError
from fakeid.models.detector import average_views


def mean_pixel(rgb: Tensor) -> Tensor:
    return rgb.mean((1, 2, 3))


def test_windows_are_seven_eighths_and_patches_halves() -> None:
    assert [compute_window_px(side) for side in (38, 64, 256)] == [33, 56, 224]
    assert [compute_patch_px(side) for side in (66, 67, 256)] == [33, 33, 128]
    assert list_windows(64, "none", "full") == list_windows(64, "spectral", "full") == {}
    assert list_windows(64, "safe", "patches") == {"augment=safe": 56, "protocol.views=patches": 32}
    assert list_windows(64, "crop", "crops") == {"augment=crop": 56, "protocol.views=crops": 56}


def test_training_sees_windows_with_crop_and_safe_and_the_test_as_its_views_say() -> None:
    names = ("none", "jpeg_blur", "spectral", "crop", "safe")
    assert [compute_trained_px(64, name) for name in names] == [64, 64, 64, 56, 56]
    assert [compute_tested_px(64, views, 56) for views in ("full", "crops", "patches")] == [56, 56, 32]
    assert [compute_tested_px(64, "full", center_px) for center_px in (None, 64, 99)] == [64, 64, 64]


def test_full_is_the_center_where_a_side_is_given() -> None:
    rgb = torch.arange(9.0 * 12).view(1, 1, 9, 12).expand(1, 3, 9, 12)
    seen: list[Tensor] = []
    for center_px in (None, 4, 10, 50):
        average_views(lambda view: seen.append(view) or mean_pixel(view), rgb, "full", center_px)  # type: ignore[func-returns-value]
    whole, center, wide, large = seen
    assert torch.equal(whole, rgb)
    assert torch.equal(large, rgb)
    assert torch.equal(center, rgb[..., 2:6, 4:8])
    assert torch.equal(wide, rgb[..., :, 1:11])


@pytest.mark.parametrize("views", ["crops", "patches"])
def test_other_views_are_cut_out_of_the_whole_image(views: str) -> None:
    rgb = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(average_views(mean_pixel, rgb, views, 56), average_views(mean_pixel, rgb, views))


@pytest.mark.parametrize("views", ["full", "crops", "patches"])
def test_all_views_of_a_constant_image_agree(views: str) -> None:
    levels = torch.tensor([0.0, 0.25, 1.0])
    rgb = levels.view(3, 1, 1, 1).expand(3, 3, 67, 72)
    assert torch.equal(average_views(mean_pixel, rgb, views), levels)
    assert average_views(mean_pixel, rgb[:0], views).shape == (0,)


def test_crops_are_the_corners_and_the_center() -> None:
    rgb = torch.zeros(1, 3, 16, 16)  # windows of 14 px
    rgb[..., 0, 0] = 1  # inside one of five windows
    rgb[..., 8, 8] = 10  # inside each of the five windows
    assert average_views(mean_pixel, rgb, "crops").item() == pytest.approx((1 + 5 * 10) / 5 / 14**2)
    seen: list[Tensor] = []
    numbered = torch.arange(256.0).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    average_views(lambda view: seen.append(view) or mean_pixel(view), numbered, "crops")  # type: ignore[func-returns-value]
    assert [divmod(int(view[0, 0, 0, 0]), 16) for view in seen] == [(0, 0), (0, 2), (2, 0), (2, 2), (1, 1)]
    assert {tuple(view.shape) for view in seen} == {(1, 3, 14, 14)}


def test_patches_are_the_four_quarters() -> None:
    rgb = torch.zeros(2, 3, 9, 8)
    rgb[0, :, :4, :4], rgb[0, :, :4, 4:], rgb[0, :, 4:8, :4], rgb[0, :, 4:8, 4:] = 1, 2, 3, 6
    rgb[:, :, 8] = 100  # the leftover last row
    assert average_views(mean_pixel, rgb, "patches").tolist() == [3, 0]
    votes = average_views(lambda view: (mean_pixel(view) > 1.5).float(), rgb, "patches")
    assert votes.tolist() == [0.75, 0]


def test_unknown_views_are_refused() -> None:
    with pytest.raises(ConfigError, match="protocol.views must be full, crops or patches, got 'tiles'"):
        average_views(mean_pixel, torch.zeros(1, 3, 64, 64), "tiles")
