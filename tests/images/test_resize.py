import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeid.errors import BadImageError, ConfigError
from fakeid.images.resize import prepare_image

SIDES = st.integers(8, 90)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=60, deadline=None)
@given(height=SIDES, width=SIDES, image_px=st.integers(8, 64), prep=st.sampled_from(["squash", "center_crop", "crop"]))
def test_any_size_becomes_the_one_asked_for(height: int, width: int, image_px: int, prep: str) -> None:
    if prep == "crop" and min(height, width) < image_px:
        with pytest.raises(BadImageError, match=rf"data\.image_px={image_px} .*data\.prep=squash"):
            prepare_image(noise(height, width), image_px, prep)
        return
    prepared = prepare_image(noise(height, width), image_px, prep)
    assert prepared.shape == (image_px, image_px, 3)
    assert prepared.dtype == np.uint8
    assert prepared.flags.c_contiguous


@settings(max_examples=40, deadline=None)
@given(height=SIDES, width=SIDES, image_px=st.integers(8, 64))
def test_squash_is_opencvs_area_interpolation(height: int, width: int, image_px: int) -> None:
    image = noise(height, width)
    expected = cv2.resize(image, (image_px, image_px), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(prepare_image(image, image_px, "squash"), expected)


@settings(max_examples=40, deadline=None)
@given(height=SIDES, width=SIDES, data=st.data())
def test_crop_keeps_native_pixels_of_the_center(height: int, width: int, data: st.DataObject) -> None:
    side = data.draw(st.integers(8, min(height, width)))
    image = noise(height, width)
    cropped = prepare_image(image, side, "crop")
    windows = np.lib.stride_tricks.sliding_window_view(image, (side, side, 3))[:, :, 0]
    places = np.argwhere((windows == cropped).all(axis=(2, 3, 4)))
    assert len(places) == 1
    margins = np.array([height - side, width - side])
    assert (np.abs(margins - 2 * places[0]) <= 1).all()  # equal margins, up to an odd pixel


def test_center_crop_does_as_progans_dataset_tool() -> None:
    from PIL import Image

    image = noise(341, 256)
    height, width = image.shape[:2]
    crop = min(height, width)
    square = image[(height - crop) // 2 : (height + crop) // 2, (width - crop) // 2 : (width + crop) // 2]
    expected = np.asarray(Image.fromarray(square).resize((64, 64), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(prepare_image(image, 64, "center_crop"), expected)


def test_center_crop_does_not_alias_when_it_shrinks() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::3] = 255  # too fine for 64 px: only their mean is left
    shrunk = prepare_image(stripes, 64, "center_crop")[:, 4:-4]
    aliased = cv2.resize(stripes, (64, 64), interpolation=cv2.INTER_LANCZOS4)[:, 4:-4]
    assert shrunk.std() < 5 < aliased.std()
    assert shrunk.mean() == pytest.approx(85, abs=1)


@pytest.mark.parametrize("prep", ["squash", "center_crop"])
def test_an_image_of_the_right_size_stays_as_it_is(prep: str) -> None:
    image = noise(64, 64)
    np.testing.assert_array_equal(prepare_image(image, 64, prep), image)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 300), (300, 7)])
@pytest.mark.parametrize("prep", ["crop", "squash", "center_crop"])
def test_slivers_are_refused(height: int, width: int, prep: str) -> None:
    with pytest.raises(BadImageError, match=rf"^a\.png is {width} x {height} px, too small"):
        prepare_image(noise(height, width), 64, prep, name="a.png")


def test_an_unknown_preparation_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"crop, squash or center_crop, got 'stretch'"):
        prepare_image(noise(64, 64), 64, "stretch")
