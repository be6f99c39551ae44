"""What the header of an image file tells about its history, before any pixel is decoded."""

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

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_SUBSAMPLING: Final = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
}
"""By how many times fewer chroma samples there are in a row and in a column."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file tells before any pixel is decoded.

    Attributes:
        container: `JPEG`, `PNG`, `WEBP`, `BMP` or `TIFF`.
        width: Pixels as stored, before any rotation that EXIF asks for.
        height: Pixels as stored.
        num_bytes: Size of the file.
        jpeg_quality: In [1, 100], the quality at which libjpeg's quantization tables are nearest; None unless JPEG.
        subsampling: Of the chroma, such as `4:2:0`; `gray` without chroma; None unless JPEG.
        has_exif: Whether there is an EXIF block.
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
        """Size of the whole file for each pixel."""
        return self.num_bytes / (self.width * self.height)


@dataclass(frozen=True)
class TrainedFiles:
    """How the training images were stored, as far as an audit has looked at them.

    Attributes:
        jpeg_quality: Lowest and highest of those that are or were JPEG; None where none was.
        lossless: Whether some never were JPEG or WebP.
        resampling: Mean and standard deviation among reals of `fakeid.images.resampling.measure_resampling`.
    """

    jpeg_quality: tuple[int, int] | None
    lossless: bool
    resampling: tuple[float, float] | None


def read_file_facts(data: bytes, name: str = "an image") -> FileFacts:
    """Read a file's header.

    Args:
        data: The whole file.
        name: What to call the file in errors.

    Raises:
        BadImageError: An empty, foreign or damaged file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow finds odd in metadata is of no concern here
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
    """Tell whether a PNG has its EXIF behind the pixels, where Pillow's header stops."""
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
    # Encoders that are not libjpeg share its luma table more often than its chroma table.
    distances = np.abs(_luma_tables() - np.asarray(tables[0])).sum(axis=1)  # (100,)
    return 1 + int(np.argmin(distances))


@lru_cache(maxsize=1)
def _luma_tables() -> npt.NDArray[np.int64]:
    """Read the luma divisors that libjpeg writes at qualities 1 to 100, (100, 64)."""
    tables = []
    for quality in range(1, 101):
        stream = BytesIO()
        Image.new("L", (8, 8)).save(stream, "JPEG", quality=quality)
        header = read_header(stream.getvalue(), "a JPEG file")
        tables.append(header.quantization[0])  # type: ignore[attr-defined]
    return np.array(tables)
