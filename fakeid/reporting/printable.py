"""Names as they can be shown: file names on Linux are bytes, and need not be text."""

from typing import Any, Final

import numpy as np
from matplotlib.textpath import TextPath

_ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"


def make_printable(value: Any) -> Any:
    r"""A copy of plain JSON values in which each text can be encoded: the byte E9 of a file name becomes `\udce9`."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {make_printable(name): make_printable(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [make_printable(held) for held in value]
    return value


def shorten(text: str, width_px: float, font_px: float) -> str:
    """Cut a text's end so that it is no wider than this in a figure.

    Args:
        text: One line.
        width_px: Room.
        font_px: Size of the letters.
    """
    text = make_printable(text)
    width = _measure(text, font_px)
    if width <= width_px:
        return text
    text = text[: int(len(text) * width_px / width) + 1]  # about right, and then exactly
    while len(text) > 1 and _measure(text + _ELLIPSIS, font_px) > width_px:
        text = text[:-1]
    return text.rstrip() + _ELLIPSIS


def _measure(text: str, font_px: float) -> float:
    # $ would start a formula here.
    outline = TextPath((0, 0), text.replace("$", "S"), size=font_px).vertices
    return float(np.max(outline[:, 0], initial=0.0))
