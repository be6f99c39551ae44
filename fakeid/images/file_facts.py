"""Read what the header of an image file says about its history, without decoding a pixel."""

import struct
import warnings
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, JpegImagePlugin
from PIL.ExifTags import IFD
from PIL.ImageFile import ImageFile

from fakeid.images.decode import read_header

LOSSY: Final = ("JPEG", "WEBP")
"""Containers whose pixels are usually compressed with loss."""

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_SUBSAMPLING: Final = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
}
"""Names of chroma subsampling, by its factors along a row and along a column."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Facts about one file, known before any pixel is decoded.

    Attributes:
        container: Format of the file: `JPEG`, `PNG`, `WEBP`, `BMP` or `TIFF`.
        width: Stored width in pixels, before any EXIF rotation.
        height: Stored height in pixels, before any EXIF rotation.
        num_bytes: Size of the file in bytes.
        jpeg_quality: Quality in [1, 100] whose libjpeg quantization table is nearest; None unless JPEG.
        subsampling: Chroma subsampling, such as `4:2:0`; `gray` without chroma; None unless JPEG.
        has_exif: Whether the file has an EXIF block.
    """

    container: str
    width: int
    height: int
    num_bytes: int
    jpeg_quality: int | None
    subsampling: str | None
    has_exif: bool

    @property
    def bytes_per_pixel(self) -> float:
        """Size of the whole file in bytes, divided by the number of pixels."""
        return self.num_bytes / (self.width * self.height)


@dataclass(frozen=True)
class TrainedFiles:
    """How the training images were stored, as far as the audit looked at them.

    Attributes:
        jpeg_quality: Lowest and highest quality of the images that are or were JPEG; None if there are none.
        lossless: Whether some images never were JPEG or WebP.
        resampling: Mean and standard deviation of `fakeid.images.resampling.measure_resampling` among the reals.
        webp: Whether some images are WebP.
    """

    jpeg_quality: tuple[int, int] | None
    lossless: bool
    resampling: tuple[float, float] | None
    webp: bool = False


def read_file_facts(data: bytes, name: str = "an image") -> FileFacts:
    """Read the facts in the header of a file.

    Args:
        data: Content of the file.
        name: Name of the file in errors.

    Raises:
        BadImageError: The file is empty, damaged or in another format.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's complaints about metadata do not matter here
        header = read_header(data, name)
    is_jpeg = isinstance(header, JpegImagePlugin.JpegImageFile)
    return FileFacts(
        container=str(header.format),
        width=header.width,
        height=header.height,
        num_bytes=len(data),
        jpeg_quality=_estimate_quality(header) if is_jpeg else None,
        subsampling=_name_subsampling(header) if is_jpeg else None,
        has_exif="exif" in header.info or IFD.Exif in getattr(header, "tag_v2", {}) or _has_late_exif(header, data),
    )


def _has_late_exif(header: ImageFile, data: bytes) -> bool:
    """Tell whether a PNG has EXIF data after the pixels, where Pillow does not look when it reads the header."""
    start = len(_PNG_SIGNATURE)
    while header.format == "PNG" and start + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, start)
        if kind == b"eXIf":
            return True
        start += length + 12  # length, kind, content and checksum
    return False


def _name_subsampling(header: ImageFile) -> str:
    layers = header.layer  # type: ignore[attr-defined]  # (id, samples in a row, in a column, table) of each component
    if len(layers) < 3:
        return "gray"
    (_, luma_row, luma_column, _), (_, chroma_row, chroma_column, _) = layers[:2]
    return _SUBSAMPLING.get((luma_row // chroma_row, luma_column // chroma_column), "other")


def _estimate_quality(header: ImageFile) -> int | None:
    tables = header.quantization  # type: ignore[attr-defined]  # number → 64 divisors
    if 0 not in tables:
        return None
    # Other encoders share libjpeg's luma table more often than its chroma table.
    distances = np.abs(_luma_tables() - np.asarray(tables[0])).sum(axis=1)  # (100,)
    return 1 + int(np.argmin(distances))


@lru_cache(maxsize=1)
def _luma_tables() -> npt.NDArray[np.int64]:
    """Read the luma quantization divisors that libjpeg writes at qualities 1 to 100, int64 (100, 64)."""
    tables = []
    for quality in range(1, 101):
        stream = BytesIO()
        Image.new("L", (8, 8)).save(stream, "JPEG", quality=quality)
        header = read_header(stream.getvalue(), "a JPEG file")
        tables.append(header.quantization[0])  # type: ignore[attr-defined]
    return np.array(tables)
