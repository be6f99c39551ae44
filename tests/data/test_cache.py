from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fakeid.data import cache as cache_module
from fakeid.data.cache import ImageCache
from fakeid.data.packing import Preparation
from fakeid.data.records import Record
from fakeid.errors import BadImageError, DataError, OutputError

PREPARATION = Preparation(image_px=40, prep="crop", codec="none")


@dataclass
class NumberSource:
    """Image i is filled with i; names in `bad` cannot be read."""

    version: int = 1
    bad: Sequence[str] = ()

    def records(self) -> list[Record]:
        return [Record(str(i), i % 2, "numbers", "camera", str(i)) for i in range(20)]

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        if record.key in self.bad:
            raise BadImageError(f"{record.key} is cut short")
        return np.full((50, 45, 3), int(record.key), np.uint8)

    def describe(self) -> dict[str, Any]:
        return {"source": "numbers", "version": self.version}


@pytest.fixture(autouse=True)
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_IMAGES_A_PACK", 8)
    monkeypatch.setattr("fakeid.data.packing._count_cores", lambda: 1)


def test_images_come_back_by_key(tmp_path: Path) -> None:
    source = NumberSource()
    packed = ImageCache(tmp_path, source, PREPARATION).load(source.records())
    images = packed.take(packed.locate(["17", "3", "3"]))
    assert images.shape == (3, 40, 40, 3)
    assert images.dtype == np.uint8
    assert [int(image.max()) for image in images] == [17, 3, 3]


def test_only_what_is_missing_is_packed(tmp_path: Path) -> None:
    source, packed = NumberSource(), list[int]()
    cache = ImageCache(tmp_path, source, PREPARATION)
    cache.load(source.records()[:10], on_start=packed.append)
    cache.load(source.records(), on_start=packed.append)
    cache.load(source.records(), on_start=packed.append)
    assert packed == [10, 10]


def test_progress_counts_every_image(tmp_path: Path) -> None:
    source, counts = NumberSource(bad=["5"]), list[int]()
    ImageCache(tmp_path, source, PREPARATION).load(source.records(), skip_bad=True, on_progress=counts.append)
    assert counts == [8, 8, 4]


def test_other_pixels_lie_in_another_folder(tmp_path: Path) -> None:
    folders = {
        ImageCache(tmp_path, source, preparation).folder
        for source in (NumberSource(1), NumberSource(2))
        for preparation in (PREPARATION, Preparation(40, "squash", "none"), Preparation(40, "crop", "shared"))
    }
    assert len(folders) == 6


def test_a_pack_without_index_does_not_count(tmp_path: Path) -> None:
    source, packed = NumberSource(), list[int]()
    cache = ImageCache(tmp_path, source, PREPARATION)
    cache.load(source.records())
    index = next(path for path in cache.folder.glob("*.json") if path.name != "identity.json")
    index.unlink()
    cache.load(source.records(), on_start=packed.append)
    assert packed[0] in (8, 4)


def test_bad_image_stops_or_is_listed(tmp_path: Path) -> None:
    source = NumberSource(bad=["5"])
    cache = ImageCache(tmp_path, source, PREPARATION)
    with pytest.raises(BadImageError, match="5 is cut short; data.on_bad_image=skip leaves such images out"):
        cache.load(source.records())
    packed = cache.load(source.records(), skip_bad=True)
    assert packed.skipped == {"5": "5 is cut short"}
    with pytest.raises(BadImageError, match="data.on_bad_image=skip"):
        cache.load(source.records())


def test_damaged_pack_is_named(tmp_path: Path) -> None:
    source = NumberSource()
    cache = ImageCache(tmp_path, source, PREPARATION)
    cache.load(source.records())
    victim = next(cache.folder.glob("*.npy"))
    victim.write_bytes(victim.read_bytes()[:100])
    with pytest.raises(DataError, match=r"the cache is damaged at .*; delete .* to have it rebuilt"):
        cache.load(source.records())


def test_unwritable_cache_names_its_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    source = NumberSource()
    with pytest.raises(OutputError, match=r"cannot write to .*; choose another with paths.cache=DIR"):
        ImageCache(tmp_path / "file", source, PREPARATION).load(source.records())


@pytest.mark.slow
def test_worker_processes_give_the_same_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fakeid.data.sources.demo import DemoSource

    source = DemoSource(image_px=64, images_per_class=1, seed=0)
    records = source.records()
    alone = ImageCache(tmp_path / "alone", source, PREPARATION).load(records)
    monkeypatch.setattr("fakeid.data.packing._count_cores", lambda: 2)
    parallel = ImageCache(tmp_path / "parallel", source, PREPARATION).load(records)
    keys = [record.key for record in records]
    assert np.array_equal(alone.take(alone.locate(keys)), parallel.take(parallel.locate(keys)))
