"""Two histograms over each other, as an inline SVG whose colors follow the page."""

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

_WIDTH: Final = 240
_HEIGHT: Final = 80
_BASE: Final = Markup('<line x1="0" x2="{width}" y1="{height}" y2="{height}" stroke="var(--line)"/>')
_SHAPE: Final = Markup(
    '<path d="{path}" fill="var(--{name})" fill-opacity=".22" stroke="var(--{name})" stroke-width="1.4"{dash}/>'
)


def render_histogram(histogram: Mapping[str, Sequence[float]], label: str) -> Markup:
    """Shares of the reals (solid) and the fakes (dashed) in common bins.

    Args:
        histogram: `edges` (k + 1,) and the counts `real` and `fake` (k,).
        label: What is shown, for readers who hear the page.
    """
    shares = {name: _normalize(histogram[name]) for name in ("real", "fake")}
    top = max(max(values) for values in shares.values()) or 1.0
    shapes = [
        _SHAPE.format(path=_trace([value / top for value in values]), name=name, dash=dash)
        for (name, values), dash in zip(shares.items(), ("", Markup(' stroke-dasharray="4 2"')), strict=True)
        if any(values)
    ]
    frame = Markup('<svg viewBox="0 -2 {} {}" role="img" aria-label="{}">{}{}</svg>')
    base = _BASE.format(width=_WIDTH, height=_HEIGHT)
    return frame.format(_WIDTH, _HEIGHT + 4, label, base, Markup("").join(shapes))


def _normalize(counts: Sequence[float]) -> list[float]:
    total = sum(counts) or 1.0
    return [count / total for count in counts]


def _trace(heights: Sequence[float]) -> str:
    """The outline of bars with these heights in [0, 1]."""
    step = _WIDTH / len(heights)
    points = [f"M0 {_HEIGHT}"]
    for i, height in enumerate(heights):
        points.append(f"V{_HEIGHT * (1 - height):.1f}H{(i + 1) * step:.1f}")
    return "".join([*points, f"V{_HEIGHT}"])
