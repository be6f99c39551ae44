"""ProGAN samples in any location, and files that must not be mistaken for them."""

import os
import pickle
import shutil
from collections import Counter
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from genuine_trees import (
    draw_texture,
    encode,
    write_add_k,
    write_archive,
    write_database,
    write_files,
    write_progan,
    write_progan_train,
)

from fakeid.config.constants import FAKE, LSUN_CATEGORIES
from fakeid.data.records import Record
from fakeid.data.sources.base import Source
from fakeid.data.sources.progan import ProGanSource, find_samples, public_archive
from fakeid.errors import BadImageError, DataError, UnreadableImageError


def open_progan(root: Path, *categories: str, max_megapixels: float = 100.0) -> ProGanSource:
    return ProGanSource(str(root), categories, listings=str(root / ".cache"), max_megapixels=max_megapixels)


def draw_files(num: int, folder: str = "", first: int = 0) -> dict[str, bytes]:
    numbers = range(first, first + num)
    return {f"{folder}{n:04d}.png": encode(draw_texture("any", FAKE, n, (16, 16)), ".png") for n in numbers}


def write_folders(root: Path, *folders: str) -> Path:
    """Write two images to each folder, all different."""
    for number, folder in enumerate(folders):
        write_files(root, draw_files(2, f"{folder}/", 10 * number))
    return root


def keys(root: Path, *categories: str) -> list[str]:
    return [record.key.removeprefix("progan/") for record in open_progan(root, *categories).records()]


def message(root: Path, *categories: str) -> str:
    with pytest.raises(DataError) as caught:
        list(open_progan(root, *categories).records())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("form", ["zip", "tar", "folder"])
def test_published_names_in_every_form(tmp_path: Path, form: str) -> None:
    source: Source = open_progan(write_progan(tmp_path, LSUN_CATEGORIES, 3, 16, form), *LSUN_CATEGORIES)
    records = list(source.records())
    assert Counter(record.category for record in records) == dict.fromkeys(LSUN_CATEGORIES, 3)
    assert {(record.label, record.generator, record.split) for record in records} == {(FAKE, "progan", "")}
    assert len({record.scene for record in records}) == len(records)
    for number, record in enumerate(records):
        np.testing.assert_array_equal(source.read(record), draw_texture(record.category, FAKE, number % 3, (16, 16)))


def test_keys_name_the_place_and_the_path_in_it(tmp_path: Path) -> None:
    write_archive(tmp_path / "samples/of/ProGAN-Cat.zip", draw_files(1, "x/"))
    write_archive(tmp_path / "bus_256.tar", draw_files(1, first=5))
    write_folders(tmp_path, "deep/ChurchOutdoor/0000")
    assert keys(tmp_path, "cat", "bus", "church_outdoor") == [
        "samples/of/ProGAN-Cat.zip/x/0000.png",
        "bus_256.tar/0005.png",
        "deep/ChurchOutdoor/0000/0000.png",
        "deep/ChurchOutdoor/0000/0001.png",
    ]


@pytest.mark.parametrize("name", ["category", "training"])
def test_other_words_are_no_category(tmp_path: Path, name: str) -> None:
    write_folders(tmp_path, name)
    assert "no ProGAN samples of cat" in message(tmp_path, "cat")
    assert "no ProGAN samples of train" in message(tmp_path, "train")


def test_the_innermost_folder_counts(tmp_path: Path) -> None:
    write_folders(tmp_path, "progan_train/cat/a", "progan_train/bus")
    write_archive(tmp_path / "progan_train/sheep.zip", draw_files(1, first=50))
    assert {key.partition("/0")[0] for key in keys(tmp_path, "cat", "bus", "sheep")} == {
        "progan_train/cat/a",
        "progan_train/bus",
        "progan_train/sheep.zip",
    }
    assert "no ProGAN samples of train" in message(tmp_path, "train")


def test_several_places_are_pooled(tmp_path: Path) -> None:
    write_archive(tmp_path / "cat-a.zip", draw_files(3, "x/"))
    write_archive(tmp_path / "cat-b.tar", draw_files(3, "x/", first=10))
    write_files(tmp_path, draw_files(3, "more/cat/", first=20))
    assert len(keys(tmp_path, "cat")) == 9


def test_numbering_may_start_anew_in_each_part(tmp_path: Path) -> None:
    for part in range(3):
        images = draw_files(20, first=100 * part).values()
        write_archive(tmp_path / f"cat-{part}.zip", {f"{n}.png": image for n, image in enumerate(images)})
    assert len(keys(tmp_path, "cat")) == 60


