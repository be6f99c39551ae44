import errno
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fakeid.config.constants import REAL
from fakeid.data.cache import image_cache as cache_module
from fakeid.data.cache import packs
from fakeid.data.cache.image_cache import ImageCache
from fakeid.data.cache.packing import Preparation
from fakeid.data.records import Record
from fakeid.data.sources.demo import DemoSource
from fakeid.errors import BadImageError, DataError, OutputError, UnreadableImageError
from fakeid.images.hashing import NUM_VIEWS, fingerprint

PREPARATION = Preparation(image_px=40, prep="crop", codec="none")


@dataclass
class NumberSource:
    """A source whose image i is filled with i; names in `bad` are damaged, those in `locked` cannot be read."""

    version: int = 1
    bad: Sequence[str] = ()
    locked: Sequence[str] = ()

    def records(self) -> list[Record]:
        return [Record(str(i), i % 2, "numbers", "camera", str(i)) for i in range(20)]

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        if record.key in self.bad:
            raise BadImageError(f"{record.key} is cut short")
        if record.key in self.locked:
            raise UnreadableImageError(f"{record.key} cannot be read")
        return np.full((50, 45, 3), int(record.key), np.uint8)

    def read_file(self, record: Record) -> None:
        """Return None: these images have no file."""

    def describe(self) -> dict[str, Any]:
        return {"source": "numbers", "version": self.version}


@pytest.fixture(autouse=True)
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_IMAGES_A_PACK", 8)
    monkeypatch.setattr("fakeid.processes.count_cores", lambda: 1)


def test_images_come_back_by_key(tmp_path: Path) -> None:
    source = NumberSource()
    packed = ImageCache(tmp_path, source, PREPARATION).load(source.records())
    images = packed.take(packed.locate(["17", "3", "3"]))
    assert images.shape == (3, 40, 40, 3)
    assert images.dtype == np.uint8
    assert [int(image.max()) for image in images] == [17, 3, 3]


def test_only_what_is_missing_is_packed(tmp_path: Path) -> None:
    source, packed = NumberSource(), list[tuple[int, ...]]()
    cache = ImageCache(tmp_path, source, PREPARATION)
    for records in (source.records()[:10], source.records(), source.records()):
        cache.load(records, on_start=lambda *count_and_bytes: packed.append(count_and_bytes))
    assert packed == [(10, 10 * 40 * 40 * 3)] * 2


def test_progress_counts_every_image(tmp_path: Path) -> None:
    source, counts = NumberSource(bad=["5"]), list[int]()
    ImageCache(tmp_path, source, PREPARATION).load(source.records(), skip_bad=True, on_progress=counts.append)
    assert counts == [8, 8, 4]


def test_other_pixels_lie_in_another_folder(tmp_path: Path) -> None:
    folders = {
        ImageCache(tmp_path, source, preparation).folder
        for source in (NumberSource(1), NumberSource(2))
        for preparation in (
            PREPARATION,
            Preparation(40, "squash", "none"),
            Preparation(40, "crop", "shared", (50, 90)),
            Preparation(40, "crop", "shared", (70, 90)),
        )
    }
    assert len(folders) == 8


def test_a_pack_without_index_does_not_count(tmp_path: Path) -> None:
    source, packed = NumberSource(), list[tuple[int, ...]]()
    cache = ImageCache(tmp_path, source, PREPARATION)
    cache.load(source.records())
    next(cache.folder.glob("*.index.json")).unlink()
    cache.load(source.records(), on_start=lambda *count_and_bytes: packed.append(count_and_bytes))
    assert packed[0][0] in (8, 4)


def test_bad_image_stops_or_is_listed(tmp_path: Path) -> None:
    source = NumberSource(bad=["5"])
    cache = ImageCache(tmp_path, source, PREPARATION)
    with pytest.raises(BadImageError, match="5 is cut short; data.on_bad_image=skip leaves such images out"):
        cache.load(source.records())
    packed = cache.load(source.records(), skip_bad=True)
    assert packed.skipped == {"5": "5 is cut short"}
    with pytest.raises(BadImageError, match="data.on_bad_image=skip"):
        cache.load(source.records())


