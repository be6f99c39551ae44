"""The folder trees that users have, and the mistakes that they make in them."""

import os
import pickle
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fakeid.config.constants import CAMERA, FAKE, REAL, TEST, TRAIN
from fakeid.data.sources.base import Source
from fakeid.data.sources.folders import FolderSource
from fakeid.errors import BadImageError, DataError, UnreadableImageError


def write_tree(root: Path, files: Iterable[str]) -> Path:
    for index, file in enumerate(files):
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path.with_suffix(".png")), np.full((16, 16, 3), index, np.uint8))
        path.with_suffix(".png").rename(path)
    return root


def pairs(folder: str = "", real: str = "0_real", fake: str = "1_fake", stem: str = "a") -> list[str]:
    return [f"{folder}{real}/{stem}.png", f"{folder}{fake}/{stem}.png"]


def message(root: Path | str) -> str:
    with pytest.raises(DataError) as caught:
        FolderSource(str(root)).records()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("folder", "category", "generator"),
    [("", "photos", "unknown"), ("cat/", "cat", "unknown"), ("progan/cat/", "cat", "progan")],
)
def test_levels_give_category_and_generator(tmp_path: Path, folder: str, category: str, generator: str) -> None:
    files = pairs(folder, "Real", "FAKE")
    source: Source = FolderSource(str(write_tree(tmp_path / "photos", files)))
    found = [(record.key, record.label, record.category, record.generator) for record in source.records()]
    assert sorted(found) == sorted([(files[0], REAL, category, CAMERA), (files[1], FAKE, category, generator)])


def test_the_same_name_in_two_given_splits_is_not_one_scene(tmp_path: Path) -> None:
    pair = pairs("train/cat/", stem="7") + pairs("test/cat/", stem="7")
    records = FolderSource(str(write_tree(tmp_path, pair))).records()
    assert {(record.split, record.scene) for record in records} == {(TRAIN, "train/7"), (TEST, "test/7")}


def test_a_category_is_pooled_over_generators(tmp_path: Path) -> None:
    root = write_tree(tmp_path, [*pairs("progan/cat/"), *pairs("stylegan/cat/"), "camera/cat/real/b.png"])
    records = FolderSource(str(root)).records()
    assert {record.category for record in records} == {"cat"}
    assert {record.generator for record in records if record.label == FAKE} == {"progan", "stylegan"}
    assert len({record.key for record in records}) == 5


def test_keys_are_sorted_and_other_files_ignored(tmp_path: Path) -> None:
    names = ["b.JPG", "a.jpeg", "c.WebP", "d.bmp", "e.tif", "f.TIFF", "deep/er/g.png"]
    ignored = [".hidden.png", "notes.txt", ".git/x.png", "__MACOSX/x.png", "png"]
    root = write_tree(tmp_path, [f"cat/0_real/{name}" for name in names + ignored] + ["cat/1_fake/x.png", "cat/y.png"])
    (root / "cat/0_real/folder.png").mkdir()
    keys = [record.key for record in FolderSource(str(root)).records()]
    assert keys == sorted([*(f"cat/0_real/{name}" for name in names), "cat/1_fake/x.png"])


@pytest.mark.parametrize(
    ("name", "scene"),
    [
        ("7_real.png", "7"),
        ("7-fake.png", "7"),
        ("100_fake_B.png", "100"),
        ("100_real_A.jpg", "100"),
        ("7.png", "7"),
        ("7_B.png", "7_B"),
        ("unreal.png", "unreal"),
        ("7_fake_C.png", "7_fake_C"),
        ("7_real_2.png", "7_real_2"),
        ("_real.png", "_real"),
        ("v1.2_fake.png", "v1.2"),
    ],
)
def test_scene_is_the_name_without_its_class(tmp_path: Path, name: str, scene: str) -> None:
    root = write_tree(tmp_path, [f"0_real/{name}", "1_fake/other.png"])
    assert FolderSource(str(root)).records()[0].scene == scene


