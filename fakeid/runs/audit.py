"""The audit of the images that a run trains and tests on: in short before each training, in full on request."""

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from fakeid.audit.audit import audit_images
from fakeid.audit.duplicates import (
    SplitImages,
    count_duplicates,
    count_torn_pairs,
    find_duplicates,
    find_torn_pairs,
)
from fakeid.audit.metadata import CodecChoice, FileFacts, read_file_facts
from fakeid.audit.result import AuditResult
from fakeid.config.constants import FAKE, REAL
from fakeid.config.parse import Config
from fakeid.console import StatusLine
from fakeid.data.cache.packs import PackedImages
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.data.sources.base import Source
from fakeid.errors import BadImageError
from fakeid.io import (
    clear_output_errors,
    parse_record,
    read_memo,
    to_plain_record,
    write_memo,
    write_record,
    write_text,
)
from fakeid.reporting.audit.page import render_audit_page
from fakeid.reporting.audit.tables import render_audit
from fakeid.runs.images import build_cache, choose_codec, list_images, prepare_images, print_codec

_VERSION: Final = 4  # raise it whenever the same images give another audit


def audit_plan(config: Config, plan: Plan, source: Source, packed: PackedImages, per_class: int) -> AuditResult:
    """Compare the classes of the training images, and the splits with each other.

    The result for the same images is remembered below `paths.cache`, so that a sweep audits once.

    Args:
        config: Checked options.
        plan: Which images.
        source: Where their files are.
        packed: Their prepared pixels.
        per_class: Training images of each class to look at; duplicates are looked for among all images.
    """
    codec = choose_codec(config, source, plan)
    identity = f"{_VERSION}/{build_cache(config, source, codec).folder.name}/{plan.digest()}/{per_class}"
    path = Path(config.paths.cache) / "audits" / f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}.json"
    try:
        audit = parse_record(read_memo(path), AuditResult)
    except (OSError, ValueError):
        audit = _audit(config, plan, source, packed, per_class, codec)
        with contextlib.suppress(OSError):  # a prepared cache may lie on a read-only disk; then each run looks anew
            write_memo(path, to_plain_record(audit))
    return audit


def run_audit(config: Config, output: Path, *, per_class: int, console: Console | None = None) -> AuditResult:
    """Audit a configuration's images, print the table, and write `audit.json` and `audit.html`.

    Args:
        config: Checked options.
        output: The folder of the two files.
        per_class: Training images of each class to look at.
        console: Where to print; None is the terminal.

    Raises:
        DataError: Missing, damaged or too few images.
        OutputError: The files cannot be written.
    """
    console = console or Console(highlight=False)
    source, plan = list_images(config, console)
    print_codec(choose_codec(config, source, plan), console)
    packed = prepare_images(config, plan, source, console)
    with StatusLine(console, "looking at the images"):
        audit = audit_plan(config, plan, source, packed, per_class)
    with clear_output_errors(output, "--output"):
        write_record(output / "audit.json", audit)
        write_text(output / "audit.html", render_audit_page(audit))
    console.print(render_audit(audit))
    console.print(f"\nwritten to {output}: audit.json, audit.html", soft_wrap=True)
    return audit


def print_warnings(warnings: Sequence[str], console: Console, *, said: set[str] | None = None) -> None:
    """Print each as one loud line.

    Args:
        warnings: What to warn of.
        console: Where to print.
        said: Warnings to leave out; what is printed is added.
    """
    for warning in warnings:
        if said is not None and warning in said:
            continue
        if said is not None:
            said.add(warning)
        console.print(f"WARNING: {warning}", style="bold red", soft_wrap=True, markup=False)


def _audit(
    config: Config, plan: Plan, source: Source, packed: PackedImages, per_class: int, codec: CodecChoice
) -> AuditResult:
    records = _sample(plan, packed, per_class)
    # A source without given splits is not listed again: it may hold millions.
    given = any(record.split for record in plan.records())
    return audit_images(
        records,
        [_read_facts(source, record) for record in records],
        packed.take(packed.locate([record.key for record in records])),
        codec=codec.name,
        prep=config.data.prep.value,
        seed=config.data.seed,
        duplicates=count_duplicates(find_duplicates(_read_fingerprints(plan, packed))),
        torn_pairs=count_torn_pairs(find_torn_pairs(plan, source.records()) if given else []),
    )


def _read_fingerprints(plan: Plan, packed: PackedImages) -> dict[str, SplitImages]:
    splits = {}
    for name, split in plan.splits().items():
        kept = [record for record in split if record.key not in packed.skipped]
        keys = [record.key for record in kept]
        splits[name] = SplitImages(keys, [record.category for record in kept], *packed.fingerprints(keys))
    return splits


def _sample(plan: Plan, packed: PackedImages, per_class: int) -> list[Record]:
    """Training images of both classes, as many of each category; their order in the plan is random already."""
    kept = [record for record in plan.train if record.key not in packed.skipped]
    categories = list(dict.fromkeys(record.category for record in kept))
    share = -(-per_class // len(categories))
    return [
        record
        for category in categories
        for label in (REAL, FAKE)
        for record in [r for r in kept if (r.category, r.label) == (category, label)][:share]
    ]


def _read_facts(source: Source, record: Record) -> FileFacts | None:
    try:
        data = source.read_file(record)
        return None if data is None else read_file_facts(data)
    except BadImageError:
        return None  # it was packed, and has vanished since