def test_an_image_that_could_not_be_read_is_left_out_once_and_tried_again(tmp_path: Path) -> None:
    source = NumberSource(bad=["5"], locked=["6", *map(str, range(8, 16))])
    cache, to_pack = ImageCache(tmp_path, source, PREPARATION), list[int]()

    def load() -> dict[str, str]:
        return cache.load(source.records(), skip_bad=True, on_start=lambda num, _: to_pack.append(num)).skipped

    first = load()
    assert first == {"5": "5 is cut short", **{key: f"{key} cannot be read" for key in source.locked}}
    assert load() == first
    source.locked = ()
    assert load() == load() == {"5": "5 is cut short"}
    assert to_pack == [20, 9, 9]
    assert cache.verify() == len(list(cache.folder.glob("*.npy")))


def test_an_image_that_cannot_be_read_stops_unless_such_images_are_left_out(tmp_path: Path) -> None:
    source = NumberSource(locked=["5"])
    cache = ImageCache(tmp_path, source, PREPARATION)
    cache.load(source.records(), skip_bad=True)
    with pytest.raises(BadImageError, match="5 cannot be read; data.on_bad_image=skip leaves such images out"):
        cache.load(source.records())
    source.locked = ()
    assert cache.load(source.records()).skipped == {}


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("damage", ["cut short", "gone", "other size", "no index", "foreign", "nameless", "older"])
def test_a_cache_that_is_not_whole_or_not_ours_is_refused(tmp_path: Path, damage: str) -> None:
    source = NumberSource()
    cache = ImageCache(tmp_path, source, PREPARATION)
    cache.load(source.records())
    array, index, identity = (next(cache.folder.glob(name)) for name in ("*.npy", "*.index.json", "identity.json"))
    {
        "cut short": lambda: array.write_bytes(array.read_bytes()[:-100]),
        "gone": array.unlink,
        "other size": lambda: np.save(array, np.zeros((3, 8, 8, 3), np.uint8)),
        "no index": lambda: index.write_text("{"),
        "foreign": lambda: rewrite(identity, lambda content: content.update(source="letters")),
        "nameless": identity.unlink,
        "older": lambda: rewrite(identity, lambda content: content.update(cache_version=1)),
    }[damage]()
    message = {
        "foreign": "belongs to other images", "nameless": "belongs to other images",
        "older": "has version 1, expected version",
    }.get(damage, "the cache is damaged at")  # fmt: skip
    with pytest.raises(DataError, match=rf"{message}.*python -m fakeid prepare --rebuild"):
        cache.load(source.records())
    cache.remove()
    packed = cache.load(source.records())
    assert packed.take(packed.locate(["7"])).max() == 7


def test_what_another_process_packs_after_a_removal_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, packed = NumberSource(), list[int]()
    cache = ImageCache(tmp_path, source, PREPARATION)
    cache.load(source.records())
    lock_folder = cache_module.lock_folder

    @contextmanager
    def lock_then_pack(*arguments: Any, **options: Any) -> Iterator[None]:
        with lock_folder(*arguments, **options):
            yield
            monkeypatch.undo()
        cache.load(source.records(), on_start=lambda num, _: packed.append(num))

    monkeypatch.setattr(cache_module, "lock_folder", lock_then_pack)
    cache.remove()
    cache.load(source.records(), on_start=lambda num, _: packed.append(num))
    assert packed == [20]


def test_changed_bytes_are_found_when_asked_for(tmp_path: Path) -> None:
    source = NumberSource()
    cache = ImageCache(tmp_path, source, PREPARATION)
    cache.load(source.records())
    assert cache.verify() == 3
    array = next(cache.folder.glob("*.npy"))
    content = bytearray(array.read_bytes())
    content[-1] ^= 1
    array.write_bytes(content)
    cache.load(source.records())  # a correct size passes
    with pytest.raises(DataError, match=r"damaged at .*not those that were written.*--rebuild"):
        cache.verify()


