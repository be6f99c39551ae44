import numpy as np
import pytest

from fakeid.images.camera import SENSOR_SCALE, take_photo


def _flat(color: tuple[float, float, float], size_px: int = 128) -> np.ndarray:
    return np.broadcast_to(np.float32(color), (size_px, size_px, 3)).copy()


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_a_photo_is_smaller_than_the_sensor_by_its_scale() -> None:
    photo = take_photo(np.full((40, 60, 3), 0.5, np.float32), _rng())
    assert photo.shape == (40 // SENSOR_SCALE, 60 // SENSOR_SCALE, 3)
    assert photo.dtype == np.uint8


# Linear values of these 8-bit sRGB codes, from the published sRGB tables.
@pytest.mark.parametrize(("linear", "code"), [(0.0512695, 64), (0.2158605, 128), (0.5271151, 192), (0.7454042, 224)])
def test_gray_light_becomes_its_srgb_code(linear: float, code: int) -> None:
    photo = take_photo(_flat((linear,) * 3), _rng())
    np.testing.assert_allclose(photo.mean((0, 1)), code, atol=0.6)


def test_colors_keep_their_channels_through_mosaic_and_white_balance() -> None:
    photo = take_photo(_flat((0.5271151, 0.2158605, 0.0512695)), _rng())
    np.testing.assert_allclose(photo.mean((0, 1)), (192, 128, 64), atol=1.0)


def test_noise_is_shot_noise_doubling_light_doubles_the_variance_in_linear_light() -> None:
    def linear_variance(level: float) -> float:
        encoded = take_photo(_flat((level,) * 3, 512), _rng())[..., 1] / 255
        return float((((encoded + 0.055) / 1.055) ** 2.4).var())

    assert linear_variance(0.6) / linear_variance(0.3) == pytest.approx(2, rel=0.1)


def test_the_noise_depends_on_the_generator_and_on_nothing_else() -> None:
    light = _flat((0.3, 0.4, 0.5))
    np.testing.assert_array_equal(take_photo(light, _rng(1)), take_photo(light, _rng(1)))
    assert (take_photo(light, _rng(1)) != take_photo(light, _rng(2))).mean() > 0.3
    np.testing.assert_array_equal(light, _flat((0.3, 0.4, 0.5)))
