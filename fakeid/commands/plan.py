"""`python -m fakeid plan`: how many images of which kind enter which split, and the list of them."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from fakeid.config.constants import FAKE, LABEL_NAMES, REAL, SPLITS
from fakeid.config.parse import Config
from fakeid.data.plans import Plan
from fakeid.io import clear_output_errors, write_csv
from fakeid.runs.images import choose_codec, list_images, print_codec


def write_plan(config: Config, path: Path, console: Console | None = None) -> Plan:
    """Print the counts and write one row for each image: split, label, category, generator, key.

    Args:
        config: Checked options.
        path: The CSV file.
        console: Where to print; None is the terminal.

    Raises:
        DataError: Missing, damaged or too few images.
        OutputError: The file cannot be written.
    """
    console = console or Console(highlight=False)
    source, plan = list_images(config, console)
    rows = (
        [split, LABEL_NAMES[r.label], r.category, r.generator, r.key]
        for split, records in plan.splits().items()
        for r in records
    )
    with clear_output_errors(path.parent, "--output"):
        write_csv(path, ["split", "label", "category", "generator", "key"], rows)
    console.print(_render_counts(plan))
    console.print(f"\n{len(plan.records()):,} images, digest {plan.digest()}, listed in {path}", soft_wrap=True)
    print_codec(choose_codec(config, source, plan), console)
    return plan


def _render_counts(plan: Plan) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_footer=True)
    counts = plan.count()
    table.add_column("category", "all")
    for split in SPLITS:
        for label in (REAL, FAKE):
            total = sum(num for (at, _, kind), num in counts.items() if (at, kind) == (split, label))
            table.add_column(f"{split}\n{LABEL_NAMES[label]}", f"{total:,}", justify="right")
    mixture = [plan.mixture] if plan.mixture else []
    for category in (*mixture, *plan.seen, *plan.unseen):
        role = " (held out)" if category == plan.held_out else "" if category in (*plan.seen, *mixture) else " (unseen)"
        cells = [counts[split, category, label] for split in SPLITS for label in (REAL, FAKE)]
        table.add_row(category + role, *[f"{num:,}" if num else "-" for num in cells])
    return table
