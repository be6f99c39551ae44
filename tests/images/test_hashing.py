from pathlib import Path

import cv2
import imagehash
import numpy as np
import pytest
from PIL import Image

from fakeid.config.constants import REAL
from fakeid.data.sources.demo import DemoSource
from fakeid.images.codecs import jpeg
from fakeid.images.hashing import FEATURELESS, NUM_VIEWS, fingerprint


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    source = DemoSource(images_per_class=2, image_px=96)
    return [source.read(record) for record in source.records() if record.label == REAL]  # fakes need fitted generators


def distance(first: int, second: int) -> int:
    return (first ^ second).bit_count()


def resize(image: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def test_bits_are_those_of_the_imagehash_library(photos: list[np.ndarray]) -> None:
    # The library resizes with Lanczos, so coefficients close to the median may flip.
    expected = [int(str(imagehash.phash(Image.fromarray(photo))), 16) for photo in photos]
    distances = [distance(fingerprint(photo).phash, bits) for photo, bits in zip(photos, expected, strict=True)]
    assert max(distances) <= 6
    assert np.mean(distances) < 2


@pytest.mark.parametrize(
    "change", [lambda x: jpeg(x, 75), lambda x: resize(x, 0.9), lambda x: jpeg(resize(x, 1.2), 90)]
)
def test_copies_keep_nearly_all_bits(photos: list[np.ndarray], change) -> None:
    assert max(distance(fingerprint(photo).phash, fingerprint(change(photo)).phash) for photo in photos) <= 4


def test_the_first_view_is_the_mirror_image(photos: list[np.ndarray]) -> None:
    for photo in photos:
        mirrored = fingerprint(np.ascontiguousarray(photo[:, ::-1]))
        assert distance(fingerprint(photo).views[0], mirrored.phash) <= 2
        assert distance(mirrored.views[0], fingerprint(photo).phash) <= 2


def test_the_other_views_are_crops_in_rows(photos: list[np.ndarray]) -> None:
    distances = []
    for photo in photos:  # 96 px, so that every crop starts at a whole pixel
        views = fingerprint(photo).views
        assert len(views) == NUM_VIEWS
        places = [(90, top, left) for top in (0, 3, 6) for left in (0, 3, 6)]
        places += [(84, top, left) for top in (0, 3, 6, 9, 12) for left in (0, 3, 6, 9, 12)]
        for view, (side, top, left) in zip(views[1:], places, strict=True):
            crop = photo[top : top + side, left : left + side]
            distances.append(distance(view, fingerprint(np.ascontiguousarray(crop)).phash))
    assert np.mean(distances) < 1
    assert np.percentile(distances, 99) <= 4


def test_different_photos_differ_in_many_bits(photos: list[np.ndarray]) -> None:
    hashes = [fingerprint(photo).phash for photo in photos]
    distances = [distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(distances) > 8
    assert 28 < np.mean(distances) < 36


def test_the_digest_depends_on_every_pixel_and_the_shape(photos: list[np.ndarray]) -> None:
    photo = photos[0]
    changed = photo.copy()
    changed[-1, -1, -1] ^= 1
    turned = photo.reshape(48, 192, 3)
    digests = {fingerprint(image).digest for image in (photo, changed, turned)}
    assert len(digests) == 3
    assert fingerprint(photo[::1].copy(order="F")).digest == fingerprint(photo).digest
    assert all(len(digest) == 32 for digest in digests)


@pytest.mark.parametrize("level", [0, 77, 255])
def test_an_image_without_structure_has_no_look(level: int) -> None:
    flat = np.full((64, 48, 3), level, np.uint8)
    noise = np.random.default_rng(0).normal(level, 2, flat.shape).clip(0, 255).astype(np.uint8)
    assert fingerprint(flat).phash == fingerprint(noise).phash == FEATURELESS
    assert fingerprint(flat).digest != fingerprint(noise).digest
    assert set(fingerprint(noise).views) == {FEATURELESS}


def test_an_image_with_structure_never_looks_like_none(photos: list[np.ndarray]) -> None:
    assert all(fingerprint(photo).phash.bit_count() == 32 for photo in photos)


def test_genuine_photos_are_told_apart(lsun_bedroom: Path) -> None:
    files = sorted(lsun_bedroom.glob("*.jpg"))[:150]
    hashes = [fingerprint(np.asarray(Image.open(file).convert("RGB"))).phash for file in files]
    assert min(distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]) > 8