def test_read_gives_the_pixels(tmp_path: Path) -> None:
    source = FolderSource(str(write_tree(tmp_path, pairs())))
    for index, record in enumerate(source.records()):
        np.testing.assert_array_equal(source.read(record), np.full((16, 16, 3), index, np.uint8))


def test_bad_files_are_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path, pairs())
    real, fake = FolderSource(str(root)).records()
    with pytest.raises(BadImageError, match=r"0_real/a\.png has 16 x 16 .*data\.max_megapixels=0\.0002"):
        FolderSource(str(root), max_megapixels=0.0002).read(real)
    (root / real.key).write_text("no image")
    (root / fake.key).unlink()
    with pytest.raises(BadImageError, match=f"^{root / real.key} is not a PNG"):
        FolderSource(str(root)).read(real)
    with pytest.raises(
        UnreadableImageError, match=rf"^{root / fake.key} cannot be read \(No such file.*on_bad_image=skip"
    ):
        FolderSource(str(root)).read(fake)


def test_description_follows_the_content_and_not_the_place(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "here", pairs())
    before = FolderSource(str(root)).describe()
    assert before == FolderSource(str(root)).describe()
    assert before != FolderSource(str(root), max_megapixels=50).describe()
    moved = root.rename(tmp_path / "there")
    assert before == FolderSource(str(moved)).describe()
    file = moved / "0_real/a.png"
    stamp = file.stat().st_mtime_ns
    os.utime(file, ns=(stamp, stamp + 1))
    touched = FolderSource(str(moved)).describe()
    assert touched != before
    shutil.copy2(file, moved / "0_real/b.png")
    assert FolderSource(str(moved)).describe() not in (before, touched)


def test_a_worker_gets_a_copy_without_the_listing(tmp_path: Path) -> None:
    source = FolderSource(str(write_tree(tmp_path, pairs())))
    records = source.records()
    unread = len(pickle.dumps(FolderSource(str(tmp_path))))
    copy = pickle.loads(pickle.dumps(source))
    assert len(pickle.dumps(source)) == unread
    np.testing.assert_array_equal(copy.read(records[1]), source.read(records[1]))
    assert copy.describe() == source.describe()


def test_symbolic_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", pairs("cat/"))
    write_tree(tmp_path / "elsewhere", pairs("dog/"))
    (root / "dog").symlink_to(tmp_path / "elsewhere/dog")
    (root / "up").symlink_to(root)
    (root / "cat/0_real/up").symlink_to(root / "cat")
    keys = [record.key for record in FolderSource(str(root)).records()]
    assert keys == [*pairs("cat/"), *pairs("dog/")]


def test_broken_links_do_not_go_missing_in_silence(tmp_path: Path) -> None:
    root = write_tree(tmp_path, pairs())
    link = root / "0_real/b.png"
    link.symlink_to(root / "nowhere.png")
    source = FolderSource(str(root))
    with pytest.raises(UnreadableImageError, match=r"0_real/b\.png cannot be read"):
        source.read(source.records()[1])
    link.unlink()
    link.symlink_to(link)
    assert message(root).startswith(f"{link} below paths.data cannot be listed")


def test_a_missing_folder_lists_near_matches(tmp_path: Path) -> None:
    for name in ("gan_pairs", "lsun"):
        (tmp_path / name).mkdir()
    assert f"did you mean {tmp_path / 'gan_pairs'}?" in message(tmp_path / "GAN_pair")
    assert "does not exist: expected DIR/" in message(tmp_path / "zzz")
    assert "does not exist" in message(tmp_path / "no/such")


def test_a_file_as_root(tmp_path: Path) -> None:
    (tmp_path / "x.zip").touch()
    assert message(tmp_path / "x.zip").endswith("found a file")


