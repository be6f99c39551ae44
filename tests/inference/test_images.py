"""Which files are judged, in which order, and how unusable ones are reported."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from fakeid.errors import DataError
from fakeid.inference.images import check_places, list_images, load_image, write_path

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def plant(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", PIXELS[..., ::-1])[1].tobytes())
    return path


def test_folders_are_walked_in_order_files_taken_as_they_are(tmp_path: Path) -> None:
    names = ["a/b/2.PNG", "a/1.jpg", "b.webp", "c.txt", ".hidden/x.png", "a/.y.png"]
    for name in names:
        plant(tmp_path / name)
    found = [str(path.relative_to(tmp_path)) for path in list_images([str(tmp_path)])]
    assert found == ["a/1.jpg", "a/b/2.PNG", "b.webp"]
    assert list(list_images([str(tmp_path / "c.txt")])) == [tmp_path / "c.txt"]


def test_overlapping_places_give_each_image_once(tmp_path: Path) -> None:
    first, second = plant(tmp_path / "1.png"), plant(tmp_path / "a" / "2.png")
    places = [str(second), str(tmp_path), str(tmp_path / "**" / "*.png")]
    assert list(list_images(places)) == [second, first]
    assert list(list_images([str(tmp_path / "**" / "*.png")])) == [first, second]


def test_one_folder_spelled_in_two_ways_gives_each_image_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path / "a" / "1.png")
    monkeypatch.chdir(tmp_path)
    assert list(list_images(["a", "./a", str(tmp_path / "a")])) == [Path("a/1.png")]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    plant(tmp_path / "photos" / "1.png")
    plant(tmp_path / "others" / "2.png")
    (tmp_path / "photos" / "back").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "others").symlink_to(tmp_path / "others")
    (tmp_path / "photos" / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "photos" / "self").symlink_to("self")
    found = [path.name for path in list_images([str(tmp_path / "photos")])]
    assert found == ["1.png", "gone.png", "2.png"]


def test_places_that_are_not_there_are_told_at_once(tmp_path: Path) -> None:
    check_places([str(tmp_path)])
    with pytest.raises(DataError, match="there is no file or folder '.*photoss'"):
        check_places([str(tmp_path), str(tmp_path / "photoss")])
    with pytest.raises(DataError, match="nothing matches"):
        check_places([str(tmp_path / "*.png")])


def test_a_name_with_magic_in_it_is_a_name(tmp_path: Path) -> None:
    odd = plant(tmp_path / "a[1]*.png")
    check_places([str(odd)])
    assert list(list_images([str(odd)])) == [odd]


def test_pixels_and_header_are_read(tmp_path: Path) -> None:
    loaded = load_image(plant(tmp_path / "1.png"), 100)
    np.testing.assert_array_equal(loaded.rgb_u8, PIXELS)
    assert loaded.facts
    assert (loaded.facts.container, loaded.error) == ("PNG", "")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "x.png is empty"),
        (b"hello", "x.png is not a PNG, JPEG, WebP, BMP or TIFF image"),
        (cv2.imencode(".png", PIXELS)[1].tobytes()[:-30], "x.png is cut short"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 40, "header is unreadable"),
    ],
)
def test_bad_files_are_told_without_the_ways_out_of_a_training(tmp_path: Path, content: bytes, error: str) -> None:
    (tmp_path / "x.png").write_bytes(content)
    told = load_image(tmp_path / "x.png", 100).error
    assert error in told
    assert "data." not in told


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    plant(tmp_path / "1.png")
    told = "1.png has 30 x 20 = 0.0 megapixels, more than --max-megapixels=0.0001"
    assert load_image(tmp_path / "1.png", 0.0001).error == told


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")  # opening it would block forever
    assert load_image(tmp_path / "pipe.png", 100).error == "pipe.png is not a file"
    assert load_image(tmp_path, 100).error == f"{tmp_path.name} is not a file but a folder"
    assert "No such file" in load_image(tmp_path / "gone.png", 100).error


def test_a_file_that_is_too_large_for_any_image_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "x.png").open("wb") as file:
        file.truncate(20_000_000)
    assert "has more than 16 MB" in load_image(tmp_path / "x.png", 0.01).error


def test_names_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    try:
        path.write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes text only")
    assert write_path(path).endswith("/\\xff.png")
    loaded = load_image(path, 100)
    assert loaded.path.endswith("/\\xff.png")
    loaded.error.encode()
