"""An evaluation in the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fakeid.evaluation.scores import NO_DEGRADATION
from fakeid.reporting.evaluation_answer import list_findings
from fakeid.reporting.evaluation_groups import EvaluationGroups, read_metric
from fakeid.reporting.evaluation_rows import describe_lack
from fakeid.reporting.numbers import UNDEFINED, Estimate, format_percent, format_unit
from fakeid.reporting.printable import make_printable
from fakeid.reporting.single_run import list_run_notes
from fakeid.reporting.verdict import judge_evaluation
from fakeid.reporting.verdict_lines import render_verdict
from fakeid.vocabulary import LABEL_NAMES

_METRICS: Final = {
    "accuracy": "accuracy",
    "real_accuracy": "real\nacc.",
    "fake_accuracy": "fake\nacc.",
    "auroc": "AUROC",
    "tpr_at_fpr_01": "TPR at\n1 % FPR",
}


def render_evaluation_table(evaluation: Mapping[str, Any]) -> Group:
    """The verdict, the quadrants on images as they are, and what else the evaluation found; fits 80 columns.

    Args:
        evaluation: See `render_evaluation_page`.
    """
    evaluation = make_printable(evaluation)
    groups = EvaluationGroups(evaluation)
    notes = [
        "Rates in %, AUROC from 0 to 1; below each its 95 % interval.",
        *_describe_lack(groups),
        *list_run_notes(evaluation),
    ]
    table = Table(
        box=box.SIMPLE_HEAD, padding=0, show_edge=False, caption_justify="left", caption="\n".join(notes)
    )  # fmt: skip
    for heading in ("content", "gen."):
        table.add_column(heading, no_wrap=True)
    for heading in ("real", "fake", *_METRICS.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in groups.list_tested(("quadrant",), NO_DEGRADATION):
        seen = (Text("seen" if group[f"seen_{part}"] else "unseen") for part in ("content", "generator"))
        counts = (Text(str(group[f"num_{label}"])) for label in LABEL_NAMES)
        table.add_row(*seen, *counts, *(_write_cell(metric, read_metric(group, metric)) for metric in _METRICS))
    told = [Text(note, style="dim") for note in evaluation["notes"]]
    return Group(render_verdict(judge_evaluation(evaluation)), table, Text(), *_render_findings(evaluation), *told)


def _describe_lack(groups: EvaluationGroups) -> list[str]:
    tested = groups.list_tested(("quadrant",), NO_DEGRADATION)
    lacking = [lack for group in tested if (lack := describe_lack(group, "tpr_at_fpr_01"))]
    return [f"TPR at 1 % FPR {lacking[0].partition(',')[0]}."] if lacking else []


def _render_findings(evaluation: Mapping[str, Any]) -> Iterator[RenderableType]:
    for finding in list_findings(evaluation):
        if not finding.tabled:
            style = "bold red" if finding.alarming else "bold"
            yield Text(finding.head, style=style).append(f": {finding.text}", style="not bold")


def _write_cell(metric: str, estimate: Estimate) -> Text:
    write = format_unit if metric == "auroc" else format_percent
    cell = Text(write(estimate["value"]))
    if estimate["low"] is None:
        return cell
    bounds = UNDEFINED.join(write(estimate[name]).replace("100.0", "100") for name in ("low", "high"))
    return cell.append(f"\n{bounds}", style="dim")
