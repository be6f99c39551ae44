"""The audit in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fakeid.reporting.audit_rows import PROBE_TITLES, list_class_rows
from fakeid.reporting.numbers import format_unit_estimate
from fakeid.vocabulary import LABEL_NAMES


def render_audit_table(audit: Mapping[str, Any]) -> Group:
    """Both classes side by side, the probes, and what to do.

    Args:
        audit: What `fakeid.audit.classes.audit_images` gives; with `duplicates` and
            `torn_pairs`, what `describe_duplicates` and `describe_torn_pairs` give.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    table.add_column("fact")
    for name in LABEL_NAMES:
        table.add_column(name, overflow="fold")
    for row in list_class_rows(audit):
        table.add_row(*(Text(cell) for cell in row))
    parts: list[RenderableType] = [
        table,
        Text(),
        *(_describe_probe(name, audit["probes"][name]) for name in PROBE_TITLES),
    ]
    if "duplicates" in audit:
        found = audit["duplicates"]
        parts.append(Text(f"copies in two splits: {found['num_exact']} exact, {found['num_near']} near"))
    parts_of_plan = [audit.get(name, {}) for name in ("duplicates", "torn_pairs")]
    warnings = [*audit["warnings"], *(text for part in parts_of_plan for text in part.get("warnings", []))]
    parts += [Text(), Text(audit["verdict"], style="bold red" if audit["warnings"] else "bold")]
    return Group(*parts, *(Text(f"warning: {warning}", style="red") for warning in warnings))


def _describe_probe(name: str, probe: Mapping[str, Any] | None) -> Text:
    title = f"probe on {PROBE_TITLES[name]}: "
    if probe is None:
        return Text(f"{title}too few images")
    return Text(f"{title}AUROC {format_unit_estimate(probe['auroc'])}", style="red" if probe["warns"] else "")
