"""The bytes of an image file → RGB, or one sentence about what is wrong with the file.

Pillow's format classes read the header, without a pixel, so that an absurd size costs nothing; OpenCV decodes,
faster than Pillow.
"""

from io import BytesIO
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import BmpImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from fakeid.errors import BadImageError

# The classes themselves and not Image.open, whose process-wide limit warns from 89 megapixels on and raises from 179.
_HEADER_READERS: Final[dict[bytes, type[ImageFile.ImageFile]]] = {
    b"\x89PNG": PngImagePlugin.PngImageFile,
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
    b"RIFF": WebPImagePlugin.WebPImageFile,
    b"BM": BmpImagePlugin.BmpImageFile,
    b"II*\0": TiffImagePlugin.TiffImageFile,
    b"MM\0*": TiffImagePlugin.TiffImageFile,
}

# OpenCV before 5 fills the missing part of a JPEG with gray and calls it a success; the other decoders refuse by
# themselves, but a missing PNG end makes libpng write to the terminal. Inside a scan a JPEG's 0xFF is always followed
# by 0 or a restart marker, so these bytes can only be the end, whatever a camera appends behind it.
_END_MARKERS: Final = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}

_WAY_OUT: Final = "replace or remove it, or set data.on_bad_image=skip"

# What OpenCV logs about a bad file is raised here, once and with the file's name. OpenCV 4 has no `utils.logging`.
getattr(cv2.utils, "logging", cv2).setLogLevel(0)


def decode_image(data: bytes, name: str, *, max_pixels: int = 100_000_000) -> npt.NDArray[np.uint8]:
    """Decode a PNG, JPEG, WebP, BMP or TIFF file.

    Gray is repeated to three channels, palettes and CMYK are converted. Alpha is dropped: the stored color counts,
    also where it is transparent (in TIFF, libtiff has multiplied it by alpha). Of 16 bits the upper 8 stay. The
    orientation of EXIF is honored, as every viewer does; color profiles are not. Of several frames or pages the first.

    Args:
        data: The whole file.
        name: What to call the file in errors.
        max_pixels: More than this many are refused before any is decoded.

    Returns:
        RGB uint8 (H, W, 3), contiguous.

    Raises:
        BadImageError: An empty, foreign, damaged or cut-short file, or too many pixels.
    """
    stream = BytesIO(data)
    header = _parse_header(stream, name)
    width, height = header.size
    if width * height > max_pixels:
        raise BadImageError(
            f"{name} has {width} x {height} = {width * height / 1e6:.1f} megapixels, more than "
            f"data.max_megapixels={max_pixels / 1e6:g}",
            f"raise that limit if the image is genuine, or {_WAY_OUT}",
        )
    # Pillow stops behind the header: before a PNG's pixels, behind the start of a JPEG's first scan and thus behind
    # its preview, which has an end marker of its own.
    if header.format in _END_MARKERS and data.find(_END_MARKERS[header.format], stream.tell()) < 0:
        raise BadImageError(f"{name} is cut short, the end of the {header.format} data is missing", _WAY_OUT)
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise BadImageError(f"{name} cannot be decoded as {header.format} ({error.err})", _WAY_OUT) from error
    if bgr is None:
        raise BadImageError(
            f"{name} is a {header.format} file that is cut short, damaged or of a kind that OpenCV does not read, "
            "such as floating-point TIFF",
            _WAY_OUT,
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def read_header(data: bytes, name: str) -> ImageFile.ImageFile:
    """Read the header of a file of one of these formats, without decoding a pixel.

    Args:
        data: The whole file.
        name: What to call the file in errors.

    Returns:
        Pillow's image, of which `format`, `size` and `info` are known.

    Raises:
        BadImageError: An empty, foreign or damaged file.
    """
    return _parse_header(BytesIO(data), name)


def _parse_header(stream: BytesIO, name: str) -> ImageFile.ImageFile:
    start = stream.getbuffer()[:4].tobytes()
    if not start:
        raise BadImageError(f"{name} is empty (0 bytes)", _WAY_OUT)
    reader = next((reader for magic, reader in _HEADER_READERS.items() if start.startswith(magic)), None)
    if reader is None:
        raise BadImageError(f"{name} is not a PNG, JPEG, WebP, BMP or TIFF image", _WAY_OUT)
    try:
        return reader(stream)
    except Image.DecompressionBombError as error:  # WebP's class has this check inside
        raise BadImageError(f"{name} is too large for data.max_megapixels ({error})", _WAY_OUT) from error
    except Exception as error:  # a damaged header makes Pillow raise almost anything
        raise BadImageError(f"{name} is cut short or damaged, its header is unreadable", _WAY_OUT) from error
