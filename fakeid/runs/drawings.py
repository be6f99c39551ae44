"""A figure as files."""

from pathlib import Path

from matplotlib.figure import Figure

from fakeid.files import write_atomically, write_text
from fakeid.reporting.svg import render_svg


def write_figure(folder: Path, name: str, figure: Figure) -> None:
    """Write NAME.png and NAME.svg, each whole or not at all."""
    write_atomically(folder / f"{name}.png", lambda file: figure.savefig(file, format="png"))
    write_text(folder / f"{name}.svg", render_svg(figure))
