import pytest
import torch
from torch import Tensor

from fakeid.errors import ConfigError
from fakeid.models.views import average_views
from fakeid.windows import compute_patch_px, compute_window_px, list_windows


def mean_pixel(rgb: Tensor) -> Tensor:
    return rgb.mean((1, 2, 3))


def test_windows_are_seven_eighths_and_patches_halves() -> None:
    assert [compute_window_px(side) for side in (38, 64, 256)] == [33, 56, 224]
    assert [compute_patch_px(side) for side in (66, 67, 256)] == [33, 33, 128]
    assert list_windows(64, "none", "full") == list_windows(64, "spectral", "full") == {}
    assert list_windows(64, "safe", "patches") == {"augment=safe": 56, "protocol.views=patches": 32}
    assert list_windows(64, "crop", "crops") == {"augment=crop": 56, "protocol.views=crops": 56}


@pytest.mark.parametrize("views", ["full", "crops", "patches"])
def test_all_views_of_a_constant_image_agree(views: str) -> None:
    levels = torch.tensor([0.0, 0.25, 1.0])
    rgb = levels.view(3, 1, 1, 1).expand(3, 3, 67, 72)
    assert torch.equal(average_views(mean_pixel, rgb, views), levels)
    assert average_views(mean_pixel, rgb[:0], views).shape == (0,)


def test_crops_are_the_corners_and_the_center() -> None:
    rgb = torch.zeros(1, 3, 16, 16)  # windows of 14
    rgb[..., 0, 0] = 1  # in one of five
    rgb[..., 8, 8] = 10  # in each
    assert average_views(mean_pixel, rgb, "crops").item() == pytest.approx((1 + 5 * 10) / 5 / 14**2)
    seen: list[Tensor] = []
    numbered = torch.arange(256.0).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    average_views(lambda view: seen.append(view) or mean_pixel(view), numbered, "crops")  # type: ignore[func-returns-value]
    assert [divmod(int(view[0, 0, 0, 0]), 16) for view in seen] == [(0, 0), (0, 2), (2, 0), (2, 2), (1, 1)]
    assert {tuple(view.shape) for view in seen} == {(1, 3, 14, 14)}


def test_patches_are_the_four_quarters() -> None:
    rgb = torch.zeros(2, 3, 9, 8)
    rgb[0, :, :4, :4], rgb[0, :, :4, 4:], rgb[0, :, 4:8, :4], rgb[0, :, 4:8, 4:] = 1, 2, 3, 6
    rgb[:, :, 8] = 100  # the odd line
    assert average_views(mean_pixel, rgb, "patches").tolist() == [3, 0]
    votes = average_views(lambda view: (mean_pixel(view) > 1.5).float(), rgb, "patches")
    assert votes.tolist() == [0.75, 0]


def test_unknown_views_are_refused() -> None:
    with pytest.raises(ConfigError, match="protocol.views must be full, crops or patches, got 'tiles'"):
        average_views(mean_pixel, torch.zeros(1, 3, 64, 64), "tiles")
