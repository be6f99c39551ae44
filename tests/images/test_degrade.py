import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from scipy import ndimage, stats

from fakeid.config.degradations import DEFAULT_DEGRADATIONS, parse_degradation
from fakeid.images import degrade as degrade_module
from fakeid.images.codecs import jpeg, webp
from fakeid.images.degrade import degrade

WORDS = ("none", *DEFAULT_DEGRADATIONS)
KINDS = ("none", "jpeg-75", "webp-80", "blur-1", "downup-0.5", "crop-0.8", "noise-2", "social")


def photo(height: int = 60, width: int = 80) -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def ramps(side: int = 64) -> np.ndarray:
    """Red grows by 3 levels per column, green by 3 per row, so each pixel encodes its position."""
    rows, columns = np.mgrid[:side, :side]
    return np.stack([3 * columns, 3 * rows, np.full((side, side), 128)], axis=-1).astype(np.uint8)


def apply(word: str, image: np.ndarray, key: str = "cat/1.png", seed: int = 0) -> np.ndarray:
    return degrade(image, parse_degradation(word), key, seed=seed)


def digest(image: np.ndarray) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()


@pytest.mark.parametrize("word", [*KINDS, "downup-0.05", "crop-0.05", "blur-20", "jpeg-1", "webp-1"])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (1, 40), (33, 34)])
def test_size_and_type_stay_and_the_input_too(word: str, size: tuple[int, int]) -> None:
    image = np.random.default_rng(2).integers(0, 256, (*size, 3), dtype=np.uint8)
    before = image.copy()
    image.flags.writeable = False  # like a memory map
    result = apply(word, image)
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    assert not np.shares_memory(result, image)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("word", KINDS)
def test_gray_stays_gray_but_for_noise(word: str) -> None:
    gray = np.repeat(photo()[..., :1], 3, axis=2)
    channels = apply(word, gray).astype(int)
    assert (np.ptp(channels, axis=2).max() > 3) == word.startswith("noise")


@pytest.mark.parametrize("word", ["none", "downup-1", "crop-1"])
def test_nothing_at_all(word: str) -> None:
    np.testing.assert_array_equal(apply(word, photo()), photo())


def test_codecs_run_at_their_quality() -> None:
    np.testing.assert_array_equal(apply("jpeg-30", photo()), jpeg(photo(), 30))
    np.testing.assert_array_equal(apply("webp-80", photo()), webp(photo(), 80))


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1, 1.5, 2, 20])
def test_blur_is_scipys(sigma: float) -> None:
    image = np.random.default_rng(3).integers(0, 256, (40, 51, 3), dtype=np.uint8)
    expected = np.rint(ndimage.gaussian_filter(image.astype(float), (sigma, sigma, 0), mode="mirror"))
    difference = np.abs(apply(f"blur-{sigma}", image) - expected)
    assert difference.max() <= 1  # float32 and float64 may round differently
    assert (difference > 0).mean() < 0.002


def test_downup_averages_before_it_drops_pixels() -> None:
    # Bilinear reduction by 4 would sample only the two dark columns of each four.
    stripes = np.tile(np.array([255, 0, 0, 255], np.uint8)[None, :, None], (16, 6, 3))
    result = apply("downup-0.25", stripes)
    assert result.min() == result.max()
    assert result.min() in (127, 128)


def test_downup_interpolates_with_the_cubic_kernel_of_keys() -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    image[14:16, 14:16] = 200  # one pixel of the image at half size, centered between rows 14 and 15
    distance = np.abs(np.arange(32) - 14.5) / 2
    a = -0.75  # OpenCV's parameter of the Keys kernel
    inner = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    outer = a * (((distance - 5) * distance + 8) * distance - 4)
    kernel = np.where(distance <= 1, inner, np.where(distance < 2, outer, 0))
    expected = np.clip(np.outer(kernel, kernel) * 200, 0, 255)
    for channel in np.moveaxis(apply("downup-0.5", image), -1, 0):
        assert np.abs(channel - expected).max() <= 1


def crop_of(word: str, key: str) -> tuple[float, float, float, float]:
    """Return the horizontal and vertical slope relative to the original ramps, and the window's left and top edges."""
    inside = apply(word, ramps(), key)[8:-8, 8:-8].astype(float)
    across, down = inside[..., 0].mean(axis=0) / 3, inside[..., 1].mean(axis=1) / 3
    (share_x, left), (share_y, top) = (np.polyfit(np.arange(8, 56), line, 1) for line in (across, down))
    return share_x, share_y, left, top


