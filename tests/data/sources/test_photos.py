"""A folder of photos, and each way in which it can be unusable: one sentence that says how to fix it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from photo_folder import draw_photos, write_photos

from fakeid.data.sources.photos import PhotoFolder
from fakeid.errors import BadImageError, DataError, UnreadableImageError


def write(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)
    return path


def test_photos_are_found_however_nested_in_a_fixed_order(tmp_path: Path) -> None:
    photo = draw_photos(1)[0]
    for name in ("b/2.PNG", "a.jpg", "b/c/1.webp", ".hidden/3.png", "real/4.png", "x/0_real/5.png", "x/1_fake/6.png"):
        write(tmp_path / name, photo)
    (tmp_path / "notes.txt").write_text("no photo")
    keys = PhotoFolder(str(tmp_path), 64).list_keys()
    assert keys == ["a.jpg", "b/2.PNG", "b/c/1.webp", "real/4.png", "x/0_real/5.png"]  # without 1_fake beside 0_real


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "does not exist: name a folder of photos"),
        (Path.touch, "is a file: name a folder of photos"),
        (Path.mkdir, r"there is no photo below paths.data=.*\.png .*: name another folder"),
    ],
    ids=["missing", "file", "empty"],
)
def test_no_folder_of_photos(tmp_path: Path, make: object, message: str) -> None:
    make(tmp_path / "photos")  # type: ignore[operator]
    with pytest.raises(DataError, match=message):
        PhotoFolder(str(tmp_path / "photos"), 64).list_keys()


def test_an_unreadable_photo(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"GIF89a")
    with pytest.raises(BadImageError, match=rf"^{tmp_path}/bad.png is not a PNG.*data.on_bad_image=skip"):
        PhotoFolder(str(tmp_path), 64).read("bad.png")


def test_a_photo_that_vanished(tmp_path: Path) -> None:
    photos = PhotoFolder(str(tmp_path), 64)
    with pytest.raises(UnreadableImageError, match=r"gone.png cannot be read \(No such file .*restore it"):
        photos.read("gone.png")
    assert photos.hash_files(["gone.png"]) == photos.hash_files(["gone.png"])


def test_a_tiny_photo(tmp_path: Path) -> None:
    write(tmp_path / "tiny.png", draw_photos(1, 63, 90)[0])
    with pytest.raises(BadImageError, match=r"90 x 63 px, but data.image_px=64: lower data.image_px, remove"):
        PhotoFolder(str(tmp_path), 64).read("tiny.png")


def test_a_huge_photo(tmp_path: Path) -> None:
    write(tmp_path / "huge.png", draw_photos(1, 90, 90)[0])
    with pytest.raises(BadImageError, match="raise that limit"):
        PhotoFolder(str(tmp_path), 64, max_megapixels=0.005).read("huge.png")


def test_a_photo_is_rgb_in_its_own_size(tmp_path: Path) -> None:
    photo = draw_photos(1, 80, 90)[0]
    write(tmp_path / "photo.png", photo[:, :, ::-1])
    np.testing.assert_array_equal(PhotoFolder(str(tmp_path), 64).read("photo.png"), photo)


def test_copies_are_files_that_are_equal_to_the_last_byte(tmp_path: Path) -> None:
    start = bytes(10_000)
    contents = {"a": start + b"1", "b": start + b"2", "c": start + b"1", "d": start, "e": b"x", "f": b"x", "g": b"x"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    assert PhotoFolder(str(tmp_path), 64).find_copies([*contents, "gone"]) == {"c", "f", "g"}


def test_what_cannot_be_used_is_passed_over_unless_it_is_all(tmp_path: Path) -> None:
    write_photos(tmp_path, 2)
    write(tmp_path / "tiny.png", draw_photos(1, 20, 20)[0])
    photos = PhotoFolder(str(tmp_path), 64)
    assert len(list(photos.read_usable(photos.list_keys()))) == 2
    with pytest.raises(
        DataError, match=r"none of 1 photos below paths.data can be used; the first error: .*20 x 20 px"
    ):
        list(photos.read_usable(["tiny.png"]))
