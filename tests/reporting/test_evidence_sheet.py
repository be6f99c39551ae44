"""The evidence sheet shows the center of a photo without filtering all of it."""

import cv2
import numpy as np
import pytest

from fakeid.reporting.evidence import _amplify_center, _cut_center


@pytest.mark.parametrize("shape", [(48, 48), (8, 300), (256, 256), (257, 259), (265, 263), (600, 801)])
def test_the_residual_of_the_center_is_that_of_the_whole_image(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb_u8 = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    levels = rgb_u8.astype(np.float32)
    residual = 12 * (levels - cv2.GaussianBlur(levels, (0, 0), 1.0))
    expected = _cut_center(np.clip(127.5 + residual, 0, 255).astype(np.uint8))
    blur, sizes = cv2.GaussianBlur, []
    monkeypatch.setattr(cv2, "GaussianBlur", lambda image, *given: sizes.append(image.size) or blur(image, *given))
    np.testing.assert_array_equal(_amplify_center(rgb_u8), expected)
    assert sizes[0] <= 3 * 264**2
