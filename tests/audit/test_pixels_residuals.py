import cv2
import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import convolve

from fakeid.audit.pixels import CODEC_QUALITY, compute_residual_statistics
from fakeid.data.sources.demo import DemoSource
from fakeid.images.codecs import jpeg

KV = np.array([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]) / 12


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    source = DemoSource(images_per_class=1, image_px=96)
    return source.read(source.records()[0])


def test_statistics_are_those_of_scipy(photo: np.ndarray) -> None:
    luma = cv2.cvtColor(jpeg(photo, CODEC_QUALITY), cv2.COLOR_RGB2YCrCb)[..., 0].astype(float)
    # OpenCV's 4 x 4 mean of pixel (i, j) covers i - 2 to i + 1, mirrored at the border.
    padded = np.pad(luma, ((2, 1), (2, 1)), mode="reflect")
    means = np.lib.stride_tricks.sliding_window_view(padded, (4, 4)).mean((2, 3))
    phases = [means[i::4, j::4] for i in (0, 2) for j in (0, 2)]
    residual = np.stack([convolve(phase, KV)[2:-2, 2:-2] for phase in phases])
    found = compute_residual_statistics(photo)
    assert found["luma_size"] == pytest.approx(np.log(np.abs(residual).mean() + 0.1), abs=1e-3)
    assert found["luma_skewness"] == pytest.approx(np.arcsinh(stats.skew(residual, axis=None)), abs=0.02)
    kurtosis = stats.kurtosis(residual, axis=None, fisher=False)
    assert found["luma_kurtosis"] == pytest.approx(np.log1p(kurtosis), abs=0.02)
    assert found["luma_zeros"] == pytest.approx((np.abs(residual) < 0.5).mean(), abs=1e-3)
    for name, first, second in (
        ("across", residual[:, :, 1:], residual[:, :, :-1]),
        ("down", residual[:, 1:], residual[:, :-1]),
        ("diagonal", residual[:, 1:, 1:], residual[:, :-1, :-1]),
    ):
        correlation = np.corrcoef(first.ravel(), second.ravel())[0, 1]
        assert found[f"luma_{name}"] == pytest.approx(correlation, abs=0.03)


def test_blur_takes_from_the_residual_and_noise_adds(photo: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(0, 20, photo.shape)
    noisy = np.clip(photo + noise, 0, 255).astype(np.uint8)
    blurred, plain, rough = (
        compute_residual_statistics(image)["luma_size"] for image in (cv2.GaussianBlur(photo, (0, 0), 2), photo, noisy)
    )
    assert blurred < plain - 0.3
    assert rough > plain


def test_gray_images_have_no_chroma(photo: np.ndarray) -> None:
    gray = np.repeat(photo[..., :1], 3, axis=2)
    found = compute_residual_statistics(gray)
    assert found["chroma_zeros"] == 1
    assert found["chroma_to_luma"] < -1


def test_black_and_white_noise_gives_numbers() -> None:
    image = np.random.default_rng(0).choice(np.array([0, 255], np.uint8), (64, 64, 3))
    assert np.isfinite(list(compute_residual_statistics(image).values())).all()
