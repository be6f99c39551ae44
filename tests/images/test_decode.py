"""OpenCV's decoding compared with Pillow's, and faulty files of every kind that users meet."""

import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from fakeid.errors import BadImageError
from fakeid.images.decode import decode_image


def photo(height: int = 60, width: int = 80) -> Image.Image:
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def encoded(image: Image.Image, fmt: str, **options: object) -> bytes:
    stream = BytesIO()
    image.save(stream, fmt, **options)
    return stream.getvalue()


def with_pillow(data: bytes) -> np.ndarray:
    return np.array(Image.open(BytesIO(data)).convert("RGB"))


FILES = {
    "jpeg": encoded(photo(), "JPEG", quality=90),
    "progressive": encoded(photo(), "JPEG", progressive=True),
    "png": encoded(photo(), "PNG"),
    "webp": encoded(photo(), "WEBP"),
    "webp_lossless": encoded(photo(), "WEBP", lossless=True),
    "bmp": encoded(photo(), "BMP"),
    "tiff": encoded(photo(), "TIFF"),
    "tiff_lzw": encoded(photo(), "TIFF", compression="tiff_lzw"),
    "tiff_big_endian": encoded(photo().convert("I").convert("I;16B"), "TIFF"),
}


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "tiff_big_endian"])
def test_every_format_is_what_pillow_reads(kind: str) -> None:
    rgb = decode_image(FILES[kind], kind)
    assert rgb.dtype == np.uint8
    assert rgb.flags.c_contiguous
    np.testing.assert_array_equal(rgb, with_pillow(FILES[kind]))


@pytest.mark.parametrize(
    ("fmt", "mode"),
    [(fmt, mode) for fmt in ("PNG", "TIFF", "BMP") for mode in ("L", "P", "1")]
    + [("PNG", "LA"), ("JPEG", "L"), ("WEBP", "L")],
)
def test_gray_palette_and_bilevel_become_rgb(fmt: str, mode: str) -> None:
    data = encoded(photo().convert(mode), fmt)
    np.testing.assert_array_equal(decode_image(data, "x"), with_pillow(data))


@pytest.mark.parametrize("fmt", ["PNG", "WEBP", "BMP"])
def test_alpha_is_dropped_and_the_stored_color_kept(fmt: str) -> None:
    image = photo().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    options = {"lossless": True, "exact": True} if fmt == "WEBP" else {}
    np.testing.assert_array_equal(decode_image(encoded(image, fmt, **options), "x"), np.array(photo()))


def test_opaque_tiff_with_alpha_keeps_its_color() -> None:
    np.testing.assert_array_equal(decode_image(encoded(photo().convert("RGBA"), "TIFF"), "x"), np.array(photo()))


@pytest.mark.parametrize("extension", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_of_16_bits_the_upper_8_stay(extension: str, channels: int) -> None:
    values = np.random.default_rng(1).integers(0, 65536, (20, 30, channels), dtype=np.uint16)
    data = cv2.imencode(extension, values)[1].tobytes()
    expected = np.broadcast_to(values[..., ::-1] >> 8, (20, 30, 3)).astype(int)
    # libtiff rounds, libpng truncates
    assert np.abs(decode_image(data, "x") - expected).max() <= (extension == ".tif")


def test_cmyk_jpeg() -> None:
    data = encoded(photo().convert("CMYK"), "JPEG", quality=95)
    assert np.abs(decode_image(data, "x").astype(int) - with_pillow(data)).max() <= 1


@pytest.mark.parametrize("fmt", ["JPEG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honored(fmt: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    data = encoded(photo(), fmt, exif=exif)
    stored = Image.fromarray(with_pillow(encoded(photo(), fmt)))
    stored.getexif()[0x112] = orientation
    upright = ImageOps.exif_transpose(stored)
    np.testing.assert_array_equal(decode_image(data, "x"), np.array(upright))


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("keep", [0.02, 0.3, 0.7, 0.95, -1, -2, -8])
def test_cut_short_files_are_noticed_without_a_word_on_the_terminal(
    kind: str, keep: float, capfd: pytest.CaptureFixture[str]
) -> None:
    data = FILES[kind]
    cut = data[: int(len(data) * keep)] if keep > 0 else data[: int(keep)]
    with pytest.raises(BadImageError, match=r"^dir/a\.img .*cut short.*on_bad_image=skip"):
        decode_image(cut, "dir/a.img")
    assert capfd.readouterr().err == ""


def test_cut_short_jpeg_with_a_whole_preview_is_noticed() -> None:
    preview = encoded(photo(12, 16), "JPEG")
    exif = b"Exif\0\0" + preview  # looks like real EXIF to any parser that skips it
    whole = encoded(photo(), "JPEG")
    data = whole[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + whole[2:]
    np.testing.assert_array_equal(decode_image(data, "x"), with_pillow(whole))
    with pytest.raises(BadImageError, match="cut short"):
        decode_image(data[:-300], "x")


@pytest.mark.parametrize("kind", ["jpeg", "progressive", "png", "webp", "bmp", "tiff"])
def test_bytes_behind_the_end_do_no_harm(kind: str) -> None:
    video = np.random.default_rng(2).bytes(50_000)
    np.testing.assert_array_equal(decode_image(FILES[kind] + video, "x"), with_pillow(FILES[kind]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"empty \(0 bytes\)"),
        (b"<html>404</html>", "not a PNG, JPEG, WebP, BMP or TIFF"),
        (encoded(photo(), "GIF"), "not a PNG, JPEG, WebP, BMP or TIFF"),
        (b"RIFF\x04\0\0\0WAVE", "header is unreadable"),
        (b"\x89PNG", "header is unreadable"),
        (encoded(photo().convert("F"), "TIFF"), "floating-point TIFF"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, message: str) -> None:
    with pytest.raises(BadImageError, match=f"^a.png .*{message}"):
        decode_image(data, "a.png")


def header_only_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_200_megapixels_are_refused_from_the_header() -> None:
    # The file has no pixels, so the message must come from its header.
    with pytest.raises(BadImageError, match=r"^huge has 20000 x 10000 = 200\.0 megapixels.*data\.max_megapixels=100"):
        decode_image(header_only_png(20_000, 10_000), "huge")


def test_the_limit_can_be_raised_and_lowered() -> None:
    with pytest.raises(BadImageError, match="cut short, damaged"):  # within the limit; fails at the missing pixels
        decode_image(header_only_png(20_000, 10_000), "x", max_pixels=200_000_000)
    assert decode_image(FILES["png"], "x", max_pixels=60 * 80).shape == (60, 80, 3)
    with pytest.raises(BadImageError, match="max_megapixels"):
        decode_image(FILES["png"], "x", max_pixels=60 * 80 - 1)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(sorted(FILES)),
    where=st.floats(0, 1, exclude_max=True),
    damage=st.binary(min_size=1, max_size=8),
)
def test_damage_gives_an_image_or_our_error_and_nothing_else(kind: str, where: float, damage: bytes) -> None:
    data = bytearray(FILES[kind])
    start = int(where**3 * len(data))  # more often in the header
    data[start : start + len(damage)] = damage
    try:
        rgb = decode_image(bytes(data), "x", max_pixels=1_000_000)
    except BadImageError:
        return
    assert rgb.ndim == 3
    assert rgb.shape[2] == 3
