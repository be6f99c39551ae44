"""Decode the bytes of an image file to RGB, or say in one sentence what is wrong with the file.

Pillow's format classes read only the header, so that an absurd size costs nothing. OpenCV then decodes the pixels,
because it is faster than Pillow.
"""

from io import BytesIO
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import BmpImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from fakeid.errors import BadImageError

# The classes themselves, not Image.open, whose process-wide limit warns from 89 megapixels on and raises from 179.
_HEADER_READERS: Final[dict[bytes, type[ImageFile.ImageFile]]] = {
    b"\x89PNG": PngImagePlugin.PngImageFile,
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
    b"RIFF": WebPImagePlugin.WebPImageFile,
    b"BM": BmpImagePlugin.BmpImageFile,
    b"II*\0": TiffImagePlugin.TiffImageFile,
    b"MM\0*": TiffImagePlugin.TiffImageFile,
}

# OpenCV before 5 fills the missing part of a JPEG with gray and reports success. The other decoders refuse cut files
# themselves, but a missing PNG end makes libpng write to the terminal. Inside a JPEG scan, 0xFF is always followed by 0
# or a restart marker, so these bytes can only be the end, whatever a camera appends after it.
_END_MARKERS: Final = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}

_WAY_OUT: Final = "replace or remove it, or set data.on_bad_image=skip"

# Bad files raise an error here, with the file's name, so OpenCV need not log them. OpenCV 4 has no `utils.logging`.
getattr(cv2.utils, "logging", cv2).setLogLevel(0)


def decode_image(
    data: bytes, name: str, *, max_pixels: int = 100_000_000, option: str = "data.max_megapixels"
) -> npt.NDArray[np.uint8]:
    """Decode a PNG, JPEG, WebP, BMP or TIFF file.

    Gray is repeated to three channels; palettes and CMYK are converted. Alpha is dropped: the stored color is kept even
    where it is transparent (in TIFF, libtiff has multiplied it by alpha). Of 16 bits, the upper 8 are kept. The EXIF
    orientation is applied, as in every viewer; color profiles are ignored. Of several frames or pages, the first is
    decoded.

    Args:
        data: Content of the file.
        name: Name of the file in errors.
        max_pixels: Number of pixels above which the file is refused, before any pixel is decoded.
        option: Option that sets this number in megapixels, for the error.

    Returns:
        RGB uint8 (H, W, 3), contiguous.

    Raises:
        BadImageError: The file is empty, damaged, cut short or in another format, or has too many pixels.
    """
    stream = BytesIO(data)
    header = _parse_header(stream, name)
    width, height = header.size
    if width * height > max_pixels:
        raise BadImageError(
            f"{name} has {width} x {height} = {width * height / 1e6:.1f} megapixels, more than "
            f"{option}={max_pixels / 1e6:g}",
            f"raise that limit if the image is genuine, or {_WAY_OUT}",
        )
    # Pillow stops after the header: before the pixels of a PNG, and after the start of a JPEG's first scan, hence after
    # its preview, which has its own end marker.
    if header.format in _END_MARKERS and data.find(_END_MARKERS[header.format], stream.tell()) < 0:
        raise BadImageError(f"{name} is cut short, the end of the {header.format} data is missing", _WAY_OUT)
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise BadImageError(f"{name} cannot be decoded as {header.format} ({error.err})", _WAY_OUT) from error
    if bgr is None:
        raise BadImageError(
            f"{name} is a {header.format} file that is cut short, damaged or of a kind that OpenCV cannot read, "
            "such as floating-point TIFF",
            _WAY_OUT,
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def read_header(data: bytes, name: str) -> ImageFile.ImageFile:
    """Read the header of a PNG, JPEG, WebP, BMP or TIFF file without decoding a pixel.

    Args:
        data: Content of the file.
        name: Name of the file in errors.

    Returns:
        Pillow's image, with `format`, `size` and `info` set.

    Raises:
        BadImageError: The file is empty, damaged or in another format.
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
    except Image.DecompressionBombError as error:  # the WebP class does this check itself
        raise BadImageError(f"{name} is too large to be read ({error})", _WAY_OUT) from error
    except Exception as error:  # a damaged header makes Pillow raise almost anything
        raise BadImageError(f"{name} is cut short or damaged, its header is unreadable", _WAY_OUT) from error
