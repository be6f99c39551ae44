"""What makes an image differ from a detector's training images."""

import cv2
import numpy as np
import pytest
from made_detectors import FILES

from fakeid.images.file_facts import FileFacts, TrainedFiles
from fakeid.inference.caveats import list_caveats

PIXELS = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


def describe(container: str, quality: int | None = None) -> FileFacts:
    return FileFacts(container, 64, 64, 9000, quality, None, has_exif=False)


def list_texts(
    rgb: np.ndarray = PIXELS, facts: FileFacts | None = None, files: TrainedFiles | None = None, **given: object
) -> list[str]:
    given = {"image_px": 64, "resized": False, **given}
    return [each.text for each in list_caveats(rgb, facts, files=files, **given)]  # type: ignore[arg-type]


def test_an_image_of_the_kind_that_was_trained_on_has_none() -> None:
    assert list_texts(facts=describe("PNG"), files=FILES) == []
    assert list_texts(facts=describe("JPEG", 80), files=FILES) == []
    assert list_texts() == []


def test_small_and_resized_images() -> None:
    assert list_texts(PIXELS[:40, :50]) == ["50 x 40 px; trained at 64 px"]
    assert list_texts(image_px=32) == []
    assert list_texts(image_px=32, resized=True) == ["resized to 32 x 32 px, as in training, which weakens traces"]


def test_gray() -> None:
    gray = np.repeat(PIXELS[..., :1], 3, 2)
    assert list_texts(gray) == ["gray; trained on color"]
    gray[5, 7, 1] ^= 1  # a single pixel, which subsampling would miss
    assert list_texts(gray) == []


@pytest.mark.parametrize(
    ("files", "facts", "told"),
    [
        (FILES, describe("JPEG", 60), "JPEG 60; trained on JPEG 70 to 90"),
        (FILES, describe("JPEG", 95), None),  # between those qualities and uncompressed
        (FILES, describe("JPEG", None), None),
        (FILES, describe("WEBP"), "WebP; trained on other formats"),
        (TrainedFiles((70, 90), False, None), describe("JPEG", 95), "JPEG 95; trained on JPEG 70 to 90"),
        (TrainedFiles((70, 90), False, None), describe("PNG"), "PNG; trained on JPEG only"),
        (TrainedFiles(None, True, None), describe("JPEG", 71), "JPEG 71; trained on images that were never JPEG"),
        (TrainedFiles(None, True, None), describe("JPEG"), "JPEG; trained on images that were never JPEG"),
        (TrainedFiles(None, True, None), describe("TIFF"), None),
        (TrainedFiles(None, False, None, webp=True), describe("WEBP"), None),
        (TrainedFiles(None, False, None, webp=True), describe("PNG"), "PNG; trained on WebP only"),
        (TrainedFiles((70, 90), False, None, webp=True), describe("PNG"), "PNG; trained on JPEG and WebP only"),
    ],
)
def test_codecs(files: TrainedFiles, facts: FileFacts, told: str | None) -> None:
    assert list_texts(facts=facts, files=files) == ([told] if told else [])


def test_an_enlarged_image_looks_resampled() -> None:
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.integers(0, 256, (256, 256, 3), np.uint8), (0, 0), 1.0)
    enlarged = cv2.resize(smooth, None, fx=1.4, fy=1.4, interpolation=cv2.INTER_LINEAR)
    assert list_texts(smooth, files=FILES, image_px=256) == []
    [told] = list_texts(enlarged, files=FILES, image_px=256)
    assert told.startswith("looks resampled: a spectral peak of ")
    assert told.endswith("; training photos have 4 +- 1")
    assert list_texts(PIXELS[:20, :20], files=FILES, image_px=16) == []  # too small for a spectrum
