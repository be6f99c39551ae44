"""Pairs of photos and copies: their split, their family, and reproducibility."""

import pickle
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from photo_folder import draw_photos, write_photos

from fakeid.config.choices import Alignment
from fakeid.config.compose import compose_config
from fakeid.config.constants import CAMERA, FAKE, REAL, TEST, TRAIN, VAL
from fakeid.data.catalog import build_simulated
from fakeid.data.records import Record
from fakeid.data.simulate.damage import damage
from fakeid.data.sources import simulated
from fakeid.data.sources.photos import PhotoFolder
from fakeid.data.sources.simulated import SimulatedOptions, SimulatedSource
from fakeid.errors import DataError

ROOT = Path(__file__).resolve().parents[3]
OPTIONS = SimulatedOptions(
    ("zeros", "dcgan"), ("progan",), ("srgan",), members_per_family=1, fit_steps=2, pairs_per_photo=2
)
NUM = 64


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"), NUM)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def build(photos: Path, cache: Path, seed: int = 0, **options: Any) -> SimulatedSource:
    return SimulatedSource(PhotoFolder(str(photos), 64), str(cache), 64, replace(OPTIONS, **options), seed)


@pytest.fixture(scope="module")
def source(photos: Path, cache: Path) -> SimulatedSource:
    source = build(photos, cache)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fakeid.processes.count_cores", lambda: 1)
        source.bank.fit(source.list_members())
    return source


def group(records: list[Record], attribute: str) -> dict[str, set[str]]:
    groups = defaultdict(set)
    for record in records:
        groups[record.split].add(getattr(record, attribute))
    return groups


def test_each_photo_has_one_split_and_a_copy_of_a_family_of_it(source: SimulatedSource) -> None:
    records = source.records()
    scenes, generators = group(records, "scene"), group(records, "generator")
    assert {split: len(names) for split, names in scenes.items()} == {TEST: 10, VAL: 10, TRAIN: 44}
    assert len(set.union(*scenes.values())) == NUM
    assert generators[TRAIN] == {CAMERA, "zeros", "dcgan"}
    assert generators[VAL] == {CAMERA, "progan"}
    assert generators[TEST] - {CAMERA} <= {"zeros", "dcgan", "progan", "srgan"}
    assert len({record.key for record in records}) == len(records) == 2 * (2 * 44 + 10 + 2 * 10)
    left_out = {record.scene for record in records if record.key.startswith("fake/srgan-0/") and record.key[-1] == "1"}
    assert left_out == scenes[TEST]  # the left-out family copies every test photo
    pairs = defaultdict(list)
    for record in records:
        pairs[record.scene, record.key.rpartition("#")[2]].append(record)
    assert all([record.label for record in pair] == [REAL, FAKE] for pair in pairs.values())


def test_where_a_family_is_left_out_the_other_pairs_stay_and_are_not_made_again(
    photos: Path, cache: Path, source: SimulatedSource
) -> None:
    options = replace(OPTIONS, families=("dcgan",))
    fewer = SimulatedSource(PhotoFolder(str(photos), 64), str(cache), 64, options, 0)
    assert fewer.describe() == source.describe()
    before, after = ({record.key for record in each.records() if record.split == TRAIN} for each in (source, fewer))
    assert {key for key in before if "/dcgan-" in key} < after
    assert len(after) == len(before)


