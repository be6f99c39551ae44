"""LSUN databases as unzipped, and everything that can be wrong with them."""

import os
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from genuine_trees import draw_texture, encode, write_database, write_lsun
from lsun_reading import message, open_lsun, stored_values

from fakeid.config.constants import CAMERA, REAL
from fakeid.data.records import Record
from fakeid.data.sources import lmdb_database as database_module
from fakeid.data.sources.base import Source
from fakeid.data.sources.lsun import find_databases, public_archives
from fakeid.errors import BadImageError, DataError, OutputError, UnreadableImageError


def test_scenes_and_objects_are_listed_whole(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["bedroom", "cat"], 8, image_px=32)
    source: Source = open_lsun(tmp_path, "bedroom", "cat")
    records = list(source.records())
    expected = {
        f"lsun/{folder}/{key}": value
        for folder in ("bedroom_train_lmdb", "bedroom_val_lmdb", "cat")
        for key, value in stored_values(tmp_path / folder).items()
    }
    assert {record.key: source.read_file(record) for record in records} == expected
    assert [record.category for record in records] == ["bedroom"] * 8 + ["cat"] * 8
    assert {(record.label, record.generator, record.split) for record in records} == {(REAL, CAMERA, "")}
    assert all(record.scene == record.key.rpartition("/")[2] for record in records)


def test_webp_and_jpeg_values_are_decoded(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["cat"], 6, image_px=40)
    source = open_lsun(tmp_path, "cat")
    kinds = set()
    for record in source.records():
        kinds.add(source.read_file(record)[:2])
        image = source.read(record)
        original = min(
            (draw_texture("cat", REAL, n, image.shape[1::-1]) for n in range(6)),
            key=lambda texture: float(np.abs(texture.astype(int) - image).mean()),
        )
        assert min(image.shape[:2]) == 40 < max(image.shape[:2])
        assert np.abs(original.astype(int) - image).mean() < 6  # the codec's loss only
    assert kinds == {b"RI", b"\xff\xd8"}


def test_the_genuine_photos_come_back_to_the_byte(tmp_path: Path, lsun_bedroom: Path) -> None:
    photos = sorted(lsun_bedroom.glob("*.jpg"))[:50]
    write_database(tmp_path / "bedroom_train_lmdb", {photo.stem: photo.read_bytes() for photo in photos})
    source = open_lsun(tmp_path, "bedroom")
    records = list(source.records())
    assert [record.scene for record in records] == [photo.stem for photo in photos]
    assert [source.read_file(record) for record in records] == [photo.read_bytes() for photo in photos]
    assert all(min(source.read(record).shape[:2]) == 256 for record in records)


def test_keys_are_listed_once_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lsun(tmp_path, ["cat"], 5, image_px=32)
    keys = [record.key for record in open_lsun(tmp_path, "cat").records()]
    with monkeypatch.context() as patch:
        patch.setattr(database_module.Database, "keys", lambda _: pytest.fail("listed again"))
        assert [record.key for record in open_lsun(tmp_path, "cat").records()] == keys
    listings = list((tmp_path / "cache").iterdir())
    assert [path.suffix for path in listings] == [".txt"]  # no partial file is left
    shutil.rmtree(tmp_path / "cat")
    write_lsun(tmp_path, ["cat"], 7, image_px=32, seed=1)
    assert len({record.key for record in open_lsun(tmp_path, "cat").records()} - set(keys)) == 7


def test_a_listing_cut_short_is_not_taken_for_whole(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["cat"], 5, image_px=32)
    source = open_lsun(tmp_path, "cat")
    list(source.records())
    listing = next((tmp_path / "cache").iterdir())
    listing.write_text("".join(listing.read_text().splitlines(keepends=True)[:3]))
    assert "lists 3 of 5 keys" in message(source)
    listing.unlink()
    assert len(list(source.records())) == 5


def test_an_interrupted_listing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lsun(tmp_path, ["cat"], 5, image_px=32)

    def interrupted(_: object) -> object:
        yield "one"
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(database_module.Database, "keys", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(open_lsun(tmp_path, "cat").records())
    assert list((tmp_path / "cache").iterdir()) == []
    assert len(list(open_lsun(tmp_path, "cat").records())) == 5


def test_listings_that_cannot_be_written(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["cat"], 2, image_px=32)
    (tmp_path / "cache").touch()
    with pytest.raises(OutputError, match=r"paths\.cache=DIR"):
        list(open_lsun(tmp_path, "cat").records())


def test_listing_takes_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_KEYS_AT_ONCE", 2000)
    write_database(tmp_path / "cat", {f"{number:040x}": b"x" for number in range(30_000)})
    source = open_lsun(tmp_path, "cat")
    peaks = []
    for _ in range(2):  # first listed, then read from the stored listing
        tracemalloc.start()
        assert sum(1 for _ in source.records()) == 30_000
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] < 1_000_000  # a list of all keys would take 3 MB
    assert peaks[1] < 300_000


