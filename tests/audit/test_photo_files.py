"""Warnings about photos that a generator made or that one program compressed."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fakeid.audit.photos import find_generator_mark, list_photo_warnings

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def write(kind: str, **options: object) -> bytes:
    stream = BytesIO()
    Image.fromarray(PIXELS).save(stream, kind, **options)
    return stream.getvalue()


def write_png(key: str, text: str) -> bytes:
    info = PngInfo()
    info.add_text(key, text)
    return write("PNG", pnginfo=info)


def write_with_software(name: str) -> bytes:
    exif = Image.Exif()
    exif[305] = name
    return write("JPEG", exif=exif)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (write_png("parameters", "a red horse\nSteps: 20, Sampler: Euler"), "Stable Diffusion web UI"),
        (write_png("workflow", "{}"), "ComfyUI"),
        (write_png("invokeai_metadata", "{}"), "InvokeAI"),
        (write_with_software("Adobe Firefly 2.0"), "name of a generator"),
        (write("JPEG", comment="DALL·E 3".encode()), "name of a generator"),
        (write("JPEG", comment=IPTC.encode()), "trainedAlgorithmicMedia"),
        (write("PNG") + b" " * (1 << 20) + IPTC.encode(), "trainedAlgorithmicMedia"),
    ],
)
def test_what_generators_write_into_files_is_found(data: bytes, said: str) -> None:
    assert said in str(find_generator_mark(data))
    (warning,) = list_photo_warnings([("a.png", write("PNG")), ("trip/b.png", data)])
    assert warning.startswith("1 of 2 inspected photos")
    assert "trip/b.png" in warning
    assert said in warning


@pytest.mark.parametrize(
    "data",
    [
        write("PNG"),
        write("JPEG", quality=95),
        write("WEBP"),
        write_with_software("Adobe Photoshop 25.0"),
        write_with_software("Canon EOS R5"),
        write_png("Comment", "parameters of the flight: imagen_12, a dalle of marble"),
    ],
)
def test_what_cameras_and_editors_write_is_not_taken_for_it(data: bytes) -> None:
    assert find_generator_mark(data) is None


def number(files: list[bytes]) -> list[tuple[str, bytes]]:
    return [(f"{at}.jpg", data) for at, data in enumerate(files)]


def test_photos_of_one_program_are_told_from_photos_of_several() -> None:
    same = [write("JPEG", quality=75)] * 19
    (warning,) = list_photo_warnings(number([*same, write("JPEG", quality=76)]))
    assert "nearly all of 20 inspected photos are JPEG of quality 75" in warning
    (warning,) = list_photo_warnings(number([write("WEBP")] * 20))
    assert "are WebP" in warning
    assert list_photo_warnings(number(same)) == []  # too few to tell
    assert list_photo_warnings(number([write("JPEG", quality=60 + 2 * at) for at in range(20)])) == []
    assert list_photo_warnings(number([*same[:10], *[write("PNG")] * 10])) == []
    assert list_photo_warnings(number([write("PNG")] * 20)) == []  # PNG says nothing about earlier compression


def test_unreadable_photos_are_passed_over() -> None:
    assert list_photo_warnings([("empty.png", b""), ("text.png", b"hello"), ("good.png", write("PNG"))]) == []
