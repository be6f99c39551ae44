from collections import defaultdict
from collections.abc import Sequence
from io import BytesIO
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
import torchvision.transforms.functional as TF
from PIL import Image
from scipy.ndimage import gaussian_filter

from fakeid.config.choices import AugmentName
from fakeid.errors import ConfigError
from fakeid.images.augment import augment

NAMES = [choice.value for choice in AugmentName]
NO, YES = 0.9, 0.1  # random draws above and below one half


class Script:
    """A stand-in generator with given draws, which records what it was asked for."""

    def __init__(self, **draws: Sequence[Any]) -> None:
        self._draws = {name: list(values) for name, values in draws.items()}
        self.asked: dict[str, list[tuple[Any, ...]]] = defaultdict(list)

    def __getattr__(self, name: str) -> Any:
        def draw(*arguments: Any, **_: Any) -> Any:
            self.asked[name].append(arguments)
            return self._draws[name].pop(0)

        return draw

    def check_used_up(self) -> None:
        assert not any(self._draws.values())


def photo(height: int = 64, width: int = 64) -> npt.NDArray[np.uint8]:
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def play(rgb_u8: npt.NDArray[np.uint8], name: str, **draws: Sequence[Any]) -> tuple[npt.NDArray[np.uint8], Script]:
    script = Script(**draws)
    result = augment(rgb_u8, name, cast("np.random.Generator", script))
    script.check_used_up()
    return result, script


def check_close(result: npt.NDArray[np.uint8], expected: npt.NDArray[Any]) -> None:
    assert np.abs(result.astype(float) - expected).max() <= 1


def compress_by_pillow(rgb_u8: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    file = BytesIO()
    Image.fromarray(rgb_u8).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.array(Image.open(file))


def blur_by_scipy(rgb_u8: npt.NDArray[np.uint8], sigma: float) -> npt.NDArray[np.float64]:
    return np.asarray(gaussian_filter(rgb_u8.astype(float), (sigma, sigma, 0), mode="reflect"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(64, 64), (41, 58)])
def test_it_is_an_image_that_follows_from_the_generator_alone(name: str, size: tuple[int, int]) -> None:
    source = photo(*size)
    before = source.copy()
    results = [augment(source, name, np.random.default_rng(seed)) for seed in (0, 1, 2, 3, 4, 5, 0)]
    np.testing.assert_array_equal(results[0], results[-1])
    np.testing.assert_array_equal(source, before)
    assert {(result.dtype, result.shape) for result in results} == {(np.dtype(np.uint8), results[0].shape)}
    different = len({result.tobytes() for result in results})
    assert different == 1 if name == "none" else different > 3  # `jpeg_blur` leaves some images unchanged


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=f"augment must be one of {', '.join(NAMES)}, got 'blur'"):
        augment(photo(), "blur", np.random.default_rng(0))


def test_crop_cuts_every_window_and_no_pixel_changes() -> None:
    rows, columns = np.mgrid[:40, :48].astype(np.uint8)
    source = np.stack([rows, columns, np.zeros_like(rows)], axis=2)
    places = set()
    for seed in range(600):
        window = augment(source, "crop", np.random.default_rng(seed))
        top, left = int(window[0, 0, 0]), int(window[0, 0, 1])
        np.testing.assert_array_equal(window, source[top : top + 35, left : left + 42])
        places.add((top, left))
    assert places == {(top, left) for top in range(6) for left in range(7)}


def test_jpeg_has_the_drawn_quality() -> None:
    source = photo()
    result, script = play(source, "jpeg_blur", random=[NO, YES, NO], integers=[37])
    assert script.asked["integers"] == [(30, 100)]
    check_close(result, compress_by_pillow(source, 37))
    assert np.abs(result.astype(int) - source).max() > 3


@pytest.mark.parametrize("sigma", [0.0, 0.4, 1.3, 3.0])
def test_blur_is_gaussian_with_the_drawn_sigma(sigma: float) -> None:
    result, script = play(photo(), "jpeg_blur", random=[YES, NO, NO], uniform=[sigma])
    assert script.asked["uniform"] == [(0, 3.0)]
    check_close(result, blur_by_scipy(photo(), sigma))


def test_flip_exchanges_left_and_right() -> None:
    result, _ = play(photo(), "jpeg_blur", random=[NO, NO, YES])
    np.testing.assert_array_equal(result, np.fliplr(photo()))