def test_the_identity_follows_the_files(tmp_path: Path) -> None:
    write_lsun(tmp_path / "here", ["bedroom", "cat"], 4, image_px=32)
    before = open_lsun(tmp_path / "here", "bedroom", "cat").describe()
    status = (tmp_path / "here/cat/data.mdb").stat()
    assert before["source"] == "lsun"
    assert before["databases"]["cat"] == [status.st_size, status.st_mtime_ns]
    assert list(before["databases"]) == ["bedroom_train_lmdb", "bedroom_val_lmdb", "cat"]
    assert before != open_lsun(tmp_path / "here", "bedroom", "cat", max_megapixels=1).describe()
    (tmp_path / "here").rename(tmp_path / "there")
    assert before == open_lsun(tmp_path / "there", "bedroom", "cat").describe()
    os.utime(tmp_path / "there/cat/data.mdb", ns=(0, status.st_mtime_ns + 1))
    assert before != open_lsun(tmp_path / "there", "bedroom", "cat").describe()


def test_finder_and_counts(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["bedroom", "cat"], 8, image_px=32)
    folders = find_databases(str(tmp_path), "bedroom")
    assert folders == [tmp_path / "bedroom_train_lmdb", tmp_path / "bedroom_val_lmdb"]
    assert [database_module.open_database(folder).count() for folder in folders] == [6, 2]
    assert find_databases(str(tmp_path), "dog") == []
    assert public_archives("bedroom") == ("bedroom_train_lmdb.zip", "bedroom_val_lmdb.zip")
    assert public_archives("cat") == ("cat.zip",)


def test_a_missing_category_names_what_to_get(tmp_path: Path) -> None:
    text = message(open_lsun(tmp_path, "bedroom"))
    assert "expected bedroom_train_lmdb, bedroom_val_lmdb, bedroom with data.mdb" in text
    assert text.endswith("unzip bedroom_train_lmdb.zip there")
    (tmp_path / "cat").mkdir()
    assert message(open_lsun(tmp_path, "cat")).endswith("unzip cat.zip there")


def test_a_database_still_packed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "cat.zip", "w") as archive:
        archive.writestr("cat/data.mdb", b"x")
    assert message(open_lsun(tmp_path, "cat")).endswith(f"{tmp_path / 'cat.zip'} is still packed, unzip it there")
    with zipfile.ZipFile(tmp_path / "cat.zip", "w") as archive:
        archive.writestr("cat/0001.png", b"x")  # ProGAN's samples
    assert "still packed" not in message(open_lsun(tmp_path, "cat"))


def test_a_missing_root(tmp_path: Path) -> None:
    text = message(open_lsun(tmp_path / "nowhere", "cat"))
    assert text.startswith(f"{tmp_path / 'nowhere'} (data.real.root or paths.data) must be")


def test_a_folder_without_its_file(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["bedroom"], 8, image_px=32)
    (tmp_path / "bedroom_train_lmdb/data.mdb").unlink()
    assert message(open_lsun(tmp_path, "bedroom")) == (
        f"{tmp_path / 'bedroom_train_lmdb'} must hold LSUN's data.mdb: unzip bedroom_train_lmdb.zip again"
    )


def test_all_databases_are_checked_before_any_is_listed(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["cat"], 3, image_px=32)
    write_database(tmp_path / "dog", {})
    with pytest.raises(DataError, match=r"dog/data\.mdb"):
        open_lsun(tmp_path, "cat", "dog").records()


def test_bad_values_are_named_when_they_are_read(tmp_path: Path) -> None:
    good = encode(draw_texture("cat", REAL, 0, (32, 24)), ".jpg")
    write_database(tmp_path / "cat", {"a" * 40: good, "b" * 40: b"no image", "c" * 40: good[: len(good) // 2]})
    source = open_lsun(tmp_path, "cat")
    first, second, third = source.records()
    assert source.read(first).shape == (24, 32, 3)
    with pytest.raises(BadImageError, match=rf"^{tmp_path}/cat/data\.mdb key b{{40}} is not a PNG"):
        source.read(second)
    with pytest.raises(BadImageError, match="key c{40} is cut short"):
        source.read(third)
    with pytest.raises(UnreadableImageError, match="is no longer there"):
        source.read(Record("lsun/cat/" + "d" * 40, REAL, "cat", CAMERA, "d"))
    with pytest.raises(BadImageError, match=r"data\.max_megapixels=0\.0001"):
        open_lsun(tmp_path, "cat", max_megapixels=0.0001).read(first)
    (tmp_path / "cat/data.mdb").unlink()
    with pytest.raises(UnreadableImageError, match=r"cannot be read \(No such file"):
        source.read(first)
