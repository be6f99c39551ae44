"""The audit as a page."""

from fakeid.audit.result import AuditResult, Histogram
from fakeid.reporting.audit.figures import plot_histograms
from fakeid.reporting.audit.tables import tabulate_classes, tabulate_duplicates, tabulate_probes
from fakeid.reporting.html import render_page
from fakeid.reporting.svg import LINE_STYLE, inline_svg


def render_audit_page(audit: AuditResult) -> str:
    """Show the verdict and what to do, then what it rests on.

    Returns:
        A self-contained HTML document.
    """
    undecided = None in audit.probes.values()
    statistics = {name: each for name, each in audit.histograms.items() if name.startswith(("luma_", "chroma_"))}
    facts = {name: each for name, each in audit.histograms.items() if name not in statistics}
    return render_page(
        "audit.html",
        title="Audit",
        css=LINE_STYLE,
        styles=("report.css",),
        audit=audit,
        mood="bad" if audit.warnings else "unknown" if undecided else "good",
        warnings=[warning[0].upper() + warning[1:] + "." for warning in audit.warnings],
        probes=tabulate_probes(audit),
        classes=tabulate_classes(audit),
        duplicates=tabulate_duplicates(audit.duplicates),
        facts=_draw(facts, "facts", "File and pixel facts of reals and fakes"),
        statistics=_draw(statistics, "statistics", "Residual statistics of reals and fakes"),
    )


def _draw(histograms: dict[str, Histogram], name: str, label: str) -> str:
    return inline_svg(plot_histograms(histograms), name, label) if histograms else ""
