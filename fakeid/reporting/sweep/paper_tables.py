"""Tables of settings in the paper's form: one row per number of categories, one column per test category."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fakeid.io import shorten_name
from fakeid.reporting.renderers import render_latex
from fakeid.reporting.significance import IMAGES_ALONE
from fakeid.reporting.sweep.configurations import Configuration, order_categories
from fakeid.reporting.sweep.settings import Setting
from fakeid.reporting.table import Cell, Column, Form, Table

SEEN_MARK: Final = "\N{DAGGER}"
"""Mark after accuracies on categories that were trained on."""

AVERAGES: Final = {"seen average": True, "unseen average": False}
"""Names of the averages over categories, each with whether its categories were trained on."""

_CATEGORIES: Final = Column("categories", Form.COUNT, short="k")
_SEEDS: Final = Column("seeds", Form.COUNT)
_LONGEST_NAME: Final = 64  # characters; in W&B the name of the report precedes it


@dataclass(frozen=True)
class AccuracyTable:
    """The accuracy table of one setting.

    Attributes:
        setting: Setting of the runs.
        slug: File name without extension, such as `tab1`.
        held_out: Category that no run trains on, or None.
        brackets: Description of what the intervals cover.
        table: Table with one row per number of categories, rising. Its columns are the test categories in the order in
            which they are added to training, the held-out one last, then the averages.
    """

    setting: Setting
    slug: str
    held_out: str | None
    brackets: str
    table: Table

    @property
    def title(self) -> str:
        """Return the displayed title."""
        return self.table.title

    @property
    def as_printed(self) -> Table:
        """Return the table with only the columns that the paper has."""
        return self.table.without(_SEEDS)

    def render_latex(self) -> str:
        """Render the table for a paper, with an explanatory caption."""
        return render_latex(
            self.as_printed,
            caption=f"{self.setting.name}: accuracy in % on each test category by number of training categories k; "
            f"below it the {self.brackets}. Daggers mark training categories.{_tell_held_out(self.held_out)}",
            label=self.slug,
            comments=[f"{self.setting.name}: {self.setting.full_name}"] if self.setting.short else [],
        )


def build_accuracy_tables(configurations: Sequence[Configuration]) -> list[AccuracyTable]:
    """Build an accuracy table for each setting that was tested on several categories, in their order."""
    settings: dict[Setting, list[Configuration]] = {}
    for each in configurations:
        settings.setdefault(each.setting, []).append(each)
    return [_build_table(setting, own) for setting, own in settings.items() if len(order_categories(own)) > 1]


def name_file(name: str) -> str:
    """Convert a name to lower case, safe for files, and short enough for W&B, which allows 128 characters in total."""
    return shorten_name(re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-."), _LONGEST_NAME)


def describe_brackets(configurations: Sequence[Configuration]) -> str:
    """Describe what the intervals of some configurations cover."""
    counts = sorted({len(each.runs) for each in configurations}) or [1]
    if counts[-1] == 1:
        return f"95 % interval; one training run: the interval covers {IMAGES_ALONE}"
    several = f"95 % interval over runs ({'/'.join(str(count) for count in counts if count > 1)}) and images"
    return several if counts[0] > 1 else f"{several}; of one training run, over {IMAGES_ALONE}"


def _build_table(setting: Setting, configurations: Sequence[Configuration]) -> AccuracyTable:
    held_out = {each.held_out for each in configurations}
    category = held_out.pop() if len(held_out) == 1 else None
    slug = f"tab{setting.table}" if setting.table else name_file(setting.bare_name)
    brackets = describe_brackets(configurations)
    names = order_categories(configurations)
    table = Table.of(
        f"Tab {setting.table}: {setting.name}" if setting.table else setting.name,
        [
            *(_CATEGORIES, _SEEDS),
            *(Column(name, Form.PERCENT, marked="seen") for name in names),
            *(Column(name, Form.PERCENT) for name in AVERAGES),
        ],
        [_build_row(each, names) for each in configurations],
        [f"Accuracy in %. {SEEN_MARK}: trained on.{_tell_held_out(category)} In brackets: {brackets}."],
    )
    return AccuracyTable(
        setting, slug + (f"-{name_file(setting.tag)}" if setting.tag else ""), category, brackets, table
    )


def _build_row(configuration: Configuration, names: Sequence[str]) -> list[Cell]:
    return [
        *(Cell(count) for count in (configuration.categories, len(configuration.runs))),
        *(
            Cell(configuration.measure(name, "accuracy"), mark=SEEN_MARK * configuration.is_seen(name))
            for name in names
        ),
        *(Cell(configuration.average(seen=seen)) for seen in AVERAGES.values()),
    ]


def _tell_held_out(category: str | None) -> str:
    return f" {category} is held out." if category else ""
