"""The audit as a page."""

from collections.abc import Mapping
from typing import Any, Final

from fakeid.reporting.audit_rows import PROBE_TITLES, list_class_rows
from fakeid.reporting.histogram import render_histogram
from fakeid.reporting.numbers import format_unit_estimate
from fakeid.reporting.page import render_page

_MOST_TELLING: Final = 3


def render_audit_page(audit: Mapping[str, Any], subtitle: str = "") -> str:
    """The verdict and what to do, then what it rests on.

    Args:
        audit: What `fakeid.audit.classes.audit_images` gives; with `duplicates` and
            `torn_pairs`, what `describe_duplicates` and `describe_torn_pairs` give.
        subtitle: Which data were looked at.

    Returns:
        A self-contained HTML document.
    """
    parts_of_plan = [audit.get(name, {}) for name in ("duplicates", "torn_pairs")]
    warnings = [*audit["warnings"], *(text for part in parts_of_plan for text in part.get("warnings", []))]
    undecided = None in audit["probes"].values()
    is_statistic = {name: name.startswith(("luma_", "chroma_")) for name in audit["histograms"]}
    figures = {name: _describe_figure(name, histogram) for name, histogram in audit["histograms"].items()}
    return render_page(
        "audit.html",
        title="Audit",
        subtitle=subtitle,
        audit=audit,
        mood="bad" if warnings else "unknown" if undecided else "good",
        warnings=[warning[0].upper() + warning[1:] + "." for warning in warnings],
        probes=[_describe_probe(name, audit["probes"][name]) for name in PROBE_TITLES],
        rows=list_class_rows(audit),
        facts=[figure for name, figure in figures.items() if not is_statistic[name]],
        statistics=[figure for name, figure in figures.items() if is_statistic[name]],
    )


def _describe_probe(name: str, probe: Mapping[str, Any] | None) -> dict[str, Any]:
    title = PROBE_TITLES[name]
    if probe is None:
        return {"title": title, "auroc": "too few images", "warns": False, "telling": ""}
    shares = list(probe["importances"].items())[:_MOST_TELLING]
    telling = ", ".join(f"{_spell(feature)} {100 * share:.0f} %" for feature, share in shares)
    return {
        "title": title,
        "auroc": format_unit_estimate(probe["auroc"]),
        "warns": probe["warns"],
        "telling": telling if probe["warns"] else "",
    }


def _describe_figure(name: str, histogram: Mapping[str, Any]) -> dict[str, Any]:
    edges = histogram["edges"]
    title = _spell(name)
    return {
        "title": title,
        "svg": render_histogram(histogram, title),
        "low": f"{edges[0]:.3g}",
        "high": f"{edges[-1]:.3g}",
    }


def _spell(name: str) -> str:
    """`jpeg_quality` as people write it."""
    return name.replace("_", " ").replace("jpeg", "JPEG").replace("png", "PNG")
