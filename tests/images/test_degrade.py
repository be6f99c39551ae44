from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import stats

from fakeid.errors import ConfigError
from fakeid.images.degrade import jpeg, shared_codec


def photo() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (80, 60), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("quality", [1, 30, 75, 95, 100])
def test_jpeg_is_pillows_round_trip(quality: int) -> None:
    stream = BytesIO()
    Image.fromarray(photo()).save(stream, "JPEG", quality=quality, subsampling="4:2:0")
    expected = np.array(Image.open(stream)).astype(int)
    result = jpeg(photo(), quality)
    assert result.dtype == np.uint8
    assert np.abs(result - expected).max() <= 1


@pytest.mark.parametrize("quality", [0, 101])
def test_an_impossible_quality_is_refused(quality: int) -> None:
    with pytest.raises(ConfigError, match=str(quality)):
        jpeg(photo(), quality)


def test_the_input_is_left_alone() -> None:
    image = photo()
    jpeg(image, 75)
    np.testing.assert_array_equal(image, photo())


def test_shared_codec_depends_on_the_seed_alone() -> None:
    np.testing.assert_array_equal(shared_codec(photo(), 2**63 - 1), shared_codec(photo(), 2**63 - 1))
    assert any((shared_codec(photo(), seed) != shared_codec(photo(), 0)).any() for seed in range(1, 5))


def test_shared_codec_draws_every_quality_from_50_to_90_alike() -> None:
    image = photo()
    quality_of = {jpeg(image, quality).tobytes(): quality for quality in range(1, 101)}
    qualities = [quality_of[shared_codec(image, seed).tobytes()] for seed in range(2050)]
    counts = np.bincount(qualities, minlength=101)
    assert counts[50:91].sum() == 2050
    assert stats.chisquare(counts[50:91]).pvalue > 0.01
