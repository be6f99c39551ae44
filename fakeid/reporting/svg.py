"""Write matplotlib figures to files, and embed them in pages as SVG with the page's colors."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from fakeid.io import write_atomically, write_text
from fakeid.reporting.style import DPI, GRAY, PALETTE

GRID: Final = "#e4e4e4"

_LEAST_SCALE: Final = 0.75  # of the drawn size; 9-point letters are then 11 pixels high

# Okabe and Ito's colors are made for white paper; these keep the order of hues and are visible on black.
_DARK_PALETTE: Final = ("#56b4e9", "#ff9466", "#33c79a", "#f0b93a", "#e39bc4", "#9fd6f5", "#e8eaed")


def _declare(colors: Sequence[str]) -> str:
    return f":root {{ {' '.join(f'--line-{i}: {color};' for i, color in enumerate(colors))} }}"


LINE_STYLE: Final = (
    f"{_declare(PALETTE)} @media screen and (prefers-color-scheme: dark) {{ {_declare(_DARK_PALETTE)} }}"
)
"""CSS for pages with inline figures: the line colors in light and dark mode."""

_VARIABLES: Final = {
    **{color.lower(): f"var(--line-{i})" for i, color in enumerate(PALETTE)},
    GRAY.lower(): "var(--faint)",
    GRID: "var(--line)",
    "#ffffff": "var(--card)",  # hollow markers
}


def render_svg(figure: Figure) -> str:
    """Render a standalone SVG file with text as outlines, so that it looks the same everywhere."""
    text = io.StringIO()
    # Without these settings identifiers are random and the date is written.
    with rc_context({"svg.hashsalt": "fakeid", "svg.fonttype": "path"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def inline_svg(figure: Figure, name: str, label: str) -> Markup:
    """Render a figure as an inline SVG element of a page.

    Colors become CSS variables of the page (`--text`, `--faint`, `--line`, `--line-0` …), and the background is
    transparent. The figure fills its box. On a narrow screen it keeps a minimum width so that text stays legible, and
    the box must scroll (class `wide`).

    Args:
        figure: Figure drawn in the project's style.
        name: Prefix that keeps its identifiers distinct from those of other figures on the page.
        label: Description of the figure for screen readers.

    Returns:
        The SVG element.
    """
    with rc_context({"svg.hashsalt": "fakeid", "svg.fonttype": "none"}):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub("#[0-9a-f]{6}", lambda found: _VARIABLES.get(found.group(), found.group()), svg)
    # Shapes without a color are black, and follow the color of the text.
    svg = re.sub(r'\b(?:width|height)="[\d.]+pt"', "", svg, count=2)
    head = Markup('<svg role="img" aria-label="{}" fill="currentColor" style="min-width: {}px"').format(
        label, round(_LEAST_SCALE * figure.get_figwidth() * DPI)
    )
    return Markup(head + Markup(svg.removeprefix("<svg")))  # matplotlib escapes texts


def write_figure(folder: Path, name: str, figure: Figure) -> None:
    """Write NAME.png and NAME.svg, each atomically."""
    write_atomically(folder / f"{name}.png", lambda file: figure.savefig(file, format="png"))
    write_text(folder / f"{name}.svg", render_svg(figure))
