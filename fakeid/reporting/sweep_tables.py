"""A setting as the paper's table: a row for each number of categories, a column for each test category."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fakeid.evaluation.run_summary import POOLED
from fakeid.files import shorten_name
from fakeid.reporting.averages import METRICS, Cell, order_categories
from fakeid.reporting.numbers import UNDEFINED, Estimate, format_percent, format_percent_estimate
from fakeid.reporting.paper import Setting

SEEN_MARK: Final = "\N{DAGGER}"
_AVERAGES: Final = ("seen average", "unseen average")
_LONGEST_NAME: Final = 64  # a name in W&B has the report's before it


@dataclass(frozen=True)
class SweepTable:
    """Accuracies of one setting.

    Attributes:
        setting: Which.
        slug: Name of its files, such as `tab1`.
        title: For people.
        categories: The columns, in the order in which they are added to the training, the held-out one last.
        held_out: It, or None.
        rows: One a number of categories, rising.
    """

    setting: Setting
    slug: str
    title: str
    categories: tuple[str, ...]
    held_out: str | None
    rows: tuple[Cell, ...]

    @property
    def columns(self) -> list[str]:
        """Headings: the categories, then the averages."""
        return [*self.categories, *_AVERAGES]

    def estimates(self, cell: Cell) -> list[Estimate]:
        """The numbers of a row, one a column."""
        averages = [cell.average(seen=seen) for seen in (True, False)]
        return [*(cell.measure(name, "accuracy") for name in self.categories), *averages]

    def seen(self, cell: Cell) -> list[bool]:
        """Which columns of a row were trained on; the averages are not marked."""
        return [*(cell.is_seen(name) for name in self.categories), False, False]


def build_tables(cells: Sequence[Cell]) -> list[SweepTable]:
    """One for each setting that has a finished run, in the order of the cells."""
    settings = list(dict.fromkeys(cell.setting for cell in cells))
    return [_build_table(setting, [cell for cell in cells if cell.setting == setting]) for setting in settings]


def name_file(name: str) -> str:
    """A name that is safe for a file, in lower case, and short enough for W&B, which takes 128 characters in all."""
    return shorten_name(re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-."), _LONGEST_NAME)


def describe_brackets(cells: Sequence[Cell]) -> str:
    """What the intervals of these cells cover."""
    counts = sorted({len(cell.runs) for cell in cells}) or [1]
    if counts[-1] == 1:
        return "95 % interval; one training run: the interval covers test images, not other seeds or machines"
    several = f"95 % interval over runs ({'/'.join(str(count) for count in counts if count > 1)}) and images"
    return (
        several if counts[0] > 1 else f"{several}; of one training run, over test images, not other seeds or machines"
    )


def render_table_markdown(table: SweepTable) -> str:
    """Accuracies in percent, each as `91.2 [89.9, 92.4]`; a dagger marks what was trained on."""
    headings = ["categories", "seeds", *(name.replace("|", "\\|") for name in table.columns)]
    lines = [f"| {' | '.join(headings)} |", f"| {' | '.join(['---:'] * len(headings))} |"]
    for cell in table.rows:
        numbers = [
            format_percent_estimate(estimate) + (SEEN_MARK if seen else "")
            for estimate, seen in zip(table.estimates(cell), table.seen(cell), strict=True)
        ]
        lines.append(f"| {' | '.join([str(cell.categories), str(len(cell.runs)), *numbers])} |")
    held_out = f" {table.held_out} is held out." if table.held_out else ""
    lines += ["", f"Accuracy in %. {SEEN_MARK}: trained on.{held_out} In brackets: {describe_brackets(table.rows)}."]
    return "\n".join(lines) + "\n"


def tabulate_table(table: SweepTable) -> tuple[list[str], list[list[Any]]]:
    """The same as plain columns and rows; accuracies in [0, 1], None where undefined."""
    columns = ["categories", "seeds"]
    for name in table.columns:
        columns += [name, f"{name} low", f"{name} high", *([] if name in _AVERAGES else [f"{name} seen"])]
    rows: list[list[Any]] = []
    for cell in table.rows:
        row: list[Any] = [cell.categories, len(cell.runs)]
        for name, estimate, seen in zip(table.columns, table.estimates(cell), table.seen(cell), strict=True):
            row += [estimate["value"], estimate["low"], estimate["high"], *([] if name in _AVERAGES else [seen])]
        rows.append(row)
    return columns, rows


def tabulate_numbers(cells: Sequence[Cell]) -> tuple[list[str], list[list[Any]]]:
    """Every metric of every configuration, one number a row: for other tools.

    `next_low` and `next_high` are where one more run lands, see `fakeid.reporting.averages.average_estimates`.
    """
    columns = ["setting", "paper_table", "model", "color", "dropout", "variant", "budget", "categories", "seeds"]
    columns += ["group", "seen", "metric", "value", "low", "high", "next_low", "next_high"]
    rows: list[list[Any]] = []
    for cell in cells:
        setting = cell.setting
        head = [setting.name, setting.table, setting.model, setting.color, setting.dropout, setting.variant]
        head += [setting.budget, cell.categories, len(cell.runs)]
        for seen, name in zip((True, False), _AVERAGES, strict=True):
            rows.append([*head, name, seen, "accuracy", *_bounds(cell.average(seen=seen))])
        groups = [(f"{name} pooled", name, name == "seen") for name in POOLED]
        groups += [(name, name, cell.is_seen(name)) for name in order_categories([cell])]
        for title, group, seen in groups:
            rows += [[*head, title, seen, metric, *_bounds(cell.measure(group, metric))] for metric in METRICS]
    return columns, rows


def format_cell(estimate: Estimate, write: Callable[[float | None], str] = format_percent) -> tuple[str, str]:
    """A number, unless told otherwise in percent, and its interval apart, such as `91.2` and `89.9\N{EN DASH}92.4`."""
    value = write(estimate["value"])
    if estimate["low"] is None:
        return value, ""
    return value, f"{write(estimate['low'])}{UNDEFINED}{write(estimate['high'])}"


def _build_table(setting: Setting, cells: Sequence[Cell]) -> SweepTable:
    number = f"Tab {setting.table}" if setting.table else ""
    slug = f"tab{setting.table}" if setting.table else name_file(setting.short_name)
    title = f"{number}: {setting.name}" if number else setting.name
    held_out = {cell.held_out for cell in cells}
    return SweepTable(
        setting=setting,
        slug=slug + (f"-{name_file(setting.tag)}" if setting.tag else ""),
        title=title,
        categories=tuple(order_categories(cells)),
        held_out=held_out.pop() if len(held_out) == 1 else None,
        rows=tuple(cells),
    )


def _bounds(estimate: Estimate) -> list[float | None]:
    return [estimate.get(name) for name in ("value", "low", "high", "next_low", "next_high")]