def test_a_whole_cache_is_opened_without_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = NumberSource()
    cache = ImageCache(tmp_path, source, PREPARATION)
    cache.load(source.records())

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(cache_module, "lock_folder", refuse)
    assert cache.load(source.records()[:5]).locate(["3"]).shape == (1, 2)
    with pytest.raises(OutputError, match=r"the file system is read-only; choose another with paths.cache=DIR"):
        cache.load([*source.records(), Record("21", REAL, "numbers", "camera", "21")])


def test_a_full_disk_is_found_before_it_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=50_000))
    source = NumberSource()
    cache = ImageCache(tmp_path, source, PREPARATION)
    with pytest.raises(OutputError, match=r"take 0.1 MB, but .* has 0.1 MB left; choose another disk with paths.cache"):
        cache.load(source.records())
    assert not list(cache.folder.glob("*.npy"))


def test_a_disk_that_fills_midway_leaves_whole_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, written = NumberSource(), list[Path]()
    write = packs.write_atomically

    def fill(path: Path, content: Callable[[Any], object]) -> None:
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        write(path, content)

    monkeypatch.setattr(packs, "write_atomically", fill)
    cache = ImageCache(tmp_path, source, PREPARATION)
    with pytest.raises(OutputError, match="the disk is full"):
        cache.load(source.records())
    monkeypatch.undo()
    monkeypatch.setattr(cache_module, "_IMAGES_A_PACK", 8)
    monkeypatch.setattr("fakeid.processes.count_cores", lambda: 1)
    counts = list[int]()
    packed = cache.load(source.records(), on_progress=counts.append)
    assert counts == [4]
    assert packed.take(packed.locate([str(i) for i in range(20)])).max(axis=(1, 2, 3)).tolist() == list(range(20))


def test_more_packs_than_files_may_be_open_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(cache_module, "_IMAGES_A_PACK", 1)
    source = NumberSource()
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = len(list(Path("/dev/fd").iterdir())) + 10
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))
    try:
        packed = ImageCache(tmp_path, source, PREPARATION).load(source.records())
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > few
        monkeypatch.setattr(resource, "getrlimit", lambda _: (few, few))
        with pytest.raises(DataError, match=rf"needs 276 open files, but {few} are allowed: raise that with ulimit -n"):
            ImageCache(tmp_path, source, PREPARATION).load(source.records())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    assert packed.take(packed.locate(["19"])).max() == 19


def test_fingerprints_tell_equal_pixels(tmp_path: Path) -> None:
    source = NumberSource()
    packed = ImageCache(tmp_path, source, PREPARATION).load(source.records())
    digests, phashes, views = packed.fingerprints(["3", "4", "3"])
    assert digests[0] == digests[2] != digests[1]
    assert phashes.dtype == views.dtype == np.uint64
    assert (phashes.shape, views.shape) == ((3,), (3, NUM_VIEWS))


def test_fingerprints_survive_the_disk(tmp_path: Path) -> None:
    source = DemoSource(images_per_class=1, image_px=40)
    records = source.records()[:4]
    packed = ImageCache(tmp_path, source, PREPARATION).load(records)
    _, phashes, views = packed.fingerprints([record.key for record in records])
    expected = [fingerprint(source.read(record)) for record in records]
    assert phashes.tolist() == [each.phash for each in expected]
    assert views.tolist() == [list(each.views) for each in expected]


@pytest.mark.slow
def test_worker_processes_give_the_same_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fakeid.data.sources.demo import DemoSource

    source = DemoSource(image_px=64, images_per_class=1, seed=0)
    records = source.records()
    alone = ImageCache(tmp_path / "alone", source, PREPARATION).load(records)
    monkeypatch.setattr("fakeid.processes.count_cores", lambda: 2)
    parallel = ImageCache(tmp_path / "parallel", source, PREPARATION).load(records)
    keys = [record.key for record in records]
    assert np.array_equal(alone.take(alone.locate(keys)), parallel.take(parallel.locate(keys)))