@pytest.mark.parametrize("share", [0.5, 0.75])
def test_crop_keeps_a_window_of_its_share_at_any_place(share: float) -> None:
    crops = np.array([crop_of(f"crop-{share}", f"{key}.png") for key in range(300)])
    np.testing.assert_allclose(crops[:, :2], share, atol=0.01)
    # Pixel centers: the first pixel of the enlarged window is (1 - share) / 2 before the window's first pixel.
    edges = crops[:, 2:] + (1 - share) / 2
    places = 64 - round(64 * share) + 1
    np.testing.assert_allclose(edges, np.rint(edges), atol=0.3)
    assert edges.min() > -0.3
    assert edges.max() < places - 0.7
    for edge in edges.T:
        assert stats.chisquare(np.bincount(np.rint(edge).astype(int), minlength=places)).pvalue > 0.01
    assert abs(np.corrcoef(edges.T)[0, 1]) < 0.2


@pytest.mark.parametrize("sigma", [2, 8])
def test_noise_is_normal_with_its_sigma(sigma: float) -> None:
    noise = apply(f"noise-{sigma}", np.full((100, 100, 3), 128, np.uint8)).astype(float) - 128
    assert noise.std() == pytest.approx(np.hypot(sigma, 12**-0.5), rel=0.02)  # rounding adds a uniform error
    assert abs(noise.mean()) < 4 * sigma / 100 / 3**0.5
    assert abs(stats.kurtosis(noise.ravel())) < 0.15
    assert np.abs(np.corrcoef(noise.reshape(-1, 3).T) - np.eye(3)).max() < 0.05


def test_noise_is_clipped_and_not_wrapped() -> None:
    assert apply("noise-8", np.full((32, 32, 3), 255, np.uint8)).min() > 200
    assert apply("noise-8", np.zeros((32, 32, 3), np.uint8)).max() < 55


def test_stronger_noise_is_the_same_amplified() -> None:
    weak, strong = (
        apply(word, np.full((20, 20, 3), 128, np.uint8)).astype(float) - 128 for word in ("noise-2", "noise-8")
    )
    assert np.abs(strong - 4 * weak).max() <= 2.5


def test_social_draws_window_and_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def record(rgb_u8: np.ndarray, quality: int) -> np.ndarray:
        seen.append((rgb_u8.shape, quality))
        return rgb_u8

    monkeypatch.setattr(degrade_module, "jpeg", record)
    crops = np.array([crop_of("social", f"{key}.png") for key in range(400)])
    assert {shape for shape, _ in seen} == {(50, 50, 3)}  # 200 / 256 of 64 px
    counts = np.bincount([quality for _, quality in seen], minlength=101)
    assert counts[65:].sum() == 400
    assert stats.chisquare(counts[65:].reshape(-1, 4).sum(axis=1)).pvalue > 0.01
    shares = crops[:, :2].mean(axis=1)
    np.testing.assert_allclose(crops[:, 0], crops[:, 1], atol=0.02)
    assert stats.kstest((shares - 5 / 8) / (3 / 8), "uniform").pvalue > 0.01


def test_social_compresses() -> None:
    # JPEG halves the chroma resolution and so removes colors of single pixels; cropping or resizing could not.
    noise = np.random.default_rng(5).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    chroma = cv2.cvtColor(apply("social", noise), cv2.COLOR_RGB2YCrCb)[..., 1:].std()
    no_codec = cv2.cvtColor(apply("crop-0.8", noise), cv2.COLOR_RGB2YCrCb)[..., 1:].std()
    assert chroma < 0.7 * no_codec


@pytest.mark.parametrize("word", KINDS)
def test_key_and_seed_move_the_random_ones_alone(word: str) -> None:
    results = {digest(apply(word, photo(), key, seed)) for key in ("a", "b") for seed in (0, 1)}
    assert len(results) == (4 if word.startswith(("crop", "noise", "social")) else 1)


@pytest.mark.parametrize("word", KINDS)
def test_a_view_is_its_pixels(word: str) -> None:
    for view in (photo()[..., ::-1], photo()[::-1, 3:-5], photo().transpose(1, 0, 2)):
        np.testing.assert_array_equal(apply(word, view), apply(word, np.ascontiguousarray(view)))


def test_threads_do_not_matter() -> None:
    image = photo(333, 401)  # large enough for OpenCV to use several threads
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone = [digest(apply(word, image)) for word in WORDS]
        cv2.setNumThreads(4)
        shared = [digest(apply(word, image)) for word in WORDS]
    finally:
        cv2.setNumThreads(before)
    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(lambda word: digest(apply(word, image)), WORDS))
    assert alone == shared == at_once


_ANOTHER_PROCESS = """
import hashlib, sys
import numpy as np
from fakeid.config.degradations import parse_degradation
from fakeid.images.degrade import degrade
image = np.frombuffer(sys.stdin.buffer.read(), np.uint8).reshape(60, 80, 3)
for word in reversed(sys.argv[1:]):
    print(hashlib.sha256(degrade(image, parse_degradation(word), "cat/1.png").tobytes()).hexdigest())
"""


def test_another_process_gives_the_same_pixels() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _ANOTHER_PROCESS, *WORDS],
        input=photo().tobytes(),
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
        timeout=120,
    )
    assert run.stdout.decode().split() == [digest(apply(word, photo())) for word in reversed(WORDS)]
