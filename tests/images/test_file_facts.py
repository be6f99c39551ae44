from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from fakeid.errors import BadImageError
from fakeid.images.file_facts import FileFacts, read_file_facts

PIXELS = cv2.resize(np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8), (80, 60))


def write(kind: str, **options: object) -> bytes:
    stream = BytesIO()
    Image.fromarray(PIXELS).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("quality", [1, 10, 50, 75, 85, 90, 95, 99])
def test_the_quality_is_the_one_that_opencv_wrote(quality: int) -> None:
    data = cv2.imencode(".jpg", PIXELS, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    facts = read_file_facts(data)
    assert facts == FileFacts("JPEG", 80, 60, len(data), quality, "4:2:0", has_exif=False)
    assert facts.bytes_per_pixel == len(data) / 4800


def test_tables_of_another_encoder_give_the_nearest_quality() -> None:
    # The luma table of annex K of the standard, which libjpeg uses at quality 50, here 10 % coarser.
    first_row = [16, 11, 10, 16, 24, 40, 51, 61]
    table = read_quantization(write("JPEG", quality=50))
    assert table[:8] == first_row
    coarser = [round(1.1 * step) for step in table]
    assert 43 <= (read_file_facts(write("JPEG", qtables=[coarser, coarser])).jpeg_quality or 0) <= 48


def read_quantization(data: bytes) -> list[int]:
    return list(Image.open(BytesIO(data)).quantization[0])


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_the_subsampling_is_the_one_that_pillow_wrote(subsampling: str) -> None:
    assert read_file_facts(write("JPEG", subsampling=subsampling)).subsampling == subsampling


@pytest.mark.parametrize(("factor", "name"), [(0x411111, "4:1:1"), (0x121111, "4:4:0")])
def test_rarer_subsampling_has_its_name(factor: int, name: str) -> None:
    options = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
    assert read_file_facts(cv2.imencode(".jpg", PIXELS, options)[1].tobytes()).subsampling == name


def test_gray_and_cmyk_files_are_read() -> None:
    gray = cv2.imencode(".jpg", PIXELS[..., 0])[1].tobytes()
    assert read_file_facts(gray).subsampling == "gray"
    stream = BytesIO()
    Image.new("CMYK", (40, 30)).save(stream, "JPEG", quality=80)
    assert read_file_facts(stream.getvalue()).jpeg_quality == 80


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF"])
def test_other_containers_have_no_quality(kind: str) -> None:
    data = write(kind)
    assert read_file_facts(data) == FileFacts(kind, 80, 60, len(data), None, None, has_exif=False)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_is_noticed(kind: str) -> None:
    exif = Image.Exif()
    exif[0x8769] = {0x9003: "2026:01:01 00:00:00"}
    assert read_file_facts(write(kind, exif=exif.tobytes())).has_exif


def test_pixels_are_not_needed() -> None:
    data = write("JPEG", quality=90)
    start_of_scan = data.index(b"\xff\xda")
    cut = read_file_facts(data[: start_of_scan + 100])
    assert (cut.width, cut.jpeg_quality, cut.subsampling) == (80, 90, "4:2:0")


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(BadImageError, match="a.jpg"):
        read_file_facts(data, "a.jpg")
