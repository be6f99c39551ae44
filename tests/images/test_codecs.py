from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import stats

from fakeid.errors import BadImageError, ConfigError
from fakeid.images.codecs import jpeg, shared_codec, webp

CODECS = [jpeg, webp]


def photo() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (80, 60), interpolation=cv2.INTER_CUBIC)


def by_pillow(image: np.ndarray, codec: str, quality: int, **options: object) -> np.ndarray:
    stream = BytesIO()
    Image.fromarray(image).save(stream, codec, quality=quality, **options)
    return np.array(Image.open(stream).convert("RGB")).astype(int)


# Pillow bundles libjpeg; versions differ in how they round the transform and the enlarged chroma.
@pytest.mark.parametrize("quality", [1, 75, 100])
def test_jpeg_is_pillows_round_trip(quality: int) -> None:
    result = jpeg(photo(), quality)
    assert result.dtype == np.uint8
    assert np.abs(result - by_pillow(photo(), "JPEG", quality, subsampling="4:2:0")).max() <= 1


# Pillow bundles libwebp; versions differ in the encoder's choices.
@pytest.mark.parametrize("quality", [1, 50, 100])
def test_webp_is_pillows_round_trip(quality: int) -> None:
    result = webp(photo(), quality)
    assert result.dtype == np.uint8
    assert np.abs(result - by_pillow(photo(), "WEBP", quality)).mean() < 0.2


@pytest.mark.parametrize("quality", [1, 30, 50, 80, 100])
def test_webp_is_opencvs_round_trip(quality: int) -> None:
    _, file = cv2.imencode(".webp", photo()[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])
    np.testing.assert_array_equal(webp(photo(), quality), cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1])


@pytest.mark.parametrize(("codec", "name"), [(jpeg, "JPEG"), (webp, "WEBP")])
@pytest.mark.parametrize("quality", [10, 50, 90])
def test_no_other_quality_of_pillow_comes_as_near(codec, name: str, quality: int) -> None:
    near = [quality + step for step in (-9, -5, 0, 5, 10)]
    result = codec(photo(), quality)
    assert min(near, key=lambda other: np.abs(result - by_pillow(photo(), name, other)).mean()) == quality


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (1, 33)])
def test_small_and_odd_sizes_are_kept(codec, size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert codec(image, 75).shape == image.shape


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("quality", [0, 101])
def test_an_impossible_quality_is_refused(codec, quality: int) -> None:
    with pytest.raises(ConfigError, match=str(quality)):
        codec(photo(), quality)


@pytest.mark.parametrize(("codec", "longest_px"), [(jpeg, 65500), (webp, 16383)])
def test_a_side_may_be_as_long_as_the_format_allows(codec, longest_px: int) -> None:
    assert codec(np.zeros((1, longest_px, 3), np.uint8), 50).shape == (1, longest_px, 3)
    with pytest.raises(BadImageError, match=f"{longest_px} px a side, got {longest_px + 1} x 1 px"):
        codec(np.zeros((1, longest_px + 1, 3), np.uint8), 50)


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


def test_shared_codec_keeps_to_the_range_that_it_is_given() -> None:
    image = photo()
    allowed = {jpeg(image, quality).tobytes() for quality in (60, 61, 62)}
    assert {shared_codec(image, seed, (60, 62)).tobytes() for seed in range(40)} == allowed
