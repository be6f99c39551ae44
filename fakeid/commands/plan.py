"""Run `python -m fakeid plan`: count the images of each kind in each split, and list them."""

import hashlib
import json
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from fakeid.config.choices import SourceName
from fakeid.config.constants import FAKE, LABEL_NAMES, REAL, SPLITS
from fakeid.config.parse import Config, to_plain
from fakeid.data.plans import Plan
from fakeid.io import clear_output_errors, write_csv
from fakeid.runs.images import list_images, print_codec


def write_plan(config: Config, output: Path | None = None, console: Console | None = None) -> Plan:
    """Print the counts of a run's images and write a CSV row for each: split, label, category, generator, key.

    Args:
        config: Checked options.
        output: Path of the CSV file; None chooses one in `paths.runs/plans`.
        console: Console to print to; None prints to the terminal.

    Returns:
        Plan that was written.

    Raises:
        DataError: Images are missing, damaged or too few.
        OutputError: The file cannot be written.
    """
    console = console or Console(highlight=False)
    path = output or Path(config.paths.runs) / "plans" / f"{name_images(config)}.csv"
    images = list_images(config, console)
    plan = images.plan
    rows = (
        [split, LABEL_NAMES[r.label], r.category, r.generator, r.key]
        for split, records in plan.splits().items()
        for r in records
    )
    with clear_output_errors(path.parent, "--output"):
        write_csv(path, ["split", "label", "category", "generator", "key"], rows)
    console.print(_render_counts(plan))
    console.print(f"\n{len(plan.records()):,} images, digest {plan.digest()}, listed in {path}", soft_wrap=True)
    print_codec(images.codec, console)
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


def name_images(config: Config, *more: object) -> str:
    """Build a readable name for the images of a run, with a hash of every option that affects them.

    Args:
        config: Checked options.
        more: Further values that enter the hash.
    """
    data = config.data.source.value
    if config.data.source is SourceName.folders:
        data = Path(config.paths.data or "").resolve().name
    k = "all" if config.categories is None else config.categories
    meaning = [to_plain(config)["data"], config.categories, config.paths.data, *more]
    digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:8]
    return f"{data}-{config.data.image_px}px-k{k}-{digest}"
