import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakeid.audit.duplicates import (
    EXAMPLES,
    MAX_DISTANCE,
    SplitImages,
    count_duplicates,
    count_torn_pairs,
    find_duplicates,
    list_split_warnings,
)
from fakeid.audit.result import SharedImages
from fakeid.data.sources.demo import DemoSource
from fakeid.images.codecs import jpeg
from fakeid.images.hashing import FEATURELESS, fingerprint


def split(name: str, images: list[np.ndarray]) -> SplitImages:
    prints = [fingerprint(image) for image in images]
    return SplitImages(
        [f"{name}{i}" for i in range(len(images))],
        [name] * len(images),
        [each.digest for each in prints],
        np.array([each.phash for each in prints], np.uint64),
        np.array([each.views for each in prints], np.uint64),
    )


def of_hashes(name: str, hashes: list[int] | np.ndarray) -> SplitImages:
    names = [f"{name}{i}" for i in range(len(hashes))]
    return SplitImages(names, names, names, np.array(hashes, np.uint64), np.empty((len(hashes), 0), np.uint64))


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    source = DemoSource(images_per_class=2)
    return [source.read(record) for record in source.records()]


def test_the_built_in_images_have_no_copies(photos: list[np.ndarray]) -> None:
    assert find_duplicates({"train": split("a", photos[::2]), "test": split("b", photos[1::2])}) == []


def test_every_planted_copy_is_found(photos: list[np.ndarray]) -> None:
    larger = cv2.resize(photos[2], (70, 70), interpolation=cv2.INTER_CUBIC)
    val = [photos[-1], jpeg(photos[1], 75)]
    test = [photos[-2], photos[0], larger, jpeg(photos[3], 60), val[0]]
    splits = {"train": split("a", photos[:30]), "val": split("b", val), "test": split("c", test)}
    found = {(pair.kind, pair.key_a, pair.key_b) for pair in find_duplicates(splits)}
    assert found == {
        ("near", "a1", "b1"),
        ("exact", "a0", "c1"),
        ("near", "a2", "c2"),
        ("near", "a3", "c3"),
        ("exact", "b0", "c4"),
    }


@pytest.mark.parametrize(("share", "least"), [(15 / 16, 0.75), (7 / 8, 0.7)])
@pytest.mark.parametrize("mirror", [False, True])
def test_most_crops_are_found_from_either_side(
    photos: list[np.ndarray], share: float, least: float, mirror: bool
) -> None:
    rng = np.random.default_rng(0)
    copies = []
    for photo in photos:
        side = round(share * len(photo))
        top, left = rng.integers(0, len(photo) - side + 1, 2)
        crop = photo[top : top + side, left : left + side]
        copies.append(jpeg(np.ascontiguousarray(crop[:, ::-1] if mirror else crop), 90))
    for splits in (
        {"a": split("a", photos), "b": split("b", copies)},
        {"b": split("b", copies), "a": split("a", photos)},
    ):
        found = find_duplicates(splits)
        assert all(pair.key_a[1:] == pair.key_b[1:] for pair in found)
        assert len(found) >= least * len(photos)


def test_every_mirror_image_is_found(photos: list[np.ndarray]) -> None:
    mirrored = [np.ascontiguousarray(photo[:, ::-1]) for photo in photos]
    found = find_duplicates({"a": split("a", photos), "b": split("b", mirrored)})
    assert {(pair.key_a[1:], pair.key_b[1:]) for pair in found} == {(str(i), str(i)) for i in range(len(photos))}


def test_genuine_photos_are_no_copies_of_each_other(lsun_bedroom: Path) -> None:
    images = [np.asarray(Image.open(file).convert("RGB")) for file in sorted(lsun_bedroom.glob("*.jpg"))[:300]]
    assert find_duplicates({"a": split("a", images[::2]), "b": split("b", images[1::2])}) == []


def test_copies_within_a_split_are_nobodys_concern(photos: list[np.ndarray]) -> None:
    assert find_duplicates({"train": split("a", [photos[0], photos[0]]), "test": split("b", [photos[1]])}) == []


def test_every_image_with_a_copy_is_listed(photos: list[np.ndarray]) -> None:
    train, test = split("a", [photos[0]] * 3), split("b", [photos[0]] * 2 + [photos[1]])
    found = find_duplicates({"train": train, "test": test})
    assert {pair.key_a for pair in found} == {"a0", "a1", "a2"}
    assert {pair.key_b for pair in found} == {"b0", "b1"}
    assert {pair.kind for pair in found} == {"exact"}


HASHES = st.lists(st.integers(1, 2**64 - 1), min_size=0, max_size=12)


@given(HASHES, HASHES, st.lists(st.tuples(st.integers(0, 11), st.sets(st.integers(0, 63), max_size=6)), max_size=6))
def test_near_images_are_those_that_brute_force_finds(
    first: list[int], second: list[int], planted: list[tuple[int, set[int]]]
) -> None:
    for index, bits in planted:
        if index < len(first):
            second = [*second, (first[index] ^ sum(1 << bit for bit in bits)) or 1]
    close = [(i, j) for i, a in enumerate(first) for j, b in enumerate(second) if (a ^ b).bit_count() <= MAX_DISTANCE]
    found = find_duplicates({"train": of_hashes("a", first), "test": of_hashes("b", second)})
    assert {pair.key_a for pair in found} == {f"a{i}" for i, _ in close}
    assert {pair.key_b for pair in found} == {f"b{j}" for _, j in close}
    for pair in found:
        i, j = int(pair.key_a[1:]), int(pair.key_b[1:])
        assert pair.distance == (first[i] ^ second[j]).bit_count()


def test_featureless_images_do_not_flood_the_report() -> None:
    many = np.full(3000, FEATURELESS)
    assert find_duplicates({"train": of_hashes("a", many), "test": of_hashes("b", many)}) == []


def test_many_equal_images_and_many_images_stay_quick() -> None:
    rng = np.random.default_rng(0)
    train = rng.integers(1, 2**64, 50_000, dtype=np.uint64)
    test = rng.integers(1, 2**64, 44_000, dtype=np.uint64)
    train[:10_000] = test[:10_000] = 0xF0F0
    start = time.process_time()
    found = find_duplicates({"train": of_hashes("a", train), "test": of_hashes("b", test)})
    assert time.process_time() - start < 8
    assert 10_000 <= len(found) < 20_010


def test_the_description_counts_all_and_shows_some() -> None:
    hashes = np.arange(1, 200, dtype=np.uint64) << np.uint64(20)
    found = find_duplicates({"train": of_hashes("a", hashes), "test": of_hashes("b", hashes)})
    counted = count_duplicates(found)
    assert (counted.num_exact, counted.num_near) == (0, len(found))
    assert len(counted.examples) == EXAMPLES
    assert counted.between == (SharedImages("train", "test", len(found)),)
    assert str(len(found)) in list_split_warnings(counted, count_torn_pairs([]))[0]
    assert list_split_warnings(count_duplicates([]), count_torn_pairs([])) == []
