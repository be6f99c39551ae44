"""Tables of an audit, and its summary for the terminal."""

from collections.abc import Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from fakeid.audit.audit import MOST_TELLING, PROBE_TITLES
from fakeid.audit.result import AuditResult, ClassFacts, Duplicates, Range, Spread
from fakeid.config.constants import LABEL_NAMES
from fakeid.evaluation.records.results import Probe
from fakeid.reporting.formatting import PERCENT_SIGN, UNDEFINED, format_number
from fakeid.reporting.renderers import render_terminal
from fakeid.reporting.table import Cell, Column, Form, Line, Table, Tone

_SHOWN: Final = 3  # values listed for one fact

_PIXELS: Final = (
    ("bytes per pixel, as PNG", "png_bytes_per_pixel", 2),
    ("8 x 8 blockiness", "blockiness", 3),
    ("resampling peak", "resampling", 2),
    ("mean red", "mean_red", 1),
    ("mean green", "mean_green", 1),
    ("mean blue", "mean_blue", 1),
)
"""Title, name and number of decimals of each pixel fact."""


def tabulate_classes(audit: AuditResult) -> Table:
    """Tabulate the facts about both classes, one row per fact."""
    sides = [_describe_class(audit.classes[name]) for name in LABEL_NAMES]
    rows = ([title, *(side[title] for side in sides)] for title in sides[0])
    return Table.of("", [Column("fact"), *map(Column, LABEL_NAMES)], rows)


def tabulate_probes(audit: AuditResult) -> Table:
    """Tabulate the probes, one per row, with AUROC, verdict and most informative features."""
    columns = [Column("probe on"), Column("AUROC [95 %]", Form.UNIT), Column("verdict"), Column("most informative")]
    return Table.of("", columns, (_list_cells(PROBE_TITLES[name], audit.probes[name]) for name in PROBE_TITLES))


def tabulate_duplicates(duplicates: Duplicates) -> Table:
    """Tabulate the first pairs of copies in two splits, one pair per row."""
    headings = ("kind", "bits", "split", "image", "split of the copy", "its copy")
    columns = [Column(heading, Form.COUNT if heading == "bits" else Form.TEXT) for heading in headings]
    return Table.of("", columns, (
        [pair.kind, pair.distance, pair.split_a, pair.key_a, pair.split_b, pair.key_b] for pair in duplicates.examples
    ))  # fmt: skip


def render_audit(audit: AuditResult) -> Group:
    """Render both classes side by side, the probes and the advice for a terminal."""
    probes = tabulate_probes(audit)
    style = "bold red" if any(probe and probe.warns for probe in audit.probes.values()) else "bold"
    parts: list[RenderableType] = [
        render_terminal(tabulate_classes(audit)),
        Text(),
        render_terminal(probes.select(probes.columns[:3]), stacked=False),
        Text(),
        Text(f"copies in two splits: {audit.duplicates.num_exact} exact, {audit.duplicates.num_near} near"),
        Text(),
        Text(audit.verdict, style=style),
    ]
    return Group(*parts, *(Text(f"warning: {warning}", style="red") for warning in audit.warnings))


def name_feature(name: str) -> str:
    """Name a feature in plain words, such as `JPEG quality` for `jpeg_quality`."""
    return name.replace("_", " ").replace("jpeg", "JPEG").replace("png", "PNG")


def _list_cells(title: str, probe: Probe | None) -> Line:
    if probe is None:
        return [title, Cell(lack="too few images"), "", ""]
    shares = list(probe.importances.items())[:MOST_TELLING] if probe.warns else []
    telling = ", ".join(f"{name_feature(feature)} {100 * share:.0f}{PERCENT_SIGN}" for feature, share in shares)
    tone = Tone.BAD if probe.warns else Tone.GOOD
    verdict = "warns" if probe.warns else "passes"
    return [title, probe.auroc, Cell(verdict, tone=tone), telling]


def _describe_class(facts: ClassFacts) -> dict[str, str]:
    """Describe each fact in plain words, by title."""
    exif = UNDEFINED if facts.exif is None else f"{format_number(facts.exif, Form.PERCENT)}{PERCENT_SIGN}"
    return {
        "images": str(facts.num_images),
        "container": _describe_counts(facts.containers),
        "size": _describe_counts(facts.sizes),
        "JPEG quality": _describe_range(facts.jpeg_quality),
        "chroma subsampling": _describe_counts(facts.subsampling),
        "EXIF": exif,
        "bytes per pixel, file": _describe_spread(facts.bytes_per_pixel, 2),
        **{title: _describe_spread(facts.pixels.get(name), digits) for title, name, digits in _PIXELS},
    }


def _describe_counts(counts: Mapping[str, int]) -> str:
    if not counts:
        return UNDEFINED
    shown = ", ".join(f"{value} ({count})" for value, count in list(counts.items())[:_SHOWN])
    more = len(counts) - _SHOWN
    return f"{shown}, {more} more" if more > 0 else shown


def _describe_range(values: Range | None) -> str:
    return UNDEFINED if values is None else f"median {values.median:g}, {values.low} to {values.high}"


def _describe_spread(values: Spread | None, digits: int) -> str:
    return UNDEFINED if values is None else f"{values.mean:.{digits}f} ± {values.std:.{digits}f}"
