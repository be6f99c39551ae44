import cv2
import numpy as np
import pytest

from fakeid.evaluation.spectrum import compute_azimuthal_average, compute_power_spectrum


def transform_slowly(image: np.ndarray) -> np.ndarray:
    """Compute |DFT|² by matrix products, with frequency 0 in the center."""
    height, width = image.shape
    rows, columns = (np.arange(size) - size // 2 for size in image.shape)
    left = np.exp(-2j * np.pi * np.outer(rows, np.arange(height)) / height)
    right = np.exp(-2j * np.pi * np.outer(np.arange(width), columns) / width)
    return np.abs(left @ image @ right) ** 2


@pytest.mark.parametrize("shape", [(8, 8), (7, 12), (9, 5)])
def test_the_spectrum_is_that_of_the_windowed_luma_without_its_median(shape):
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (3, *shape, 3), dtype=np.uint8)
    window = np.outer(*(np.sin(np.pi * np.arange(size) / size) ** 2 for size in shape))
    expected = np.zeros(shape)
    for image in images:
        luma = 0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2]
        residual = luma - cv2.medianBlur(luma.astype(np.float32), 3)
        expected += transform_slowly((residual - residual.mean()) * window) / (window**2).sum() / 3
    np.testing.assert_allclose(10 ** compute_power_spectrum(images), np.maximum(expected, 1e-6), rtol=1e-4)


@pytest.mark.parametrize(("across", "down"), [(24, 0), (0, 20)])
def test_a_sinusoid_is_a_peak_at_its_frequency(across, down):
    y, x = np.mgrid[:64, :64]
    wave = 128 + 60 * np.cos(2 * np.pi * (across * x + down * y) / 64)
    power = compute_power_spectrum(np.rint(wave).astype(np.uint8)[None, ..., None].repeat(3, axis=3))
    peak = np.unravel_index(np.argmax(power), power.shape)
    assert (peak[0] - 32, peak[1] - 32) in {(down, across), (-down, -across)}
    frequencies, profile = compute_azimuthal_average(power)
    assert frequencies[np.argmax(profile)] == pytest.approx(np.hypot(across, down) / 64, abs=0.5 / 64)


def test_the_mean_is_of_powers_and_not_of_their_logarithms():
    images = np.random.default_rng(0).integers(0, 256, (130, 8, 8, 3), dtype=np.uint8)  # more than one chunk
    each = [10 ** compute_power_spectrum(images[i : i + 1]) for i in range(130)]
    np.testing.assert_allclose(10 ** compute_power_spectrum(images), np.mean(each, axis=0), rtol=1e-4)


def test_images_without_a_trace_have_a_spectrum_all_the_same():
    flat = np.full((2, 8, 8, 3), 77, np.uint8)
    assert (compute_power_spectrum(flat) == -6).all()
    assert np.isnan(compute_power_spectrum(flat[:0])).all()


@pytest.mark.parametrize("shape", [(16, 16), (15, 15), (10, 17), (2, 2)])
def test_the_azimuthal_average_is_over_rings(shape):
    power = np.random.default_rng(3).uniform(-2, 3, shape)
    rings: dict[int, list[float]] = {}
    for row in range(shape[0]):
        for column in range(shape[1]):
            fy, fx = (row - shape[0] // 2) / shape[0], (column - shape[1] // 2) / shape[1]
            rings.setdefault(int(np.hypot(fy, fx) * min(shape) + 0.5), []).append(10 ** power[row, column])
    frequencies, profile = compute_azimuthal_average(power)
    assert frequencies.tolist() == [i / min(shape) for i in range(min(shape) // 2 + 1)]
    np.testing.assert_allclose(10**profile, [np.mean(rings[i]) for i in range(len(profile))])