@pytest.mark.parametrize("folder", ["cat", "unpacked/cat/cat-256"])
def test_an_archive_beside_its_unpacked_copy(tmp_path: Path, folder: str) -> None:
    write_archive(tmp_path / "cat-256.zip", draw_files(10, "cat-256/"))
    write_files(tmp_path, draw_files(6, f"{folder}/"))  # an interrupted extraction
    text = message(tmp_path, "cat")
    assert "hold the same images, such as 0000.png: move one of them away" in text
    assert str(tmp_path / "cat-256.zip") in text
    assert str(tmp_path / folder) in text


@pytest.mark.parametrize("path", ["progan_train_cat.zip", "cat-and-bus.tar", "cat_train/x", "cat/train/x"])
def test_what_names_two_categories_is_not_guessed(tmp_path: Path, path: str) -> None:
    if path.endswith("x"):
        write_folders(tmp_path, path)
    else:
        write_archive(tmp_path / path, draw_files(2))
    assert "might hold ProGAN samples of" in message(tmp_path, "cat")
    write_folders(tmp_path, "sheep")
    assert len(keys(tmp_path, "sheep")) == 2  # other categories raise no error


def test_an_archive_of_several_categories_is_not_guessed(tmp_path: Path) -> None:
    write_archive(tmp_path / "progan_train.zip", draw_files(2, "cat/") | draw_files(2, "bus/"))
    assert "might hold ProGAN samples of bus or cat or train" in message(tmp_path, "train")


def test_lsun_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    write_database(tmp_path / "cat", {"0" * 40: b"x"})
    write_archive(tmp_path / "cat.zip", {"cat/data.mdb": b"x", "cat/lock.mdb": b"x"})
    write_archive(tmp_path / "bedroom_train_lmdb.zip", {"bedroom_train_lmdb/data.mdb": b"x"})
    write_folders(tmp_path, ".trash/cat", "__MACOSX/cat", "cat/inside_the_database/cat")
    write_folders(tmp_path, "progan-cat", "progan-bedroom")
    assert {key.partition("/")[0] for key in keys(tmp_path, "cat", "bedroom")} == {"progan-cat", "progan-bedroom"}


def test_reals_are_never_taken_for_samples(tmp_path: Path) -> None:
    write_folders(tmp_path, "cat/0_real", "cat/1_fake", "bus/Real", "cow/real", "cow/good")
    write_archive(tmp_path / "sheep.zip", draw_files(1, "sheep/0_real/") | draw_files(1, "sheep/1_fake/"))
    for category in ("cat", "bus", "sheep"):
        assert f"no ProGAN samples of {category}" in message(tmp_path, category)
    assert keys(tmp_path, "cow") == ["cow/good/0040.png", "cow/good/0041.png"]


def test_fakes_alone_are_samples(tmp_path: Path) -> None:
    assert len(keys(write_folders(tmp_path, "progan_train/cat/1_fake"), "cat")) == 2


@pytest.mark.parametrize("write", [write_progan_train, write_add_k])
def test_trees_of_reals_beside_fakes_belong_to_another_source(tmp_path: Path, write: object) -> None:
    if write is write_progan_train:
        write_progan_train(tmp_path, ["cat", "train"], 1, 16)
    else:
        write_add_k(tmp_path, [1], 2, 1, 16)
    for category in ("cat", "train"):
        assert "holds reals beside fakes, which data=folders reads" in message(tmp_path, category)


