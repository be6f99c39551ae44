"""The audit's class table as words, the same for the terminal and the page."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakeid.reporting.numbers import UNDEFINED, format_percent
from fakeid.vocabulary import LABEL_NAMES

_SHOWN: Final = 3

PROBE_TITLES: Final = {"files": "file facts", "residuals": "residual statistics"}
"""The audit's probes, as readers know them."""


def list_class_rows(audit: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """One row for each fact: what it is, how the reals have it, how the fakes have it.

    Args:
        audit: What `fakeid.audit.classes.audit_images` gives.
    """
    real, fake = (audit["classes"][label] for label in LABEL_NAMES)
    return [(title, form(real[name]), form(fake[name])) for title, name, form in _ROWS]


def _format_counts(counts: Mapping[str, int]) -> str:
    if not counts:
        return UNDEFINED
    shown = ", ".join(f"{value} ({count})" for value, count in list(counts.items())[:_SHOWN])
    more = len(counts) - _SHOWN
    return f"{shown}, {more} more" if more > 0 else shown


def _format_range(values: Mapping[str, float] | None) -> str:
    if values is None:
        return UNDEFINED
    return f"median {values['median']:g}, {values['low']:g} to {values['high']:g}"


def _format_share(share: float | None) -> str:
    return UNDEFINED if share is None else f"{format_percent(share)} %"


def _format_spread(values: Mapping[str, float] | None, digits: int) -> str:
    return UNDEFINED if values is None else f"{values['mean']:.{digits}f} ± {values['std']:.{digits}f}"


def _spread(digits: int) -> Callable[[Any], str]:
    return lambda values: _format_spread(values, digits)


_ROWS: Final[tuple[tuple[str, str, Callable[[Any], str]], ...]] = (
    ("images", "num_images", str),
    ("container", "containers", _format_counts),
    ("size", "sizes", _format_counts),
    ("JPEG quality", "jpeg_quality", _format_range),
    ("chroma subsampling", "subsampling", _format_counts),
    ("EXIF", "exif", _format_share),
    ("bytes per pixel, file", "bytes_per_pixel", _spread(2)),
    ("bytes per pixel, as PNG", "png_bytes_per_pixel", _spread(2)),
    ("8 x 8 blockiness", "blockiness", _spread(3)),
    ("resampling peak", "resampling", _spread(2)),
    ("mean red", "mean_red", _spread(1)),
    ("mean green", "mean_green", _spread(1)),
    ("mean blue", "mean_blue", _spread(1)),
)