def test_both_images_of_a_pair_are_made_at_once(source: SimulatedSource, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = simulated.make_pair
    monkeypatch.setattr(simulated, "make_pair", lambda *parts: made.append(parts) or make(*parts))
    simulated._make_pair.cache_clear()
    for record in source.records()[:8]:
        source.read(record)
    assert len(made) == 4


def test_splits_follow_from_paths_and_seed_not_from_what_else_is_there(tmp_path: Path, source: SimulatedSource) -> None:
    moved = write_photos(tmp_path / "moved", NUM)
    assert build(moved, tmp_path).records() == source.records()
    assert build(moved, tmp_path, seed=1).splits != source.splits
    order = {key: number for number, key in enumerate(key for keys in source.splits.values() for key in keys)}
    (moved / "trip_0" / "000.png").unlink()
    fewer = [key for keys in build(moved, tmp_path).splits.values() for key in keys]
    assert [order[key] for key in fewer] == sorted(order[key] for key in fewer)


def test_generators_are_fitted_to_training_photos_alone(source: SimulatedSource) -> None:
    assert set(source.bank.keys) <= set(source.splits[TRAIN])
    assert {member.family for member in source.list_members()} == {"zeros", "dcgan", "progan", "srgan"}


def test_images_are_pairs_that_repeat_also_in_another_process(source: SimulatedSource, tmp_path: Path) -> None:
    records = source.records()[:4]
    images = [source.read(record) for record in records]
    assert {(image.shape, image.dtype) for image in images} == {((64, 64, 3), np.dtype(np.uint8))}
    for real, fake in zip(images[::2], images[1::2], strict=True):
        assert (real != fake).any()
        np.testing.assert_allclose(real.mean((0, 1)), fake.mean((0, 1)), atol=2)
    assert source.read_file(records[0]) is None
    (tmp_path / "source").write_bytes(pickle.dumps((source, records)))
    program = (
        "import pickle, sys, numpy; source, records = pickle.load(open('source', 'rb'));"
        "numpy.save('images', [source.read(record) for record in records[::-1]])"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy"), images[::-1])


def test_only_training_pairs_can_be_left_as_they_are(source: SimulatedSource, photos: Path, cache: Path) -> None:
    unaligned = build(photos, cache, alignment=Alignment.none)
    assert unaligned.describe() != source.describe()
    changed = {
        split: [not np.array_equal(unaligned.read(each), source.read(each)) for each in own[:20]]
        for split in (TRAIN, VAL, TEST)
        if (own := [each for each in source.records() if (each.split, each.label) == (split, REAL)])
    }
    assert sum(changed[TRAIN]) > 10
    assert not any(changed[VAL] + changed[TEST])


def test_only_training_photos_are_damaged(
    source: SimulatedSource, photos: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    often = build(photos, cache, damaged_share=0.25)
    assert often.describe() != source.describe()
    records = [
        each
        for split, most in ((TRAIN, 100), (VAL, 10), (TEST, 10))
        for each in [each for each in often.records() if each.split == split][:most]
    ]
    before = [often.read(each) for each in records]
    simulated._make_pair.cache_clear()
    monkeypatch.setattr("fakeid.data.simulate.pairs.damage", lambda photo, rng: 255 - damage(photo, rng))
    changed = [each for each, image in zip(records, before, strict=True) if not np.array_equal(often.read(each), image)]
    simulated._make_pair.cache_clear()
    assert {(each.split, each.label) for each in changed} == {(TRAIN, REAL), (TRAIN, FAKE)}
    num_reals = sum(each.label == REAL for each in changed)
    assert 0.1 < num_reals / sum((each.split, each.label) == (TRAIN, REAL) for each in records) < 0.4
    assert len(changed) - num_reals < 0.8 * num_reals  # half of the copies are not


@pytest.mark.parametrize(("alignment", "share"), [("full", 0.2), ("copies", 0.0), ("none", 0.0)])
def test_only_full_alignment_changes_photos(photos: Path, cache: Path, alignment: str, share: float) -> None:
    words = ("data=simulated", f"paths.data={photos}", f"paths.cache={cache}", "data.image_px=64", "augment=none")
    source = build_simulated(compose_config([*words, f"data.simulated.alignment={alignment}"]))
    assert source.describe()["damaged_share"] == share


def test_enlarged_photos_often_have_the_period_of_a_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "_ENLARGED", 1.0)
    rescale, scales = simulated._rescale, []
    monkeypatch.setattr(
        simulated, "_rescale", lambda photo, factor, *rest: scales.append(factor) or rescale(photo, factor, *rest)
    )
    rng = np.random.default_rng(0)
    for _ in range(60):
        simulated._draw_window(rng.integers(256, size=(200, 200, 3), dtype=np.uint8), 64, rng)
    enlarged = scales[1::2]  # each follows a reduction
    whole = [scale for scale in enlarged if scale in (2, 4)]
    assert set(whole) == {2, 4}
    assert 0.4 < len(whole) / 60 < 0.8
    assert 1 < min(enlarged) < 1.2


def test_photos_are_enlarged_by_kernels_of_two_libraries_and_reduced_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "_ENLARGED", 1.0)
    resize, found = cv2.resize, []

    def enlarge(photo: npt.NDArray[np.uint8], size: tuple[int, int], interpolation: int) -> npt.NDArray[np.uint8]:
        assert size[0] >= photo.shape[1]  # OpenCV would leave a pattern when reducing
        found.append(interpolation)
        return resize(photo, size, interpolation=interpolation)

    monkeypatch.setattr(cv2, "resize", enlarge)
    rng = np.random.default_rng(0)
    for _ in range(60):
        simulated._draw_window(rng.integers(256, size=(200, 200, 3), dtype=np.uint8), 64, rng)
    assert set(found) == {cv2.INTER_CUBIC, cv2.INTER_LANCZOS4}
    assert 0.2 < len(found) / 60 < 0.6


def find_seam(image: npt.NDArray[np.uint8]) -> int:
    """Return the first row from which the image repeats itself, mirrored."""
    side = len(image)
    return next(
        row for row in range(side // 2, side + 1) if np.array_equal(image[row:], image[2 * row - side : row][::-1])
    )


def test_what_a_small_photo_lacks_is_mirrored_in_both_images_alike(
    source: SimulatedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fakeid.data.sources.simulated._COMPRESSED", 0.0)
    monkeypatch.setattr("fakeid.data.sources.simulated._ENLARGED", 0.0)
    simulated._make_pair.cache_clear()
    seams = {
        label: [find_seam(source.read(each)) for each in source.records()[:100] if each.label == label]
        for label in (REAL, FAKE)
    }
    simulated._make_pair.cache_clear()
    assert seams[REAL] == seams[FAKE]
    assert len(set(seams[REAL])) > 5


def test_files_of_training_photos_are_read_for_the_audit(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", NUM)
    source = build(photos, tmp_path / "cache")
    gone, *kept = source.splits[TRAIN][:5]
    (photos / gone).unlink()
    assert list(source.read_photo_files(5)) == [(key, (photos / key).read_bytes()) for key in kept]


def test_a_worker_gets_no_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"{number:06d}-{'x' * 40}.png" for number in range(5000)]
    monkeypatch.setattr(PhotoFolder, "list_keys", lambda _: keys)
    source = build(tmp_path, tmp_path)
    assert len(source.splits[TRAIN]) == 5000 - 2 * 500
    assert len(pickle.dumps(source)) < 100_000


def test_a_changed_photo_is_another_data_set(tmp_path: Path) -> None:
    root = write_photos(tmp_path / "photos", NUM)
    before = build(root, tmp_path).describe()
    assert build(root, tmp_path).describe() == before
    assert build(root.rename(tmp_path / "moved"), tmp_path).describe() == before
    cv2.imwrite(str(tmp_path / "moved" / "trip_1" / "001.png"), draw_photos(1, 80, 80)[0])
    assert build(tmp_path / "moved", tmp_path).describe() != before
    assert build(tmp_path / "moved", tmp_path, seed=1).describe() != before


def test_other_limits_of_usable_photos_are_other_generators_and_pairs(photos: Path, cache: Path) -> None:
    limits = ((64, 100.0), (32, 100.0), (64, 0.001))
    sources = [SimulatedSource(PhotoFolder(str(photos), *limit), str(cache), 64, OPTIONS, 0) for limit in limits]
    assert len({source.bank.folder for source in sources}) == len(limits)
    assert len({repr(source.describe()) for source in sources}) == len(limits)


def test_of_identical_files_only_the_first_is_used(tmp_path: Path, source: SimulatedSource) -> None:
    root = write_photos(tmp_path / "photos", NUM)
    shutil.copytree(root / "trip_0", root / "trip_0_backup")
    (root / "a").symlink_to(root / "trip_1")
    with_copies = build(root, tmp_path)
    assert len(with_copies.copies) == NUM
    kept = {key for keys in with_copies.splits.values() for key in keys}
    assert kept == {f"{folder}/{n:03d}.png" for n in range(NUM) for folder in (("trip_0", "a")[n % 2],)}
    assert not source.copies


def test_two_photos_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"holds 2 different photos, but training, validation and test need at least 60"
    ):
        build(write_photos(tmp_path / "photos", 2), tmp_path).records()