@pytest.mark.parametrize(("files", "found"), [([], "an empty folder"), (["cats/a.png", "dogs/a.png"], "cats, dogs")])
def test_another_layout_is_explained(tmp_path: Path, files: list[str], found: str) -> None:
    text = message(write_tree(tmp_path, files))
    assert "DIR/[generator/][category/]{0_real,1_fake}" in text
    assert text.endswith(f"found {found}")


@pytest.mark.parametrize("content", [[], ["notes.txt", ".hidden.png"]])
def test_an_empty_class_folder_is_named(tmp_path: Path, content: list[str]) -> None:
    root = write_tree(tmp_path, ["cat/0_real/a.png"])
    (root / "cat/1_fake").mkdir()
    for name in content:
        (root / "cat/1_fake" / name).touch()
    assert message(root).startswith(f"{root / 'cat/1_fake'} holds no image (.png")


@pytest.mark.parametrize(("present", "missing"), [("0_real", "1_fake"), ("fake", "0_real")])
def test_a_category_with_one_class_is_named(tmp_path: Path, present: str, missing: str) -> None:
    text = message(write_tree(tmp_path, [*pairs("cat/"), f"dog/{present}/a.png"]))
    assert text.startswith(f"category 'dog' below paths.data={tmp_path} has 1 ")
    assert f"add its folder {missing}" in text


def test_a_given_split_with_one_class_is_named(tmp_path: Path) -> None:
    text = message(write_tree(tmp_path, ["train/cat/real/a.png", *pairs("test/cat/")]))
    assert text.startswith(
        f"category 'cat' of the train split below paths.data={tmp_path} has 1 real images and no fake"
    )


def test_an_empty_split_and_a_stray_folder_are_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path, [*pairs("train/cat/"), *pairs("test/cat/")])
    (root / "val").mkdir()
    assert message(root).startswith(f"{root / 'val'} holds no class folder with images")
    (root / "val").rename(root / "notes")
    assert len(FolderSource(str(root)).records()) == 4
    write_tree(root, ["notes/a.png"])
    assert message(root).startswith(f"{root / 'notes'} lies beside test and train but is not a split")


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    root = write_tree(tmp_path, pairs())
    name = os.fsencode(root) + b"/0_real/\xb0\xed."
    try:
        Path(os.fsdecode(name + b"txt")).touch()
    except OSError:
        pytest.skip("this file system allows UTF-8 names only")
    assert len(FolderSource(str(root)).records()) == 2  # files that are not images may have any name
    Path(os.fsdecode(name + b"png")).touch()
    assert message(root).startswith(f"{root / '0_real'} below paths.data holds file names that are not UTF-8")


def test_a_root_that_is_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"caf\\udce9' is not UTF-8: rename"):
        FolderSource(str(tmp_path / "caf\udce9")).records()


def test_the_genuine_pairs(gan_pairs: Path) -> None:
    source = FolderSource(str(gan_pairs))
    records = source.records()
    counts = Counter((record.category, record.generator, record.label) for record in records)
    assert counts == {
        ("horse2zebra", CAMERA, REAL): 50,
        ("horse2zebra", "cyclegan", FAKE): 50,
        ("facades", CAMERA, REAL): 50,
        ("facades", "pix2pix", FAKE): 50,
        ("bedroom", CAMERA, REAL): 30,
        ("bedroom", "cyclegan", FAKE): 30,
        ("day2night", CAMERA, REAL): 50,
        ("day2night", "pix2pix", FAKE): 50,
    }
    scenes = Counter((record.category, record.scene) for record in records)
    assert len(scenes) == 180
    assert set(scenes.values()) == {2}  # every photo is paired with its translation
    assert all(source.read(record).shape == (256, 256, 3) for record in records[::10])


def test_scenes_keep_the_folders_below_the_class(tmp_path: Path) -> None:
    root = write_tree(tmp_path, [f"cat/{side}/{clip}/0.png" for side in ("0_real", "1_fake") for clip in ("a", "b/c")])
    scenes = Counter(record.scene for record in FolderSource(str(root)).records())
    assert scenes == {"a/0": 2, "b/c/0": 2}
