"""Audit the images that a run trains and tests on, once for the same images."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Final

from fakeid.audit.audit import audit_images
from fakeid.audit.duplicates import (
    SplitImages,
    count_duplicates,
    count_torn_pairs,
    find_duplicates,
    find_torn_pairs,
)
from fakeid.audit.photos import list_photo_warnings
from fakeid.audit.result import AuditResult
from fakeid.config.constants import FAKE, REAL
from fakeid.config.parse import Config
from fakeid.data.cache.packs import PackedImages
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.data.sources.base import Source
from fakeid.errors import BadImageError
from fakeid.images.file_facts import FileFacts, read_file_facts
from fakeid.io import compute_once
from fakeid.runs.images import RunImages

_VERSION: Final = 5  # increase it whenever the same images give another audit
_MOST_PHOTOS: Final = 200  # number of photos whose files are read


def audit_plan(config: Config, images: RunImages, packed: PackedImages, per_class: int) -> AuditResult:
    """Audit a plan: compare the classes of the training images with each other, and the splits with each other.

    The result is cached below `paths.cache`, so that a sweep audits the same images only once.

    Args:
        config: Checked options.
        images: Images of the run.
        packed: Prepared pixels of these images.
        per_class: Number of training images of each class to audit; duplicates are searched among all images.
    """
    identity = f"{_VERSION}/{images.build_cache(config).folder.name}/{images.plan.digest()}/{per_class}"
    path = Path(config.paths.cache) / "audits" / f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}.json"
    return compute_once(path, AuditResult, lambda: _audit(config, images, packed, per_class))


def _audit(config: Config, images: RunImages, packed: PackedImages, per_class: int) -> AuditResult:
    source, plan = images.source, images.plan
    records = _sample(plan, packed, per_class)
    # A source without predefined splits is not listed again, because it may contain millions of images.
    given = any(record.split for record in plan.records())
    audit = audit_images(
        records,
        [_read_facts(source, record) for record in records],
        packed.take(packed.locate([record.key for record in records])),
        codec=images.codec.name,
        prep=config.data.prep.value,
        seed=config.data.seed,
        duplicates=count_duplicates(find_duplicates(_read_fingerprints(plan, packed))),
        torn_pairs=count_torn_pairs(find_torn_pairs(plan, source.records()) if given else []),
    )
    return replace(audit, warnings=(*audit.warnings, *_list_photo_warnings(source)))


def _list_photo_warnings(source: Source) -> list[str]:
    """Check the photos from which pairs are made, which are not among the images of a run."""
    from fakeid.data.sources.simulated import SimulatedSource  # noqa: PLC0415 - loads torch

    return list_photo_warnings(source.read_photo_files(_MOST_PHOTOS)) if isinstance(source, SimulatedSource) else []


def _read_fingerprints(plan: Plan, packed: PackedImages) -> dict[str, SplitImages]:
    splits = {}
    for name, split in plan.splits().items():
        kept = [record for record in split if record.key not in packed.skipped]
        keys = [record.key for record in kept]
        splits[name] = SplitImages(keys, [record.category for record in kept], *packed.fingerprints(keys))
    return splits


def _sample(plan: Plan, packed: PackedImages, per_class: int) -> list[Record]:
    """Take equal numbers of training images of each category and class; their order in the plan is already random."""
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
        return None  # the file has disappeared since it was packed
