"""Images in zip and tar files: read in place, or refused."""

import io
import os
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from genuine_trees import draw_texture, encode, write_archive

from fakeid.config.constants import FAKE
from fakeid.data.sources import archive as archive_module
from fakeid.data.sources.archive import open_archive
from fakeid.errors import BadImageError, DataError, OutputError, UnreadableImageError

FORMS = ("zip", "tar")


def draw_files(num: int, folder: str = "cat/") -> dict[str, bytes]:
    return {f"{folder}{n:04d}.png": encode(draw_texture("cat", FAKE, n, (16, 16)), ".png") for n in range(num)}


def message(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        open_archive(path, None)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("remembered", [False, True])
def test_every_image_comes_back(tmp_path: Path, form: str, remembered: bool) -> None:
    files = draw_files(30)
    files |= {
        f"cat/{'long' * 40}.JPG": b"a name beyond the 100 characters of old tars",
        "cat/ä€.png": b"",
        "b.webp": b"x",
    }
    path = write_archive(tmp_path / f"a.{form}", files)
    archive = open_archive(path, tmp_path / "cache" if remembered else None)
    assert list(archive.names()) == sorted(files, key=str.encode)
    assert dict(archive.sizes()) == {name: len(data) for name, data in files.items()}
    assert {name: archive.read(name) for name in archive.names()} == files
    assert archive.folders() == {"cat", ""}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_visible_image_is_passed_over(tmp_path: Path, form: str) -> None:
    seen = {"./a.png": b"1", "x//b.png": b"2"}
    hidden = [".hidden.png", "__MACOSX/a.png", "x/.git/c.png", "notes.txt", "x/data.mdb", "png"]
    path = write_archive(tmp_path / f"a.{form}", seen | dict.fromkeys(hidden, b""))
    archive = open_archive(path, None)
    assert {name: archive.read(name) for name in archive.names()} == {"a.png": b"1", "x/b.png": b"2"}


def write_special(path: Path, name: str, kind: bytes) -> Path:
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    return path


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_images_that_are_links_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = write_special(tmp_path / "a.tar", "cat/l.png", kind)
    assert message(path) == (
        f"{path}/cat/l.png is a link, which cannot be read in place: unpack a.tar and read the folder"
    )


@pytest.mark.parametrize(("name", "kind"), [("d.png", tarfile.CHRTYPE), ("latest", tarfile.SYMTYPE)])
def test_devices_and_other_links_in_a_tar_are_passed_over(tmp_path: Path, name: str, kind: bytes) -> None:
    assert list(open_archive(write_special(tmp_path / "a.tar", name, kind), None).names()) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("form", FORMS)
def test_of_one_name_the_last_member_counts(tmp_path: Path, form: str) -> None:
    path = write_archive(tmp_path / f"a.{form}", {"a.png": b"old", "./a.png": b"new"})
    assert open_archive(path, None).read("a.png") == b"new"


@pytest.mark.parametrize("form", FORMS)
def test_the_members_are_listed_once_and_remembered(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, cache = write_archive(tmp_path / f"a.{form}", files := draw_files(5)), tmp_path / "cache"
    list(open_archive(path, cache).names())
    listing = next(cache.iterdir())
    assert [entry.suffix for entry in cache.iterdir()] == [".npy"]
    archive_module._open.cache_clear()  # as a new process would
    with monkeypatch.context() as patch:
        patch.setattr(archive_module, "_list", lambda _: pytest.fail("listed again"))
        assert open_archive(path, cache).read("cat/0003.png") == files["cat/0003.png"]
    for damage in (b"", listing.read_bytes()[:200], b"no array"):
        listing.write_bytes(damage)
        archive_module._open.cache_clear()
        assert list(open_archive(path, cache).names()) == list(files)
    write_archive(path, files := draw_files(7))
    os.utime(path, ns=(0, 1))
    assert list(open_archive(path, cache).names()) == list(files)


def test_listings_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(OutputError, match=r"paths\.cache=DIR"):
        open_archive(write_archive(tmp_path / "a.zip", draw_files(1)), tmp_path / "cache")


def test_an_archive_without_images(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.zip", {"cat/data.mdb": b"x"})
    for _ in range(2):
        assert list(open_archive(path, tmp_path / "cache").names()) == []
        archive_module._open.cache_clear()


UNSAFE = [
    "/etc/x.png",
    "../x.png",
    "a/../../x.png",
    "C:x.png",
    "c:/x.png",
    "a\\x.png",
    "a\nb.png",
    "a\x7f.png",
    "x\x00.png",
]


@pytest.mark.parametrize(
    ("form", "name"),
    # A tar's names end at the NUL.
    [(form, name) for form in FORMS for name in UNSAFE if not (form == "tar" and "\x00" in name)],
)
def test_unsafe_names_are_refused(tmp_path: Path, form: str, name: str) -> None:
    path = write_archive(tmp_path / f"a.{form}", draw_files(2) | {name.replace("\x00", "0"): b"x"})
    if "\x00" in name:
        path.write_bytes(path.read_bytes().replace(b"x0.png", b"x\x00.png"))
    text = message(path)
    assert text.startswith(f"{path} has a member with the unsafe name {name!r}")


def test_names_that_only_look_unsafe(tmp_path: Path) -> None:
    names = ["a..b.png", "..a/x.png", "ab:c.png", "a b.png", "a…b.png"]
    hidden = {"..a/x.png"}
    archive = open_archive(write_archive(tmp_path / "a.zip", dict.fromkeys(names, b"x")), None)
    assert set(archive.names()) == {*names} - hidden


def test_an_absurdly_long_name(tmp_path: Path) -> None:
    assert "unsafe name" in message(write_archive(tmp_path / "a.zip", {f"{'x' * 2000}.png": b""}))


def patch_central(path: Path, offset: int, value: bytes) -> Path:
    """Overwrite bytes in the last member's entry of the central directory."""
    data = bytearray(path.read_bytes())
    start = data.rindex(b"PK\x01\x02") + offset
    data[start : start + len(value)] = value
    path.write_bytes(data)
    return path


def test_encrypted_members(tmp_path: Path) -> None:
    path = patch_central(write_archive(tmp_path / "a.zip", draw_files(2)), 8, b"\x01\x00")
    assert message(path).startswith(f"{path}/cat/0001.png is encrypted: unpack")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, 93])
def test_other_compressions(tmp_path: Path, method: int) -> None:
    path = patch_central(write_archive(tmp_path / "a.zip", draw_files(2)), 10, method.to_bytes(2, "little"))
    assert message(path).startswith(f"{path}/cat/0001.png is compressed with method {method}, and only")


def test_absurd_declared_sizes(tmp_path: Path) -> None:
    size = 200_000_001
    path = patch_central(write_archive(tmp_path / "a.zip", draw_files(2)), 24, size.to_bytes(4, "little"))
    assert f"to {size:,} bytes, more than 200,000,000 or 1000 times as many" in message(path)


def test_a_member_that_inflates_too_far(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(50_000_000))
    assert "to 50,000,000 bytes, more than" in message(tmp_path / "a.zip")


def test_a_member_that_inflates_beyond_its_declared_size(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(100_000_000))
    patch_central(tmp_path / "a.zip", 24, (1000).to_bytes(4, "little"))
    archive = open_archive(tmp_path / "a.zip", None)
    tracemalloc.start()
    try:
        with pytest.raises(BadImageError, match="is damaged"):
            archive.read("a.png")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_cut_short_anywhere(tmp_path: Path, form: str) -> None:
    path = write_archive(tmp_path / f"a.{form}", draw_files(6))
    data = path.read_bytes()
    with tarfile.open(path) if form == "tar" else zipfile.ZipFile(path) as archive:
        end = archive.getmembers()[-1].offset_data + 512 if form == "tar" else len(data)
    cuts = {0, 1, 511, 512, 700, len(data) // 2 // 512 * 512, len(data) // 2, end - 512, end - 1}
    for num_bytes in sorted(cuts):
        path.write_bytes(data[:num_bytes])
        assert message(path).startswith(f"{path} is cut short, damaged, or not a {form} archive (")


@pytest.mark.parametrize("form", FORMS)
def test_other_files_under_the_name_of_an_archive(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"
    path.write_bytes(np.random.default_rng(0).bytes(20_000))
    assert f"not a {form} archive" in message(path)
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a.png"), io.BytesIO(b""))
    assert f"not a {form} archive" in message(path)
    path.unlink()
    assert message(path) == f"{path} cannot be read (No such file or directory): restore it"


def test_a_damaged_header_inside_a_tar(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.tar", draw_files(6))
    with tarfile.open(path) as tar:
        place = tar.getmembers()[3].offset
    data = bytearray(path.read_bytes())
    data[place + 10] ^= 1
    path.write_bytes(data)
    assert "no end mark after the last readable member" in message(path)


def damaged(path: Path, name: str, change: Callable[[bytearray, int], None]) -> bytes:
    """Apply a change at the position of a member's data, then read it."""
    archive = open_archive(path, None)
    data = bytearray(path.read_bytes())
    change(data, data.index(b"\x89PNG"))
    path.write_bytes(data)
    return archive.read(name)


def flip(data: bytearray, place: int) -> None:
    data[place + 60] ^= 1


def cut_in_place(data: bytearray, place: int) -> None:
    del data[place + 100 :]


@pytest.mark.parametrize(("form", "change"), [("zip", flip), ("zip", cut_in_place), ("tar", cut_in_place)])
def test_members_that_change_behind_our_back(
    tmp_path: Path, form: str, change: Callable[[bytearray, int], None]
) -> None:
    path = write_archive(tmp_path / f"a.{form}", draw_files(1))
    with pytest.raises(BadImageError, match=rf"^{path}/cat/0000\.png is damaged.* copy or download a\.{form} again$"):
        damaged(path, "cat/0000.png", change)


def test_a_member_that_is_not_there(tmp_path: Path) -> None:
    archive = open_archive(write_archive(tmp_path / "a.zip", draw_files(3)), None)
    for name in ("a.png", "cat/0001.pn", "cat/0001.png2", "z" * 300):
        with pytest.raises(UnreadableImageError, match=f"{name} is no longer in the archive"):
            archive.read(name)


@pytest.mark.parametrize("form", FORMS)
def test_random_damage_never_ends_in_a_traceback(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(1)
    path = write_archive(tmp_path / f"a.{form}", files := draw_files(3))
    whole = path.read_bytes()
    survived, messages = 0, []
    for _ in range(400):
        data = bytearray(whole)
        start = len(data) - 300 if form == "zip" and rng.random() < 0.7 else 0  # the central directory
        for place in rng.integers(start, len(data), 3):
            data[place] = rng.integers(256)
        path.write_bytes(data)
        archive_module._open.cache_clear()
        try:
            archive = open_archive(path, None)
            for name in archive.names():
                read = archive.read(name)
                assert form == "tar" or read in files.values()  # a tar has no checksums of its contents
                survived += 1
        except DataError as error:
            messages.append(str(error))
    assert survived > 20 < len(messages)
    assert not [text for text in messages if "\n" in text]
