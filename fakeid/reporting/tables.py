"""The table at the end of a run."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from fakeid.reporting.conditions import describe_sizes
from fakeid.reporting.numbers import (
    Estimate,
    format_percent,
    format_percent_estimate,
    format_unit,
)
from fakeid.reporting.single_run import describe_misplaced, list_run_notes
from fakeid.reporting.verdict import judge_run

# Metric, its heading over two lines, how its numbers are written.
_METRICS: Final[tuple[tuple[str, str, Callable[[float | None], str]], ...]] = (
    ("accuracy", "accuracy\n%", format_percent),
    ("real_accuracy", "real\nacc. %", format_percent),
    ("fake_accuracy", "fake\nacc. %", format_percent),
    ("auroc", "AUROC", format_unit),
    ("average_precision", "average\nprecision", format_unit),
)


_INTERVALS: Final = (
    "Below each value its 95 % interval: Wilson for accuracies, DeLong and Newcombe for the AUROC, bootstrap for the "
    "average precision."
)


def render_table(summary: Mapping[str, Any]) -> Table:
    """Every group with its counts and metrics, each interval below its value.

    One line a value would need 110 columns; this fits 80.

    Args:
        summary: What `evaluation.summary.summarize` gives; with `held_out`, that category is marked as such, and with
            `sizes`, one other than that of whole images is named.
    """
    sizes = describe_sizes(summary.get("sizes"))
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=0,
        show_edge=False,
        caption="\n".join([_INTERVALS, *([sizes] if sizes else []), *list_run_notes(summary)]),
        caption_justify="left",
    )
    table.add_column("images of", overflow="fold", vertical="top")
    for heading in ("real", "fake"):
        table.add_column(heading, justify="right", no_wrap=True)
    for _, heading, _ in _METRICS:
        table.add_column(heading, justify="right", no_wrap=True)
    for name in ("seen", "unseen"):
        if summary[name] is not None:
            label = Text(f"{name} content", style="bold")
            table.add_row(label, *_cells(summary[name], value_style="bold"), end_section=name == "unseen")
    if table.rows:
        table.rows[-1].end_section = True
    for name, group in summary["categories"].items():
        label = Text(name)
        if not group["seen"]:
            label.append(f"\n{_describe_content(summary, name)}", style="magenta")
        table.add_row(label, *_cells(group, value_style=""))
    return table


def _describe_content(summary: Mapping[str, Any], name: str) -> str:
    return "held out" if name == summary.get("held_out") else "unseen"


def _cells(group: Mapping[str, Any], value_style: str) -> Iterator[Text]:
    yield Text(str(group["num_real"]))
    yield Text(str(group["num_fake"]))
    for name, _, form in _METRICS:
        cell = Text(form(group[name]["value"]), style=value_style)
        yield cell.append(f"\n{_format_bounds(group[name], form)}", style="not bold dim")


def _format_bounds(estimate: Estimate, form: Callable[[float | None], str]) -> str:
    if estimate["low"] is None:
        return ""
    # 80 columns have no room for the last digit of 100.0.
    return "\N{EN DASH}".join(
        "100" if form(estimate[name]) == "100.0" else form(estimate[name]) for name in ("low", "high")
    )


def list_misplaced(summary: Mapping[str, Any]) -> list[str]:
    """Name the content that is ranked well at a threshold that is off, one sentence each.

    Seen and unseen content; where neither is concerned, single categories.

    Args:
        summary: What `evaluation.summary.summarize` gives.
    """
    pools = {f"{name} content": summary[name] for name in ("seen", "unseen") if summary[name]}
    return describe_misplaced(summary, pools) or describe_misplaced(summary, summary["categories"])


def render_line(summary: Mapping[str, Any]) -> str:
    """The verdict, accuracy on seen and unseen content, and where the threshold is off, in one line.

    Args:
        summary: What `evaluation.summary.summarize` gives.
    """
    parts = [
        f"{group} accuracy {format_percent_estimate(summary[group]['accuracy'])} %"
        for group in ("seen", "unseen")
        if summary.get(group)
    ]
    return "; ".join([f"{judge_run(summary).verdict.value}: {', '.join(parts)}", *list_misplaced(summary)])