def test_blur_comes_before_jpeg_and_each_to_one_half_of_the_images() -> None:
    result, _ = play(photo(), "jpeg_blur", random=[YES, YES, NO], uniform=[2.0], integers=[30])
    compressed_last = compress_by_pillow(np.rint(blur_by_scipy(photo(), 2)).astype(np.uint8), 30)
    blurred_last = blur_by_scipy(compress_by_pillow(photo(), 30), 2)
    assert np.abs(result - compressed_last.astype(float)).mean() < 0.5 < np.abs(result - blurred_last).mean()
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (16, 16, 3), np.uint8)
    results = [augment(noise, "jpeg_blur", rng) for _ in range(1500)]
    untouched = np.mean([any(np.array_equal(side, noise) for side in (x, np.fliplr(x))) for x in results])
    assert untouched == pytest.approx(0.25 + 0.25 * 0.25 / 3, abs=0.04)  # a blur below 0.25 px has no effect


@pytest.mark.parametrize("size", [(64, 64), (41, 58), (40, 33)])
def test_spectral_takes_whole_coefficients_and_leaves_the_others(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    spectrum = np.fft.fft2(rng.standard_normal(size))
    flat = np.real(np.fft.ifft2(spectrum / np.abs(spectrum)))  # all coefficients have the same magnitude
    pattern = 20 * flat / flat.std()
    source = np.rint(128 + np.stack([pattern, -pattern, np.roll(pattern, 3, 0)], 2)).astype(np.uint8)
    before, after = (
        np.fft.fft2(image.astype(float), axes=(0, 1)) for image in (source, augment(source, "spectral", rng))
    )
    size_of_one = 20 * np.sqrt(flat.size)
    gone = np.abs(after[..., 0]) < size_of_one / 2
    for channel in range(3):
        np.testing.assert_array_equal(np.abs(after[..., channel]) < size_of_one / 2, gone)
    assert np.abs(after[gone]).max() < 0.15 * size_of_one  # what rounding to 8 bits restores
    assert np.abs(after - before)[~gone].max() < 0.15 * size_of_one
    assert abs(gone.sum() - 0.15 * gone.size) <= 1
    assert not gone[0, 0]
    np.testing.assert_array_equal(gone, np.roll(gone[::-1, ::-1], (1, 1), (0, 1)))  # the conjugate frequencies


def test_spectral_clips_and_does_not_wrap_around() -> None:
    source = np.zeros((64, 64, 3), np.uint8)
    source[:, 32:] = 255
    result = augment(source, "spectral", np.random.default_rng(0)).astype(float)
    assert result[:, 34:62].mean() - result[:, 2:30].mean() > 150


def play_safe(rgb_u8: npt.NDArray[np.uint8], **draws: Any) -> tuple[npt.NDArray[np.uint8], Script]:
    """Apply `safe` with one window and only the given draws."""
    quiet = {
        "integers": [2, 5], "random": [NO, NO], "uniform": [0.0, 1.0, 1.0, 1.0], "permutation": [np.array([0, 1, 2])],
    }  # fmt: skip
    return play(rgb_u8, "safe", **{**quiet, **draws})


def test_safe_trains_on_windows_of_the_image() -> None:
    result, script = play_safe(photo())
    np.testing.assert_array_equal(result, photo()[2:58, 5:61])
    assert script.asked["integers"] == [(8,), (8,)]
    assert script.asked["uniform"] == [(-180.0, 180.0), (0.5, 1.5), (0.5, 1.5), (0.5, 1.5)]
    flipped, _ = play_safe(photo(), random=[YES, NO])
    np.testing.assert_array_equal(flipped, np.fliplr(photo()[2:58, 5:61]))


@pytest.mark.parametrize("degrees", [0, 90, 180, -90, -180])
def test_safe_rotates_about_the_center(degrees: int) -> None:
    result, _ = play_safe(photo(), uniform=[float(degrees), 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(result, np.rot90(photo()[2:58, 5:61], degrees // 90))


def test_safe_interpolates_nothing_and_leaves_black_corners() -> None:
    window = photo()[2:58, 5:61]
    result, _ = play_safe(photo(), uniform=[33.0, 1.0, 1.0, 1.0])
    colors = {tuple(color) for color in window.reshape(-1, 3).tolist()} | {(0, 0, 0)}
    assert {tuple(color) for color in result.reshape(-1, 3).tolist()} <= colors
    assert not result[0, 0].any()
    expected = np.array(Image.fromarray(window).rotate(33, Image.Resampling.NEAREST))
    assert (result == expected).all(2).mean() > 0.9  # except for ties between two pixels


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
def test_safe_changes_colors_as_torchvision_does(order: list[int]) -> None:
    factors = [1.4, 0.6, 1.3]
    result, _ = play_safe(photo(), permutation=[np.array(order)], uniform=[0.0, *factors])
    adjust = (TF.adjust_brightness, TF.adjust_contrast, TF.adjust_saturation)
    expected = torch.from_numpy(photo()[2:58, 5:61].copy()).permute(2, 0, 1).double() / 255
    for kind, factor in zip(order, factors, strict=True):
        expected = adjust[kind](expected, factor)
    check_close(result, expected.permute(1, 2, 0).numpy() * 255)


def test_safe_masks_whole_patches_of_a_grid() -> None:
    white = np.full((64, 64, 3), 255, np.uint8)
    result, script = play_safe(
        white, random=[NO, YES], uniform=[0.0, 1.0, 1.0, 1.0, 0.5],
        permutation=[np.array([0, 1, 2]), np.array([8, 0, 4, 1, 7, 2, 3, 5, 6])],
    )  # fmt: skip
    assert script.asked["uniform"][-1] == (0, 0.75)
    assert script.asked["permutation"][-1] == (9,)  # 56 px hold 3 x 3 patches of 16 px
    expected = np.full((56, 56, 3), 255, np.uint8)
    for top, left in ((32, 32), (0, 0), (16, 16), (0, 16)):  # half of nine, rounded down
        expected[top : top + 16, left : left + 16] = 0
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("size", [(64, 64), (41, 58)])
def test_history_leaves_a_window_of_half_of_each_side(size: tuple[int, int]) -> None:
    results = [augment(photo(*size), "history", np.random.default_rng(seed)) for seed in range(40)]
    assert {result.shape for result in results} == {(size[0] // 2, size[1] // 2, 3)}


def test_history_only_cuts_and_mirrors_every_other_image() -> None:
    result, _ = play(photo(), "history", random=[NO, YES], integers=[2, 7])
    np.testing.assert_array_equal(result, photo()[2:34, 7:39][:, ::-1])


def test_history_without_a_step_only_cuts_and_mirrors() -> None:
    draws = {"random": [YES, NO, NO, NO, NO, NO, NO, YES], "integers": [3, 5, 2, 7]}
    result, _ = play(photo(), "history", **draws)
    np.testing.assert_array_equal(result, photo()[5:37, 12:44][:, ::-1])


def test_history_reduces_and_enlarges_to_the_same_size() -> None:
    draws = {"random": [YES, NO, YES, NO, NO, NO, NO, NO, NO], "uniform": [0.5], "integers": [0, 0, 0, 0, 0]}
    result, script = play(photo(), "history", **draws)
    assert script.asked["uniform"] == [(0.5, 0.95)]
    by_two = {"random": [YES, NO, YES, YES, NO, NO, NO, NO, NO], "integers": [0, 0, 0, 0, 0, 0]}
    np.testing.assert_array_equal(play(photo(), "history", **by_two)[0], result)
    halves = photo()[:56, :56].astype(float).reshape(28, 2, 28, 2, 3).mean((1, 3))  # area averages of the window
    enlarged = TF.resize(
        torch.tensor(halves).permute(2, 0, 1), [56, 56], TF.InterpolationMode.BILINEAR, antialias=False
    )
    check_close(result, np.rint(enlarged.permute(1, 2, 0).numpy())[:32, :32])


def test_history_does_the_same_to_images_that_share_its_draws() -> None:
    """Two images with the same draws get the same window, resizing and compression, so differences keep their place."""
    real = photo()
    fake = real.copy()
    fake[:, ::2] ^= 1
    differences = [
        np.abs(
            augment(real, "history", np.random.default_rng(seed)).astype(int)
            - augment(fake, "history", np.random.default_rng(seed))
        )
        for seed in range(20)
    ]
    assert max(difference.mean() for difference in differences) < 3  # different windows would differ by tens
