"""The report's longer tables as headings and rows of words, the same for Markdown and the page."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from fakeid.evaluation.results import Group
from fakeid.evaluation.run_summary import AuditDigest
from fakeid.evaluation.verdict import Verdict
from fakeid.reporting.averages import Cell, FinishedRun
from fakeid.reporting.claims import Claim
from fakeid.reporting.effects import Effect
from fakeid.reporting.judged import Judged
from fakeid.reporting.numbers import (
    format_next,
    format_p,
    format_percent,
    format_percent_estimate,
    format_points,
    format_slope,
    format_unit,
    format_unit_estimate,
    format_units,
)
from fakeid.reporting.paper import describe_names
from fakeid.reporting.setting_names import split_by_budget
from fakeid.reporting.trends import SettingTrend
from fakeid.reporting.verdict import judge

Rows = tuple[list[str], list[list[str]]]
"""Headings, and rows of as many cells."""

_SHOWN_CATEGORIES: Final = 2
_JUDGED: Final = ("accuracy, points", "p (Holm)", "verdict", "AUROC", "p (Holm) ", "verdict on AUROC")


def list_names(cells: Sequence[Cell]) -> tuple[str, Rows | None]:
    """What short names of settings stand for: a text and a table; empty and None where there is nothing to explain."""
    sentences, pairs = describe_names([cell.setting for cell in cells])
    rows = (["name", "stands for"], [list(pair) for pair in pairs]) if pairs else None
    return " ".join(sentences), rows


def split_cells(cells: Sequence[Cell]) -> list[tuple[str, list[Cell]]]:
    """Those of each budget, and the line above them; see `split_by_budget`."""
    return split_by_budget(cells, lambda cell: cell.setting)


def list_averages(cells: Sequence[Cell]) -> Rows:
    """One row a configuration, as the paper averages: over categories; the AUROC pools their images.

    With several seeds, `one more run` is where the unseen accuracy of a further training lands on these test images.
    """
    headings = [
        "setting", "categories", "seeds", "unseen acc. %", "one more run", "held-out acc. %", "seen acc. %",
        "unseen AUROC",
    ]  # fmt: skip
    rows = [
        [
            cell.setting.name,
            str(cell.categories),
            str(len(cell.runs)),
            format_percent_estimate(cell.average(seen=False)),
            format_next(cell.average(seen=False)),
            format_percent_estimate(cell.measure(cell.held_out or "", "accuracy")),
            format_percent_estimate(cell.average(seen=True)),
            format_unit_estimate(cell.measure("unseen", "auroc")),
        ]
        for cell in cells
    ]
    return headings, rows


def list_claims(claims: Sequence[Claim]) -> Rows:
    """Comparisons: what against what, on which images, how much, and whether it is significant."""
    rows = [
        [
            claim.second.name,
            claim.first.name,
            _name_categories(claim.categories),
            str(claim.num_images),
            str(len(claim.seeds)),
            *_tell_judged(claim),
        ]
        for claim in claims
    ]
    return ["this", "against", "images of", "images", "seeds", *_JUDGED], rows


def list_effects(effects: Sequence[Effect]) -> Rows:
    """One option changed, all else equal: how much over all pairs of configurations, and whether it is significant."""
    rows = [
        [
            f"{effect.option}={effect.value}",
            effect.against,
            effect.group,
            str(effect.num_images),
            str(effect.num_pairs),
            *_tell_judged(effect),
        ]
        for effect in effects
    ]
    return ["option", "against", "images of", "images", "pairs", *_JUDGED], rows


def _tell_judged(judged: Judged) -> tuple[str, ...]:
    return (
        format_points(judged.accuracy), format_p(judged.accuracy_p), judged.verdict,
        format_units(judged.auroc), format_p(judged.auroc_p), judged.auroc_verdict,
    )  # fmt: skip


def list_trends(trends: Sequence[SettingTrend]) -> Rows:
    """Slopes of the accuracy on the held-out category, in percentage points for one more category."""
    rows = [[trend.setting.name, str(trend.held_out.num_runs), format_slope(trend.held_out)] for trend in trends]
    return ["setting", "runs", "held-out category"], rows


def list_classes(cells: Sequence[Cell]) -> Rows:
    """Real and fake apart, over the pooled images of each group of categories."""
    headings = ["setting", "categories", "seeds"]
    groups = (("unseen", "unseen"), ("seen", "seen"))
    for title, _ in groups:
        headings += [f"{title} real acc. %", f"{title} fake acc. %", f"{title} AUROC"]
    rows = []
    for cell in cells:
        row = [cell.setting.name, str(cell.categories), str(len(cell.runs))]
        for _, group in groups:
            row += [
                format_percent_estimate(cell.measure(group, "real_accuracy")),
                format_percent_estimate(cell.measure(group, "fake_accuracy")),
                format_unit_estimate(cell.measure(group, "auroc")),
            ]
        rows.append(row)
    return headings, rows


def list_runs(cells: Sequence[Cell]) -> Rows:
    """Finished runs, one a row: axes first, then numbers."""
    headings = [
        "setting", "categories", "seed", "verdict", "unseen acc. %", "seen acc. %", "held-out acc. %", "unseen AUROC",
        "unseen real acc. %", "unseen fake acc. %", "minutes", "images/s", "images",
        "run",
    ]  # fmt: skip
    rows = []
    for cell, run in ((group, run) for group in cells for run in group.runs):
        unseen, held_out = (run.summary.find(group or "") or Group(0, 0, {}) for group in ("unseen", run.held_out))
        seconds, rate = run.summary.seconds, run.summary.images_per_second
        rows.append([
            cell.setting.name,
            str(run.categories),
            str(run.seed),
            judge(run.summary, run.evaluation).verdict.value,
            format_percent(run.average(seen=False).value),
            format_percent(run.average(seen=True).value),
            format_percent(held_out.read("accuracy").value),
            format_unit(unseen.read("auroc").value),
            *(format_percent(unseen.read(name).value) for name in ("real_accuracy", "fake_accuracy")),
            f"{(seconds or 0) / 60:.1f}",
            f"{rate or 0:.0f}",
            _shorten_digest(run),
            run.name,
        ])  # fmt: skip
    return headings, rows


def tell_verdicts(runs: Sequence[FinishedRun]) -> str:
    """Such as `verdicts: 2 undecided, 18 fails`, from good to bad; empty without a run."""
    counts = Counter(judge(run.summary, run.evaluation).verdict for run in runs)
    told = [f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict]]
    return f"verdicts: {', '.join(told)}" if told else ""


def list_provenance(runs: Sequence[FinishedRun]) -> Rows:
    """Which images runs were given, what the audit said of them, and how and where they were trained.

    Runs that are alike are one row.
    """
    headings = ["images", "train / val / test", "audit", "code", "precision", "threads", "device", "runs"]
    counts = Counter(_describe_origin(run) for run in runs)
    return headings, [[*origin, str(count)] for origin, count in counts.items()]


def _describe_origin(run: FinishedRun) -> tuple[str, ...]:
    summary = run.summary
    device = summary.machine.device if summary.machine else None
    return (
        _shorten_digest(run),
        " / ".join(f"{count:,}" for count in summary.data.images.values()) if summary.data else "",
        describe_audit(summary.audit) if summary.audit else "not audited",
        (summary.git_commit or "unknown")[:10],
        *(str(value or "") for value in (summary.precision, summary.threads, device)),
    )


def _shorten_digest(run: FinishedRun) -> str:
    return run.summary.data.digest[:8] if run.summary.data else ""


def describe_audit(audit: AuditDigest) -> str:
    """Give the verdict, with the AUROC of its probes."""
    numbers = [f"{name} {format_unit(probe.auroc.value)}" for name, probe in audit.probes.items() if probe]
    return f"{audit.verdict} (AUROC by {', '.join(numbers)})" if numbers else audit.verdict


def _name_categories(categories: Sequence[str]) -> str:
    more = len(categories) - _SHOWN_CATEGORIES
    shown = ", ".join(categories[:_SHOWN_CATEGORIES])
    return f"{shown}, {more} more" if more > 0 else shown