@pytest.mark.parametrize("extension", ["tar.gz", "tgz", "TAR.BZ2", "tar.xz", "7z", "7z.001", "rar"])
def test_compressed_archives_are_refused_if_there_is_nothing_else(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"progan-cat.{extension}"
    path.touch()
    assert message(tmp_path, "cat").startswith(f"{path} is compressed as a whole")
    write_folders(tmp_path, "cat")
    assert len(keys(tmp_path, "cat")) == 2


def test_a_missing_category_names_what_to_get(tmp_path: Path) -> None:
    place = f"{tmp_path} (data.fake.root or paths.data) holds no ProGAN samples of"
    assert message(tmp_path, "tv-monitor") == (
        f"{place} tv-monitor: expected a folder, zip or tar with tv-monitor in its name, such as "
        "karras2018iclr-lsun-tvmonitor-256x256.zip; found neither images nor archives"
    )
    write_progan(tmp_path, ["bus", "cat"], 1, 16)
    assert message(tmp_path, "cow").endswith(
        "found karras2018iclr-lsun-bus-256x256.zip, karras2018iclr-lsun-cat-256x256.zip"
    )
    (tmp_path / public_archive("bus")).rename(tmp_path / "karras-churchoutdor.zip")
    assert message(tmp_path, "church_outdoor").endswith("did you mean karras-churchoutdor.zip? rename it")


def test_an_unknown_root(tmp_path: Path) -> None:
    assert message(tmp_path / "no", "cat").startswith(f"{tmp_path / 'no'} (data.fake.root or paths.data) must be")


def test_symbolic_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    write_folders(tmp_path / "elsewhere", "x")
    root = write_folders(tmp_path / "root", "bus")
    (root / "cat").symlink_to(tmp_path / "elsewhere/x")
    (root / "cat/up").symlink_to(tmp_path / "elsewhere")
    (root / "bus/up").symlink_to(root)
    assert keys(root, "cat") == ["cat/0000.png", "cat/0001.png"]
    assert keys(root, "bus")[:2] == ["bus/0000.png", "bus/0001.png"]


def read_all(source: ProGanSource, records: Sequence[Record]) -> list[bytes]:
    return [source.read_file(record) for record in records]


def test_a_worker_gets_a_small_copy_and_reads_the_same(tmp_path: Path) -> None:
    write_progan(tmp_path, ["cat"], 5, 16)
    write_progan(tmp_path, ["bus"], 5, 16, "folder")
    source = open_progan(tmp_path, "cat", "bus")
    unread = len(pickle.dumps(source))
    records = list(source.records())
    identity = source.describe()
    assert len(pickle.dumps(source)) == unread < 1000
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(read_all, (source, records)) == read_all(source, records)
    assert pickle.loads(pickle.dumps(source)).describe() == identity


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_the_identity_follows_the_files_and_not_the_place(tmp_path: Path, form: str) -> None:
    root = write_progan(tmp_path / "here", ["cat"], 3, 16, form)
    before = open_progan(root, "cat").describe()
    assert before["source"] == "progan"
    assert before == open_progan(root, "cat").describe()
    assert before != open_progan(root, "cat", max_megapixels=1).describe()
    moved = root.rename(tmp_path / "there")
    assert before == open_progan(moved, "cat").describe()
    file = moved / public_archive("cat") if form == "zip" else next(moved.rglob("*1.png"))
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    assert before != open_progan(moved, "cat").describe()


def test_bad_files_and_members_are_named(tmp_path: Path) -> None:
    write_archive(tmp_path / "cat.zip", {"a.png": b"no image", "b.png": b""})
    write_folders(tmp_path, "bus")
    source = open_progan(tmp_path, "cat", "bus")
    first, second, third, _ = source.records()
    with pytest.raises(BadImageError, match=rf"^{tmp_path}/cat\.zip/a\.png is not a PNG"):
        source.read(first)
    with pytest.raises(BadImageError, match=r"b\.png is empty"):
        source.read(second)
    shutil.rmtree(tmp_path / "bus")
    with pytest.raises(UnreadableImageError, match=rf"^{tmp_path}/bus/0000\.png cannot be read \(No such file"):
        source.read(third)
    (tmp_path / "cat.zip").unlink()
    with pytest.raises(UnreadableImageError, match=rf"^{tmp_path}/cat\.zip cannot be read"):
        source.read(first)


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    write_progan(tmp_path, ["cat", "bus"], 2, 16)
    path = tmp_path / public_archive("cat")
    path.write_bytes(path.read_bytes()[:-30])
    assert message(tmp_path, "cat").startswith(f"{path} is cut short, damaged")
    assert len(keys(tmp_path, "bus")) == 2  # archives of other categories are not opened


def test_extensions_in_capitals(tmp_path: Path) -> None:
    write_archive(tmp_path / "cat.zip", draw_files(2)).rename(tmp_path / "CAT.ZIP")
    assert keys(tmp_path, "cat") == ["CAT.ZIP/0000.png", "CAT.ZIP/0001.png"]


def test_a_folder_named_like_an_archive(tmp_path: Path) -> None:
    assert keys(write_folders(tmp_path, "cat.zip"), "cat") == ["cat.zip/0000.png", "cat.zip/0001.png"]
    source = open_progan(tmp_path, "cat")
    assert [source.read(record).shape for record in source.records()] == [(16, 16, 3)] * 2


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    write_folders(tmp_path, "cat")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/cat/\xb0\xed.png")).touch()
    except OSError:
        pytest.skip("this file system allows UTF-8 names only")
    assert message(tmp_path, "cat") == f"{tmp_path / 'cat'} holds file names that are not UTF-8: rename them"


def test_finder(tmp_path: Path) -> None:
    write_progan(tmp_path, ["cat", "bus"], 1, 16)
    assert find_samples(str(tmp_path), ["cat", "sheep"], tmp_path / ".cache") == {
        "cat": [tmp_path / public_archive("cat")],
        "sheep": [],
    }
    assert public_archive("church_outdoor") == "karras2018iclr-lsun-churchoutdoor-256x256.zip"
